"""Pictures, sounds and documents of a thread: whoever may read it gets a link for a few minutes, and no longer.

The link's own door gives the file out, so that it is harmless (gateway/files.py). Taking an original is written down
with whoever took it.
"""

from datetime import timedelta

from aiohttp import web

from desk.seat import NoTicket
from runtime.links import Link, Links, Purpose
from storage import media
from web.inbox.seats import for_desk, id_of, seat_of
from web.routes import DESK, Route
from web.site import SITE, go

_LASTS = timedelta(minutes=15)  # a player asks for a long recording piece by piece


async def give(request: web.Request) -> web.StreamResponse:
    """`GET /inbox/files/{attachment}`: what a page may show; with `?original` the file as it came, to be kept."""
    attachment = id_of(request.match_info["attachment"])
    purpose: Purpose = "download" if "original" in request.query else "show"
    async with seat_of(request) as seat:
        stored = await media.stored(seat.connection, seat.agent.organisation, attachment) if attachment else None
        if stored is None:
            raise NoTicket
        await seat.look(stored.ticket)
        if purpose == "download":
            await seat.noted("attachment.taken", stored.ticket, attachment=stored.id)
    organisation, until = seat.agent.organisation, seat.now + _LASTS
    link = Link(purpose=purpose, organisation=organisation, attachment=stored.id, until=until)
    return go(f"/files/{Links(request.app[SITE].master).token(link)}")


ROUTES = (Route("GET", "/inbox/files/{attachment}", for_desk(give), DESK, quiet=True),)
