"""The conversation with one person: all a page shows of it, whole or as the part that stands inside another page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from markupsafe import Markup

from desk import canned, composing, consent, contact, people, reading, triage
from desk.composing import Way
from desk.listing import Row
from desk.reading import Message
from desk.seat import Cannot, Seat
from model.clocks import safety_wait
from model.consent import HOWS, PURPOSES
from model.tickets import OUTCOMES
from storage import agents
from storage.desk_thread import Spot
from translations.languages import ENGLISH_NAMES
from web.inbox.compose import ACCEPTED, offered, quick
from web.inbox.contact_form import by_channel, times, zones
from web.inbox.said import Teller, heard_by, undoable
from web.inbox.seats import can_be_called, for_desk, id_of, names_of, seat_of, ticket_of, wants_part
from web.inbox.strip import strip
from web.inbox.upload import MOST, UPLOADS
from web.local import Local
from web.routes import DESK, Route
from web.site import SITE, VISITOR, page

SNOOZES = (1, 4, 24, 72)  # hours
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = datetime.resolution
_FARTHEST = 10**16  # microseconds: some three centuries, which every clock can show


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /inbox/{ticket}/thread`: the part for a script, else a page. `?before=`: what was said earlier."""
    ticket, before = ticket_of(request), spot_of(request.query.get("before", ""))
    async with seat_of(request) as seat:
        if before and wants_part(request):
            return page(request, "inbox/thread_earlier.html", **await _earlier(request, seat, ticket, before))
        return await shown(request, seat, ticket, before=before)


async def render_thread(request: web.Request, seat: Seat, ticket: UUID, **more: Any) -> Markup:
    """The conversation, its strip, composer and card: what stands in the panes of the inbox. Raises NoTicket."""
    site, visitor = request.app[SITE], request[VISITOR]
    values = await values_of(request, seat, ticket, **more)
    return Markup(  # noqa: S704 - our own template, which escapes every value
        site.pages.text(
            "inbox/thread.html", visitor.local, visitor.session, csrf=visitor.csrf, path=request.path, **values
        )
    )


async def shown(
    request: web.Request, seat: Seat, ticket: UUID, *, status: int = 200, **more: Any
) -> web.StreamResponse:
    """The same as an answer: the part for a script, else a whole page."""
    values = await values_of(request, seat, ticket, **more)
    template = "inbox/thread.html" if wants_part(request) else "inbox/thread_page.html"
    return page(request, template, status=status, **values)


async def values_of(
    request: web.Request,
    seat: Seat,
    ticket: UUID,
    *,
    before: Spot | None = None,
    card: people.Card | None = None,
    **more: Any,
) -> dict[str, Any]:
    """All that the templates of a conversation speak of. Raises NoTicket."""
    local, now = request[VISITOR].local, seat.now
    whole = "whole" in request.query
    found = await reading.thread(seat, ticket, before=before, whole=whole)
    row = found.ticket
    everybody = await agents.colleagues(seat.connection, seat.master)
    values = _log_of(seat, local_of(request, seat, {one.id: one.name for one in everybody}), found)
    values |= await _composer_of(request, seat, row)
    known = await contact.known(seat, ticket) if not values["erased"] else None
    values |= _rules_of(seat, row, known, values["ways"], local)
    return values | {
        "row": row,
        "whole": whole,
        "queue": values["teller"].settings.network.queues.get(row.queue),
        "queues": [q for q in seat.settings.network.queues.values() if q.organisation == seat.organisation.id],
        "mine": row.assignee == seat.agent.id,
        "supervises": seat.supervises,
        "answering": [one for one in everybody if can_be_called(one)],
        "safety": safety_wait(row.urgency, row.opened_at, now, seat.organisation.hours),
        "consent": await consent.of(seat, ticket),
        "purposes": PURPOSES,
        "hows": HOWS,
        "card": card or await people.card(seat, ticket),
        "open": card is not None,
        "earlier": [one for one in await reading.every_ticket(seat, ticket) if one.id != ticket],
        "issues": await triage.issues(seat, ticket),
        "tags": [tag for tag in await triage.tags(seat) if tag.id in row.tags],
        "seen": await reading.seen_by(seat, ticket) if seat.supervises else [],
        "undo": undoable(found, seat.agent.id, now),
        "colleagues": [one.name for one in everybody if can_be_called(one) and one.id != seat.agent.id],
        "largest": request.app[UPLOADS].largest,
        "most_files": MOST,
        "accepted": ACCEPTED,
        "outcomes": OUTCOMES,
        "snoozes": SNOOZES,
        "notice": "",
        "notice_kind": "warn",
        "offer": None,
        "held": None,
        "fresh": False,
        **more,
    }


