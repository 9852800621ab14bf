"""One item of `messaging` or `standby`: something between one person and one Page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from channels.facebook.content import read_content
from channels.facebook.settings import Settings
from channels.reading import ident, items, made_up_id, mapping, moment, one_line, whole, words
from model.events import (
    DeliveryUpdate,
    Echo,
    Edited,
    Event,
    Ignored,
    PersonLeft,
    PersonReturned,
    Reacted,
    Received,
    Sender,
    Unsent,
    Unsupported,
)

_HANDOVERS = ("pass_thread_control", "take_thread_control", "request_thread_control", "app_roles")
_ABOUT_ITEM = ("sender", "recipient", "timestamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One item, with what every kind of it needs."""

    kind: str  #: Meta's name of it: message, postback, read, ...
    said: Mapping[str, Any]  #: what stands under that name
    timestamp: Any  #: as sent; part of the ids we make up
    occurred_at: datetime | None
    page: str
    person: Sender | None
    from_page: bool  #: our side said it, not the person
    settings: Settings


def read_item(raw: Any, page: str, settings: Settings) -> list[Event]:
    """The events of one item: at least one, several where it lists several things."""
    item = _item(mapping(raw), page, settings)
    if item.kind in _HANDOVERS:
        return [_handover(raw, item)]
    read = (_FROM_PAGE if item.from_page else _READERS).get(item.kind)
    events = read(item, item.person) if read and item.person else []
    return events or [_unsupported(item, made_up_id(raw), item.kind or "item without content")]


def _item(raw: Mapping[str, Any], page: str, settings: Settings) -> _Item:
    names = [name for name in raw if name not in _ABOUT_ITEM]
    kind = next((name for name in names if name in _READERS), names[0] if names else "")
    said, sender = mapping(raw.get(kind)), ident(mapping(raw.get("sender")).get("id"))
    from_page = said.get("is_echo") is True or sender == page
    value = ident(mapping(raw.get("recipient")).get("id")) if from_page else sender
    return _Item(
        kind=kind,
        said=said,
        timestamp=raw.get("timestamp"),
        occurred_at=moment(raw.get("timestamp"), per_second=1000),
        page=page,
        person=Sender(scope=f"facebook:{page}", value=value) if page and value and value != page else None,
        from_page=from_page,
        settings=settings,
    )


def _unsupported(item: _Item, event_id: str, what: str) -> Unsupported:
    return Unsupported(
        event_id=event_id,
        occurred_at=item.occurred_at,
        addressed_to=item.page or None,
        what=ident(what)[:80],
        sender=item.person,
    )


def _handover(raw: Any, item: _Item) -> Ignored:
    return Ignored(
        event_id=made_up_id(raw),
        occurred_at=item.occurred_at,
        addressed_to=item.page or None,
        what=item.kind,
        why="Another app took or gave back this conversation; nobody wrote.",
    )


def _own_id(item: _Item, person: Sender, *told: Any) -> str:
    """The id of an item to which Meta gave none: the same for every redelivery of it."""
    return made_up_id([item.kind, item.page, person.value, *told])


def _message(item: _Item, person: Sender) -> list[Event]:
    mid = ident(item.said.get("mid"))
    if not mid:
        return []
    if item.said.get("is_deleted") is True:
        return [_deleted(item, person, mid)]
    content = read_content(item.said)
    pressed = words(mapping(item.said.get("quick_reply")).get("payload")).strip()
    if pressed and not content.attachments:
        return _pressed(item, person, mid, pressed)
    unread = [_unsupported(item, ident(f"{mid}:attachment:{n}"), f"message {name}") for n, name in content.unread]
    if not content.text and not content.attachments:
        return [*unread]
    received = Received(
        event_id=mid,
        occurred_at=item.occurred_at,
        addressed_to=item.page,
        provider_id=mid,
        kind=content.kind,
        sender=person,
        text=content.text,
        attachments=content.attachments,
        reply_to=ident(mapping(item.said.get("reply_to")).get("mid")) or None,
    )
    return [received, *unread]


def _echo(item: _Item, person: Sender) -> list[Event]:
    """What our side said. An attachment we cannot read is no loss: whoever sent it knows it."""
    mid = ident(item.said.get("mid"))
    if not mid or item.said.get("is_deleted") is True:
        return []
    content = read_content(item.said)
    echo = Echo(
        event_id=mid,
        occurred_at=item.occurred_at,
        addressed_to=item.page,
        provider_id=mid,
        to=person,
        text=content.text,
        attachments=content.attachments,
        metadata=_metadata(item),
    )
    return [echo]


def _deleted(item: _Item, person: Sender, mid: str) -> Unsent:
    return Unsent(
        event_id=ident(f"{mid}:deleted"),
        occurred_at=item.occurred_at,
        addressed_to=item.page,
        provider_id=mid,
        sender=person,
    )


