"""Fetching what people sent: from the provider, looked at, made safe to show, sealed, kept. Safe to run twice.

A row is claimed for a few minutes; whatever ends this worker meanwhile leaves a row that is claimed again, and at most
a sealed file that nobody can find, which the sweep deletes.
"""

import asyncio
import random
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import structlog

from channels.contract import Fetch
from model.media import Why
from outbound.clients import Clients, Line, NoAccount
from outbound.fetch import Downloads, NotFetched, When
from outbound.remake import Made, Remaker, web_page
from runtime.keys import key_id
from storage import media, people
from storage.blobs import FilesAway, NoRoom
from storage.database import StoreAway
from storage.media import REMOVE, Claimed, Kept
from workers_queue.workplace import Workplace

_HANDS = 4  # files at a time, most of them waiting for a provider
_POLL = 5.0
_LEASE = timedelta(minutes=10)  # longer than the slowest download and the longest making anew
_SMALL = 1 << 20  # of larger files only one at a time is in memory
_ASK = 30.0  # seconds in which a channel says where a file is
log = structlog.get_logger()

#: After how many tries it is over; thirty take about a day.
MOST: dict[Why, int] = {"web_page": 3, "empty": 3, "not_there": 7}
MOST_TRIES = 30
_REFUSED: tuple[Why, ...] = ("web_page", "empty")
#: What is not the file's fault: tried until it is mended, and no try counts.
OURS: dict[Why, timedelta] = {
    "disk_full": timedelta(seconds=15),
    "store_away": timedelta(seconds=30),
    "account": timedelta(minutes=10),
    "credentials": timedelta(minutes=10),
}


def pause(tries: int) -> timedelta:
    """How long to wait after so many tries: five seconds, then three times as long each time, at most an hour."""
    return timedelta(seconds=min(5.0 * 3.0 ** min(tries - 1, 10), 3600.0))


