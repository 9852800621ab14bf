"""Finding within the wall. What is looked for travels in the body of a request: an address would keep it."""

from datetime import date

from aiohttp import web

from desk.finding import find
from web.inbox.seats import DESK, seat_of, wants_part
from web.routes import Route
from web.site import page


async def ask(request: web.Request) -> web.StreamResponse:
    """`GET /find`: an empty field."""
    return page(request, _template(request), query="", since="", until="", found=None)


async def search(request: web.Request) -> web.StreamResponse:
    """`POST /find`: tickets by words, number, id, tag and days."""
    given = {name: str(value) for name, value in (await request.post()).items()}
    query, since, until = (given.get(name, "") for name in ("query", "since", "until"))
    async with seat_of(request) as seat:
        empty = not query.strip() and not since and not until
        found = None if empty else await find(seat, query, since=_day(since), until=_day(until))
    return page(request, _template(request), query=query, since=since, until=until, found=found)


def _template(request: web.Request) -> str:
    return "inbox/search_results.html" if wants_part(request) else "inbox/search.html"


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


ROUTES = (Route("GET", "/find", ask, DESK), Route("POST", "/find", search, DESK))
