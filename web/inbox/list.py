"""The list: whoever waits, in the order in which they should be answered, and how many wait where."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from aiohttp import web

from desk import listing, triage
from desk.counting import Counting
from desk.listing import Filters, Listing, View
from desk.seat import Seat
from desk.triage import Tag
from model.network import Queue
from storage import agents, feed
from web.inbox.query import MOST, Query, read, uuid_of
from web.inbox.rooms import cursor_text
from web.inbox.rows import lines, sections
from web.inbox.seats import for_desk, seat_of, ticket_of
from web.inbox.thread import SNOOZES, render_thread
from web.local import Local
from web.routes import DESK, Route
from web.site import VISITOR, page

#: The side's views, in their order, each with its mark of icons.svg.
VIEWS: Mapping[View, str] = {
    "waiting": "inbox",
    "unassigned": "flag",
    "mine": "user",
    "danger": "alert",
    "open": "doc",
    "mentions": "at",
    "snoozed": "snooze",
    "closed": "done",
}
CHANNELS = ("voice", "sms", "line", "facebook", "telegram")
URGENCIES = ("U1", "U2", "U3", "U4")
COUNTING = web.AppKey("counting", Counting)
Choice = tuple[str, str, Sequence[tuple[str, str]], str | None]
_IDS = 100  #: rows of one question


async def inbox(request: web.Request) -> web.StreamResponse:
    """`GET /inbox`: the page, nothing open in it."""
    async with seat_of(request) as seat:
        return await _page(request, seat, None)


@for_desk
async def opened(request: web.Request) -> web.StreamResponse:
    """`GET /inbox/{ticket}`: the page with a conversation open in it."""
    async with seat_of(request) as seat:
        return await _page(request, seat, ticket_of(request))


async def rows(request: web.Request) -> web.StreamResponse:
    """`GET /inbox/rows`: the list as it is now, for the page that shows an older one.

    `ids`: these tickets alone, each with the views it belongs to, whether they stand in the list or not.
    """
    query, wanted = read(request.query), _ids(request.query.get("ids"))
    async with seat_of(request) as seat:
        if wanted is None:
            return page(request, "inbox/list_rows.html", **await _listed(request, seat, query))
        found = Listing(rows=await listing.rows_of(seat, wanted), after=None, capped=False)
        return page(request, "inbox/list_rows.html", **await _shown(request, seat, query, found))


async def counts(request: web.Request) -> web.StreamResponse:
    """`GET /inbox/counts`: how many tickets each view and queue holds."""
    async with seat_of(request) as seat:
        found = await request.app[COUNTING].counts(seat)
    return web.json_response({"views": dict(found.views), "queues": dict(found.queues)})


async def _page(request: web.Request, seat: Seat, ticket: UUID | None) -> web.StreamResponse:
    query = read(request.query)
    # asked first: what commits from now on is told to the page
    cursor = await feed.start(seat.connection)
    thread = await render_thread(request, seat, ticket) if ticket else None
    values = await _listed(request, seat, query)
    tags = await triage.tags(seat)
    queues = [queue for queue in seat.settings.network.queues.values() if queue.organisation == seat.organisation.id]
    return page(
        request,
        "inbox/list.html",
        **values | {"ticket": ticket},
        thread=thread,
        cursor=cursor_text(cursor),
        views=VIEWS,
        queues=queues,
        counts=await request.app[COUNTING].counts(seat),
        filters=_choices(request[VISITOR].local, query.filters, queues, tags),
        colleagues=await agents.answering(seat.connection, seat.master),
        tag_names=[tag.name for tag in tags],
        snoozes=SNOOZES,
    )


def _choices(local: Local, chosen: Filters, queues: Sequence[Queue], tags: Sequence[Tag]) -> list[Choice]:
    """What a list can be narrowed to: name of the field, its label, values with their words, and what is chosen."""
    spoken = {code for queue in queues for code in queue.languages} | ({chosen.language} if chosen.language else set())
    named = sorted((local.language_name(code), code) for code in spoken)
    levels = [(level, f"{level}, {local.text(f'urgency.{level}')}") for level in URGENCIES]
    tag = str(chosen.tag) if chosen.tag else None
    offered: list[Choice] = [
        ("queue", local.text("list.queue"), [(queue.id, queue.name) for queue in queues], chosen.queue),
        ("language", local.text("list.language"), [(code, name) for name, code in named], chosen.language),
        ("channel", local.text("list.channel"), [(of, local.text(f"channel.{of}")) for of in CHANNELS], chosen.channel),
        ("urgency", local.text("list.urgency"), levels, chosen.urgency),
        ("tag", local.text("list.tag"), [(str(one.id), one.name) for one in tags], tag),
    ]
    return [one for one in offered if one[2]]


async def _listed(request: web.Request, seat: Seat, query: Query) -> dict[str, Any]:
    found = await listing.rows(seat, query.view, query.filters, order=query.order, after=query.after, limit=query.show)
    return await _shown(request, seat, query, found)


async def _shown(request: web.Request, seat: Seat, query: Query, found: Listing) -> dict[str, Any]:
    local = request[VISITOR].local
    holders = {row.assignee for row in found.rows if row.assignee}
    names = await agents.names(seat.connection, seat.master, holders)
    shown = lines(found.rows, query, local, names, seat.now)
    longer = found.after is not None and not found.capped and query.show < MOST
    return {
        "query": query,
        "ticket": uuid_of(request.query.get("open")),
        "sections": sections(shown),
        "whole": query.after is None and found.after is None,
        "capped": found.capped,
        "more": query.more(found.after).path() if found.after else None,
        "longer": query.longer().path() if longer else None,
        "empty": not shown,
    }


def _ids(written: str | None) -> list[UUID] | None:
    if written is None:
        return None
    return [found for text in written.split(",")[:_IDS] if (found := uuid_of(text))]


ROUTES = (
    Route("GET", "/inbox", inbox, DESK),
    Route("GET", "/inbox/rows", rows, DESK, quiet=True),
    Route("GET", "/inbox/counts", counts, DESK, quiet=True),
    Route("GET", "/inbox/{ticket}", opened, DESK),
)
