"""What a Telegram message holds: words, a file, a place, a contact."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from channels.reading import ident, items, mapping, one_line, place, whole, words
from model.events import Attachment, Kind, MediaKind, Sender

# A payload that came with a t.me link looks like this; anything longer behind /start was typed by a person.
_START = re.compile(r"/start(?:@\w+)?(?: (?P<payload>[A-Za-z0-9_-]{1,64}))?")

#: Fields around a message's content.
_ENVELOPE = frozenset({
    "message_id", "message_thread_id", "direct_messages_topic", "from", "sender_chat", "sender_boost_count",
    "sender_business_bot", "sender_tag", "date", "guest_query_id", "business_connection_id", "chat",
    "forward_origin", "is_topic_message", "is_automatic_forward", "reply_to_message", "external_reply", "quote",
    "reply_to_story", "reply_to_checklist_task_id", "reply_to_poll_option_id", "via_bot", "guest_bot_caller_user",
    "guest_bot_caller_chat", "edit_date", "has_protected_content", "is_from_offline", "is_paid_post",
    "media_group_id", "author_signature", "paid_star_count", "entities", "link_preview_options",
    "suggested_post_info", "effect_id", "caption", "caption_entities", "show_caption_above_media",
    "has_media_spoiler", "reply_markup",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """The part of a message that says something."""

    kind: Kind
    text: str
    attachments: tuple[Attachment, ...] = ()


def read_content(message: Mapping[str, Any], sender: Sender) -> Content | None:
    """The content of a message from that person; None if it is of a kind we cannot read."""
    for name, read in _READERS.items():
        if name in message and (content := read(message)):
            return content
    if "contact" in message:
        return _contact(mapping(message["contact"]), sender)
    return None


def unread_name(message: Mapping[str, Any]) -> str:
    """Telegram's name of what a message holds: poll, dice, story. Empty if it holds nothing."""
    return next((ident(key) for key in message if key not in _ENVELOPE), "")


def _text(message: Mapping[str, Any]) -> Content | None:
    text = words(message.get("text"))
    if start := _START.fullmatch(text):
        return Content("postback", start["payload"] or "/start")
    return Content("text", text) if text else None


def _photo(message: Mapping[str, Any]) -> Content | None:
    """The same photo comes in several sizes; the largest is taken."""
    sizes = [mapping(size) for size in items(message.get("photo"))]
    sizes = [size for size in sizes if words(size.get("file_id"))]
    if not sizes:
        return None
    largest = max(sizes, key=lambda size: (whole(size.get("width")) or 0) * (whole(size.get("height")) or 0))
    return Content("image", words(message.get("caption")), (_attachment("image", largest),))


def _file(name: str, kind: MediaKind, message: Mapping[str, Any]) -> Content | None:
    file = mapping(message.get(name))
    if not words(file.get("file_id")):
        return None
    text = words(message.get("caption")) or one_line(file.get("emoji"))  # a sticker stands for an emoji
    return Content(kind, text, (_attachment(kind, file),))


def _attachment(kind: MediaKind, file: Mapping[str, Any]) -> Attachment:
    return Attachment(
        kind=kind,
        ref=words(file.get("file_id")),
        mime=ident(file.get("mime_type")) or None,
        name=words(file.get("file_name")) or None,
        size=whole(file.get("file_size")),
        seconds=whole(file.get("duration")),
    )


def _venue(message: Mapping[str, Any]) -> Content | None:
    venue = mapping(message.get("venue"))
    spot = mapping(venue.get("location"))
    text = place(spot.get("latitude"), spot.get("longitude"), venue.get("title"), venue.get("address"))
    return Content("location", text) if text else None


def _location(message: Mapping[str, Any]) -> Content | None:
    spot = mapping(message.get("location"))
    text = place(spot.get("latitude"), spot.get("longitude"))
    return Content("location", text) if text else None


def _contact(contact: Mapping[str, Any], sender: Sender) -> Content | None:
    """Whose number it is: Telegram vouches for it only if the contact's user is the one who sent it."""
    number = ident(contact.get("phone_number"))
    if not number:
        return None
    own = ident(contact.get("user_id")) == sender.value
    name = one_line(contact.get("first_name"), contact.get("last_name"), between=" ")
    return Content("contact", one_line(name, number, "own number" if own else "somebody else's number"))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Content | None]] = {
    "text": _text,
    "photo": _photo,
    "animation": partial(_file, "animation", "video"),  # before document: an animation comes as both
    "voice": partial(_file, "voice", "audio"),
    "audio": partial(_file, "audio", "audio"),
    "video": partial(_file, "video", "video"),
    "video_note": partial(_file, "video_note", "video"),
    "document": partial(_file, "document", "file"),
    "sticker": partial(_file, "sticker", "sticker"),
    "venue": _venue,  # before location: a venue comes as both
    "location": _location,
}
