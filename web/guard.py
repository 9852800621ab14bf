"""The guard before every page: who is this, may they, did our own page send them, and what goes wrong quietly."""

from urllib.parse import quote

import structlog
from aiohttp import web

from runtime.settings import Settings
from storage import sessions
from storage.database import StoreAway, code_of
from web import cookies, headers
from web.forgery import SAFE, carries_token, from_here
from web.local import Local, wanted
from web.passwords import TooBusy
from web.routes import PUBLIC, SIGNING_IN, Handler, Route
from web.site import SITE, VISITOR, Site, Visitor, back, go, page

_TOUCH_SECONDS = 60  # how exactly it is known when somebody was last here; each touch is a write
BY_ITSELF = "X-By-Itself"  #: a header of what an open page asks for without anybody pressing anything
GUARDED = web.RequestKey("guarded", bool)
STAGES = {"code": "/sign-in/code", "enrol": "/sign-in/authenticator"}
log = structlog.get_logger()


def guarded(route: Route) -> Handler:
    """A route's handler behind the guard."""

    async def handle(request: web.Request) -> web.StreamResponse:
        request[GUARDED] = True
        try:
            request[VISITOR] = await _visitor(request, route)
            return await _answer(request, route)
        except web.HTTPException:
            raise
        except StoreAway as error:
            log.warning("page.store_away", route=route.path, error=type(error).__name__)
            return _trouble(request, 503)
        except TooBusy:
            return _trouble(request, 503)
        except Exception as error:  # noqa: BLE001 - its text may quote anything: the class is told, and where
            log.error(
                "page.failed", route=route.path, error=type(error).__name__, code=code_of(error), place=_place(error)
            )
            return _trouble(request, 500)

    return handle


async def put_headers(request: web.Request, response: web.StreamResponse) -> None:
    """What the browser must keep to, on every answer of a guarded route, errors too."""
    if request.get(GUARDED):
        headers.put(response.headers, encrypted=cookies.encrypted(request))


async def _visitor(request: web.Request, route: Route) -> Visitor:
    site = request.app[SITE]
    cookie, device = cookies.read(request, "session"), cookies.read(request, "device")
    session = await site.session(cookie)
    public = route.who == PUBLIC
    if public and not device and request.method in SAFE:
        device = cookies.new_value()
    # of a device its first piece, which stays when the browser becomes a known one; of a session that is over its
    # cookie, so that whoever signs out a minute too late is not told off
    secrets = (cookie if session else "", *((device.partition(".")[0], cookie) if public else ()))
    return Visitor(
        session=session,
        local=site.local(session.agent) if session else local_of_stranger(request, site.settings),
        secrets=tuple(secret for secret in secrets if secret),
        session_cookie=cookie,
        device=device,
    )


def local_of_stranger(request: web.Request, settings: Settings) -> Local:
    """How a page speaks to somebody nobody knows yet: as they chose, else as their browser asks."""
    chosen = request.query.get("language", "")
    return Local(wanted(f"{chosen},{request.headers.get('Accept-Language', '')}", settings.network.default_language))


async def _answer(request: web.Request, route: Route) -> web.StreamResponse:
    visitor = request[VISITOR]
    if request.method not in SAFE and not from_here(request):
        return page(request, "error.html", status=403, why="forgery")
    if refusal := _refusal(request, route, visitor):
        return refusal
    if request.method not in SAFE and not await carries_token(request, visitor.secrets):
        return page(request, "error.html", status=403, why="stale")
    if visitor.session and not route.quiet and BY_ITSELF not in request.headers:
        await _touch(request.app[SITE], visitor)
    answer = await route.handler(request)
    if visitor.device and not cookies.read(request, "device"):
        cookies.set_device(request, answer, visitor.device)
    return answer


def _refusal(request: web.Request, route: Route, visitor: Visitor) -> web.StreamResponse | None:
    """Why this visitor may not, as an answer; None when they may."""
    session = visitor.session
    if route.who == PUBLIC:
        return None
    if session is None:
        return _not_signed_in(request, visitor)
    if session.stage != "full":
        return None if route.who == SIGNING_IN else go(STAGES[session.stage])
    if route.who == SIGNING_IN:
        return go("/")
    return None if route.who.intersection(session.agent.roles) else page(request, "error.html", status=403, why="role")


def _not_signed_in(request: web.Request, visitor: Visitor) -> web.StreamResponse:
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate" or "HX-Request" in request.headers:
        return web.Response(status=401, text="Not signed in.\n")
    if request.method in SAFE and request.headers.get("Sec-Fetch-Site") == "cross-site":
        # whoever follows a link from elsewhere comes without cookies (SameSite=Strict): ask again from our own side
        return page(request, "knock.html", again=back(request.path_qs))
    where = back(request.path_qs if request.method in SAFE else None)
    query = [f"next={quote(where)}"] if where != "/" else []
    query += ["why=ended"] if visitor.session_cookie else []
    return go("?".join(["/sign-in", "&".join(query)]) if query else "/sign-in")


async def _touch(site: Site, visitor: Visitor) -> None:
    session, at = visitor.session, site.machine_clock()
    if session and (at - session.seen_at).total_seconds() >= _TOUCH_SECONDS:
        async with site.database.desk(session.agent.organisation) as connection:
            await sessions.seen(connection, session.id, at)


def _trouble(request: web.Request, status: int) -> web.StreamResponse:
    if VISITOR not in request:
        local = local_of_stranger(request, request.app[SITE].settings)
        request[VISITOR] = Visitor(session=None, local=local, secrets=())
    answer = page(request, "error.html", status=status, why="away" if status == 503 else "failed")
    if status == 503:
        answer.headers["Retry-After"] = "5"
    return answer


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""
