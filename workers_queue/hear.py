"""What each kind of event does to the store: one short function a kind, in the order in which people tell things."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from intake.calls import Call, told
from intake.originals import refers_to
from intake.prepare import Prepared, prepare
from model.events import (
    Attachment,
    CallEnded,
    CallStep,
    DeliveryUpdate,
    Echo,
    Edited,
    Event,
    Ignored,
    Kind,
    PersonLeft,
    PersonReturned,
    Reacted,
    Received,
    Sender,
    Unsent,
    Unsupported,
)
from model.tickets import Message, StoredAttachment
from runtime.ids import new_id
from runtime.keys import Key
from workers_queue.batch import Batch, dedupe_id
from workers_queue.heard import Heard


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
    event = heard.event
    known = batch.known.get((heard.account.id, event.provider_id)) if isinstance(event, Received) else None
    if known is None or not isinstance(event, Received):
        return "seen before"
    if heard.at < batch.said_at(known):
        sender = event.sender or Sender(scope="call", value=event.in_call or "")
        prepared = prepare(event, sender, heard.at, account=heard.account.id, channel=heard.account.channel)
        batch.join(known, prepared.facts)
    batch.earlier(known, heard)
    return "seen before"


def _received(batch: Batch, heard: Heard, event: Received) -> str:
    caller = batch.known.get((heard.account.id, event.in_call or ""))
    if event.sender is None and caller is None:
        return "without a sender"  # refers_to() sees to it that this does not happen
    sender = event.sender or Sender(scope="call", value=event.in_call or "")
    person, key = batch.person(event.sender) if event.sender else (caller.person, batch.key_of(caller.person))  # type: ignore[union-attr]
    prepared = prepare(event, sender, heard.at, account=heard.account.id, channel=heard.account.channel)
    answers = batch.known.get((heard.account.id, event.reply_to or ""))
    ticket, decision = batch.file(person, prepared.facts, heard, replied_to=answers)
    message = _message(heard, event, prepared, key, ticket=ticket, person=person)
    batch.add(heard, message, _attachments(message.id, event.attachments, key))
    batch.take(heard, message.id)
    batch.preview(ticket, person, event.provider_id, prepared.words.text)
    return f"{event.kind}, {decision.does} ({decision.why})"


def _message(heard: Heard, event: Received, prepared: Prepared, key: Key, *, ticket: UUID, person: UUID) -> Message:
    id_, words = new_id(), prepared.words
    changed = words.text != words.original
    handle = event.reply_handle
    return Message(
        id=id_,
        ticket=ticket,
        person=person,
        account=heard.account.id,
        direction="in",
        kind=event.kind,
        text=key.seal("message|text", id_, words.text.encode()) if words.text else None,
        text_original=key.seal("message|text_original", id_, words.original.encode()) if changed else None,
        encoding=words.encoding,
        language=prepared.facts.language,
        script=words.script,
        provider_id=event.provider_id,
        occurred_at=heard.at,
        arrived_at=heard.arrived_at,
        starts_clock=prepared.facts.starts_clock,
        reply_to=event.reply_to,
        reply_handle=key.seal("message|reply_handle", id_, handle.encode()) if handle else None,
        group_id=event.group_id,
    )


def _attachments(message: UUID, sent: Sequence[Attachment], key: Key) -> list[StoredAttachment]:
    rows = []
    for position, item in enumerate(sent):
        id_ = new_id()
        rows.append(
            StoredAttachment(
                id=id_,
                message=message,
                position=position,
                kind=item.kind,
                mime=item.mime,
                size=item.size,
                seconds=item.seconds,
                ref=key.seal("attachment|ref", id_, item.ref.encode()),
                name=key.seal("attachment|name", id_, item.name.encode()) if item.name else None,
            )
        )
    return rows


def _call(batch: Batch, heard: Heard, event: CallStep | CallEnded) -> str:
    """Every step of a call adds to the one message of that call, which the first of them to arrive makes."""
    known = batch.known.get((heard.account.id, event.provider_id))
    rang = Received(
        event_id=event.event_id,
        provider_id=event.provider_id,
        kind="call",
        sender=event.sender,
        language=event.language if isinstance(event, CallStep) else None,
    )
    prepared = prepare(rang, event.sender, heard.at, account=heard.account.id, channel=heard.account.channel)
    if known is None:
        return _new_call(batch, heard, rang, prepared, told(event))
    batch.add_to_call(known, told(event))
    batch.earlier(known, heard)
    batch.join(known, prepared.facts)
    batch.take(heard, known.id)
    return "adds to its call"


def _new_call(batch: Batch, heard: Heard, rang: Received, prepared: Prepared, said: Call) -> str:
    assert rang.sender is not None  # noqa: S101 - _call gave it
    person, key = batch.person(rang.sender)
    ticket, decision = batch.file(person, prepared.facts, heard)
    message = _message(heard, rang, prepared, key, ticket=ticket, person=person)
    batch.pending.calls[message.id] = said
    batch.add(heard, message)
    batch.take(heard, message.id)
    return f"call, {decision.does} ({decision.why})"


def _edited(batch: Batch, heard: Heard, event: Edited) -> str:
    """The newest wording becomes the message's text; every other is kept as a version."""
    known = batch.known[heard.account.id, event.provider_id]
    key = batch.key_of(known.person)
    now_said = Received(event_id=event.event_id, provider_id=event.provider_id, kind=event.kind, text=event.text)
    prepared = prepare(now_said, event.sender, heard.at, account=heard.account.id, channel=heard.account.channel)
    text = key.seal("message|text", known.id, prepared.words.text.encode())
    before, edited_at = batch.text_of(known)
    if edited_at is None or heard.at >= edited_at:
        batch.pending.texts[known.id] = (text, heard.at)
        batch.preview(known.ticket, known.person, event.provider_id, prepared.words.text)
        older = (before, edited_at or heard.at)
    else:
        older = (text, heard.at)
    if older[0] is not None:
        words = key.open("message|text", known.id, older[0])
        version = new_id()
        batch.pending.versions.append((version, known.id, older[1], key.seal("message_version|text", version, words)))
    batch.raise_floor(known, prepared.facts)
    batch.take(heard, known.id)
    return "changes its message"


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
    if event.metadata:
        return "our own words"
    person = batch.known_person(event.to)
    ticket = batch.open_ticket(person) if person else None
    if person is None or ticket is None:
        return "said from another app, no open ticket"
    said = Received(
        event_id=event.event_id, provider_id=event.provider_id, kind=_kind(event), sender=event.to, text=event.text
    )
    prepared = prepare(said, event.to, heard.at, account=heard.account.id, channel=heard.account.channel)
    key = batch.key_of(person)
    message = _message(heard, said, prepared, key, ticket=ticket.id, person=person)
    message = replace(message, direction="out", starts_clock=False, status="elsewhere")
    batch.add(heard, message, _attachments(message.id, event.attachments, key))
    return "said from another app, shown on the open ticket"


def _kind(event: Echo) -> Kind:
    return event.attachments[0].kind if event.attachments else "text"


def _unsupported(batch: Batch, heard: Heard, event: Unsupported) -> str:
    """What we cannot read is shown on the ticket of whoever sent it, by the name the provider gives it."""
    if event.sender is None:
        batch.take(heard, None)
        return f"{event.what}: kept in this receipt"
    shown = Received(
        event_id=event.event_id,
        provider_id=f"unsupported:{event.event_id}",  # not the event's own: it is no message we could be asked about
        kind="unsupported",
        sender=event.sender,
        text=event.what,
    )
    return f"{event.what}: {_received(batch, replace(heard, event=shown), shown)}"


def _delivery(batch: Batch, heard: Heard, event: DeliveryUpdate) -> str:
    batch.take(heard, None)
    return f"{event.status}, of nothing that we have sent"


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
