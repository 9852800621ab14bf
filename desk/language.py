"""Which language a person writes and speaks, as an agent knows it; and the queue that speaks it."""

from dataclasses import dataclass
from uuid import UUID

from desk.seat import Cannot, Seat
from model.network import Organisation
from model.tickets import CORRECTED
from routing.place import place
from routing.rules import Facts
from storage import desk_acts
from storage.answers import Held
from translations import languages

BY_AGENT = "agent"  #: what `routed_by` says where no rule did it


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A queue where this ticket would be better placed, to be asked about, never done by itself."""

    queue: str
    rule: str | None  #: which rule says so; None: it is the queue that speaks the language


async def correct(seat: Seat, ticket: UUID, language: str) -> Offer | None:
    """Say which language a person writes: it outranks every guess and choice. Gives the queue that fits better.

    Raises NoTicket and Cannot (`no_such_language`).
    """
    held = await _hold(seat, ticket, language)
    await desk_acts.change(
        seat.connection,
        ticket,
        language=language,
        language_rank=CORRECTED,
        language_at=seat.now,
        language_by=seat.name,
    )
    await seat.wrote("ticket.language_corrected", ticket, language=language, was=held.language)
    return offer(seat, held, language) if held.status == "open" else None


async def set_spoken(seat: Seat, ticket: UUID, language: str | None) -> None:
    """Say which language to speak on the phone; None: the one that is written. Raises NoTicket and Cannot."""
    held = await _hold(seat, ticket, language)
    if held.spoken == language:
        return
    await desk_acts.change(seat.connection, ticket, spoken=language)
    await seat.wrote("ticket.spoken_changed", ticket, language=language)


async def reroute(seat: Seat, ticket: UUID, queue: str) -> None:
    """Let a ticket wait in another queue of the same organisation. Raises NoTicket and Cannot (`no_such_queue`)."""
    held = await seat.hold(ticket)
    known = seat.settings.network.queues.get(queue)
    if known is None or known.organisation != seat.organisation.id:
        raise Cannot("no_such_queue")
    if queue == held.queue:
        return
    await desk_acts.change(seat.connection, ticket, queue=queue, routed_by=BY_AGENT)
    await seat.wrote("ticket.moved", ticket, queue=queue, routed_by=BY_AGENT, **{"from": held.queue})


async def _hold(seat: Seat, ticket: UUID, language: str | None) -> Held:
    if language is not None and language not in languages.CODES:
        raise Cannot("no_such_language")
    return await seat.hold(ticket, closed_too=True)


def offer(seat: Seat, held: Held, language: str) -> Offer | None:
    """Where the rules would place this ticket if its language had been known; else a queue of ours that speaks it.

    Another organisation's queue is never offered here: a ticket goes there by being handed over.
    """
    network, ours = seat.settings.network, seat.organisation
    placing = place(_facts(seat, held, language), network)
    if placing.organisation == ours.id:
        return Offer(queue=placing.queue, rule=placing.routed_by) if placing.queue != held.queue else None
    queue = _speaking(seat, ours, held.queue, language)
    return Offer(queue=queue, rule=None) if queue else None


def _speaking(seat: Seat, ours: Organisation, here: str, language: str) -> str | None:
    queues = seat.settings.network.queues
    at_home = queues.get(here)
    if at_home and (not at_home.languages or language in at_home.languages):
        return None
    speaking = (q.id for q in queues.values() if q.organisation == ours.id and language in q.languages)
    return next(speaking, None)


def _facts(seat: Seat, held: Held, language: str) -> Facts:
    """What placing looks at. Who served this person before is not for a desk to know."""
    account = seat.settings.accounts.get(held.account)
    return Facts(
        urgency=held.urgency,
        language=language,
        account=held.account,
        account_countries=account.countries if account else (),
        phone_country=held.phone_country,
        channel=held.channel,
        issues=tuple(held.issues),
        opened_at=held.opened_at,
        previous_queue=None,
    )
