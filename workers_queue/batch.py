"""A batch of events on its way into the store: everything is read first, decided in memory, and written last.

Two workers never have the same address in hands at once (storage.people.lock_addresses), so what is read here stays
true until the transaction ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from intake.calls import Call
from intake.decide import Decision, decide, previous
from intake.merge import joined, opened, reopened
from intake.originals import refers_to
from intake.prepare import phone_country
from model.events import CallStep, Echo, Event, Received, Sender
from model.people import Address
from model.tickets import Facts, Message, StoredAttachment, Ticket
from routing.place import place
from routing.rules import Facts as Placeable
from runtime.ids import new_id
from runtime.keys import Key, Master
from runtime.settings import Settings
from storage import audit, cards, feed, messages, people, tickets
from storage.database import Connection
from workers_queue.heard import Heard

_PREVIEW = 160  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A message that is stored, or about to be: what later events can refer to."""

    id: UUID
    ticket: UUID
    person: UUID


def dedupe_id(event: Event) -> str:
    """Under which id an event is remembered: a message by its own, everything else by the event's."""
    own = isinstance(event, Received) and event.event_id == event.provider_id
    return f"m:{event.event_id}" if own else f"e:{event.event_id}"


def sender_of(event: Event) -> Sender | None:
    """The person an event comes from or speaks of."""
    return event.to if isinstance(event, Echo) else getattr(event, "sender", None)


def blind_of(event: Event, master: Master) -> bytes | None:
    """Keyed hash of the sender's address; for a recording without one, of the call it was made in."""
    if sender := sender_of(event):
        return master.blind(sender.scope, sender.value)
    if isinstance(event, Received) and event.in_call:
        return master.blind("call", event.in_call)
    return None


