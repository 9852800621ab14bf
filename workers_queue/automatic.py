"""What the system says by itself, written in the transaction that takes words in.

Whether it says anything, and what, is decided in intake.acknowledge; here is what that needs to know.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from intake.acknowledge import Answer, Circumstances, acknowledge, confirm
from model.deliveries import LANGUAGES, NewDelivery
from model.people import Address
from model.tickets import AUTOMATIC, Message, Ticket
from outbound.way_back import NoWay, Route, choose
from runtime.ids import new_id
from storage import cards, outbox
from storage.answers import WayBack
from workers_queue.batch import Batch, Spoken

_LATELY = timedelta(days=1)
Purpose = Literal["acknowledgement", "confirmation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What had to be looked up."""

    lately: dict[tuple[UUID, str], int]  #: (address, purpose) → how often within a day
    may_text: set[tuple[UUID, UUID]]  #: (organisation, person)


async def answer(batch: Batch, placed: Sequence[Ticket]) -> None:
    """Confirm the wishes that were granted in this batch, and acknowledge the tickets that it opens."""
    tickets = {ticket.id: ticket for ticket in placed}
    wishes = _last((s.wish in ("stop", "start") or s.wish, s) for s in batch.spoken if s.confirm)
    openings = _last((s.ticket, s) for s in batch.spoken if batch.opens(s.ticket))
    if not (wishes or openings):
        return
    known = await _look_up(batch, tickets, [*wishes, *openings])
    for spoken in wishes:
        _say(batch, tickets[spoken.ticket], spoken, "confirmation", known)
    answered: set[UUID] = set()
    for spoken in sorted(openings, key=_when, reverse=True):
        if spoken.ticket not in answered and _say(batch, tickets[spoken.ticket], spoken, "acknowledgement", known):
            answered.add(spoken.ticket)


def _last(spoken: Iterable[tuple[object, Spoken]]) -> list[Spoken]:
    """Of what was said on each address about each thing only the last."""
    found: dict[tuple[object, object], Spoken] = {}
    for about, one in spoken:
        key = (getattr(one.heard.event, "sender", None), about)
        if key not in found or _when(found[key]) <= _when(one):
            found[key] = one
    return list(found.values())


def _when(spoken: Spoken) -> tuple[object, str]:
    return spoken.heard.at, spoken.heard.event.event_id


async def _look_up(batch: Batch, tickets: dict[UUID, Ticket], spoken: Iterable[Spoken]) -> _Known:
    addresses = {address.id for s in spoken if (address := _address(batch, s))}
    calls = {(o, s.person) for s in spoken if _is_call(s) and (o := tickets[s.ticket].organisation)}
    return _Known(
        lately=await outbox.automatic_since(batch.connection, addresses, batch.at - _LATELY),
        may_text=await cards.safe_to_text(batch.connection, calls),
    )


def _is_call(spoken: Spoken) -> bool:
    return spoken.heard.account.channel == "voice"


def _address(batch: Batch, spoken: Spoken) -> Address | None:
    return batch.address(getattr(spoken.heard.event, "sender", None))


def _say(batch: Batch, ticket: Ticket, spoken: Spoken, purpose: Purpose, known: _Known) -> bool:
    """Write one automatic answer, or why there is none; gives whether there is one."""
    address = _address(batch, spoken)
    route = _route(batch, ticket, spoken, address, known)
    facts = _circumstances(batch, ticket, spoken, purpose, route, known)
    ask = spoken.heard.prepared.ask if spoken.heard.prepared else None
    decided = (
        acknowledge(facts) if purpose == "acknowledgement" else confirm(facts, phrase=ask.language if ask else None)
    )
    if purpose == "acknowledgement":
        said = decided.languages[0] if isinstance(decided, Answer) else decided.why
        batch.pending.acknowledged[ticket.id] = said
    if not isinstance(decided, Answer) or isinstance(route, NoWay):
        return False
    _queue(batch, ticket, decided, route, purpose)
    known.lately[route.address, purpose] = facts.said_lately + 1
    if decided.menu and (sender := getattr(spoken.heard.event, "sender", None)):
        batch.menu(sender, out=True)
    return True


def _route(batch: Batch, ticket: Ticket, spoken: Spoken, address: Address | None, known: _Known) -> Route | NoWay:
    """Back the way it came; to a caller by SMS, where the organisation knows that the number may be texted."""
    if address is None:
        return NoWay("bad_address")
    way = WayBack(
        address_id=address.id,
        account=spoken.heard.account.id,
        scope=address.scope,
        answerable=address.answerable,
        left_how=address.left_how,
        heard_at=spoken.heard.at,
    )
    return choose([way], batch.settings, may_text=(ticket.organisation, ticket.person) in known.may_text)


def _circumstances(
    batch: Batch, ticket: Ticket, spoken: Spoken, purpose: Purpose, route: Route | NoWay, known: _Known
) -> Circumstances:
    network = batch.settings.network
    organisation = network.organisation_of(ticket.queue if ticket.queue in network.queues else network.fallback)
    account = batch.settings.accounts[route.account] if isinstance(route, Route) else spoken.heard.account
    return Circumstances(
        new_ticket=batch.opens(ticket.id),
        channel=account.channel,
        inbound=account.inbound,
        no_way=route.reason if isinstance(route, NoWay) else None,
        wish=spoken.wish,
        urgency=ticket.urgency,
        reasons=ticket.reasons,
        language=ticket.language,
        language_rank=ticket.language_rank,
        languages=account.languages,
        default_language=network.default_language,
        unreviewed=batch.settings.unreviewed_phrases,
        hours=organisation.hours,
        acknowledgement=organisation.acknowledgement,
        at=batch.at,
        said_lately=known.lately.get((route.address, purpose), 0) if isinstance(route, Route) else 0,
        most=batch.settings.intake.answers_a_day,
    )


def _queue(batch: Batch, ticket: Ticket, said: Answer, route: Route, purpose: Purpose) -> None:
    if ticket.organisation is None:
        raise ValueError("a ticket is answered when it has its place")
    id_ = new_id()
    batch.pending.new[id_] = Message(
        id=id_,
        ticket=ticket.id,
        person=ticket.person,
        account=route.account,
        direction="out",
        kind="text",
        text=batch.key_of(ticket.person).seal("message|text", id_, said.text.encode()),
        language=said.languages[0],
        occurred_at=batch.at,
        arrived_at=batch.at,
        address=route.address,
        author=AUTOMATIC,
    )
    batch.pending.deliveries.append(
        NewDelivery(
            id=new_id(),
            organisation=ticket.organisation,
            message=id_,
            ticket=ticket.id,
            person=ticket.person,
            address=route.address,
            account=route.account,
            purpose=purpose,
            menu=LANGUAGES if said.menu else None,
            at=batch.at,
        )
    )
