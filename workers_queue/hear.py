"""What each kind of event does to the store: one short function a kind, in the order in which people tell things."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from channels import registry
from intake.calls import told
from intake.originals import refers_to
from intake.prepare import Prepared
from model.deliveries import Meaning
from model.events import (
    CallEnded,
    CallStep,
    DeliveryUpdate,
    Echo,
    Edited,
    Event,
    Ignored,
    PersonLeft,
    PersonReturned,
    Reacted,
    Received,
    Unsent,
    Unsupported,
)
from model.tickets import Message
from runtime.ids import new_id
from runtime.keys import Key
from storage.delivery_news import News
from workers_queue.batch import Batch, Known, Spoken, dedupe_id, our_id
from workers_queue.compose import compose
from workers_queue.heard import Heard
from workers_queue.wishes import as_it_is_meant, grant


def hear(batch: Batch, heard: Heard) -> str:
    """Take one event in; gives one line for `receipts`, of codes alone."""
    name, original = type(heard.event).__name__, refers_to(heard.event)
    if not _seen_before(batch, heard) and original and (heard.account.id, original) not in batch.known:
        batch.pending.waiting.append((heard.receipt, heard.position, heard.account.id, original))
        return f"{name}: waits for its original"
    return f"{name}: {hear_now(batch, heard)}"


def hear_now(batch: Batch, heard: Heard) -> str:
    """Take in an event that waits for nothing, or no longer."""
    if _seen_before(batch, heard):
        return _again(batch, heard)
    return _HANDLERS[type(heard.event)](batch, heard, heard.event)


def _seen_before(batch: Batch, heard: Heard) -> bool:
    event, account = heard.event, heard.account.id
    if (account, dedupe_id(event)) in batch.seen:
        return True
    return isinstance(event, Received) and (account, f"m:{event.provider_id}") in batch.seen


def _again(batch: Batch, heard: Heard) -> str:
    """A redelivery is dropped; but of two tellings the earlier time counts, whichever was taken in first.

    SMS and calls carry no time of their own, and a recording is told by the call and by the recorder.
    """
    known = _known(batch, heard, heard.event.provider_id) if isinstance(heard.event, Received) else None
    if known is not None:
        ask = _prepared(heard).ask
        if heard.at < batch.said_at(known) and (ask is None or ask.certain):  # else it is not known how it was taken
            batch.join(known, _prepared(heard).facts)
        batch.earlier(known, heard)
    return "seen before"


def _known(batch: Batch, heard: Heard, provider_id: str | None) -> Known | None:
    return batch.known.get((heard.account.id, provider_id or ""))


def _prepared(heard: Heard) -> Prepared:
    if heard.prepared is None:
        raise ValueError(f"{type(heard.event).__name__} has no words")
    return heard.prepared


def _received(batch: Batch, heard: Heard, event: Received) -> str:
    person, key = _who(batch, heard, event)
    heard = as_it_is_meant(batch, heard, person)
    ticket, what = _shown(batch, heard, person, key, replied_to=_known(batch, heard, event.reply_to))
    batch.preview(ticket, person, event.provider_id, _prepared(heard).words.text)
    batch.spoken.append(Spoken(ticket=ticket, person=person, heard=heard, confirm=grant(batch, heard, ticket)))
    return f"{event.kind}, {what}"


def _who(batch: Batch, heard: Heard, event: Received) -> tuple[UUID, Key]:
    """Whoever wrote; for a recording without a sender, whoever made the call."""
    if event.sender:
        batch.is_back(event.sender, heard.at)
        return batch.person(event.sender)
    caller = batch.known[heard.account.id, event.in_call or ""]  # refers_to() saw to it that the call is known
    return caller.person, batch.key_of(caller.person)


def _shown(batch: Batch, heard: Heard, person: UUID, key: Key, *, replied_to: Known | None = None) -> tuple[UUID, str]:
    """A new message on the ticket it belongs to: the ticket, and what became of it."""
    ticket, decision = batch.file(person, _prepared(heard).facts, heard, replied_to=replied_to)
    address = batch.address_of(getattr(heard.event, "sender", None))
    message, attachments = compose(heard, key, ticket=ticket, person=person, address=address)
    batch.add(heard, message, attachments)
    batch.take(heard, message.id)
    return ticket, f"{decision.does} ({decision.why})"


def _call(batch: Batch, heard: Heard, event: CallStep | CallEnded) -> str:
    """Every step of a call adds to the one message of that call, which the first of them to arrive makes."""
    known = _known(batch, heard, event.provider_id)
    if known is not None:
        batch.add_to_call(known, told(event))
        batch.earlier(known, heard)
        batch.join(known, _prepared(heard).facts)
        batch.take(heard, known.id)
        return "adds to its call"
    person, key = batch.person(event.sender)
    ticket, what = _shown(batch, heard, person, key)
    batch.spoken.append(Spoken(ticket=ticket, person=person, heard=heard))
    batch.add_to_call(batch.known[heard.account.id, event.provider_id], told(event))
    return f"call, {what}"


def _edited(batch: Batch, heard: Heard, event: Edited) -> str:
    """The newest wording becomes the message's text; every other is kept as a version."""
    known = batch.known[heard.account.id, event.provider_id]
    key, words = batch.key_of(known.person), _prepared(heard).words.text
    text = key.seal("message|text", known.id, words.encode())
    before, edited_at = batch.text_of(known)
    if edited_at is None or heard.at >= edited_at:
        batch.pending.texts[known.id] = (text, heard.at)
        batch.preview(known.ticket, known.person, event.provider_id, words)
        _keep_version(batch, known, before, edited_at or batch.said_at(known))
    else:
        _keep_version(batch, known, text, heard.at)
    batch.raise_floor(known, _prepared(heard).facts)
    batch.take(heard, known.id)
    return "changes its message"


