"""What Telegram is asked to send.

Facts: core.telegram.org/bots/api, "Available methods" and "Sending files". Words go without `parse_mode`, so that
nothing in them is taken for formatting.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from channels.contract import CannotSay, Limits, Part
from channels.splitting import split, utf16
from channels.telegram.settings import Settings
from model.deliveries import Choice, OutFile, Outgoing

STOP_SPINNING = "answerCallbackQuery"  #: a button that was pressed turns until this is called

_MB = 1_000_000
_CAPTION = 1024  #: UTF-16 units
_PRESSED = 64  #: bytes that a button brings back
_LARGEST_PHOTO = 10 * _MB  # a larger one goes as a file
_CALLS = {
    "image/jpeg": "sendPhoto",
    "image/png": "sendPhoto",
    "audio/ogg": "sendVoice",
    "audio/mpeg": "sendAudio",
    "audio/mp4": "sendAudio",
    "video/mp4": "sendVideo",
}
_TIMED = ("sendVoice", "sendAudio", "sendVideo")

LIMITS = Limits(
    text=4096,
    unit="utf16",
    per_second=30,
    per_person_seconds=1,
    file_bytes=dict.fromkeys(["image", "audio", "video", "file", "sticker"], 50 * _MB),
    choices=50,
    reply_seconds=30,  # nobody looks at the button for longer
)


def render(outgoing: Outgoing, settings: Settings) -> list[Part]:
    """Words first, short ones under the first file; then files; buttons under the last. Raises CannotSay."""
    if outgoing.to.scope != "telegram":
        raise CannotSay("bad_address")
    if any(len(file.data) > LIMITS.file_bytes[file.kind] for file in outgoing.files):
        raise CannotSay("file")
    messages = list(_messages(split(outgoing.text, LIMITS.text), outgoing.files))
    if not messages:
        raise CannotSay("content")
    if outgoing.choices:
        messages[-1][1]["reply_markup"] = {"inline_keyboard": _keyboard(outgoing.choices)}
    parts = [
        Part(call=call, content={"chat_id": outgoing.to.value, **content}, data=data)
        for call, content, data in messages
    ]
    if outgoing.reply_handle:
        parts.append(Part(call=STOP_SPINNING, content={"callback_query_id": outgoing.reply_handle}, units=0))
    return parts


_Message = tuple[str, dict[str, Any], bytes | None]


def _messages(words: Sequence[str], files: Sequence[OutFile]) -> Iterator[_Message]:
    as_caption = bool(files) and len(words) == 1 and utf16(words[0]) <= _CAPTION
    if not as_caption:
        yield from (("sendMessage", {"text": piece}, None) for piece in words)
    for number, file in enumerate(files):
        call, content, data = _file(file)
        yield call, content | ({"caption": words[0]} if as_caption and number == 0 else {}), data


def _file(file: OutFile) -> _Message:
    call = _CALLS.get(file.mime, "sendDocument")
    if call == "sendPhoto" and len(file.data) > _LARGEST_PHOTO:
        call = "sendDocument"
    duration = {"duration": file.seconds} if call in _TIMED and file.seconds else {}
    return call, {"filename": file.name, **duration}, file.data


def _keyboard(choices: Sequence[Choice]) -> list[list[dict[str, str]]]:
    shown = choices[: LIMITS.choices]
    if any(not 0 < len(choice.value.encode()) <= _PRESSED for choice in shown):
        raise CannotSay("content")
    return [[{"text": choice.label, "callback_data": choice.value}] for choice in shown]
