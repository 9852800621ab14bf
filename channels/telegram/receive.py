"""One Telegram update in, one event out."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from channels.contract import NotAuthentic, Unreadable, matches
from channels.reading import ident, made_up_id, mapping, moment, one_line, read_json, words
from channels.telegram.content import read_content, unread_name
from channels.telegram.settings import Settings
from model.events import Edited, Event, Ignored, PersonLeft, PersonReturned, Reacted, Received, Sender, Unsupported
from model.http import Request, Response

_CROWDS = ("group", "supergroup", "channel")
_ONE_TO_ONE = "The hotline answers people one to one, not in groups or channels."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Update:
    """One update, with what every kind of it needs."""

    event_id: str
    name: str  #: the key it came under: message, callback_query, ...
    said: Mapping[str, Any]  #: what stood under that key
    chat: Mapping[str, Any]
    occurred_at: datetime | None
    sender: Sender | None  #: None outside a private chat


def verify(request: Request, settings: Settings) -> None:
    """Compare the bearer token; Telegram signs nothing. Raises NotAuthentic."""
    if not matches(request.header("x-telegram-bot-api-secret-token"), *settings.secret_token):
        raise NotAuthentic("the secret token is missing or not this bot's; compare it with the one given to setWebhook")


def answer(request: Request, settings: Settings) -> Response:
    """200, always: any other answer would hold back everything this person writes, for up to a day."""
    return Response()


def parse(request: Request, settings: Settings) -> list[Event]:
    """The one event of an update.

    Raises Unreadable where the body is no JSON object.
    """
    raw = read_json(request.body)
    if not isinstance(raw, dict):
        raise Unreadable("a Telegram update is a JSON object, this body is something else")
    update = _update(raw)
    if update.chat.get("type") in _CROWDS:
        return [Ignored(event_id=update.event_id, occurred_at=update.occurred_at, what=_what(update), why=_ONE_TO_ONE)]
    read = _READERS.get(update.name)
    event = read(update, update.sender) if read and update.sender else None
    return [event or _unsupported(update)]


def message_ref(chat: Any, message: Any) -> str:
    """Our name for a message, whose number is unique in its chat only. Empty if either number is missing.

    A hash, because the number of a private chat is the person's own id and must not stand in logs.
    """
    chat_id, message_id = ident(chat), ident(message)
    if not chat_id or not message_id:
        return ""
    return hashlib.sha256(f"{chat_id}:{message_id}".encode()).hexdigest()[:32]


def _update(raw: Mapping[str, Any]) -> _Update:
    names = [key for key in raw if key != "update_id"]
    name = next((key for key in names if key in _READERS), names[0] if names else "")
    said = mapping(raw.get(name))
    chat = mapping(said.get("chat")) or mapping(mapping(said.get("message")).get("chat"))
    return _Update(
        event_id=ident(raw.get("update_id")) or made_up_id(raw),
        name=name,
        said=said,
        chat=chat,
        occurred_at=moment(said.get("date"), per_second=1),
        sender=_sender(mapping(said.get("from")) or mapping(said.get("user")) or chat, chat),
    )


def _sender(user: Mapping[str, Any], chat: Mapping[str, Any]) -> Sender | None:
    value = ident(user.get("id"))
    if not value or chat.get("type") != "private":
        return None
    return Sender(
        scope="telegram",
        value=value,
        display_name=one_line(user.get("first_name"), user.get("last_name"), between=" ") or None,
        language=ident(user.get("language_code")) or None,
    )


def _message(update: _Update, sender: Sender) -> Event | None:
    said = update.said
    content = read_content(said, sender)
    provider_id = message_ref(update.chat.get("id"), said.get("message_id"))
    if content is None or not provider_id:
        return None
    return Received(
        event_id=update.event_id,
        occurred_at=update.occurred_at,
        provider_id=provider_id,
        kind=content.kind,
        sender=sender,
        text=content.text,
        attachments=content.attachments,
        reply_to=message_ref(update.chat.get("id"), mapping(said.get("reply_to_message")).get("message_id")) or None,
        group_id=ident(said.get("media_group_id")) or None,
    )


def _edited(update: _Update, sender: Sender) -> Event | None:
    """Also how a live location moves: each step edits the first message."""
    content = read_content(update.said, sender)
    provider_id = message_ref(update.chat.get("id"), update.said.get("message_id"))
    if content is None or not provider_id:
        return None
    return Edited(
        event_id=update.event_id,
        occurred_at=moment(update.said.get("edit_date"), per_second=1) or update.occurred_at,
        provider_id=provider_id,
        sender=sender,
        text=content.text,
        kind=content.kind,
    )


def _pressed(update: _Update, sender: Sender) -> Event | None:
    """A button under one of our messages. Its time is not told; the message's own `date` is older, or 0."""
    query, data = ident(update.said.get("id")), words(update.said.get("data"))
    if not query or not data:
        return None
    return Received(
        event_id=update.event_id,
        provider_id=query,
        kind="postback",
        sender=sender,
        text=data,
        reply_to=message_ref(update.chat.get("id"), mapping(update.said.get("message")).get("message_id")) or None,
        reply_handle=query,
    )


def _reacted(update: _Update, sender: Sender) -> Event | None:
    provider_id = message_ref(update.chat.get("id"), update.said.get("message_id"))
    now = update.said.get("new_reaction")
    if not provider_id or not isinstance(now, list):
        return None
    emoji = next(filter(None, map(_emoji, now)), "")
    if now and not emoji:
        return None
    return Reacted(
        event_id=update.event_id,
        occurred_at=update.occurred_at,
        provider_id=provider_id,
        sender=sender,
        emoji=emoji,
    )


def _emoji(reaction: Any) -> str:
    """The emoji of a reaction; for a custom or paid one, which has none, the name of its type."""
    return words(mapping(reaction).get("emoji")) or ident(mapping(reaction).get("type"))


def _membership(update: _Update, sender: Sender) -> Event | None:
    """The bot's own standing in a private chat: blocked, or (again) welcome."""
    before = mapping(update.said.get("old_chat_member")).get("status")
    now = mapping(update.said.get("new_chat_member")).get("status")
    if now == "kicked":
        return PersonLeft(event_id=update.event_id, occurred_at=update.occurred_at, sender=sender, how="blocked")
    if now == "member":
        how: Literal["unblocked", "followed"] = "unblocked" if before == "kicked" else "followed"
        return PersonReturned(event_id=update.event_id, occurred_at=update.occurred_at, sender=sender, how=how)
    return None


_READERS: Mapping[str, Callable[[_Update, Sender], Event | None]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _pressed,
    "message_reaction": _reacted,
    "my_chat_member": _membership,
}


def _unsupported(update: _Update) -> Unsupported:
    return Unsupported(
        event_id=update.event_id, occurred_at=update.occurred_at, what=_what(update), sender=update.sender
    )


def _what(update: _Update) -> str:
    inside = unread_name(update.said) if update.name.endswith("message") else ""
    return one_line(ident(update.name) or "empty update", inside, between=" ")[:80]
