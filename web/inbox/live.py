"""`GET /live`: what an open page is told, as server-sent events.

    event: changed | gone    data: ticket ids        id: where to go on from
    event: reset             load everything afresh  id: where to go on from
    event: presence          data: {ticket: [[agent, name, writes], …]}, each ticket with all who look at it now

A stream carries ids, and colleagues' names; never a worker's words. `Last-Event-ID` (or `?after=`, which the page
brings along) goes on where a stream broke off; what was missed is read once from the database, then the room tells.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from storage import feed
from storage.feed import Change, Cursor, Reset
from web.inbox.rooms import ROOMS, Crowded, Room, Stream, Told, reset, told
from web.login import held
from web.routes import DESK, Route
from web.site import SITE

_BEAT_SECONDS = 15.0  #: shorter than what proxies give a silent connection, and how soon a dead one is noticed
_RETRY = b"retry: 2000\n\n"
_PAGE, _PAGES = 500, 4  #: whoever has missed more loads everything afresh: that is less


async def live(request: web.Request) -> web.StreamResponse:
    """`GET /live`, for as long as the page is open and its session lasts."""
    rooms, session = request.app[ROOMS], held(request)
    try:
        room, stream = await rooms.join(session.agent.organisation, session.id)
    except Crowded:
        return web.Response(status=429, text="Too many open pages.\n", headers={"Retry-After": "60"})
    try:
        missed = await _missed(request, room, read_cursor(_asked(request)))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await _tell(request, response, stream, room, missed)
        return response
    finally:
        room.leave(stream)


async def _tell(
    request: web.Request, response: web.StreamResponse, stream: Stream, room: Room, missed: Sequence[Told]
) -> None:
    """Write until the page is closed, or the session or this process ends."""
    seen = missed[-1].cursor if missed else None
    try:
        await response.prepare(request)
        await response.write(_RETRY + b"".join(piece.text for piece in missed) + room.presence())
        while not stream.closed:
            if not await stream.wait(_BEAT_SECONDS):
                await response.write(b": beat\n\n")
            for piece in stream.take():
                if piece.cursor is None or seen is None or place(piece.cursor) > place(seen) or piece.afresh:
                    await response.write(piece.text)
                    seen = piece.cursor or seen
    except (ConnectionError, asyncio.CancelledError):
        pass  # the page was closed


async def _missed(request: web.Request, room: Room, after: Cursor | None) -> list[Told]:
    """What has become visible since a page was loaded or a stream broke off."""
    changes: list[Change] = []
    async with request.app[SITE].database.desk(room.organisation) as connection:
        if after is None:
            return [reset(await feed.start(connection))]
        at = after
        try:
            for _ in range(_PAGES):
                page = await feed.read(connection, room.organisation, at, limit=_PAGE)
                changes += page
                if len(page) < _PAGE:
                    return told(changes)
                at = page[-1].cursor
        except Reset:
            pass
        return [reset(await feed.start(connection))]


def _asked(request: web.Request) -> str:
    return request.headers.get("Last-Event-ID") or request.query.get("after", "")


def place(cursor: Cursor) -> tuple[int, UUID]:
    """What of two cursors of one epoch comes later."""
    return cursor.xid, cursor.id


def read_cursor(text: str) -> Cursor | None:
    """A cursor as a page has it; None for anything else."""
    try:
        epoch, xid, id_ = text.split(".")
        number = int(xid) if xid.isascii() and xid.isdecimal() and len(xid) < 20 else -1
        return Cursor(epoch=UUID(epoch), xid=number, id=UUID(id_)) if 0 <= number < 2**63 else None
    except ValueError:
        return None


ROUTES = (Route("GET", "/live", live, DESK, quiet=True),)
