"""The web process: puts the door together and keeps it open until it is told to stop."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import structlog
import uvloop
from aiohttp import web

from gateway.files import FileDoor
from gateway.health import Health
from gateway.public import public_pages
from gateway.webhooks import Webhooks, hooks
from runtime.ids import now
from runtime.keys import Master
from runtime.played import follow
from runtime.settings import Settings
from storage.blobs import blobs
from storage.database import Database, StoreAway
from storage.day_keys import DayKeys
from storage.door import Door
from storage.files import Files
from web.app import plainly, set_up
from web.inbox.rooms import ROOMS
from web.routes import PUBLIC, Route
from workers_queue.nudge import Nudger, connect

#: A connection is closed after this many seconds without a whole request, however busily it drips headers.
IDLE_SECONDS = 9.0
GRACE_SECONDS = 20.0
_KEYS_EVERY, _LOOK_SECONDS = timedelta(hours=1), 10.0
log = structlog.get_logger()


@asynccontextmanager
async def opened(
    settings: Settings, master: Master, data: Path, owner: str, redis_url: str, *, sandbox: bool = False
) -> AsyncIterator[web.Application]:
    """The application with everything behind it open; closed in order afterwards.

    `sandbox`: the people are invented, and demo agents may sign in.
    """
    limits = settings.door
    database = Database(owner, "door", master, most=3)
    day_keys = DayKeys(master, data / "keys" / "day_keys.json")
    door = Door(
        database.dsn,
        data / "spool",
        timeout=limits.database_timeout_ms / 1000,
        spool_limit=limits.spool_limit_mb * 1024 * 1024,
        queue_limit=limits.queue_limit,
        most=limits.batch,
    )
    nudger = Nudger(connect(redis_url))
    webhooks = Webhooks(
        hooks=hooks(settings),
        public_url=settings.network.public_url,
        read_seconds=limits.read_seconds,
        door=door,
        day_keys=day_keys,
        nudger=nudger,
    )
    desks = Database(owner, "web", master)
    kept = Files(blobs(settings.files, data))
    files = FileDoor(master=master, database=desks, files=kept)
    await database.open()
    await desks.open()
    await _first_keys(day_keys, database)
    await door.open()
    writing = asyncio.create_task(door.run())
    refreshing = asyncio.create_task(_keep_keys(day_keys, database))
    playing = [asyncio.create_task(follow(settings.sandbox_api))] if sandbox and settings.sandbox_api else []
    try:
        health = Health(door, database, spool_limit=limits.spool_limit_mb * 1024 * 1024)
        app = _application(settings, webhooks, files, health)
        set_up(app, settings, master, desks, kept, redis_url, sandbox=sandbox)
        yield app
    finally:
        for task in (refreshing, *playing):
            task.cancel()
        door.stop()
        await writing
        await nudger.close()
        await desks.close()
        await database.close()


def _application(settings: Settings, webhooks: Webhooks, files: FileDoor, health: Health) -> web.Application:
    app = web.Application(client_max_size=settings.door.body_limit_bytes)
    # who calls a webhook is proved by its signature; the others tell nothing of anybody
    for path in ("/hooks/{account}", "/hooks/{account}/{step}"):
        plainly(app, [Route(method, path, webhooks.handle, PUBLIC) for method in ("POST", "GET")])
    # a link to a file carries its own proof
    plainly(app, [Route("GET", "/files/{token}", files.handle, PUBLIC)], head=True)
    asked = {"/healthz": health.alive, "/readyz": health.ready, "/metrics": health.metrics, **public_pages(settings)}
    plainly(app, [Route("GET", path, answer, PUBLIC) for path, answer in asked.items()], head=True)
    return app


async def _refresh(day_keys: DayKeys, database: Database) -> None:
    async with database.plain() as connection:
        await day_keys.refresh(connection)


async def _first_keys(day_keys: DayKeys, database: Database) -> None:
    """Keys for today, from the database or, while it is away, from the file beside the spool."""
    try:
        await _refresh(day_keys, database)
    except StoreAway as error:
        day_keys.today()  # without one nothing can be sealed: better to end here and be started again
        log.warning("day_keys.from_the_file", error=type(error).__name__)


async def _keep_keys(day_keys: DayKeys, database: Database) -> None:
    """Make the keys of the coming days each hour, by the clock: timers stand still while a machine sleeps.

    By however much the clock was set, and whichever way.
    """
    kept = now()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if abs(now() - kept) < _KEYS_EVERY:
            continue
        kept = now()
        try:
            await _refresh(day_keys, database)
        except Exception as error:  # noqa: BLE001 - there are keys for days; the next hour may do better
            log.warning("day_keys.not_refreshed", error=type(error).__name__)


async def _serve(
    settings: Settings, master: Master, data: Path, owner: str, redis_url: str, host: str, port: int, *, sandbox: bool
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def last_answer(_: web.Request, response: web.StreamResponse) -> None:
        if stop.is_set():
            response.force_close()
            response.headers["Connection"] = "close"

    async with opened(settings, master, data, owner, redis_url, sandbox=sandbox) as app:
        app.on_response_prepare.append(last_answer)
        runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=IDLE_SECONDS, shutdown_timeout=GRACE_SECONDS, handle_signals=False
        )
        await runner.setup()
        site = web.TCPSite(runner, host, port, backlog=1024, reuse_port=False)
        await site.start()
        gc.freeze()  # what is open now stays for good: the collector need not walk it beside every burst of webhooks
        log.info("web.started", port=port)
        await stop.wait()
        await site.stop()
        app[ROOMS].close()  # open pages listen for as long as they are let: they come back to whoever starts next
        await _let_finish(runner, settings.door.read_seconds)
        await runner.cleanup()
    log.info("web.stopped")


async def _let_finish(runner: web.AppRunner, seconds: float) -> None:
    """Wait for requests that are half sent: `cleanup` reads no more of them."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while runner.server and runner.server.connections and clock() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)  # - aiohttp tells nobody when a connection ends


def serve(
    settings: Settings,
    master: Master,
    data: Path,
    owner: str,
    redis_url: str,
    *,
    host: str,
    port: int,
    sandbox: bool = False,
) -> None:
    """Run the web process until SIGTERM or SIGINT; requests under way are finished."""
    uvloop.run(_serve(settings, master, data, owner, redis_url, host, port, sandbox=sandbox))
