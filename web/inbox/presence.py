"""Who looks at a ticket, and who writes: pages say so while it is open, and desk/presence.py keeps it half a minute."""

from aiohttp import web

from web.inbox.rooms import ROOMS
from web.inbox.seats import for_desk, ticket_of
from web.routes import DESK, Route
from web.site import VISITOR


@for_desk
async def here(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/{ticket}/presence` with `doing`: `looks`, `writes` or `left`.

    Whose ticket it is is not asked: the key names the organisation of whoever asks, and its pages alone are told.
    """
    agent, ticket, presence = request[VISITOR].agent, ticket_of(request), request.app[ROOMS].presence
    doing = (await request.post()).get("doing")
    if doing == "left":
        await presence.left(agent.organisation, ticket, agent.id)
    else:
        await presence.here(agent.organisation, ticket, agent.id, writes=doing == "writes")
    return web.Response(status=204)


ROUTES = (Route("POST", "/inbox/{ticket}/presence", here, DESK, quiet=True),)
