"""Putting a ticket aside, ending it, and taking it up again."""

from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from desk.saying import note
from desk.seat import Cannot, Seat
from model.tickets import OUTCOMES, Outcome
from storage import answers, desk_acts

_LONGEST_SNOOZE = timedelta(days=92)
Where = Literal["call", "in_person", "other_app", "other_organisation", "other"]
WHERES: tuple[Where, ...] = get_args(Where)


async def snooze(seat: Seat, ticket: UUID, until: datetime, *, last_seen: UUID | None = None) -> None:
    """Put a ticket aside until a moment, or until new words come. `last_seen`: the last message the agent saw.

    Raises NoTicket and Cannot.
    """
    if until <= seat.now:
        raise Cannot("in_the_past")
    if until - seat.now > _LONGEST_SNOOZE:
        raise Cannot("too_far")
    await seat.hold(ticket)
    await _nothing_newer(seat, ticket, last_seen)
    await desk_acts.change(seat.connection, ticket, snoozed_until=until)
    await seat.wrote("ticket.snoozed", ticket, until=until.isoformat())


async def unsnooze(seat: Seat, ticket: UUID) -> None:
    """Take it up again before its time. Raises NoTicket and Cannot."""
    held = await seat.hold(ticket)
    if held.snoozed_until is not None:
        await desk_acts.change(seat.connection, ticket, snoozed_until=None)
        await seat.wrote("ticket.unsnoozed", ticket)


async def _nothing_newer(seat: Seat, ticket: UUID, last_seen: UUID | None) -> None:
    """Nobody's words are ended unread. In the ticket's hold; raises Cannot (`newer`)."""
    if last_seen and await answers.newer(seat.connection, ticket, last_seen, seat.name):
        raise Cannot("newer")


async def close(seat: Seat, ticket: UUID, outcome: Outcome, *, last_seen: UUID | None = None) -> None:
    """End a matter: its clock stops. Words within three days reopen it. `last_seen`: the last message the agent saw.

    Raises NoTicket and Cannot.
    """
    if outcome not in OUTCOMES:
        raise Cannot("no_such_outcome")
    await seat.hold(ticket)
    await _nothing_newer(seat, ticket, last_seen)
    await desk_acts.change(
        seat.connection,
        ticket,
        status="closed",
        closed_at=seat.now,
        outcome=outcome,
        waiting_since=None,
        snoozed_until=None,
        answered_until=seat.now,
    )
    await seat.wrote("ticket.closed", ticket, outcome=outcome)


async def reopen(seat: Seat, ticket: UUID) -> None:
    """Take up a closed matter again. Raises NoTicket and Cannot (`not_closed`; `another_is_open`, which)."""
    held = await seat.hold(ticket, closed_too=True)
    if held.status != "closed":
        raise Cannot("not_closed")
    if other := await desk_acts.open_ticket(seat.connection, held.person):
        raise Cannot("another_is_open", ticket=other)
    await desk_acts.change(seat.connection, ticket, status="open", closed_at=None, outcome=None)
    await seat.wrote("ticket.reopened", ticket)


async def answered_elsewhere(
    seat: Seat, ticket: UUID, where: Where, *, words: str = "", last_seen: UUID | None = None
) -> None:
    """Say that the person has been answered, and where: the clock stops. `words` become a note; `other` needs them.

    `last_seen`: the last message the agent saw.
    Raises NoTicket, BadText and Cannot (`no_such_reason`, `say_why`).
    """
    if where not in WHERES:
        raise Cannot("no_such_reason")
    if where == "other" and not words.strip():
        raise Cannot("say_why")
    await seat.hold(ticket)
    await _nothing_newer(seat, ticket, last_seen)
    await desk_acts.change(seat.connection, ticket, waiting_since=None, answered_until=seat.now)
    written = await note(seat, ticket, words) if words.strip() else None
    await seat.wrote("ticket.answered_elsewhere", ticket, where=where, note=written)
