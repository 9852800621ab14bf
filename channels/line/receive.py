"""A list of LINE events in, as many events out."""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from channels.contract import NotAuthentic, Unreadable, matches
from channels.line.content import read_content
from channels.line.settings import Settings
from channels.reading import ident, made_up_id, mapping, moment, one_line, read_json, words
from model.events import Edited, Event, Ignored, PersonLeft, PersonReturned, Received, Sender, Unsent, Unsupported
from model.http import Request, Response

_CROWDS = ("group", "room")
_ONE_TO_ONE = "The hotline answers people one to one, not in groups or rooms."
_ONLY_IN_CROWDS = ("join", "leave", "memberJoined", "memberLeft")

# What the console's Verify button once sent in the name of nobody.
_DUMMY_TOKENS = ("0" * 32, "f" * 32)
_DUMMY_USER = "Udeadbeef"
_DUMMY = "The console's Verify button sent it; nobody wrote."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One event of the list, with what every kind of it needs."""

    event_id: str
    occurred_at: datetime | None
    kind: str  #: LINE's own name of it
    said: Mapping[str, Any]  #: the whole event
    sender: Sender | None
    reply_handle: str | None


def verify(request: Request, settings: Settings) -> None:
    """Check the HMAC-SHA256 of the raw body; raises NotAuthentic."""
    expected = [base64.b64encode(hmac.digest(key.encode(), request.body, "sha256")) for key in settings.channel_secret]
    if not matches(request.header("x-line-signature"), *expected):
        raise NotAuthentic("the signature is missing or not made with this account's channel_secret")


def answer(request: Request, settings: Settings) -> Response:
    """200; LINE waits two seconds for it and does not read the body."""
    return Response()


def parse(request: Request, settings: Settings) -> list[Event]:
    """One event for each of LINE's; none for the empty list with which LINE tries the address.

    Raises Unreadable where the body is no JSON object with a list of events.
    """
    body = read_json(request.body)
    if not isinstance(body, dict) or not isinstance(body.get("events"), list):
        raise Unreadable("a LINE webhook is a JSON object with a list of events, this body is something else")
    if settings.bot_user_id is not None and body.get("destination") != settings.bot_user_id:
        return [_foreign(raw) for raw in body["events"]]
    return [_event(raw, settings) for raw in body["events"]]


def _foreign(raw: Any) -> Unsupported:
    event_id = ident(mapping(raw).get("webhookEventId")) or made_up_id(raw)
    return Unsupported(event_id=event_id, what="another account's destination")


def _event(raw: Any, settings: Settings) -> Event:
    told = _told(raw, settings)
    if why := _reason_to_ignore(told):
        return Ignored(event_id=told.event_id, occurred_at=told.occurred_at, what=_what(told), why=why)
    read = _READERS.get(told.kind)
    event = read(told, told.sender) if read and told.sender else None
    return event or Unsupported(
        event_id=told.event_id, occurred_at=told.occurred_at, what=_what(told), sender=told.sender
    )


def _told(raw: Any, settings: Settings) -> _Told:
    said = mapping(raw)
    user = ident(mapping(said.get("source")).get("userId"))
    standby = said.get("mode") == "standby"  # another module has the chat: its turn to answer
    return _Told(
        event_id=ident(said.get("webhookEventId")) or made_up_id(raw),
        occurred_at=moment(said.get("timestamp"), per_second=1000),
        kind=ident(said.get("type")),
        said=said,
        sender=Sender(scope=f"line:{settings.account}", value=user) if user else None,
        reply_handle=None if standby else ident(said.get("replyToken")) or None,
    )


def _reason_to_ignore(told: _Told) -> str | None:
    user = told.sender.value if told.sender else ""
    if told.said.get("replyToken") in _DUMMY_TOKENS or user.startswith(_DUMMY_USER):
        return _DUMMY
    if told.kind in _ONLY_IN_CROWDS or mapping(told.said.get("source")).get("type") in _CROWDS:
        return _ONE_TO_ONE
    return None


def _what(told: _Told) -> str:
    inside = mapping(told.said.get("message")).get("type") if told.kind.startswith("message") else ""
    return one_line(told.kind or "event without a type", ident(inside), between=" ")[:80]


def _message(told: _Told, sender: Sender) -> Event | None:
    message = mapping(told.said.get("message"))
    content, provider_id = read_content(message), ident(message.get("id"))
    if content is None or not provider_id:
        return None
    return Received(
        event_id=told.event_id,
        occurred_at=told.occurred_at,
        provider_id=provider_id,
        kind=content.kind,
        sender=sender,
        text=content.text,
        attachments=content.attachments,
        reply_to=ident(message.get("quotedMessageId")) or None,
        reply_handle=told.reply_handle,
        group_id=ident(mapping(message.get("imageSet")).get("id")) or None,
    )


def _edited(told: _Told, sender: Sender) -> Event | None:
    message = mapping(told.said.get("message"))
    content, provider_id = read_content(message), ident(message.get("id"))
    if content is None or not provider_id:
        return None
    return Edited(
        event_id=told.event_id,
        occurred_at=told.occurred_at,
        provider_id=provider_id,
        sender=sender,
        text=content.text,
        kind=content.kind,
    )


def _postback(told: _Told, sender: Sender) -> Event | None:
    """A button of ours; a date picker adds the date chosen."""
    postback = mapping(told.said.get("postback"))
    data = words(postback.get("data"))
    if not data:
        return None
    return Received(
        event_id=told.event_id,
        occurred_at=told.occurred_at,
        provider_id=told.event_id,  # a press is no message, it has no id of its own
        kind="postback",
        sender=sender,
        text=one_line(data, *mapping(postback.get("params")).values(), between=" "),
        reply_handle=told.reply_handle,
    )


def _follow(told: _Told, sender: Sender) -> Event:
    again = mapping(told.said.get("follow")).get("isUnblocked") is True
    how: Literal["unblocked", "followed"] = "unblocked" if again else "followed"
    return PersonReturned(event_id=told.event_id, occurred_at=told.occurred_at, sender=sender, how=how)


def _unfollow(told: _Told, sender: Sender) -> Event:
    return PersonLeft(event_id=told.event_id, occurred_at=told.occurred_at, sender=sender, how="unfollowed")


def _unsend(told: _Told, sender: Sender) -> Event | None:
    provider_id = ident(mapping(told.said.get("unsend")).get("messageId"))
    if not provider_id:
        return None
    return Unsent(event_id=told.event_id, occurred_at=told.occurred_at, provider_id=provider_id, sender=sender)


_READERS: Mapping[str, Callable[[_Told, Sender], Event | None]] = {
    "message": _message,
    "messageEdited": _edited,
    "postback": _postback,
    "follow": _follow,
    "unfollow": _unfollow,
    "unsend": _unsend,
}
