"""Which ticket an event belongs to: a new one, the open one, a reopened one, a closed one, or none, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from model.tickets import Facts, Ticket

_WROTE_LAST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Decision:
    """`ticket` is None for `opens`; `why` is a stable word that tests and audit lines use."""

    does: Literal["opens", "joins", "reopens", "stays_closed"]
    why: str
    ticket: Ticket | None = None

    @property
    def the_ticket(self) -> Ticket:
        """The ticket it speaks of; raises ValueError where a new one opens."""
        if self.ticket is None:
            raise ValueError(f"{self.does}: no ticket yet")
        return self.ticket


def decide(
    facts: Facts,
    tickets: Sequence[Ticket],
    *,
    arrived_at: datetime,
    reopen: timedelta,
    replied_to: UUID | None = None,
    last_answered: tuple[UUID, datetime] | None = None,
) -> Decision:
    """What a message of a person does to that person's tickets.

    `tickets` are all of the person's; `replied_to` is the ticket of the message this one answers; `last_answered` the
    ticket in which an organisation last wrote to this address, and when. `reopen` is how long after closing words
    still belong to the closed ticket (design: 72 hours).
    """
    open_ones = [ticket for ticket in tickets if ticket.status == "open"]
    if open_ones:
        ticket, why = _which(open_ones, replied_to, last_answered, arrived_at)
        return Decision("joins", why, ticket)
    closed = [t for t in tickets if t.status == "closed" and t.closed_at and arrived_at - t.closed_at <= reopen]
    if not closed:
        return Decision("opens", "no_open_ticket")
    latest = max(closed, key=lambda t: (t.closed_at, t.id))
    if facts.starts_clock:
        return Decision("reopens", "words_after_closing", latest)
    return Decision("stays_closed", "no_words_after_closing", latest)


def _which(
    tickets: Sequence[Ticket],
    replied_to: UUID | None,
    last_answered: tuple[UUID, datetime] | None,
    arrived_at: datetime,
) -> tuple[Ticket, str]:
    """Of several organisations' open tickets exactly one gets the words: never both."""
    if len(tickets) == 1:
        return tickets[0], "open_ticket"
    by_id = {ticket.id: ticket for ticket in tickets}
    if replied_to in by_id:
        return by_id[replied_to], "replied_to"
    if last_answered and last_answered[0] in by_id and arrived_at - last_answered[1] <= _WROTE_LAST:
        return by_id[last_answered[0]], "wrote_last"
    return max(tickets, key=lambda t: (t.last_at, t.id)), "most_recent"


def previous(tickets: Sequence[Ticket]) -> Ticket | None:
    """The ticket a new one links back to: the one closed last."""
    closed = [ticket for ticket in tickets if ticket.closed_at is not None]
    return max(closed, key=lambda t: (t.closed_at, t.id), default=None)
