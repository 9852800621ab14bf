"""One act on several tickets at once. Each is done in a transaction of its own, and says what became of it."""

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from desk import listing
from desk.seat import Cannot, NoTicket
from outbound.words import BadText
from web.inbox.act import ACTS, Given
from web.inbox.seats import id_of, names_of, refusal, seat_of, unfit, wants_part
from web.routes import DESK, Route
from web.site import VISITOR, go, page

MOST = 200  #: tickets of one act: as many as a list shows
OFFERED = ("take", "assign", "tag", "snooze")


async def several(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/several`: `act`, its fields, and `ticket` once for each, as `id` or `id.holder` of the screen."""
    sent = await request.post()
    act = str(sent.get("act", ""))
    if act not in OFFERED:
        return page(request, "error.html", status=400, why="failed")
    one = {name: str(value) for name, value in sent.items()}
    done, refused = 0, list[tuple[UUID, str]]()
    for ticket, holder in _chosen([str(value) for value in sent.getall("ticket", [])]):
        why = await _one(request, act, ticket, Given({**one, "was": holder}, ()))
        if why is None:
            done += 1
        else:
            refused.append((ticket, why))
    if not wants_part(request):
        return go("/inbox")
    return page(request, "inbox/several_done.html", act=act, done=done, refused=await _named(request, refused))


async def _one(request: web.Request, act: str, ticket: UUID, given: Given) -> str | None:
    """Why one was refused, as a sentence; None where it is done."""
    try:
        async with seat_of(request) as seat:
            await ACTS[act](seat, ticket, given)
    except NoTicket:
        return request[VISITOR].local.text("several.no_ticket")
    except BadText as why:
        return unfit(request, why)
    except Cannot as why:
        async with seat_of(request) as seat:
            return refusal(request, why, await names_of(seat))
    return None


def _chosen(written: Sequence[str]) -> list[tuple[UUID, str]]:
    """Tickets, each once, with who has it as far as the screen knows."""
    pairs = (text.partition(".") for text in written[:MOST])
    return list({id_: holder for text, _, holder in pairs if (id_ := id_of(text))}.items())


async def _named(request: web.Request, refused: Sequence[tuple[UUID, str]]) -> list[tuple[str, str]]:
    """Who was refused, by the name the list gives them."""
    if not refused:
        return []
    async with seat_of(request) as seat:
        rows = await listing.rows_of(seat, [ticket for ticket, _ in refused])
    names = {row.id: row.pseudonym for row in rows}
    return [(names.get(ticket, "?"), why) for ticket, why in refused]


ROUTES = (Route("POST", "/inbox/several", several, DESK),)
