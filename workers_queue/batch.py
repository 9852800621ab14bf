"""A batch of events on its way into the store: everything is read first, decided in memory, and written last.

Two workers never have the same address in hands at once (storage.people.lock_addresses), so what is read here stays
true until the transaction ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from channels.contract import OURS
from intake.calls import Call, call_of, merge
from intake.decide import Decision, decide, previous
from intake.merge import chosen_before, joined, opened, reopened
from intake.originals import refers_to
from intake.prepare import phone_country
from model.events import CallStep, DeliveryUpdate, Echo, Event, Received, Sender
from model.people import Address
from model.tickets import Facts, Message, StoredAttachment, Ticket
from routing.place import place
from routing.rules import Facts as Placeable
from runtime.ids import new_id
from runtime.keys import Key, Master
from runtime.settings import Settings
from storage import delivery_news, messages, people, tickets
from storage.database import Connection
from translations.requests import What
from workers_queue.heard import Heard
from workers_queue.pending import Pending

_PREVIEW = 160  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A message that is stored, or about to be: what later events can refer to."""

    id: UUID
    ticket: UUID
    person: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Something said in this batch, as an automatic answer needs it."""

    ticket: UUID
    person: UUID
    heard: Heard
    confirm: bool = False  #: it was a wish, and was granted

    @property
    def wish(self) -> What | None:
        """What it asked of the system itself. "Start" is none from somebody who never said "stop"."""
        ask = self.heard.prepared.ask if self.heard.prepared else None
        return ask.what if ask and (self.confirm or ask.what != "start") else None


@dataclass(slots=True)
class Batch:
    """What is known, and what has been decided so far."""

    connection: Connection
    master: Master
    settings: Settings
    at: datetime
    pending: Pending = field(default_factory=Pending)
    spoken: list[Spoken] = field(default_factory=list)  #: what was said in this batch, for automatic answers
    seen: dict[tuple[str, str], UUID | None] = field(default_factory=dict)
    known: dict[tuple[str, str], Known] = field(default_factory=dict)  #: (account, provider id) → message
    _originals: dict[UUID, messages.Original] = field(default_factory=dict)
    _addresses: dict[bytes, Address] = field(default_factory=dict)
    _keys: dict[UUID, Key] = field(default_factory=dict)
    _tickets: dict[UUID, dict[UUID, Ticket]] = field(default_factory=dict)  #: person → ticket id → ticket
    _before: dict[UUID, Ticket] = field(default_factory=dict)  #: tickets as they were read
    _answered: dict[UUID, datetime] = field(default_factory=dict)  #: ticket → when an organisation last wrote in it
    _touched: set[UUID] = field(default_factory=set)  #: tickets to write
    _new: people.NewPeople = field(init=False)

    def __post_init__(self) -> None:
        self._new = people.NewPeople(self.master, self.at)

    # ---- reading

    async def load(self, heard: Iterable[Heard]) -> None:
        """Lock and read all that these events may touch. May be called again for more of them."""
        heard = list(heard)
        blinds = {blind for h in heard for blind in locks(h.event, self.master)}
        await people.lock_addresses(self.connection, blinds)
        self._addresses |= await people.addresses(self.connection, blinds - self._addresses.keys())
        await self._load_known(heard)
        found = {a.person for a in self._addresses.values() if a.person} | {k.person for k in self.known.values()}
        found |= await delivery_news.people_of(self.connection, _deliveries(heard))
        await self._load_people(found - self._tickets.keys())
        await self._load_answers(heard)

    async def _load_known(self, heard: Iterable[Heard]) -> None:
        ids = {(h.account.id, id_) for h in heard for id_ in _ids(h.event)}
        self.seen |= await messages.seen(self.connection, ids - self.seen.keys())
        wanted = {id_ for id_ in self.seen.values() if id_} - self._originals.keys()
        self._originals |= await messages.originals(self.connection, wanted)
        for (account, id_), message in self.seen.items():
            if message and (original := self._originals.get(message)):
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

    async def _load_answers(self, heard: Iterable[Heard]) -> None:
        """Whether somebody has answered whoever says what may be an answer to a menu, or to that somebody."""
        unsure = {a.person for h in heard if _may_answer_the_menu(h) and (a := self.address(_sender(h.event)))}
        theirs = [t.id for person in unsure if person for t in self._tickets[person].values() if t.status == "open"]
        if theirs:
            self._answered |= await tickets.last_answered(self.connection, theirs)

    # ---- people

    def person(self, sender: Sender) -> tuple[UUID, Key]:
        """Who writes from this address, made on first sight."""
        blind = self.master.blind(sender.scope, sender.value)
        address = self._addresses.get(blind)
        if address and address.person:
            return address.person, self._keys[address.person]
        person, key = self._new.person()
        id_ = self._new.address(
            blind=blind, scope=sender.scope, value=sender.value, key=key,
            answerable=sender.answerable, country=phone_country(sender),
        )  # fmt: skip
        self._new.uses(id_, person)
        self._addresses[blind] = Address(
            id=id_, blind=blind, person=person, scope=sender.scope, answerable=sender.answerable
        )
        self._keys[person], self._tickets[person] = key, {}
        return person, key

    def known_person(self, sender: Sender) -> UUID | None:
        """Who uses this address, if we have met them."""
        address = self._addresses.get(self.master.blind(sender.scope, sender.value))
        return address.person if address else None

    def address(self, sender: Sender | None) -> Address | None:
        """Where somebody writes from, as it is known by now; None where we have not met them."""
        return self._addresses.get(self.master.blind(sender.scope, sender.value)) if sender else None

    def address_of(self, sender: Sender | None) -> UUID | None:
        """Its id."""
        address = self.address(sender)
        return address.id if address else None

    def key_of(self, person: UUID) -> Key:
        """The key that seals what this person says."""
        return self._keys[person]

    def went(self, sender: Sender, how: str | None, at: datetime) -> bool:
        """Remember that an address left (`how`) or is back (None), unless something newer is known.

        Gives whether that changes anything.
        """
        self.person(sender)
        was = self._addresses[self.master.blind(sender.scope, sender.value)]
        if was.left_at and was.left_at > at:
            return False
        self._addresses[was.blind] = replace(was, left_how=how, left_at=at)
        self.pending.left[was.id] = (how, at)
        return was.left_how != how

    def is_back(self, sender: Sender, at: datetime) -> None:
        """Whoever writes to us can be written to; a wish to hear no more broadcasts stays a wish."""
        address = self.address(sender)
        if address and address.left_how in ("blocked", "unfollowed"):
            self.went(sender, None, at)

    def chose(self, sender: Sender, language: str, at: datetime) -> bool:
        """Remember which language somebody chose, unless a later choice is known; gives whether that changes it."""
        was = self.address(sender)
        if was is None or (was.language_at and was.language_at > at):
            return False
        self._addresses[was.blind] = replace(was, language=language, language_at=at)
        self.pending.languages[was.id] = (language, at)
        self.menu(sender, out=False)
        return was.language != language

    def menu(self, sender: Sender, *, out: bool) -> None:
        """Remember whether a choice of languages waits for an answer from this address."""
        was = self.address(sender)
        if was and was.asked_language != out:
            self._addresses[was.blind] = replace(was, asked_language=out)
            self.pending.asked[was.id] = out

    def somebody_answered(self, person: UUID) -> bool:
        """Whether somebody has written in an open ticket of this person; known where it was asked for in `load`."""
        return any(t.id in self._answered for t in self._tickets[person].values() if t.status == "open")

    # ---- tickets

    def file(
        self, person: UUID, facts: Facts, heard: Heard, *, replied_to: Known | None = None
    ) -> tuple[UUID, Decision]:
        """Let a person's message open, join or reopen a ticket; gives the ticket's id."""
        theirs = self._tickets[person]
        decision = decide(
            facts,
            list(theirs.values()),
            arrived_at=heard.arrived_at,
            reopen=timedelta(hours=self.settings.intake.reopen_hours),
            replied_to=replied_to.ticket if replied_to else None,
            last_answered=max(((t, at) for t, at in self._answered.items() if t in theirs), key=_when, default=None),
        )
        match decision.does:
            case "opens":
                ticket = opened(facts, id=new_id(), person=person, previous=previous(list(theirs.values())))
                address = self.address(_sender(heard.event))
                if address:
                    ticket = chosen_before(ticket, address.language, address.language_at)
            case "reopens":
                ticket = joined(reopened(decision.the_ticket), facts)
            case _:
                ticket = joined(decision.the_ticket, facts)
        self._keep(ticket)
        return ticket.id, decision

    def join(self, known: Known, facts: Facts) -> None:
        """Let the ticket of a known message take up more facts, whatever state it is in."""
        self._keep(joined(self._tickets[known.person][known.ticket], facts))

    def raise_floor(self, known: Known, facts: Facts) -> None:
        """What an edit adds to a ticket: urgency and issues may rise, nothing else changes."""
        old = self._tickets[known.person][known.ticket]
        last = replace(facts, language=None, occurred_at=old.last_at, provider_id=old.last_by, starts_clock=False)
        self._keep(joined(old, last))

    def open_ticket(self, person: UUID) -> Ticket | None:
        """The ticket that was active last among the person's open ones."""
        open_ones = [t for t in self._tickets[person].values() if t.status == "open"]
        return max(open_ones, key=lambda t: (t.last_at, t.id), default=None)

    def touch(self, ticket: UUID) -> None:
        """Something about this ticket is worth another look."""
        self._touched.add(ticket)

    def _keep(self, ticket: Ticket) -> None:
        self._tickets[ticket.person][ticket.id] = ticket
        self._touched.add(ticket.id)

    def opens(self, ticket: UUID) -> bool:
        """Whether this ticket opens in this batch."""
        return ticket not in self._before

    def reasons_before(self, ticket: UUID) -> tuple[str, ...]:
        """Why a ticket was urgent when it was read; nothing for a new one."""
        return self._before[ticket].reasons if ticket in self._before else ()

    # ---- messages

    def take(self, heard: Heard, message: UUID | None) -> None:
        """This event is taken in: a redelivery of it will be dropped."""
        self._remember(heard.account.id, dedupe_id(heard.event), message)

    def add(self, heard: Heard, message: Message, attachments: Iterable[StoredAttachment] = ()) -> None:
        """A new message, known from now on to whatever refers to it."""
        self.pending.new[message.id] = message
        self.pending.attachments += attachments
        self._touched.add(message.ticket)
        if message.provider_id is not None:
            known = Known(id=message.id, ticket=message.ticket, person=message.person)
            self.known[heard.account.id, message.provider_id] = known
            self._remember(heard.account.id, f"m:{message.provider_id}", message.id)

    def preview(self, ticket: UUID, person: UUID, provider_id: str, text: str) -> None:
        """The ticket's last words, for the list, if these are the last."""
        if self._tickets[person][ticket].last_by == provider_id:
            sealed = self._keys[person].seal("ticket|preview", ticket, text[:_PREVIEW].encode())
            self.pending.previews[ticket] = sealed

    def text_of(self, known: Known) -> tuple[bytes | None, datetime | None]:
        """A message's sealed text as it stands, and when it was last edited."""
        if known.id in self.pending.texts:
            return self.pending.texts[known.id]
        if known.id in self.pending.new:
            return self.pending.new[known.id].text, None
        original = self._originals[known.id]
        return original.text, original.edited_at

    def said_at(self, known: Known) -> datetime:
        """When a message was said, by what is known so far."""
        if known.id in self.pending.earlier:
            return self.pending.earlier[known.id][0]
        if known.id in self.pending.new:
            return self.pending.new[known.id].occurred_at
        return self._originals[known.id].occurred_at

    def add_to_call(self, known: Known, said: Call) -> None:
        """One more step of a call that is known."""
        stored = self._originals.get(known.id)
        before = self.pending.calls.get(known.id) or call_of(stored.call if stored else None)
        self.pending.calls[known.id] = merge(before, said)

    def earlier(self, known: Known, heard: Heard) -> None:
        """A message that is told in several events happened, and arrived, with the earliest of them."""
        at, arrived = self.pending.earlier.get(known.id, (heard.at, heard.arrived_at))
        self.pending.earlier[known.id] = (min(at, heard.at), min(arrived, heard.arrived_at))

    def _remember(self, account: str, id_: str, message: UUID | None) -> None:
        if (account, id_) not in self.seen:
            self.seen[account, id_] = self.pending.remember[account, id_] = message

    # ---- writing

    def place(self) -> list[Ticket]:
        """What is new or has changed, each ticket where it belongs now."""
        everything = {t.id: t for theirs in self._tickets.values() for t in theirs.values()}
        return [self._placed(everything[id_]) for id_ in sorted(self._touched)]

    async def write(self, placed: Sequence[Ticket]) -> None:
        """Write everything; `placed` is what `place` gave."""
        home = {t.id: t.organisation for t in placed if t.organisation}
        await self._new.write(self.connection)
        await self.pending.write_tickets(self.connection, self._before, placed)
        await self.pending.write_messages(self.connection, home, self._originals)
        wait = timedelta(minutes=self.settings.intake.missing_original_minutes)
        await self.pending.write_rest(self.connection, self.at, wait=wait)

    def _placed(self, ticket: Ticket) -> Ticket:
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


