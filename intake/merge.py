"""How a ticket takes up one more message. Each step is commutative, associative and idempotent: order cannot matter."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from model.tickets import CHOSEN, Facts, Ticket


def opened(facts: Facts, *, id: UUID, person: UUID, previous: Ticket | None) -> Ticket:
    """A ticket of one message, not yet placed in a queue nor numbered."""
    return Ticket(
        id=id,
        number=0,
        person=person,
        organisation=None,
        queue="",
        routed_by="",
        status="open",
        urgency=facts.urgency,
        reasons=facts.reasons,
        issues=facts.issues,
        language=facts.language,
        language_rank=facts.language_rank,
        language_at=facts.occurred_at if facts.language else None,
        language_by=facts.provider_id if facts.language else None,
        account=facts.account,
        channel=facts.channel,
        phone_country=facts.phone_country,
        opened_at=facts.occurred_at,
        opened_by=facts.provider_id,
        waiting_since=facts.occurred_at if facts.starts_clock else None,
        last_at=facts.occurred_at,
        last_by=facts.provider_id,
        touched=False,
        assignee=None,
        previous_queue=previous.queue if previous else None,
        previous_ticket=previous.id if previous else None,
        closed_at=None,
    )


def chosen_before(ticket: Ticket, language: str | None, at: datetime | None) -> Ticket:
    """A new ticket of somebody who has chosen a language at an earlier moment."""
    if language is None or at is None or ticket.language_rank == CHOSEN:
        return ticket
    return replace(ticket, language=language, language_rank=CHOSEN, language_at=at, language_by="")


def joined(ticket: Ticket, facts: Facts) -> Ticket:
    """The ticket after one more message: urgency only rises, the earliest message opens it, the latest is last."""
    ticket = replace(
        ticket,
        urgency=min(ticket.urgency, facts.urgency),
        reasons=_union(ticket.reasons, facts.reasons),
        issues=_union(ticket.issues, facts.issues),
        phone_country=min(filter(None, (ticket.phone_country, facts.phone_country)), default=None),
        waiting_since=_earlier(ticket.waiting_since, facts.occurred_at if facts.starts_clock else None),
    )
    return _last(_opening(_language(ticket, facts), facts), facts)


def reopened(ticket: Ticket) -> Ticket:
    """The closed ticket open again, with the agent it had."""
    return replace(ticket, status="open", closed_at=None)


def _opening(ticket: Ticket, facts: Facts) -> Ticket:
    if (facts.occurred_at, facts.provider_id) >= (ticket.opened_at, ticket.opened_by):
        return ticket
    return replace(
        ticket,
        account=facts.account,
        channel=facts.channel,
        opened_at=facts.occurred_at,
        opened_by=facts.provider_id,
    )


def _language(ticket: Ticket, facts: Facts) -> Ticket:
    if facts.language is None or (ticket.language is not None and not _knows_better(facts, ticket)):
        return ticket
    return replace(
        ticket,
        language=facts.language,
        language_rank=facts.language_rank,
        language_at=facts.occurred_at,
        language_by=facts.provider_id,
    )


def _knows_better(facts: Facts, ticket: Ticket) -> bool:
    """A better-known language wins; among guesses the first one stays, among choices the last one counts."""
    if facts.language_rank != ticket.language_rank:
        return facts.language_rank > ticket.language_rank
    ours, theirs = (ticket.language_at, ticket.language_by), (facts.occurred_at, facts.provider_id)
    return theirs > ours if facts.language_rank == CHOSEN else theirs < ours


def _last(ticket: Ticket, facts: Facts) -> Ticket:
    if (facts.occurred_at, facts.provider_id) < (ticket.last_at, ticket.last_by):
        return ticket
    return replace(ticket, last_at=facts.occurred_at, last_by=facts.provider_id)


def _union(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*a, *b}))


def _earlier(a: datetime | None, b: datetime | None) -> datetime | None:
    return min((at for at in (a, b) if at is not None), default=None)
