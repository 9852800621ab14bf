"""What a LINE message holds: words, a sticker, a file, a place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from channels.reading import ident, items, mapping, one_line, place, whole, words
from model.events import Attachment, Kind, MediaKind


@dataclass(frozen=True, slots=True)
class Content:
    """The part of a message that says something."""

    kind: Kind
    text: str
    attachments: tuple[Attachment, ...] = ()


def read_content(message: Mapping[str, Any]) -> Content | None:
    """The content of a message; None if it is of a kind we cannot read."""
    read = _READERS.get(ident(message.get("type")))
    return read(message) if read else None


def _text(message: Mapping[str, Any]) -> Content | None:
    """LINE's own emojis stand in the text as (words in brackets), mentions as @name."""
    text = words(message.get("text"))
    return Content("text", text) if text else None


def _sticker(message: Mapping[str, Any]) -> Content:
    """A sticker is no file that could be fetched; its keywords, or the words put on it, tell what it says."""
    return Content("sticker", words(message.get("text")) or one_line(*items(message.get("keywords"))))


def _media(kind: MediaKind, message: Mapping[str, Any]) -> Content | None:
    provider = mapping(message.get("contentProvider"))
    external = provider.get("type") == "external"  # an app inside LINE shared it: LINE does not keep the file
    ref = words(provider.get("originalContentUrl")) if external else ident(message.get("id"))
    if not ref:
        return None
    attachment = Attachment(
        kind=kind,
        ref=ref,
        name=words(message.get("fileName")) or None,
        size=whole(message.get("fileSize")),
        seconds=_seconds(message.get("duration")),
    )
    return Content(kind, "", (attachment,))


def _seconds(milliseconds: Any) -> int | None:
    count = whole(milliseconds)
    return None if count is None else round(count / 1000)


def _location(message: Mapping[str, Any]) -> Content | None:
    text = place(message.get("latitude"), message.get("longitude"), message.get("title"), message.get("address"))
    return Content("location", text) if text else None


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Content | None]] = {
    "text": _text,
    "sticker": _sticker,
    "image": partial(_media, "image"),
    "audio": partial(_media, "audio"),
    "video": partial(_media, "video"),
    "file": partial(_media, "file"),
    "location": _location,
}
