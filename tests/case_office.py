"""A house whose tickets are followed up: the stand-in case stores, the workers that tell them, and a clock to set."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from aiohttp import web

from cases.opened import Open, opened
from cases.primero_form import PrimeroForm
from cases.webhook import WebhookForm
from gateway.reconcile import Report, reconcile
from model.network import organisation_uuid
from runtime.ids import now
from runtime.settings import CaseStore
from sandbox.case_stores import make_app
from sandbox.kept_cases import CaseStores
from storage import case_listing, case_sync
from tests.house import House, Row, house
from workers_queue.sync import Syncer

SECRET = "whsec_" + base64.b64encode(b"an invented secret of 32 bytes!!").decode()
USER, PASSWORD = "worker-voice", "invented-password"


def webhook(url: str, id_: str = "hook", **more) -> CaseStore:
    """A webhook store, for everybody unless told otherwise."""
    return store(WebhookForm(id=id_, kind="webhook", **_common(more), url=f"{url}/webhook", secret=SECRET, **more))


def primero(url: str, id_: str = "primero", **more) -> CaseStore:
    """A Primero store, for everybody unless told otherwise."""
    given = {"user": USER, "password": PASSWORD, "on_create": {"module_id": "primeromodule-cp"}} | more
    return store(PrimeroForm(id=id_, kind="primero", **_common(given), url=f"{url}/primero", **given))


def _common(more: dict) -> dict:
    return {"organisations": more.pop("organisations", "all"), "timeout_seconds": more.pop("timeout_seconds", 5.0)}


def store(form) -> CaseStore:
    """As config.yaml would give it."""
    served = form.organisations
    return CaseStore(
        id=form.id,
        kind=form.kind,
        organisations=None if served == "all" else frozenset(map(organisation_uuid, served)),
        fields=tuple(form.fields),
        settings=form,
    )


@asynccontextmanager
async def stand_ins(state: CaseStores | None = None) -> AsyncIterator[tuple[CaseStores, str]]:
    """The stand-in stores, and where they are."""
    state = state or CaseStores(secrets=(SECRET,), user=USER, password=PASSWORD)
    runner = web.AppRunner(make_app(state), access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield state, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextmanager
def stand_ins_thread() -> Iterator[tuple[CaseStores, str]]:
    """The same in a thread of its own, for tests with processes."""
    ready, end, box = threading.Event(), asyncio.Event(), []

    async def serve() -> None:
        async with stand_ins() as found:
            box.append(found)
            ready.set()
            await end.wait()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20), "the stand-ins did not start"
        yield box[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(20)
        loop.close()


class Office:
    """Whoever follows tickets up, and the workers that tell them."""

    def __init__(self, home: House, state: CaseStores, stores: Iterable[Open]) -> None:
        self.home, self.state, self.stores = home, state, list(stores)
        self._ahead = timedelta()
        home.workplace.clock = self.clock
        self.syncer, self.other = (Syncer(home.workplace, self.stores, Random(n)) for n in (1, 2))

    def clock(self) -> datetime:
        return now() + self._ahead

    def pass_time(self, by: timedelta) -> None:
        self._ahead += by

    async def turn(self, syncer: Syncer | None = None, store: str | None = None) -> int:
        """One turn of every lane, or of one store's."""
        syncer = syncer or self.syncer
        return sum([await syncer.turn(lane) for lane in syncer.lanes if store in (None, lane.id)])

    async def sync(self) -> None:
        """Until nothing is due now."""
        while await self.turn():
            pass

    async def settle(self) -> None:
        """Until nothing will be due, whatever has to wait for it: an hour in a moment."""
        for _ in range(200):
            await self.sync()
            if not [row for row in await self.rows() if row["state"] in ("due", "sending")]:
                return
            self.pass_time(timedelta(minutes=10))
        raise AssertionError("it never settled")

    async def rows(self) -> list[Row]:
        return [row async for row in case_listing.rows(self.home.database)]

    async def row(self, store: str) -> Row:
        """The only row of a store."""
        (row,) = [row for row in await self.rows() if row["store"] == store]
        return row

    async def reconcile(self) -> Report:
        at = self.home.workplace
        return await reconcile(self.home.database, at.settings, at.master, self.stores)

    async def differs(self) -> list[str]:
        return sorted((await self.reconcile()).differs.values())

    async def change(self, ticket: Row, **values) -> None:
        """What an agent does to a ticket, told to the stores in the same transaction."""
        organisation = organisation_uuid(ticket["organisation"])
        async with self.home.database.intake() as connection:
            for name, value in values.items():
                await connection.execute(
                    f"update ticket set {name} = %s where id = %s".encode(),  # noqa: S608
                    [value, ticket["id"]],
                )
            await case_sync.changed(connection, [(organisation, ticket["id"])])

    async def held(self) -> dict[tuple[UUID, UUID], tuple[int, Row]]:
        """What is on the network's own file: (organisation, ticket) → version, snapshot."""
        async with self.home.database.intake() as connection:
            cursor = await connection.execute("select organisation_id, ticket_id, version, snapshot from case_file")
            return {(o, t): (version, snapshot) for o, t, version, snapshot in await cursor.fetchall()}


async def sync_all(home: House) -> None:
    """Tell the house's own stores everything that is due."""
    async with opened(home.workplace.settings, home.database) as stores:
        syncer = Syncer(home.workplace, stores, Random(1))
        for lane in syncer.lanes:
            while await syncer.turn(lane):
                pass


@asynccontextmanager
async def office(
    database: str, redis_url: str, data: Path, *make, state: CaseStores | None = None
) -> AsyncIterator[Office]:
    """A house and its stores; `make` are functions from the stand-ins' address to a store."""
    async with stand_ins(state) as (there, url):
        stores = [one(url) for one in make]
        async with (
            house(database, redis_url, data, stores=stores) as home,
            opened(home.workplace.settings, home.database) as found,
        ):
            yield Office(home, there, found)
