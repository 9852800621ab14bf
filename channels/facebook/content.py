"""What a Messenger message holds: words, files, stickers, places and links, several at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.reading import ident, items, mapping, one_line, place, words
from model.events import Attachment, Kind, MediaKind

_MEDIA: Mapping[str, MediaKind] = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "file": "file",
    "sticker": "sticker",
}

# Shared pages, posts and places: a title and an address, no file.
_LINKS = ("fallback", "reel", "ig_reel", "post", "ig_post", "share")

# The thumb beside the input line, in its three sizes; for many people their whole answer.
_THUMBS = ("369239263222822", "369239343222814", "369239383222810")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message says, and what of it could not be read."""

    kind: Kind
    text: str
    attachments: tuple[Attachment, ...]
    unread: tuple[tuple[int, str], ...]  #: place in the list and type of each attachment nobody here knows


@dataclass(frozen=True, slots=True)
class _Part:
    """One attachment: a file, or words."""

    kind: Kind
    text: str = ""
    file: Attachment | None = None
    sticker: str = ""  #: Meta's sticker_id


def read_content(message: Mapping[str, Any]) -> Content:
    """Everything a message holds; `kind` is that of its first attachment, or text."""
    listed = items(message.get("attachments"))
    parts = [_part(mapping(attachment)) for attachment in listed]
    known = [part for part in parts if part]
    files = _without_twins(known)
    text = words(message.get("text"))
    said = list(dict.fromkeys(part.text for part in known if part.text and part.text not in text))
    return Content(
        kind=_kind(known, text),
        text="\n".join([text, *said]) if text else one_line(*said),
        attachments=tuple(files),
        unread=tuple((n, _type(listed[n])) for n, part in enumerate(parts) if part is None),
    )


def _kind(parts: list[_Part], text: str) -> Kind:
    """A sticker that comes as an image too is a sticker; a link beside words is words."""
    kinds: list[Kind] = [part.kind for part in parts if part.kind != "text"]
    if "sticker" in kinds:
        return "sticker"
    return kinds[0] if kinds else "text"


def _without_twins(parts: list[_Part]) -> list[Attachment]:
    """Until August 2026 a sticker came twice, as an image and as a sticker: with one sticker_id or one address."""
    files: list[Attachment] = []
    seen: set[str] = set()
    for part in sorted(parts, key=lambda part: part.kind != "sticker"):
        marks = {part.sticker, part.file.ref} - {""} if part.file else set()
        if part.file and not marks & seen:
            files.append(part.file)
        seen |= marks
    return files


def _type(attachment: Any) -> str:
    return ident(mapping(attachment).get("type")) or "attachment without a type"


def _part(attachment: Mapping[str, Any]) -> _Part | None:
    name, payload = _type(attachment), mapping(attachment.get("payload"))
    if name in _MEDIA:
        return _media(_MEDIA[name], payload)
    if name == "location":
        return _location(attachment, payload)
    return _link(attachment, payload) if name in _LINKS else None


def _media(kind: MediaKind, payload: Mapping[str, Any]) -> _Part | None:
    ref, sticker = words(payload.get("url")), ident(payload.get("sticker_id"))
    kind = "sticker" if sticker else kind
    text = "👍" if sticker in _THUMBS else ""
    if not ref:
        return _Part(kind, text) if text else None
    return _Part(kind, text, Attachment(kind=kind, ref=ref), sticker)


def _location(attachment: Mapping[str, Any], payload: Mapping[str, Any]) -> _Part | None:
    spot = mapping(payload.get("coordinates"))
    text = place(spot.get("lat"), spot.get("long"), attachment.get("title"))
    return _Part("location", text) if text else None


def _link(attachment: Mapping[str, Any], payload: Mapping[str, Any]) -> _Part | None:
    """Title and address stand in the payload, or beside it in older messages."""
    text = one_line(
        payload.get("title") or attachment.get("title"),
        payload.get("url") or attachment.get("url"),
        between=" ",
    )
    return _Part("text", text) if text else None
