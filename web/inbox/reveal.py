"""Who somebody is, opened for a minute to whoever says why."""

from typing import cast

from aiohttp import web

from desk import people
from desk.people import Reason
from desk.seat import Cannot
from outbound.words import BadText
from web.inbox.seats import for_desk, names_of, refusal, seat_of, ticket_of, unfit
from web.inbox.thread import shown
from web.routes import DESK, Route

SECONDS = 60  #: then the page masks it again


async def reveal(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/{ticket}/reveal`: written down with the reason before anything is shown."""
    ticket, given = ticket_of(request), await request.post()
    try:
        async with seat_of(request) as seat:
            card = await people.reveal(
                seat, ticket, cast(Reason, str(given.get("reason", ""))), words=str(given.get("words", ""))
            )
    except Cannot as why:
        async with seat_of(request) as seat:
            return await shown(request, seat, ticket, status=409, notice=refusal(request, why, await names_of(seat)))
    except BadText as why:
        async with seat_of(request) as seat:
            return await shown(request, seat, ticket, status=422, notice=unfit(request, why))
    async with seat_of(request) as seat:
        return await shown(request, seat, ticket, card=card, masks_after=SECONDS)


ROUTES = (Route("POST", "/inbox/{ticket}/reveal", for_desk(reveal), DESK),)
