"""Telegram's HTML: the few tags it knows, and what is left of a text when they are read."""

import re
from html.parser import HTMLParser

_TAGS = ("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "tg-emoji", "tg-time",
         "code", "pre", "blockquote")  # fmt: skip
_BARE = re.compile("<(?![a-zA-Z/])")


class BadHtml(ValueError):
    """Telegram cannot read it; the text is its own."""


def shown(text: str) -> str:
    """The words without their tags. Raises BadHtml."""
    if _BARE.search(text):
        raise BadHtml('Unsupported start tag "" at byte offset 0')
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if reader.open:
        raise BadHtml(f'Can\'t find end tag corresponding to start tag "{reader.open[-1]}"')
    return "".join(reader.words)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            raise BadHtml(f'Unsupported start tag "{tag}" at byte offset 0')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise BadHtml(f'Unexpected end tag "{tag}" at byte offset 0')

    def handle_data(self, data: str) -> None:
        self.words.append(data)
