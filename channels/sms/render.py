"""What Twilio is asked to send: one message a request.

Facts: twilio.com/docs/messaging/api/message-resource, …/guides/accepted-mime-types.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels.contract import CannotSay, Limits, Part
from channels.sms.segments import alphabet, count
from channels.sms.settings import Settings
from channels.splitting import shorten, split
from model.deliveries import Choice, OutFile, Outgoing

_MB = 1_000_000
_LONGEST_NAME = 60  #: UTF-16 units before a link
_BY_MMS: Mapping[str, int] = {  # largest in bytes, by type
    **dict.fromkeys(["image/jpeg", "image/png", "image/gif"], 5 * _MB),
    **dict.fromkeys(["audio/mpeg", "audio/mp4", "audio/ogg", "video/mp4", "application/pdf"], _MB // 2),
}

LIMITS = Limits(
    text=10,  # more arrive torn on some networks; Twilio takes 1,600 characters, as many as 24 segments
    unit="segments",
    per_second=10,  # a short code is faster, a long US number slower: config.yaml says
    file_bytes=dict.fromkeys(["image", "audio", "video", "file", "sticker"], 100 * _MB),
    as_link=frozenset({"image", "audio", "video", "file", "sticker"}),
    choices=9,  # a lone digit chooses one
)


def render(outgoing: Outgoing, settings: Settings) -> list[Part]:
    """Words, links to files, choices by number; a file that can go by MMS is in the last message. Raises CannotSay."""
    if outgoing.to.scope != "phone" or not outgoing.to.answerable:
        raise CannotSay("no_text")
    if any(len(file.data) > LIMITS.file_bytes[file.kind] for file in outgoing.files):
        raise CannotSay("file")
    shown = [file for file in outgoing.files if settings.mms and len(file.data) <= _BY_MMS.get(file.mime, 0)]
    linked = [file for file in outgoing.files if file not in shown]
    words = _divided("\n".join([outgoing.text, *map(_link, linked), *_numbered(outgoing.choices)]))
    if not words and not shown:
        raise CannotSay("content")
    sent = {
        "To": outgoing.to.value,
        **_origin(settings),
        "StatusCallback": f"{settings.hook_url}?delivery={outgoing.id}",
    }
    return [_part(sent | message) for message in _messages(words, shown)]


def _divided(text: str) -> list[str]:
    """The text in messages of as many segments as LIMITS allow; of each, one unit may stay empty (see `count`)."""
    used = alphabet(text)
    return split(text.strip("\n"), LIMITS.text * (used.each - 1), used.size)


def _link(file: OutFile) -> str:
    return f"{shorten(file.name, _LONGEST_NAME)}\n{file.url}"


def _numbered(choices: Sequence[Choice]) -> list[str]:
    return [f"{number} {choice.label}" for number, choice in enumerate(choices[: LIMITS.choices], 1)]


def _origin(settings: Settings) -> dict[str, str]:
    """A messaging service chooses among its numbers, unless one is named."""
    given = {"From": settings.number, "MessagingServiceSid": settings.messaging_service_sid}
    return {name: value for name, value in given.items() if value}


def _messages(words: Sequence[str], files: Sequence[OutFile]) -> Iterator[dict[str, Any]]:
    """One file a message: carriers limit what a message holds in all."""
    yield from ({"Body": piece} for piece in words[:-1])
    last: dict[str, Any] = {"Body": words[-1]} if words else {}
    for file in files:
        yield last | {"MediaUrl": [file.url]}
        last = {}
    if last:
        yield last


def _part(content: Mapping[str, Any]) -> Part:
    """An MMS counts as one; an SMS is charged by the segment."""
    return Part(call="Messages", content=content, units=1 if "MediaUrl" in content else count(content["Body"]).segments)