def _metadata(item: _Item) -> str | None:
    """What we sent along with our own message; None for another app's. Without `app_id` any metadata counts as ours."""
    own = item.settings.app_id
    ours = ident(item.said.get("app_id")) == own if own else isinstance(item.said.get("metadata"), str)
    return words(item.said.get("metadata")) if ours else None


def _edited(item: _Item, person: Sender) -> list[Event]:
    mid, text, count = ident(item.said.get("mid")), item.said.get("text"), whole(item.said.get("num_edit"))
    if not mid or not isinstance(text, str):
        return []
    event_id = ident(f"{mid}:edit:{count}") if count is not None else _own_id(item, person, mid, item.timestamp, text)
    edited = Edited(
        event_id=event_id,
        occurred_at=item.occurred_at,
        addressed_to=item.page,
        provider_id=mid,
        sender=person,
        text=words(text),
    )
    return [edited]


def _postback(item: _Item, person: Sender) -> list[Event]:
    """A button of ours, Get Started included. In standby the payload is missing."""
    payload = item.said.get("payload")
    text = one_line(item.said.get("title")) or one_line(payload)
    source = _source(mapping(item.said.get("referral")))
    mid = ident(item.said.get("mid")) or _own_id(item, person, item.timestamp, payload)
    return _pressed(item, person, mid, f"{text} ({source})" if text and source else text or source)


def _referral(item: _Item, person: Sender) -> list[Event]:
    """The person came by a link or an advertisement of ours."""
    return _pressed(item, person, _own_id(item, person, item.timestamp), _source(item.said))


def _source(referral: Mapping[str, Any]) -> str:
    return one_line(referral.get("ref")) or one_line(referral.get("source"), ident(referral.get("ad_id")), between=" ")


def _pressed(item: _Item, person: Sender, event_id: str, text: str) -> list[Event]:
    if not text:
        return []
    received = Received(
        event_id=event_id,
        occurred_at=item.occurred_at,
        addressed_to=item.page,
        provider_id=event_id,
        kind="postback",
        sender=person,
        text=text,
    )
    return [received]


def _optin(item: _Item, person: Sender) -> list[Event]:
    event_id = _own_id(item, person, item.timestamp)
    if item.said.get("notification_messages_status") == "STOP_NOTIFICATIONS":
        left = PersonLeft(
            event_id=event_id,
            occurred_at=item.occurred_at,
            addressed_to=item.page,
            sender=person,
            how="opted_out",
        )
        return [left]
    returned = PersonReturned(
        event_id=event_id,
        occurred_at=item.occurred_at,
        addressed_to=item.page,
        sender=person,
        how="opted_in",
    )
    return [returned] if item.said else []


def _reacted(item: _Item, person: Sender) -> list[Event]:
    mid, action = ident(item.said.get("mid")), item.said.get("action")
    emoji = one_line(item.said.get("emoji")) or one_line(item.said.get("reaction"))
    if not mid or not (action == "unreact" or (action == "react" and emoji)):
        return []
    reacted = Reacted(
        event_id=_own_id(item, person, mid, action, item.timestamp),
        occurred_at=item.occurred_at,
        addressed_to=item.page,
        provider_id=mid,
        sender=person,
        emoji=emoji if action == "react" else "",
    )
    return [reacted]


def _delivered(item: _Item, person: Sender) -> list[Event]:
    """One update for each message named, and one for all before the watermark, where there is one."""
    mids = [mid for mid in map(ident, items(item.said.get("mids"))) if mid]
    return [*(_update(item, person, "delivered", mid) for mid in mids), *_up_to(item, person, "delivered")]


def _read(item: _Item, person: Sender) -> list[Event]:
    return _up_to(item, person, "read")


def _up_to(item: _Item, person: Sender, status: Literal["delivered", "read"]) -> list[Event]:
    watermark = moment(item.said.get("watermark"), per_second=1000)
    return [_update(item, person, status, up_to=watermark)] if watermark else []


def _update(
    item: _Item,
    person: Sender,
    status: Literal["delivered", "read"],
    mid: str | None = None,
    up_to: datetime | None = None,
) -> DeliveryUpdate:
    return DeliveryUpdate(
        event_id=_own_id(item, person, mid, item.said.get("watermark")),
        occurred_at=item.occurred_at,
        addressed_to=item.page,
        status=status,
        provider_id=mid,
        up_to=up_to,
        sender=person,
    )


_READERS: Mapping[str, Callable[[_Item, Sender], list[Event]]] = {
    "message": _message,
    "message_edit": _edited,
    "postback": _postback,
    "referral": _referral,
    "optin": _optin,
    "reaction": _reacted,
    "delivery": _delivered,
    "read": _read,
}

_FROM_PAGE: Mapping[str, Callable[[_Item, Sender], list[Event]]] = {"message": _echo}