class Fetcher:
    """Belongs to the worker's loop."""

    def __init__(self, at: Workplace, clients: Clients, downloads: Downloads, remaker: Remaker) -> None:
        self._at, self._clients, self._downloads, self._remaker = at, clients, downloads, remaker
        self._large = asyncio.Lock()

    async def run(self) -> None:
        """Fetch until cancelled."""
        async with asyncio.TaskGroup() as hands:
            for _ in range(_HANDS):
                hands.create_task(self._hand())

    async def _hand(self) -> None:
        bell = self._at.wakes["fetch"]
        while True:
            bell.clear()  # before looking: a bell that rings meanwhile is heard below
            try:
                if await self.one():
                    continue
            except Exception as error:  # noqa: BLE001 - the database is away; its row is claimed again
                log.warning("fetch.failed", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL * random.uniform(0.8, 1.2)):  # noqa: S311 - not all at once
                    await bell.wait()

    async def one(self) -> bool:
        """Do what is most pressing; False when nothing is."""
        async with self._at.database.intake() as connection:
            claimed = await media.claim(connection, slot=self._at.slot, lasts=_LEASE)
        if claimed is None:
            return False
        try:
            await (self._remove(claimed) if claimed.duty == REMOVE else self._fetch(claimed))
        except NotFetched as error:
            await self._not_now(claimed, error.why, error.when, code=error.code)
        except NoRoom:
            await self._not_now(claimed, "disk_full")
        except FilesAway as error:
            await self._not_now(claimed, "store_away", code=str(error))
        except NoAccount:
            await self._not_now(claimed, "account")
        except StoreAway:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one file does, the others are fetched
            await self._not_now(claimed, "away", code=type(error).__name__)
        return True

    async def _fetch(self, claimed: Claimed) -> None:
        if claimed.tries > MOST_TRIES:
            raise NotFetched("gave_up", "gone")
        if not await self._at.files.has_room():
            raise NoRoom  # nothing is downloaded in vain
        line, where = await self._located(claimed)
        async with AsyncExitStack() as room:
            async with self._downloads.found(where, line.account.api_base) as found:
                if found.size is None or found.size > _SMALL:
                    await room.enter_async_context(self._large)
                data = await found.read()
            if web_page(data, claimed.kind):
                raise NotFetched("web_page")
            made = await self._remaker.made(data, claimed.kind)
            await self._keep(claimed, data, made, remove=line.out.remove is not None)

    async def _ref(self, claimed: Claimed) -> str:
        """What the channel needs to find it."""
        id_ = key_id(claimed.ref)
        async with self._at.database.intake() as connection:
            keys = await people.keys_by_id(connection, self._at.master, [id_])
        if id_ not in keys:
            raise NotFetched("erased", "gone")
        return keys[id_].open("attachment|ref", claimed.id, claimed.ref).decode()

    async def _located(self, claimed: Claimed) -> tuple[Line, Fetch]:
        ref, line = await self._ref(claimed), await self._clients.line(claimed.account)
        if line.out.locate is None:
            raise NotFetched("account", code="no locate")
        async with asyncio.timeout(_ASK):
            where = await line.out.locate(line.client, ref, line.account.settings)
        if isinstance(where, Fetch):
            return line, where
        if where.when == "gone":
            raise NotFetched("expired", "gone", code=where.why)
        raise NotFetched("away", code=where.why)

    async def _keep(self, claimed: Claimed, data: bytes, made: Made, *, remove: bool) -> None:
        """First the file, then the row: a file without a row is found by nobody, a row without a file by everybody."""
        async with self._at.database.intake() as connection:
            key = (await people.keys(connection, self._at.master, [claimed.person])).get(claimed.person)
        if key is None:
            raise NotFetched("erased", "gone")
        await self._at.files.keep(claimed.id, "original", key, data)
        if made.copy is not None:
            await self._at.files.keep(claimed.id, "shown", key, made.copy)
        async with self._at.database.intake() as connection:
            lives = await people.lives(connection, key.id)
            if lives:
                await media.kept(connection, claimed, _kept(made, len(data)), remove=remove)
        if not lives:  # erased while we were at it
            await self._at.files.delete([claimed.id])
            return
        log.info("fetch.kept", attachment=str(claimed.id), account=claimed.account, mime=made.mime, why=made.why)

    async def _remove(self, claimed: Claimed) -> None:
        """Have the provider delete its copy; tried for as long as it takes."""
        ref, line = await self._ref(claimed), await self._clients.line(claimed.account)
        if line.out.remove is None:
            raise NotFetched("account", code="no remove")
        async with asyncio.timeout(_ASK):
            gone = await line.out.remove(line.client, ref, line.account.settings)
        if not gone:
            raise NotFetched("away", code="not removed")
        async with self._at.database.intake() as connection:
            await media.removed(connection, claimed)

    async def _not_now(self, claimed: Claimed, why: Why, when: When = "later", *, code: str = "") -> None:
        """Try again later, or never: after too many tries, or where trying is of no use."""
        log.info("fetch.not_now", attachment=str(claimed.id), account=claimed.account, why=why, when=when, code=code)
        ours, over = why in OURS, claimed.tries >= MOST.get(why, MOST_TRIES)
        async with self._at.database.intake() as connection:
            if claimed.duty == REMOVE:
                await media.later(connection, claimed, None, pause(claimed.tries))
            elif when == "later" and (ours or not over):
                await media.later(connection, claimed, why, OURS.get(why) or pause(claimed.tries), counted=not ours)
            else:
                state = when if when != "later" else "refused" if why in _REFUSED else "gone"
                await media.not_kept(connection, claimed, state, why)


async def fetch(at: Workplace) -> None:
    """Fetch until cancelled, with connections of its own."""
    clients, downloads = Clients(at.settings), Downloads(largest=at.settings.files.largest_mb << 20)
    try:
        await Fetcher(at, clients, downloads, Remaker()).run()
    finally:
        await clients.close()


def _kept(made: Made, size: int) -> Kept:
    return Kept(
        mime=made.mime,
        size=size,
        why=made.why,
        seconds=made.seconds,
        inline=made.copy is not None,  # of what a stranger sent, only the copy made anew
        shown_mime=made.copy_mime,
        shown_size=len(made.copy) if made.copy is not None else None,
    )
