"""What a whole message may ask of the system itself: no more news, news again, to be forgotten, a language.

Phrases are kept per language in `locale/<language>/requests.yaml`, written as `translations/phrases.py` says; `(a|)`
may be missing. Only a message that says nothing else is such a request, polite words around it aside: "stop hitting
me" is not "stop". What is not certain is an ordinary message, which a person reads.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from translations.languages import ENGLISH_NAMES
from translations.menu import names
from translations.phrases import UNSPACED, by_letters, is_latin, normal, pattern, with_groups
from translations.written import read

What = Literal["stop", "start", "forget", "language"]
_LONGEST = 120  #: characters a request may have
_LATIN = re.compile("[a-z]")


@dataclass(frozen=True, slots=True)
class Found:
    """A request, and the language that knows its phrase: of `language` the one that is asked for."""

    what: What
    language: str | None  #: None where several languages say it with the same words


@dataclass(frozen=True, slots=True)
class _Page:
    """The phrases of a language in one way of writing."""

    language: str
    tight: bool  #: matched against the message without its blanks
    phrases: Mapping[What, re.Pattern[str]]


def find(text: str) -> Found | None:
    """What a message asks for, in whichever language; None for an ordinary message. Never raises."""
    if len(text) > _LONGEST:
        return None
    spaced = normal(text)
    tight = spaced.replace(" ", "")
    found = {
        (what, page.language)
        for page in _pages(spaced)
        for what, phrases in page.phrases.items()
        if phrases.fullmatch(tight if page.tight else spaced)
    }
    asked, languages = {what for what, _ in found}, {language for _, language in found}
    if len(asked) != 1 or (asked == {"language"} and len(languages) > 1):
        return None
    return Found(asked.pop(), languages.pop() if len(languages) == 1 else None)


def warm() -> None:
    """Loads every language's phrases, so that no message has to wait for them."""
    for language in ENGLISH_NAMES:
        load(language)


def _pages(spaced: str) -> Iterator[_Page]:
    codes = ENGLISH_NAMES if _LATIN.search(spaced) else dict.fromkeys(by_letters(spaced))
    for code in codes:
        yield from load(code)


@cache
def load(language: str) -> tuple[_Page, ...]:
    """The phrases of a language, compiled once. Raises FileNotFoundError for a language we do not have."""
    data = read("locale", language, "requests.yaml")
    data["language"] = [*data.get("language", []), *names(language)]
    pages = (_page(data, language, latin=latin) for latin in (False, True))
    return tuple(page for page in pages if page.phrases)


def _page(data: dict[str, Any], language: str, *, latin: bool) -> _Page:
    tight = language in UNSPACED and not latin
    groups = {f"<{name}>": f"({'|'.join(words)})" for name, words in data.get("groups", {}).items()}

    def mine(section: str) -> str:
        full = dict.fromkeys(with_groups(written, groups) for written in data.get(section, []))
        found = (pattern(written, tight) for written in full if is_latin(written) is latin)
        return "|".join(sorted(found, key=len, reverse=True))

    # possessive: words that can be read in two ways must not double the work with each repetition
    polite = f"(?:{mine('polite') or '(?!)'})*+"
    wanted = {what: phrases for what in get_args(What) if (phrases := mine(what))}
    return _Page(
        language, tight, {what: re.compile(f"{polite}(?:{phrases}){polite} ?") for what, phrases in wanted.items()}
    )
