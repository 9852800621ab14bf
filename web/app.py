"""The agents' pages on the application that also takes the webhooks."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from aiohttp import web

from desk.attaching import Attaching
from desk.counting import Counting
from outbound.remake import Remaker
from runtime.ids import machine_now, now
from runtime.keys import Master
from runtime.settings import Settings
from storage.database import Database
from storage.files import Files
from web import account, authenticator, frame, invitation, login
from web.guard import GUARDED, guarded, local_of_stranger, put_headers
from web.inbox import act, answer, find, live, presence, reveal, several, thread
from web.inbox import files as files_of_people
from web.inbox import list as list_
from web.inbox.rooms import ROOMS, Rooms
from web.inbox.upload import ATTACHING, UPLOADS, Uploads
from web.pages import Pages
from web.passwords import Passwords
from web.phones import pages as phones
from web.phones import stand_in
from web.routes import PUBLIC, Handler, Route
from web.site import SITE, VISITOR, Site, Visitor, page
from web.static_files import StaticFiles

#: Who may call what, by method and path, of everything that answers.
WHO = web.AppKey("who", dict[tuple[str, str], frozenset[str]])
AREAS: Sequence[Sequence[Route]] = (
    frame.ROUTES, login.ROUTES, invitation.ROUTES, authenticator.ROUTES, account.ROUTES,
    list_.ROUTES, live.ROUTES, presence.ROUTES,
    thread.ROUTES, answer.ROUTES, act.ROUTES, several.ROUTES, files_of_people.ROUTES, reveal.ROUTES, find.ROUTES,
    phones.ROUTES,
)  # fmt: skip


def set_up(
    app: web.Application,
    settings: Settings,
    master: Master,
    database: Database,
    kept: Files,
    redis_url: str,
    *,
    sandbox: bool,
    clock: Callable[[], datetime] | None = None,
) -> None:
    """Put every page behind the guard and on the application. The database is opened and closed by the caller.

    `kept`: where files that go with answers are kept.
    """
    idle_seconds = settings.web.idle_minutes * 60
    files = StaticFiles()
    app[SITE] = Site(
        settings=settings,
        master=master,
        database=database,
        passwords=Passwords(master),
        pages=Pages(files, idle_seconds=idle_seconds, sandbox=sandbox),
        files=files,
        organisations={organisation.uuid: organisation for organisation in settings.network.organisations.values()},
        sandbox=sandbox,
        clock=clock or now,
        machine_clock=clock or machine_now,
    )
    largest = settings.files.largest_mb << 20
    app[ATTACHING] = Attaching(database=database, master=master, files=kept, remaker=Remaker(), largest=largest)
    app[UPLOADS] = Uploads(largest)
    if sandbox and settings.sandbox_api:
        stand_in.attach(app, settings.sandbox_api)
    app[ROOMS] = Rooms(database, master, redis_url, idle_seconds=idle_seconds, clock=clock or machine_now)
    app[list_.COUNTING] = Counting()
    app.on_shutdown.append(_end_streams)
    app.on_cleanup.append(_close_rooms)
    for area in AREAS:
        for route in area:
            _add(app, route, guarded(route), head=True)
    plainly(app, [Route("GET", "/static/{hash}/{name:.+}", files.serve, PUBLIC)], head=True)
    plainly(app, [Route("*", "/{path:.*}", _nothing, PUBLIC)])
    app.on_response_prepare.append(put_headers)


def plainly(app: web.Application, routes: Iterable[Route], *, head: bool = False) -> None:
    """Routes that are no pages: they prove in another way who calls, or tell nobody anything."""
    for route in routes:
        _add(app, route, route.handler, head=head)


def _add(app: web.Application, route: Route, handler: Handler, *, head: bool) -> None:
    made = app.router.add_route(route.method, route.path, handler)
    path = made.resource.canonical if made.resource else route.path
    app.setdefault(WHO, {})[route.method, path] = frozenset(route.who)
    if head and route.method == "GET":
        app.router.add_route("HEAD", route.path, handler)


async def _nothing(request: web.Request) -> web.StreamResponse:
    """What is nowhere else: the same answer for everybody, whether signed in or not."""
    request[GUARDED] = True
    request[VISITOR] = Visitor(session=None, local=local_of_stranger(request, request.app[SITE].settings), secrets=())
    return page(request, "error.html", status=404, why="nothing")


async def _end_streams(app: web.Application) -> None:
    app[ROOMS].close()


async def _close_rooms(app: web.Application) -> None:
    await app[ROOMS].aclose()