def _keep_version(batch: Batch, known: Known, sealed: bytes | None, at: datetime) -> None:
    if sealed is not None:
        key, id_ = batch.key_of(known.person), new_id()
        words = key.open("message|text", known.id, sealed)
        batch.pending.versions.append((id_, known.id, at, key.seal("message_version|text", id_, words)))


def _unsent(batch: Batch, heard: Heard, event: Unsent) -> str:
    known = batch.known[heard.account.id, event.provider_id]
    batch.pending.unsent[known.id] = heard.at
    batch.touch(known.ticket)
    batch.take(heard, known.id)
    return "marks its message as taken back"


def _reacted(batch: Batch, heard: Heard, event: Reacted) -> str:
    known = batch.known[heard.account.id, event.provider_id]
    key, id_ = batch.key_of(known.person), new_id()
    message = Message(
        id=id_,
        ticket=known.ticket,
        person=known.person,
        account=heard.account.id,
        direction="in",
        kind="reaction",
        text=key.seal("message|text", id_, event.emoji.encode()) if event.emoji else None,
        occurred_at=heard.at,
        arrived_at=heard.arrived_at,
        reply_to=event.provider_id,
    )
    batch.add(heard, message)
    batch.take(heard, id_)
    return "joins its message"


def _came_or_went(batch: Batch, heard: Heard, event: PersonLeft | PersonReturned) -> str:
    """Nothing was said, so there is no ticket; but from now on we know whether the address can be written to."""
    batch.went(event.sender, event.how if isinstance(event, PersonLeft) else None, heard.at)
    batch.take(heard, None)
    return f"{event.how}, no ticket"


def _echo(batch: Batch, heard: Heard, event: Echo) -> str:
    """Words from our account. Those of another app are shown, but never count as an answer by themselves."""
    batch.take(heard, None)
    if event.metadata is not None:
        return _own_echo(batch, heard, event)
    person = batch.known_person(event.to)
    ticket = batch.open_ticket(person) if person else None
    if person is None or ticket is None:
        return "said from another app, no open ticket"
    key, address = batch.key_of(person), batch.address_of(event.to)
    message, attachments = compose(heard, key, ticket=ticket.id, person=person, address=address)
    batch.add(heard, replace(message, direction="out", starts_clock=False, status="elsewhere"), attachments)
    return "said from another app, shown on the open ticket"


def _own_echo(batch: Batch, heard: Heard, event: Echo) -> str:
    """Our own words, heard back: whatever we thought of that delivery, it was sent."""
    delivery = our_id(event.metadata)
    if delivery is not None:
        batch.pending.echoes.append((heard.account.id, event.provider_id, delivery))
        batch.pending.news.append(News(status="sent", at=heard.at, delivery=delivery))
    return "our own words"


def _unsupported(batch: Batch, heard: Heard, event: Unsupported) -> str:
    """What we cannot read is shown on the ticket of whoever sent it, by the name the provider gives it."""
    if event.sender is None:
        batch.take(heard, None)
        return f"{event.what}: kept in this receipt"
    person, key = batch.person(event.sender)
    ticket, what = _shown(batch, heard, person, key)
    batch.spoken.append(Spoken(ticket=ticket, person=person, heard=heard))
    return f"{event.what}: {what}"


def _delivery(batch: Batch, heard: Heard, event: DeliveryUpdate) -> str:
    """The fate of something we sent: one delivery by our id or the provider's, or all to a person up to a moment."""
    batch.take(heard, None)
    known = _known(batch, heard, event.provider_id)
    delivery, address = our_id(event.delivery), batch.address_of(event.sender) if event.up_to else None
    if not (delivery or known or address):
        return f"{event.status}, of nothing that we have sent"
    meaning = _meaning(heard, event.code) if event.status == "failed" else None
    news = News(
        status=event.status,
        at=heard.at,
        delivery=delivery,
        message=None if delivery or not known else known.id,
        address=None if delivery or known else address,
        up_to=event.up_to,
        reason=meaning.reason if meaning else None,
        code=event.code,
    )
    batch.pending.news.append(news)
    return event.status


def _meaning(heard: Heard, code: str | None) -> Meaning:
    out = registry.load(heard.account.channel).out
    return out.meaning(code) if out and out.meaning and code else Meaning("other")


def _ignored(batch: Batch, heard: Heard, event: Ignored) -> str:
    batch.take(heard, None)
    return f"{event.what}: no ticket, {event.why}"


_HANDLERS: Mapping[type[Event], Callable[[Batch, Heard, Any], str]] = {
    Received: _received,
    CallStep: _call,
    CallEnded: _call,
    Edited: _edited,
    Unsent: _unsent,
    Reacted: _reacted,
    PersonLeft: _came_or_went,
    PersonReturned: _came_or_went,
    Echo: _echo,
    Unsupported: _unsupported,
    DeliveryUpdate: _delivery,
    Ignored: _ignored,
}
