"""What all requests of the phones have in common: the sandbox must be there, and mistakes are told."""

from functools import wraps
from urllib.parse import urlencode

from aiohttp import web

from web.forgery import HEADER
from web.phones.stand_in import STAND_IN, Away, Refused
from web.phones.workers import NoSuchWorker
from web.routes import Handler
from web.site import SITE, VISITOR, go, page


def asks(handler: Handler) -> Handler:
    """A handler that asks the sandbox: nowhere to be found where people are real, and 503 while it does not answer."""

    @wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        if STAND_IN not in request.app or not request.app[SITE].sandbox:
            return page(request, "error.html", status=404, why="nothing")
        try:
            return await handler(request)
        except NoSuchWorker:
            return page(request, "error.html", status=404, why="nothing")
        except Refused as why:
            return refused(request, request.match_info.get("who", ""), "sandbox", str(why))
        except Away:
            return page(request, "error.html", status=503, why="away")

    return handle


def back(who: str, **more: str) -> web.Response:
    """To the page of a worker's phones."""
    return go(f"/phones?{urlencode({'who': who, **more})}")


def refused(request: web.Request, who: str, why: str, says: str = "") -> web.Response:
    """It was not done, and why: `why` is the second half of a text `phones.refused_…`."""
    if by_script(request):
        text = request[VISITOR].local.text(f"phones.refused_{why}", says=says)
        return web.json_response({"wrong": text}, status=409)
    return back(who, refused=why)


def by_script(request: web.Request) -> bool:
    """Whether the page's script asks, which wants no other page."""
    return HEADER in request.headers
