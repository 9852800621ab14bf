"""Whose ticket it is. Two who take it at once cannot both have it."""

from uuid import UUID

from desk.seat import Cannot, Seat
from storage import desk_acts


async def take(seat: Seat, ticket: UUID) -> None:
    """Take a ticket that nobody has. Raises NoTicket and Cannot (`taken`, by whom; `closed`)."""
    held = await seat.hold(ticket)
    if held.assignee == seat.agent.id:
        return
    if held.assignee is not None:
        raise Cannot("taken", by=held.assignee)
    await desk_acts.change(seat.connection, ticket, assignee=seat.agent.id)
    await seat.wrote("ticket.taken", ticket)


async def release(seat: Seat, ticket: UUID) -> None:
    """Give a ticket back to its queue: one's own, or as a supervisor anybody's. Raises NoTicket and Cannot."""
    held = await seat.hold(ticket)
    if held.assignee is None:
        return
    if held.assignee != seat.agent.id and not seat.supervises:
        raise Cannot("not_yours", by=held.assignee)
    await desk_acts.change(seat.connection, ticket, assignee=None)
    await seat.wrote("ticket.released", ticket, was=held.assignee)


async def assign(seat: Seat, ticket: UUID, to: UUID, *, was: UUID | None) -> None:
    """Give a ticket to somebody. `was`: who had it, as far as the screen knew; if that has changed nothing happens.

    Raises NoTicket and Cannot (`taken`, by whom; `no_such_agent`; `closed`).
    """
    held = await seat.hold(ticket)
    if held.assignee == to:
        return
    if held.assignee != was:
        raise Cannot("taken", by=held.assignee)
    if to not in await desk_acts.answers_tickets(seat.connection, [to]):
        raise Cannot("no_such_agent")
    await desk_acts.change(seat.connection, ticket, assignee=to)
    await seat.wrote("ticket.assigned", ticket, to=to, was=held.assignee)
