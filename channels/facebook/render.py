"""What Meta is asked to send: one message a request, words or one file.

Facts: developers.facebook.com/docs/messenger-platform/send-messages.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from channels.contract import OURS, CannotSay, Limits, Part
from channels.facebook.settings import Settings
from channels.reading import one_line
from channels.splitting import shorten, split
from model.deliveries import Choice, OutFile, Outgoing

_MB = 1_000_000
_TITLE = 20  #: characters on a button
_KINDS = {"image": "image", "audio": "audio", "video": "video", "file": "file", "sticker": "image"}

LIMITS = Limits(
    text=2000,
    unit="utf16",  # Meta says characters and not which: so many units are never too many
    per_second=250,  # Meta takes 300 for each Page, of sounds and videos 10
    file_bytes={"image": 8 * _MB, "audio": 25 * _MB, "video": 25 * _MB, "file": 25 * _MB, "sticker": 8 * _MB},
    choices=13,
    window_hours=24,
    human_window_hours=7 * 24,
)


def render(outgoing: Outgoing, settings: Settings) -> list[Part]:
    """Words first, then files; buttons under the last. Raises CannotSay, also when it is too late to answer."""
    said = [*_texts(outgoing.text), *map(_file, outgoing.files)]
    if not said:
        raise CannotSay("content")
    if outgoing.choices:
        last, file = said[-1]
        said[-1] = last | {"quick_replies": [_button(choice) for choice in outgoing.choices[: LIMITS.choices]]}, file
    common = {"recipient": {"id": outgoing.to.value}, **_allowed(outgoing)}
    return [_part(common, message | {"metadata": f"{OURS}{outgoing.id}"}, file) for message, file in said]


def _allowed(outgoing: Outgoing) -> Mapping[str, str]:
    """The right by which we may write: an answer within a day, or a person's answer within a week."""
    if outgoing.heard_at is None:
        raise CannotSay("window_closed")
    silence = outgoing.now - outgoing.heard_at
    if silence < timedelta(hours=LIMITS.window_hours or 0):
        return {"messaging_type": "RESPONSE"}
    if outgoing.human and silence < timedelta(hours=LIMITS.human_window_hours or 0):
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    raise CannotSay("window_closed")


_Message = tuple[dict[str, Any], OutFile | None]


def _texts(text: str) -> list[_Message]:
    return [({"text": piece}, None) for piece in split(text, LIMITS.text)]


def _file(file: OutFile) -> _Message:
    if len(file.data) > LIMITS.file_bytes[file.kind]:
        raise CannotSay("file")
    return {"attachment": {"type": _KINDS[file.kind], "payload": {"is_reusable": False}}}, file


def _part(common: Mapping[str, Any], message: Mapping[str, Any], file: OutFile | None) -> Part:
    if file is None:
        return Part(call="messages", content={**common, "message": message})
    upload = {"name": one_line(file.name), "type": file.mime}
    return Part(call="messages", content={**common, "message": message, "filedata": upload}, data=file.data)


def _button(choice: Choice) -> Mapping[str, str]:
    """A press comes back as a message with `payload`, and shows the title as if the person had said it."""
    return {"content_type": "text", "title": shorten(choice.label, _TITLE), "payload": choice.value}