def local_of(request: web.Request, seat: Seat, names: dict[UUID, str]) -> Teller:
    """What puts this agent's pages into words."""
    return Teller(request[VISITOR].local, seat.settings, names)


def _log_of(seat: Seat, teller: Teller, found: reading.Thread) -> dict[str, Any]:
    entries = list(teller.entries(found))
    return {
        "thread": found,
        "entries": entries,
        "by_id": {item.id: item for item in entries if isinstance(item, Message)},
        "before": written_spot(found.before) if found.before else "",
        "teller": teller,
        "names": teller.names,
        "now": seat.now,
        "is_message": lambda item: isinstance(item, Message),
        "heard_by": heard_by,
        "languages_known": tuple(ENGLISH_NAMES),
    }


def _rules_of(seat: Seat, row: Row, known: contact.Known | None, ways: Sequence[Way], local: Local) -> dict[str, Any]:
    """The strip and its forms. An answer whose time is over counts as none, also in the form."""
    first = ways[0] if ways else None
    rules = known.rules.in_force(seat.now) if known else None
    hours = rules.hours if rules else None
    channel, used = (first.channel if first else None) or row.channel, not (first and first.reason)
    return {
        "strip": strip(known.rules, channel, seat.now, local, used=used) if known else None,
        "rules": rules,
        "rules_version": known.version if known else None,
        "asked": contact.asked(rules, seat.now) if rules else True,
        "channels": by_channel(rules, [way.channel for way in ways if way.channel]) if rules else {},
        "times": times(hours),
        "zones": zones(_countries(seat, row), seat.organisation.timezone, hours.timezone if hours else None),
    }


async def _composer_of(request: web.Request, seat: Seat, row: Row) -> dict[str, Any]:
    try:
        found = await composing.composing(seat, row.id)
    except Cannot:  # erased: there is nobody to write to
        return {"erased": True, "ways": (), "drafts": {}, "quick": (), "offered": (), "reply_in": "en"}
    draft = found.drafts.get("reply")
    reply_in = (draft.language if draft else None) or row.language or "en"
    chosen = "|".join(map(str, draft.to)) if draft and draft.to else ""
    ways = offered(found, request[VISITOR].local, seat.now)
    return {
        "erased": False,
        "ways": found.ways,
        "offered": sorted(ways, key=lambda way: way.value != chosen),
        "drafts": found.drafts,
        "quick": quick(await canned.every(seat), reply_in, seat, row),
        "reply_in": reply_in,
        "once": uuid4().hex,
    }


async def _earlier(request: web.Request, seat: Seat, ticket: UUID, before: Spot) -> dict[str, Any]:
    found = await reading.thread(seat, ticket, before=before, whole="whole" in request.query)
    values = _log_of(seat, local_of(request, seat, await names_of(seat)), found)
    return values | {"row": found.ticket, "supervises": seat.supervises, "whole": "whole" in request.query, "ways": ()}


def _countries(seat: Seat, row: Row) -> tuple[str, ...]:
    account = seat.settings.accounts.get(row.account)
    return account.countries if account else ()


def written_spot(spot: Spot) -> str:
    """A place in a thread as an address carries it: two times and an id."""
    at, arrived = ((moment - _EPOCH) // _MICROSECOND for moment in (spot.at, spot.arrived_at))
    return f"{at}.{arrived}.{spot.id}"


def spot_of(written: str) -> Spot | None:
    """The same read back; None for anything else."""
    at, _, rest = written.partition(".")
    arrived, _, id_ = rest.partition(".")
    found = id_of(id_)
    if found is None or not all(
        n.isascii() and n.isdigit() and len(n) < 20 and int(n) < _FARTHEST for n in (at, arrived)
    ):
        return None
    return Spot(_EPOCH + int(at) * _MICROSECOND, _EPOCH + int(arrived) * _MICROSECOND, found)


ROUTES = (Route("GET", "/inbox/{ticket}/thread", for_desk(show), DESK),)
