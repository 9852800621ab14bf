"""What LINE is asked to send: requests of up to five message objects.

Facts: developers.line.biz/en/reference/messaging-api, "Message objects".
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid5

from channels.contract import CannotSay, Limits, Part
from channels.line.settings import Settings
from channels.splitting import shorten, split
from model.deliveries import Choice, OutFile, Outgoing

_MB = 1_000_000
_A_REQUEST = 5  #: message objects
_LABEL = 20  #: UTF-16 units on a button
_PREVIEW = 1 * _MB  #: the largest picture that may be its own preview
_SHOWN = ("image/jpeg", "image/png")
_PLAYED = ("audio/mp4", "audio/x-m4a", "audio/m4a", "audio/mpeg", "audio/mp3")
_LONGEST_NAME = 200

LIMITS = Limits(
    text=5000,
    unit="utf16",
    per_second=1000,  # LINE takes 2,000
    file_bytes={"image": 200 * _MB, "audio": 200 * _MB, "video": 200 * _MB, "file": 200 * _MB, "sticker": 200 * _MB},
    as_link=frozenset({"video", "file", "sticker"}),
    choices=13,
    key_hours=24,
    reply_seconds=50,  # a token lives for about a minute, and how long exactly is not promised
)


def render(outgoing: Outgoing, settings: Settings) -> list[Part]:
    """Words first, then files; buttons under the last. Raises CannotSay.

    With a reply handle the first part is the free answer, which has no key. The parts are the same with and without
    one: whoever drops a handle that LINE refused goes on with the push of the same number.
    """
    messages = [*_texts(outgoing.text), *map(_file, outgoing.files)]
    if not messages:
        raise CannotSay("content")
    if outgoing.choices:
        messages[-1] |= {"quickReply": {"items": [_button(choice) for choice in outgoing.choices[: LIMITS.choices]]}}
    batches = [messages[first : first + _A_REQUEST] for first in range(0, len(messages), _A_REQUEST)]
    return [_part(outgoing, number, batch) for number, batch in enumerate(batches)]


def _part(outgoing: Outgoing, number: int, messages: Sequence[Mapping[str, Any]]) -> Part:
    if outgoing.reply_handle and number == 0:  # the plan's quota does not count it
        return Part(call="reply", content={"replyToken": outgoing.reply_handle, "messages": messages}, units=0)
    key = str(uuid5(outgoing.id, str(number)))
    return Part(call="push", content={"to": outgoing.to.value, "messages": messages}, key=key)


def _texts(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": piece} for piece in split(text, LIMITS.text)]


def _file(file: OutFile) -> dict[str, Any]:
    """As a picture or a voice note where LINE can show it, else as a link: it takes no other files from a bot."""
    if len(file.data) > LIMITS.file_bytes[file.kind]:
        raise CannotSay("file")
    if file.mime in _SHOWN and len(file.data) <= _PREVIEW:
        return {"type": "image", "originalContentUrl": file.url, "previewImageUrl": file.url}
    if file.mime in _PLAYED:
        return {"type": "audio", "originalContentUrl": file.url, "duration": (file.seconds or 1) * 1000}
    return {"type": "text", "text": f"{shorten(file.name, _LONGEST_NAME)}\n{file.url}"}


def _button(choice: Choice) -> dict[str, Any]:
    """A press comes back as a postback with `data`, and shows the label as if the person had said it."""
    label = shorten(choice.label, _LABEL)
    return {
        "type": "action",
        "action": {"type": "postback", "label": label, "data": choice.value, "displayText": choice.label},
    }
