"""What only a sandbox has, as an HTTP interface: phones, faults, manners and files, for tests and for a page."""

from datetime import timedelta

from aiohttp import web

from sandbox import media
from sandbox.apis.answering import WORLD, json_of
from sandbox.faults import BadFault
from sandbox.world import World

_NEWEST = 200  #: things shown of a phone unless asked otherwise
_LONGEST_WAIT = 30.0


def routes() -> list[web.RouteDef]:
    """Everything below `/sandbox`, and `/health`."""
    return [
        web.get("/health", _health),
        web.get("/sandbox/sent", _sent),
        web.delete("/sandbox/sent", _forget),
        web.get("/sandbox/phones", _phones),
        web.delete("/sandbox/phones", _forget),
        web.get("/sandbox/phones/{channel}/{person}", _phone),
        web.delete("/sandbox/phones/{channel}/{person}", _forget),
        web.get("/sandbox/faults", _faults),
        web.post("/sandbox/faults", _add_fault),
        web.delete("/sandbox/faults", _remove_faults),
        web.delete("/sandbox/faults/{id:\\d+}", _remove_faults),
        web.get("/sandbox/manners", _manners),
        web.put("/sandbox/manners", _set_manners),
        web.put("/sandbox/quotas/{account}", _set_quota),
        web.get("/sandbox/deleted", _deleted),
        web.get("/sandbox/files/{number}", _file),
        web.get("/sandbox/media/{ident}", _media),
        web.get("/sandbox/redirect", _redirect),
    ]


def wrong(what: str, status: int = 400) -> web.Response:
    """A mistake in the question, and what to write."""
    return web.json_response({"error": what}, status=status)


def _world(request: web.Request) -> World:
    return request.app[WORLD]


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def _sent(request: web.Request) -> web.Response:
    """All that was sent through the stand-in, oldest first, with the raw requests."""
    items = _world(request).phones.sent()
    return web.json_response([{**item.shown(), "to": item.person, "content": item.content} for item in items])


async def _forget(request: web.Request) -> web.Response:
    _world(request).phones.forget(request.match_info.get("channel"), request.match_info.get("person"))
    return web.Response(status=204)


async def _phones(request: web.Request) -> web.Response:
    """Every phone with its last thing, the newest first."""
    world, shown = _world(request), []
    for log in sorted(world.phones.all(), key=lambda log: log[-1].seq, reverse=True):
        last = log[-1]
        who = world.person(last.channel, last.person)
        shown.append(
            {"channel": last.channel, "person": last.person, "name": who.name, "language": who.language,
             "country": who.country, "count": len(log), "last": last.shown()}
        )  # fmt: skip
    return web.json_response(shown)


async def _phone(request: web.Request) -> web.Response:
    """What is on a phone, oldest first: the newest so many, or what came after `since`, waited for if need be."""
    phones, who = _world(request).phones, (request.match_info["channel"], request.match_info["person"])
    try:
        since, newest = int(request.query.get("since", 0)), int(request.query.get("newest", _NEWEST))
        wait = min(float(request.query.get("wait", 0)), _LONGEST_WAIT)
    except ValueError:
        return wrong("since and newest are whole numbers, wait is a number of seconds")
    items = await phones.after(*who, since, wait)
    return web.json_response([item.shown() for item in items[-newest:]] if newest > 0 else [])


async def _faults(request: web.Request) -> web.Response:
    return web.json_response([fault.shown() for fault in _world(request).faults.all()])


async def _add_fault(request: web.Request) -> web.Response:
    try:
        fault = _world(request).faults.add(await json_of(request))
    except BadFault as bad:
        return wrong(str(bad))
    return web.json_response(fault.shown(), status=201)


async def _remove_faults(request: web.Request) -> web.Response:
    """One fault, or all of them."""
    ident = request.match_info.get("id")
    found = _world(request).faults.remove(int(ident) if ident else None)
    return web.Response(status=204) if found or not ident else wrong("there is no such fault", 404)


async def _manners(request: web.Request) -> web.Response:
    manners = _world(request).manners
    return web.json_response(
        {"receipts": manners.receipts, "latency_ms": manners.latency * 1000,
         "ahead_seconds": manners.ahead.total_seconds()}
    )  # fmt: skip


async def _set_manners(request: web.Request) -> web.Response:
    """Change what is named, and leave the rest."""
    asked, manners = await json_of(request), _world(request).manners
    if unknown := next((key for key in asked if key not in ("receipts", "latency_ms", "ahead_seconds")), None):
        return wrong(f"{unknown}: unknown; write receipts, latency_ms or ahead_seconds")
    numbers = [asked[key] for key in ("latency_ms", "ahead_seconds") if key in asked]
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        return wrong("latency_ms and ahead_seconds are numbers")
    manners.receipts = bool(asked.get("receipts", manners.receipts))
    manners.latency = max(0.0, asked.get("latency_ms", manners.latency * 1000) / 1000)
    manners.ahead = timedelta(seconds=asked.get("ahead_seconds", manners.ahead.total_seconds()))
    return await _manners(request)


async def _set_quota(request: web.Request) -> web.Response:
    """How many messages LINE lets an account push in a month, and how many went."""
    asked, world, account = await json_of(request), _world(request), request.match_info["account"]
    limit, used = world.line_quota(account)
    limit, used = asked.get("limit", limit), asked.get("used", used)
    if not (limit is None or isinstance(limit, int)) or not isinstance(used, int):
        return wrong("limit and used are whole numbers; limit may be null")
    world.quotas[account] = (limit, used)
    return web.json_response({"limit": limit, "used": used})


async def _deleted(request: web.Request) -> web.Response:
    """The media and recordings deleted at Twilio, each with the moment."""
    return web.json_response({sid: at.isoformat() for sid, at in _world(request).memory.deleted.items()})


async def _file(request: web.Request) -> web.Response:
    """A file that was uploaded with a message."""
    found = _world(request).files.get(request.path)
    if found is None:
        return wrong("there is no such file, or it had to make room for newer ones", 404)
    # whatever it is, no browser may run it
    safe = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=found.data, headers={"Content-Type": found.mime, **safe})


async def _media(request: web.Request) -> web.Response:
    """Any of the files that people send, by its kind (`jpeg`, `ogg-20`, `zip_bomb`) or by an id that ends in one."""
    kind, _, seconds = request.match_info["ident"].partition("-")
    if kind in media.KINDS:
        return media.response(media.File(kind, int(seconds) if seconds.isdigit() else 1))
    return media.response(media.told_by(request.match_info["ident"], "jpeg"))


async def _redirect(request: web.Request) -> web.Response:
    """To wherever `to` says: for tests of who follows it."""
    return web.Response(status=302, headers={"Location": request.query.get("to", "/")})
