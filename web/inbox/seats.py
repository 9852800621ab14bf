"""An agent's request about a ticket: their seat at the desk, the ticket's id, and refusals in plain words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web

from desk.seat import Cannot, NoTicket, Seat, seated
from model.agents import Agent
from model.hours import BadHours
from outbound.outfiles import BadFile
from outbound.words import BadText
from storage import agents
from web.routes import DESK, Handler
from web.site import SITE, VISITOR, go, page

#: A script that puts the answer into the page that is open says so; whoever types an address gets a whole page.
PART = "X-Part"


@asynccontextmanager
async def seat_of(request: web.Request) -> AsyncIterator[Seat]:
    """The desk of whoever asks, in a transaction."""
    site = request.app[SITE]
    async with seated(site.database, site.master, site.settings, request[VISITOR].agent, site.clock()) as seat:
        yield seat


def for_desk(handler: Handler) -> Handler:
    """A handler for which a ticket of another organisation is one that never was."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NoTicket:
            return page(request, "error.html", status=404, why="no_ticket")

    return handle


def ticket_of(request: web.Request) -> UUID:
    """The ticket of an address. Raises NoTicket."""
    found = id_of(request.match_info["ticket"])
    if found is None:
        raise NoTicket
    return found


def id_of(written: object) -> UUID | None:
    """An id that somebody sent; None for anything else."""
    try:
        return UUID(str(written))
    except ValueError:
        return None


def moment_of(written: object, timezone: str) -> datetime | None:
    """What a field for date and time sends, on the clock of a place; None for anything else."""
    try:
        return datetime.fromisoformat(str(written)).replace(tzinfo=ZoneInfo(timezone))
    except ValueError:
        return None


def wants_part(request: web.Request) -> bool:
    """Whether a script asks, for a part of the page."""
    return PART in request.headers or "HX-Request" in request.headers


async def names_of(seat: Seat) -> dict[UUID, str]:
    """How colleagues are called, also those who left."""
    return {one.id: one.name for one in await agents.colleagues(seat.connection, seat.master)}


def can_be_called(agent: Agent) -> bool:
    """Whether somebody is here, and answers tickets: a note may call them."""
    return agent.disabled_at is None and bool(DESK.intersection(agent.roles))


def back(ticket: UUID) -> web.Response:
    """To the conversation, after an act without a script."""
    return go(f"/inbox/{ticket}")


def unfit(request: web.Request, why: BadText | BadHours | BadFile) -> str:
    """Why words, hours or a file cannot be taken as they came, as a sentence."""
    local = request[VISITOR].local
    if isinstance(why, BadHours):
        return local.text("bad.hours")
    return local.text(f"{'bad_file' if isinstance(why, BadFile) else 'bad'}.{why.why}", **why.values)


def refusal(request: web.Request, why: Cannot, names: dict[UUID, str]) -> str:
    """Why an act was refused, as a sentence."""
    local = request[VISITOR].local
    by = names.get(why.by, "") if why.by else ""
    key = f"cannot.{why.why}"
    return local.text(f"{key}_by", by=by) if by and why.why == "taken" else local.text(key)
