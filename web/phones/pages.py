"""`/phones`: choose a worker, see the phones, and what comes on them."""

from datetime import timedelta

from aiohttp import web

from runtime.ids import machine_now, set_ahead
from web.phones import acts
from web.phones.asked import asks, back, refused
from web.phones.samples import samples
from web.phones.screens import news, screens
from web.phones.stand_in import STAND_IN
from web.phones.workers import CHANNELS, cast, find, latest, numbers, somebody_new
from web.routes import EVERYBODY, Route
from web.site import SITE, VISITOR, page

_WAIT = 10.0  #: seconds news are waited for; a page asks again at once
_FILE_KINDS = ("image/", "audio/", "video/")
_FARTHEST = timedelta(days=3)  #: keys are made so many days ahead, and once an hour


@asks
async def phones(request: web.Request) -> web.StreamResponse:
    """`GET /phones?who=KEY&call=SID`"""
    site, stand_in = request.app[SITE], request.app[STAND_IN]
    worker = await find(stand_in, request.query.get("who") or cast()[0].key)
    call = request.query.get("call")
    return page(
        request,
        "phones/page.html",
        worker=worker,
        cast=cast(),
        latest=await latest(stand_in, worker),
        channels=[channel for channel in CHANNELS if channel in worker.ids],
        numbers=await numbers(stand_in, worker),
        network=site.settings.network.name,
        samples=await samples(stand_in, worker),
        shown=await screens(stand_in, worker, site.settings.network.public_url),
        call=await stand_in.get(f"calls/{call}") if call and call.isalnum() else None,
        now=site.clock(),
        field=request[VISITOR].local.field(site.clock()),
        refused=request.query.get("refused", ""),
    )


@asks
async def whats_new(request: web.Request) -> web.StreamResponse:
    """`GET /phones/{who}/news?since=SEQ`: what stands on the phones once something came; 204 when nothing did."""
    site, stand_in = request.app[SITE], request.app[STAND_IN]
    worker, since = await find(stand_in, request.match_info["who"]), request.query.get("since", "")
    if not await news(stand_in, worker, int(since) if since.isdecimal() else 0, _WAIT):
        return web.Response(status=204)
    shown = await screens(stand_in, worker, site.settings.network.public_url)
    return page(request, "phones/logs.html", worker=worker, shown=shown)


@asks
async def file(request: web.Request) -> web.StreamResponse:
    """`GET /phones/file?at=/sandbox/…`: a picture or a sound of the sandbox, and nothing else it may have."""
    path = request.query.get("at", "")
    if not path.startswith(("/sandbox/media/", "/sandbox/files/")) or ".." in path:
        raise web.HTTPNotFound
    async with request.app[STAND_IN].file(path) as found:
        if found.status != 200 or not found.content_type.startswith(_FILE_KINDS) or "svg" in found.content_type:
            return web.Response(status=404)
        data = await found.content.read(5_000_000)
    return web.Response(body=data, content_type=found.content_type)


@asks
async def new_worker(request: web.Request) -> web.StreamResponse:
    """`POST /phones/workers`: language and country of somebody new."""
    language, _, country = str((await request.post()).get("of", "")).partition("-")
    return back(somebody_new(language, country))


@asks
async def set_clock(request: web.Request) -> web.StreamResponse:
    """`POST /phones/clock`: play a later time, by this organisation's clock. Time does not run backwards."""
    site, given = request.app[SITE], await request.post()
    at = request[VISITOR].local.parsed(str(given.get("at", "")))
    if at is None or not site.clock() <= at + timedelta(minutes=1) or at > machine_now() + _FARTHEST:
        return refused(request, str(given.get("who", "")), "clock")
    ahead = max(at - machine_now(), timedelta())
    await request.app[STAND_IN].set_ahead(ahead)
    set_ahead(ahead)
    return back(str(given.get("who", "")))


ROUTES = (
    Route("GET", "/phones", phones, EVERYBODY),
    Route("GET", "/phones/file", file, EVERYBODY),
    Route("POST", "/phones/workers", new_worker, EVERYBODY),
    Route("POST", "/phones/clock", set_clock, EVERYBODY),
    Route("GET", "/phones/{who}/news", whats_new, EVERYBODY, quiet=True),
    *acts.ROUTES,
)