@dataclass(slots=True)
class Batch:
    """What is known and what has been decided so far."""

    connection: Connection
    master: Master
    settings: Settings
    at: datetime
    seen: dict[tuple[str, str], UUID | None] = field(default_factory=dict)
    known: dict[tuple[str, str], Known] = field(default_factory=dict)  #: (account, provider id) → message
    originals: dict[UUID, messages.Original] = field(default_factory=dict)
    calls: dict[UUID, Call] = field(default_factory=dict)
    _addresses: dict[bytes, Address] = field(default_factory=dict)
    _keys: dict[UUID, Key] = field(default_factory=dict)
    _tickets: dict[UUID, dict[UUID, Ticket]] = field(default_factory=dict)  #: person → ticket id → ticket
    _before: dict[UUID, Ticket] = field(default_factory=dict)  #: tickets as they were read
    _answered: dict[UUID, datetime] = field(default_factory=dict)
    _new_people: people.NewPeople = field(init=False)
    _previews: dict[UUID, bytes] = field(default_factory=dict)
    _remember: list[tuple[str, str, UUID | None]] = field(default_factory=list)
    _messages: dict[UUID, Message] = field(default_factory=dict)
    _attachments: list[StoredAttachment] = field(default_factory=list)
    _touched: set[UUID] = field(default_factory=set)  #: tickets that open pages must look at again
    _lines: list[audit.Line] = field(default_factory=list)
    left: dict[UUID, tuple[str | None, datetime]] = field(default_factory=dict)
    versions: list[tuple[UUID, UUID, datetime, bytes]] = field(default_factory=list)
    texts: dict[UUID, tuple[bytes, datetime]] = field(default_factory=dict)
    unsent: dict[UUID, datetime] = field(default_factory=dict)
    changed_calls: set[UUID] = field(default_factory=set)
    _earlier: dict[UUID, datetime] = field(default_factory=dict)
    waiting: list[tuple[UUID, int, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._new_people = people.NewPeople(self.master, self.at)

    # ---- reading

    async def load(self, heard: Iterable[Heard]) -> None:
        """Lock and read all that these events may touch. May be called again for more of them."""
        heard = list(heard)
        blinds = {blind for h in heard for blind in _locks(h.event, self.master)}
        await people.lock_addresses(self.connection, blinds)
        self._addresses |= await people.addresses(self.connection, blinds - self._addresses.keys())
        await self._load_known(heard)
        found = {a.person for a in self._addresses.values() if a.person} | {k.person for k in self.known.values()}
        await self._load_people(found - self._tickets.keys())

    async def _load_known(self, heard: list[Heard]) -> None:
        ids = {(h.account.id, id_) for h in heard for id_ in _ids(h.event)}
        self.seen |= await messages.seen(self.connection, ids - self.seen.keys())
        wanted = {id_ for id_ in self.seen.values() if id_} - self.originals.keys()
        self.originals |= await messages.originals(self.connection, wanted)
        for (account, id_), message in self.seen.items():
            if message and (original := self.originals.get(message)):
                known = Known(id=message, ticket=original.ticket, person=original.person)
                self.known.setdefault((account, id_.removeprefix("m:")), known)

    async def _load_people(self, found: set[UUID]) -> None:
        if not found:
            return
        await people.lock_people(self.connection, found)
        self._keys |= await people.keys(self.connection, self.master, found)
        loaded = await tickets.of_people(self.connection, found)
        for person in found:
            self._tickets[person] = {ticket.id: ticket for ticket in loaded.get(person, [])}
            self._before |= self._tickets[person]
        several = [t.id for person in found for t in _several_open(self._tickets[person])]
        if several:
            self._answered |= await tickets.last_answered(self.connection, several)

    # ---- people

    def person(self, sender: Sender) -> tuple[UUID, Key]:
        """Who writes from this address, made on first sight."""
        blind = self.master.blind(sender.scope, sender.value)
        address = self._addresses.get(blind)
        if address and address.person:
            return address.person, self._keys[address.person]
        person, key = self._new_people.person()
        id_ = self._new_people.address(
            blind=blind, scope=sender.scope, value=sender.value, key=key,
            answerable=sender.answerable, country=phone_country(sender),
        )  # fmt: skip
        self._new_people.uses(id_, person)
        self._addresses[blind] = Address(id=id_, blind=blind, person=person)
        self._keys[person], self._tickets[person] = key, {}
        return person, key

    def key_of(self, person: UUID) -> Key:
        return self._keys[person]

    def address_of(self, sender: Sender) -> UUID:
        """The address's own row; `person` has been called for it."""
        return self._addresses[self.master.blind(sender.scope, sender.value)].id

    def known_person(self, sender: Sender) -> UUID | None:
        """Who uses this address, if we have met them."""
        address = self._addresses.get(self.master.blind(sender.scope, sender.value))
        return address.person if address else None

    def open_ticket(self, person: UUID) -> Ticket | None:
        """The ticket that was active last among the person's open ones."""
        open_ones = [t for t in self._tickets[person].values() if t.status == "open"]
        return max(open_ones, key=lambda t: (t.last_at, t.id), default=None)

    # ---- deciding

    def file(
        self, person: UUID, facts: Facts, heard: Heard, *, replied_to: Known | None = None
    ) -> tuple[UUID, Decision]:
        """Let a person's message open, join or reopen a ticket; gives the ticket's id."""
        theirs = self._tickets[person]
        answered = max(((t, at) for t, at in self._answered.items() if t in theirs), key=lambda x: x[1], default=None)
        decision = decide(
            facts,
            list(theirs.values()),
            arrived_at=heard.arrived_at,
            reopen=timedelta(hours=self.settings.intake.reopen_hours),
            replied_to=replied_to.ticket if replied_to else None,
            last_answered=answered,
        )
        if decision.ticket is None:
            ticket = self._opened(person, facts, list(theirs.values()))
        elif decision.does == "reopens":
            ticket = joined(reopened(decision.ticket), facts)
        else:
            ticket = joined(decision.ticket, facts)
        theirs[ticket.id] = ticket
        self._touched.add(ticket.id)
        return ticket.id, decision

    def _opened(self, person: UUID, facts: Facts, theirs: list[Ticket]) -> Ticket:
        return opened(facts, id=new_id(), number=0, person=person, previous=previous(theirs))

    def join(self, known: Known, facts: Facts) -> None:
        """Let the ticket of a known message take up more facts, whatever state it is in."""
        theirs = self._tickets[known.person]
        theirs[known.ticket] = joined(theirs[known.ticket], facts)
        self._touched.add(known.ticket)

    def earlier(self, known: Known, at: datetime) -> None:
        """A message that is told in several events is as old as the earliest of them."""
        self._earlier[known.id] = min(at, self._earlier.get(known.id, at))

    def raise_floor(self, known: Known, facts: Facts) -> None:
        """What an edit adds to a ticket: urgency and issues may rise, nothing else changes."""
        old = self._tickets[known.person][known.ticket]
        last = replace(facts, language=None, occurred_at=old.last_at, provider_id=old.last_by, starts_clock=False)
        self.join(known, last)

    # ---- writing down

    def take(self, heard: Heard, message: UUID | None) -> None:
        """This event is taken in: a redelivery of it will be dropped."""
        id_ = dedupe_id(heard.event)
        if (heard.account.id, id_) not in self.seen:
            self._remember.append((heard.account.id, id_, message))
            self.seen[heard.account.id, id_] = message

    def add(self, heard: Heard, message: Message, attachments: Iterable[StoredAttachment] = ()) -> None:
        """A new message, known from now on to whatever refers to it."""
        self._messages[message.id] = message
        self._attachments += attachments
        self._touched.add(message.ticket)
        if message.provider_id is None or message.direction == "system":
            return
        place_ = (heard.account.id, message.provider_id)
        self.known[place_] = Known(id=message.id, ticket=message.ticket, person=message.person)
        if (heard.account.id, f"m:{message.provider_id}") not in self.seen:
            self._remember.append((heard.account.id, f"m:{message.provider_id}", message.id))
            self.seen[heard.account.id, f"m:{message.provider_id}"] = message.id

    def preview(self, ticket: UUID, person: UUID, provider_id: str, text: str) -> None:
        """The ticket's last words, for the list, if these are the last."""
        current = self._tickets[person][ticket]
        if current.last_by == provider_id:
            self._previews[ticket] = self._keys[person].seal("ticket|preview", ticket, text[:_PREVIEW].encode())

    def text_of(self, known: Known) -> tuple[bytes | None, datetime | None]:
        """A message's sealed text as it stands, and when it was last edited."""
        if known.id in self.texts:
            return self.texts[known.id]
        if known.id in self._messages:
            return self._messages[known.id].text, None
        original = self.originals[known.id]
        return original.text, original.edited_at

    def new_ids(self) -> list[tuple[str, str]]:
        """(account, provider id) of the messages this batch adds: events may have been waiting for them."""
        return [
            (account, id_.removeprefix("m:")) for account, id_, message in self._remember if message and id_[0] == "m"
        ]

    def touch(self, ticket: UUID) -> None:
        self._touched.add(ticket)

    async def write(self) -> None:
        """Place what is new or has changed, and write everything."""
        placed = self._placed()
        organisation = {ticket.id: ticket.organisation for ticket in placed.values()}
        await self._new_people.write(self.connection)
        await cards.make(self.connection, {(t.organisation, t.person) for t in placed.values() if t.organisation})
        await self._write_tickets(placed)
        await self._write_messages({k: v for k, v in organisation.items() if v})
        await messages.remember(self.connection, self._remember, self.at)
        await people.set_left(self.connection, self.left)
        until = self.at + timedelta(minutes=self.settings.intake.missing_original_minutes)
        await messages.wait(self.connection, self.waiting, until)
        await audit.write(self.connection, self._lines)

    def _placed(self) -> dict[UUID, Ticket]:
        everything = {t.id: t for theirs in self._tickets.values() for t in theirs.values()}
        return {id_: self._place(everything[id_]) for id_ in sorted(self._touched)}

    def _place(self, ticket: Ticket) -> Ticket:
        """Route a ticket, again if new words changed what is known; but never away from an agent who works on it."""
        if ticket.touched or ticket.status != "open":
            return ticket
        network = self.settings.network
        placing = place(_placeable(ticket, self.settings), network)
        organisation = network.organisations[placing.organisation].uuid
        if self._open_elsewhere(ticket, organisation):
            return ticket
        return replace(ticket, organisation=organisation, queue=placing.queue, routed_by=placing.routed_by)

    def _open_elsewhere(self, ticket: Ticket, organisation: UUID) -> bool:
        others = self._tickets[ticket.person].values()
        return any(t.id != ticket.id and t.status == "open" and t.organisation == organisation for t in others)

    async def _write_tickets(self, placed: Mapping[UUID, Ticket]) -> None:
        new = [t for t in placed.values() if t.id not in self._before]
        changed = [
            (old.organisation, t) for t in placed.values() if (old := self._before.get(t.id)) and old.organisation
        ]
        numbers = await tickets.numbers(self.connection, len(new)) if new else []
        new = [replace(t, number=n) for t, n in zip(sorted(new, key=lambda t: t.opened_at), numbers, strict=True)]
        await tickets.insert(self.connection, new, self._previews)
        await tickets.update(self.connection, changed, self._previews)
        self._lines += [_line("ticket.opened", t) for t in new]
        self._lines += [_line("ticket.reopened", t) for _, t in changed if self._before[t.id].status != t.status]
        self._lines += [_line("ticket.moved", t, was) for was, t in changed if self._before[t.id].queue != t.queue]
        told: list[tuple[UUID, UUID, feed.What]] = [
            (t.organisation, t.id, "changed") for t in placed.values() if t.organisation
        ]
        told += [(was, t.id, "gone") for was, t in changed if was != t.organisation]
        await feed.tell(self.connection, told)

    async def _write_messages(self, organisation: Mapping[UUID, UUID]) -> None:
        rows = [(organisation[m.ticket], m) for m in self._messages.values()]
        await messages.insert(self.connection, rows)
        of_message = {m.id: o for o, m in rows}
        await messages.insert_attachments(self.connection, [(of_message[a.message], a) for a in self._attachments])
        edited = {id_: self.originals[id_].organisation for id_ in self.texts if id_ in self.originals}
        # an edited message may have moved with its ticket in this very transaction
        moved = {o.id: organisation.get(o.ticket, o.organisation) for o in self.originals.values()}
        await messages.set_text(self.connection, [(id_, text, at) for id_, (text, at) in self.texts.items()])
        await messages.insert_versions(
            self.connection, [(moved.get(m) or of_message[m], id_, m, at, text) for id_, m, at, text in self.versions]
        )
        due = [(o, m.id) for o, m in rows if m.text] + [(moved[id_], id_) for id_ in edited]
        await messages.insert_gram_due(self.connection, due)
        await messages.set_unsent(self.connection, list(self.unsent.items()))
        await messages.set_call(self.connection, [(id_, dumped(self.calls[id_])) for id_ in self.changed_calls])
        await messages.set_earlier(self.connection, list(self._earlier.items()))


def dumped(call: Call) -> str:
    """A call as JSON for its message."""
    steps = {"steps": sorted(call.steps), "language": call.language, "status": call.status, "seconds": call.seconds}
    return orjson.dumps(steps).decode()


def _locks(event: Event, master: Master) -> list[bytes]:
    """Hashes to lock on: the sender's address, and the call that recordings without a sender refer to."""
    locks = [blind_of(event, master)]
    if isinstance(event, CallStep | Received):
        call = event.provider_id if isinstance(event, CallStep) else event.in_call
        locks.append(master.blind("call", call) if call else None)
    if not any(locks):
        locks.append(master.blind("event", event.event_id))
    return [lock for lock in locks if lock]


def _ids(event: Event) -> list[str]:
    """All ids by which this event, its message or its original may be known already."""
    ids = {dedupe_id(event), f"m:{refers_to(event)}" if refers_to(event) else ""}
    ids |= {f"m:{value}" for name in ("provider_id", "reply_to", "in_call") if (value := getattr(event, name, None))}
    return sorted(ids - {""})


def _several_open(theirs: Mapping[UUID, Ticket]) -> list[Ticket]:
    open_ones = [t for t in theirs.values() if t.status == "open"]
    return open_ones if len(open_ones) > 1 else []


def _placeable(ticket: Ticket, settings: Settings) -> Placeable:
    account = settings.accounts.get(ticket.account)
    return Placeable(
        urgency=ticket.urgency,
        language=ticket.language,
        account=ticket.account,
        account_countries=account.countries if account else (),
        phone_country=ticket.phone_country,
        channel=ticket.channel,
        issues=tuple(ticket.issues),
        opened_at=ticket.opened_at,
        previous_queue=ticket.previous_queue,
    )


def _line(action: str, ticket: Ticket, was: UUID | None = None) -> audit.Line:
    detail = {"queue": ticket.queue, "routed_by": ticket.routed_by, "urgency": ticket.urgency}
    if was:
        detail["from"] = str(was)
    return audit.Line(organisation=ticket.organisation, actor="intake", action=action, ticket=ticket.id, detail=detail)
