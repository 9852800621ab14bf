"""How urgent a matter is, what it is about, and the tags an organisation sorts by."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from desk.saying import note
from desk.seat import Cannot, Seat
from model.taxonomy import Urgency
from outbound.words import BadText, fit
from storage import desk_acts
from translations import taxonomy

RAISED = "raised_by_agent"  #: the reason a ticket shows beside those of its words
_LONGEST_TAG = 40


async def raise_urgency(seat: Seat, ticket: UUID, to: Urgency) -> None:
    """Make a matter more urgent. Raises NoTicket and Cannot (`not_more_urgent`)."""
    held = await seat.hold(ticket)
    if to >= held.urgency:
        raise Cannot("not_more_urgent")
    reasons = sorted({*held.reasons, RAISED})
    await desk_acts.change(seat.connection, ticket, urgency=to, urgency_reasons=reasons)
    await seat.wrote("ticket.urgency_raised", ticket, urgency=to, was=held.urgency, reasons=RAISED)


async def lower_urgency(seat: Seat, ticket: UUID, to: Urgency, *, why: str) -> None:
    """Make a matter less urgent: a supervisor's alone. `why` becomes a note of the ticket.

    Raises NoTicket, BadText and Cannot (`supervisor_only`, `not_less_urgent`).
    """
    if not seat.supervises:
        raise Cannot("supervisor_only")
    held = await seat.hold(ticket)
    if to <= held.urgency:
        raise Cannot("not_less_urgent")
    reasons = [reason for reason in held.reasons if reason != RAISED]
    await desk_acts.change(seat.connection, ticket, urgency=to, urgency_reasons=reasons)
    await seat.wrote("ticket.urgency_lowered", ticket, urgency=to, was=held.urgency, note=await note(seat, ticket, why))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A word by which an organisation sorts its tickets."""

    id: UUID
    name: str


async def add_tag(seat: Seat, ticket: UUID, name: str) -> Tag:
    """Put a tag on a ticket, a new one or one that is in use. Raises NoTicket, BadText and Cannot."""
    name = " ".join(fit(name).split())
    if len(name) > _LONGEST_TAG:
        raise BadText(
            f"A tag has at most {_LONGEST_TAG} characters: write a word or two.", "tag_long", most=_LONGEST_TAG
        )
    await seat.hold(ticket, closed_too=True)
    organisation = seat.agent.organisation
    key, id_ = seat.master.organisation_key(organisation), tag_id(seat, name)
    if await desk_acts.add_tag(seat.connection, organisation, ticket, id_, key.seal("tag|name", id_, name.encode())):
        await desk_acts.change(seat.connection, ticket)
        await seat.wrote("ticket.tagged", ticket, tag=id_)
    return Tag(id=id_, name=name)


async def remove_tag(seat: Seat, ticket: UUID, tag: UUID) -> None:
    """Take a tag off a ticket. Raises NoTicket."""
    await seat.hold(ticket, closed_too=True)
    if await desk_acts.remove_tag(seat.connection, ticket, tag):
        await seat.wrote("ticket.untagged", ticket, tag=tag)


async def tags(seat: Seat) -> list[Tag]:
    """All tags of the organisation, by name: for choosing and for filters."""
    key = seat.master.organisation_key(seat.agent.organisation)
    found = [
        Tag(id=id_, name=key.open("tag|name", id_, sealed).decode())
        for id_, sealed in await desk_acts.tags(seat.connection)
    ]
    return sorted(found, key=lambda tag: tag.name.casefold())


def tag_id(seat: Seat, name: str) -> UUID:
    """The id of a tag, whether it is in use or not: the same name in any case is the same tag."""
    return UUID(seat.master.veil(f"tag|{seat.agent.organisation}|{' '.join(name.split()).casefold()}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspected:
    """An issue a ticket may be about."""

    code: str
    confirmed: bool | None  #: None: suggested by the words, nobody has said yes or no
    agent: UUID | None = None
    at: datetime | None = None


async def issues(seat: Seat, ticket: UUID) -> list[Suspected]:
    """What the words suggest, and what agents have said of it."""
    held = await seat.look(ticket)
    said = {
        code: Suspected(code=code, confirmed=confirmed, agent=agent, at=at)
        for code, confirmed, agent, at in await desk_acts.issues(seat.connection, ticket)
    }
    suggested = {code: Suspected(code=code, confirmed=None) for code in held.issues}
    return [(suggested | said)[code] for code in sorted(suggested.keys() | said.keys())]


async def confirm_issue(seat: Seat, ticket: UUID, code: str) -> None:
    """Yes, this is one of its issues, suggested or not. Raises NoTicket and Cannot (`no_such_issue`)."""
    await _say(seat, ticket, code, confirmed=True)


async def drop_issue(seat: Seat, ticket: UUID, code: str) -> None:
    """No, this is none of its issues. Raises NoTicket and Cannot (`no_such_issue`)."""
    await _say(seat, ticket, code, confirmed=False)


async def _say(seat: Seat, ticket: UUID, code: str, *, confirmed: bool) -> None:
    if code not in taxonomy.load().issues:
        raise Cannot("no_such_issue")
    await seat.hold(ticket, closed_too=True)
    await desk_acts.set_issue(
        seat.connection, seat.agent.organisation, ticket, code, confirmed=confirmed, agent=seat.agent.id, at=seat.now
    )
    await desk_acts.change(seat.connection, ticket)
    await seat.wrote("ticket.issue_confirmed" if confirmed else "ticket.issue_dropped", ticket, code=code)