def _sender(event: Event) -> Sender | None:
    return getattr(event, "sender", None)


def _may_answer_the_menu(heard: Heard) -> bool:
    return bool(heard.prepared and heard.prepared.ask and not heard.prepared.ask.certain)


def _deliveries(heard: Iterable[Heard]) -> list[UUID]:
    """Our own ids that receipts and echoes bring back."""
    named = (
        e.delivery if isinstance(e, DeliveryUpdate) else e.metadata
        for e in (h.event for h in heard)
        if isinstance(e, DeliveryUpdate | Echo)
    )
    return [id_ for name in named if (id_ := our_id(name))]


def our_id(told: str | None) -> UUID | None:
    """Our delivery's id as it came back from a provider; None for what is none of ours."""
    try:
        return UUID(told.removeprefix(OURS)) if told else None
    except ValueError:
        return None


def dedupe_id(event: Event) -> str:
    """Under which id an event is remembered: a message by its own, everything else by the event's."""
    own = isinstance(event, Received) and event.event_id == event.provider_id
    return f"m:{event.event_id}" if own else f"e:{event.event_id}"


def locks(event: Event, master: Master) -> list[bytes]:
    """Hashes to lock on: the sender's address, and the call that recordings without a sender refer to.

    An event with neither is locked by its own id, so that two workers cannot take in two copies of it.
    """
    sender = event.to if isinstance(event, Echo) else getattr(event, "sender", None)
    call = event.in_call if isinstance(event, Received) else event.provider_id if isinstance(event, CallStep) else None
    locks = [master.blind(sender.scope, sender.value)] if sender else []
    locks += [master.blind("call", call)] if call else []
    return locks or [master.blind("event", event.event_id)]


def _ids(event: Event) -> set[str]:
    """All ids by which this event, its message or its original may be known already."""
    named = {refers_to(event), *(getattr(event, name, None) for name in ("provider_id", "reply_to", "in_call"))}
    return {dedupe_id(event)} | {f"m:{id_}" for id_ in named if id_}


def _several_open(theirs: Mapping[UUID, Ticket]) -> list[Ticket]:
    open_ones = [t for t in theirs.values() if t.status == "open"]
    return open_ones if len(open_ones) > 1 else []


def _when(answer: tuple[UUID, datetime]) -> datetime:
    return answer[1]


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
