"""The first page after signing in, and what every open page asks by itself."""

from aiohttp import web

from web.login import held
from web.routes import EVERYBODY, Route
from web.site import SITE, VISITOR, page


async def desks(request: web.Request) -> web.StreamResponse:
    """`GET /`: the organisation's desks and what is spoken there."""
    site, agent = request.app[SITE], request[VISITOR].agent
    organisation = site.organisations[agent.organisation]
    queues = [queue for queue in site.settings.network.queues.values() if queue.organisation == organisation.id]
    return page(request, "desks.html", organisation=organisation, queues=queues, now=site.clock())


async def awake(request: web.Request) -> web.StreamResponse:
    """`POST /session`: its agent types, or wants to stay; the guard has written that down."""
    return web.Response(status=204)


async def alive(request: web.Request) -> web.StreamResponse:
    """`GET /session`: for how many more seconds this session lasts. Asking does not keep it awake."""
    site, session = request.app[SITE], held(request)
    left = min(session.ends_at, session.seen_at + site.idle) - site.machine_clock()
    return web.json_response({"left": int(left.total_seconds())})


ROUTES = (
    Route("GET", "/", desks, EVERYBODY),
    Route("POST", "/session", awake, EVERYBODY),
    Route("GET", "/session", alive, EVERYBODY, quiet=True),
)
