"""What the composer sends: answers with a way back, drafts, and what becomes of words that were not sent."""

from collections.abc import Mapping
from uuid import UUID

from aiohttp import web

from desk import answering, canned, drafts, reading
from desk.seat import Cannot, Seat
from outbound.answer import CannotAnswer, Newer
from outbound.words import BadText
from translations import catalog
from web.inbox.compose import Held, filled
from web.inbox.seats import DESK, back, for_desk, id_of, names_of, refusal, seat_of, ticket_of, wants_part
from web.inbox.thread import shown
from web.routes import Route
from web.site import SITE, VISITOR, page


async def answer(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/{ticket}/answer`: sent in five seconds, or held with the reason and kept as a draft."""
    site, ticket, given = request.app[SITE], ticket_of(request), await request.post()
    text, language, to, last_seen = _written(given)
    more: dict[str, object] = {"fresh": True}
    status = 409
    try:
        await answering.send(
            site.database, site.master, site.settings, request[VISITOR].agent, site.clock(), ticket, text,
            last_seen=last_seen, language=language, to=to, when_safe="when_safe" in given,
        )  # fmt: skip
        status = 200
    except BadText as why:
        more, status = {"notice": str(why), "notice_kind": "bad"}, 422
    except Newer as newer:
        more["held"] = Held(text, tuple(newer.messages))
    except CannotAnswer as why:
        more["held"] = Held(text, (), why.reason, why.opens_at)
    except Cannot as why:
        async with seat_of(request) as seat:
            more |= {"notice": refusal(request, why, await names_of(seat)), "notice_kind": "bad"}
    if status == 200 and not wants_part(request):
        return back(ticket)
    async with seat_of(request) as seat:
        return await shown(request, seat, ticket, status=status, **more)


async def undo(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/{ticket}/undo`: the words are the draft again."""
    return await _settling(request, "undo")


async def again(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/{ticket}/again`: once more, on the same way or another."""
    return await _settling(request, "again")


async def settle(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/{ticket}/settle`: whether an answer nobody knew of arrived."""
    return await _settling(request, "settle")


async def _settling(request: web.Request, what: str) -> web.StreamResponse:
    ticket, given, notice = ticket_of(request), await request.post(), ""
    delivery = id_of(given.get("delivery"))
    try:
        async with seat_of(request) as seat:
            await seat.look(ticket)
            await _settled(seat, what, delivery, given)
    except Cannot as why:
        async with seat_of(request) as seat:
            notice = refusal(request, why, await names_of(seat))
    except Newer:
        notice = request[VISITOR].local.text("held.newer_short")
    except CannotAnswer as why:
        notice = _reason(request, why.reason)
    if not notice and not wants_part(request):
        return back(ticket)
    async with seat_of(request) as seat:
        return await shown(
            request, seat, ticket, status=409 if notice else 200, notice=notice, fresh=what == "undo" and not notice
        )


async def _settled(seat: Seat, what: str, delivery: UUID | None, given: Mapping[str, object]) -> None:
    if delivery is None:
        raise Cannot("no_such_message")
    if what == "undo":
        await answering.undo(seat, delivery)
    elif what == "settle":
        await answering.settle_unknown(seat, delivery, arrived=given.get("arrived") == "yes")
    else:
        _, _, to, last_seen = _written(given)
        await answering.send_again(seat, delivery, last_seen=last_seen, to=to)


def _reason(request: web.Request, reason: str) -> str:
    return catalog.say(f"refused.{reason}", request[VISITOR].local.language)


async def draft(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/{ticket}/draft`: what is written so far, kept on the server."""
    ticket, given = ticket_of(request), await request.post()
    text, language, to, last_seen = _written(given)
    kind: drafts.Kind = "note" if given.get("kind") == "note" else "reply"
    if "drop" in given:
        async with seat_of(request) as seat:
            await drafts.save(seat, ticket, kind, "")
            return await shown(request, seat, ticket, fresh=True)
    try:
        async with seat_of(request) as seat:
            seen = last_seen if last_seen != _NOTHING else None
            await drafts.save(seat, ticket, kind, text, language=language, to=to, last_seen=seen)
    except (BadText, Cannot):
        return web.Response(status=409, text="Not kept.\n")
    return web.Response(status=204)


async def every_canned(request: web.Request) -> web.StreamResponse:
    """`GET /inbox/{ticket}/canned`: all answers kept ready, those in the language of the ticket first."""
    ticket = ticket_of(request)
    async with seat_of(request) as seat:
        row = (await reading.thread(seat, ticket, limit=1)).ticket
        found = sorted(await canned.every(seat), key=lambda one: one.language != row.language)
        ready = [(one, filled(one, seat, row)) for one in found]
    return page(request, "inbox/composer_canned.html", ready=ready, row=row)


_NOTHING = UUID(int=0)  #: what a page has seen that shows no message: everything is newer


def _written(given: Mapping[str, object]) -> tuple[str, str | None, tuple[str, UUID] | None, UUID]:
    account, _, address = str(given.get("to", "")).partition("|")
    found = id_of(address)
    language = str(given.get("language", "")) or None
    to = (account, found) if account and found else None
    return str(given.get("text", "")), language, to, id_of(given.get("last_seen")) or _NOTHING


ROUTES = (
    Route("POST", "/inbox/{ticket}/answer", for_desk(answer), DESK),
    Route("POST", "/inbox/{ticket}/undo", for_desk(undo), DESK),
    Route("POST", "/inbox/{ticket}/again", for_desk(again), DESK),
    Route("POST", "/inbox/{ticket}/settle", for_desk(settle), DESK),
    Route("POST", "/inbox/{ticket}/draft", for_desk(draft), DESK),
    Route("GET", "/inbox/{ticket}/canned", for_desk(every_canned), DESK),
)
