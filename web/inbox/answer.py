"""What the composer sends: answers with a way back, drafts, and what becomes of words that were not sent."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from aiohttp import web

from desk import answering, canned, drafts, reading
from desk.seat import Cannot, Seat
from outbound.answer import CannotAnswer, Newer
from outbound.outfiles import BadFile
from outbound.words import BadText
from storage.blobs import FilesAway, NoRoom
from storage.media import NewFile
from translations import catalog
from web.inbox.compose import Held, filled
from web.inbox.seats import back, for_desk, id_of, names_of, refusal, seat_of, ticket_of, unfit, wants_part
from web.inbox.thread import shown
from web.inbox.upload import ATTACHING, MOST, UPLOADS, Refused, Sent
from web.routes import DESK, Route
from web.site import SITE, VISITOR, page


async def answer(request: web.Request) -> web.StreamResponse:
    """`POST /inbox/{ticket}/answer`: sent in five seconds, or held with the reason and kept as a draft."""
    ticket = ticket_of(request)
    try:
        async with request.app[UPLOADS].taken(request) as sent:
            status, more = await _answered(request, ticket, sent)
    except Refused as why:
        status, more = (503 if why.key == "attach.busy" else 413), _told(request, why.key)
    if status == 200 and not wants_part(request):
        return back(ticket)
    async with seat_of(request) as seat:
        return await shown(request, seat, ticket, status=status, **more)


async def _answered(request: web.Request, ticket: UUID, sent: Sent) -> tuple[int, dict[str, object]]:
    """Status, and what the page says of it."""
    site, agent, given = request.app[SITE], request[VISITOR].agent, sent.fields
    text, language, to, last_seen = _written(given)
    way = str(given.get("to", ""))
    try:
        files = await request.app[ATTACHING].kept(agent.organisation, ticket, sent.files)
        await answering.send(
            site.database, site.master, site.settings, agent, site.clock(), ticket, text,
            last_seen=last_seen, language=language, to=to, files=files, choices=sent.choices,
            when_safe="when_safe" in given, once=id_of(given.get("once")),
        )  # fmt: skip
    except (BadText, BadFile) as why:
        return 422, {"notice": unfit(request, why), "notice_kind": "bad"}
    except Newer as newer:
        return 409, {"held": Held(text, tuple(newer.messages), to=way)}
    except CannotAnswer as why:
        return 409, {"held": Held(text, (), why.reason, why.opens_at, to=way)}
    except FilesAway:
        return 503, {}
    except NoRoom:
        return 422, _told(request, "attach.no_room")
    except Cannot as why:
        async with seat_of(request) as seat:
            return 409, {"notice": refusal(request, why, await names_of(seat)), "notice_kind": "bad"}
    return 200, {}


def _told(request: web.Request, key: str) -> dict[str, object]:
    megabytes = request.app[UPLOADS].largest >> 20
    return {"notice": request[VISITOR].local.text(key, megabytes=megabytes, most=MOST), "notice_kind": "bad"}


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
        files: Sequence[NewFile] = ()
        if what == "again" and delivery:
            files = await request.app[ATTACHING].again(request[VISITOR].agent.organisation, delivery)
        async with seat_of(request) as seat:
            await seat.look(ticket)
            await _settled(seat, what, delivery, given, files)
    except Cannot as why:
        async with seat_of(request) as seat:
            notice = refusal(request, why, await names_of(seat))
    except Newer:
        notice = request[VISITOR].local.text("held.newer_short")
    except CannotAnswer as why:
        notice = _reason(request, why.reason)
    except NoRoom:
        notice = request[VISITOR].local.text("attach.no_room")
    if not notice and not wants_part(request):
        return back(ticket)
    async with seat_of(request) as seat:
        return await shown(
            request, seat, ticket, status=409 if notice else 200, notice=notice, fresh=what == "undo" and not notice
        )


async def _settled(
    seat: Seat, what: str, delivery: UUID | None, given: Mapping[str, object], files: Sequence[NewFile]
) -> None:
    if delivery is None:
        raise Cannot("no_such_message")
    if what == "undo":
        await answering.undo(seat, delivery)
    elif what == "settle":
        await answering.settle_unknown(seat, delivery, arrived=given.get("arrived") == "yes")
    else:
        _, _, to, last_seen = _written(given)
        await answering.send_again(seat, delivery, last_seen=last_seen, to=to, files=files)


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
