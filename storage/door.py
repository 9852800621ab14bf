"""The durable door: a receipt is in the database, or sealed and fsynced on local disk, before its provider is answered.

Receipts that arrive while a commit is under way share the next one (group commit). When the database does not answer
in time the batch goes to the spool, and so do all later ones, until a *new* connection answers; then the spool drains.
The facts behind each rule are in docs/decisions/0004.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import structlog
from psycopg import AsyncConnection, sql

from model.receipts import SealedReceipt
from storage.spool import Draining, Spool, next_segment

_INSERT = sql.SQL(
    "insert into receipt (id, account, received_at, sealed) "
    "select * from unnest(%b::uuid[], %b::text[], %b::timestamptz[], %b::bytea[]) on conflict do nothing"
)
_PROBE_SECONDS = 0.3
_DRAIN_SECONDS = 5.0
_DRAIN_ROWS = 500
log = structlog.get_logger()


class DoorFull(Exception):
    """Neither the database nor the spool can take more: the provider must be answered 503."""


@dataclass(slots=True)
class _Batch:
    receipts: list[SealedReceipt] = field(default_factory=list)
    waiters: list[asyncio.Future[None]] = field(default_factory=list)

    def parts(self, most: int) -> Iterator["_Batch"]:
        """The batch cut into commits of at most `most`; an empty one is one part, which tries the connection."""
        for first in range(0, max(1, len(self.receipts)), most):
            yield _Batch(self.receipts[first : first + most], self.waiters[first : first + most])


class Door:
    """Keeps receipts. One per process; `run()` is its only writer."""

    def __init__(
        self, dsn: str, spool: Path, *, timeout: float, spool_limit: int, queue_limit: int, most: int = 300
    ) -> None:
        self._dsn, self._timeout, self._queue_limit, self._most = dsn, timeout, queue_limit, most
        self._spool = Spool(spool, limit_bytes=spool_limit)
        self._connection: AsyncConnection | None = None
        self._fresh: AsyncConnection | None = None
        self._batch: _Batch | None = None
        self._arrived = asyncio.Event()
        self._stopping = False
        self.stored = self.spooled = self.refused = 0

    @property
    def healthy(self) -> bool:
        """Whether receipts go to the database, not to the spool."""
        return self._connection is not None

    def spool_bytes(self) -> int:
        return self._spool.size()

    async def keep(self, receipt: SealedReceipt) -> None:
        """Return once the receipt is durable; raises DoorFull."""
        batch = self._wake()
        if len(batch.receipts) >= self._queue_limit:
            self.refused += 1
            raise DoorFull
        batch.receipts.append(receipt)
        waiter = asyncio.get_running_loop().create_future()  # one each: a client that goes away cancels only its own
        batch.waiters.append(waiter)
        await waiter

    async def open(self) -> None:
        """Connect, if the database is there; without it the door opens all the same, onto the spool."""
        if await self._connect():
            self._wake()  # what an earlier process left in the spool must not wait for somebody to knock

    async def run(self) -> None:
        """Write batch after batch until `stop()`; then drain what can be drained."""
        helpers = [asyncio.create_task(self._probe()), asyncio.create_task(self._drain_now_and_then())]
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                batch, self._batch = self._batch, None
                for part in batch.parts(self._most) if batch else ():
                    await self._write(part)
                if self._stopping and self._batch is None:
                    return
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await asyncio.to_thread(self._spool.rotate)
            await self._hang_up_all()

    def stop(self) -> None:
        """Finish what has arrived, then let `run()` return."""
        self._stopping = True
        self._arrived.set()

    async def _write(self, batch: _Batch) -> None:
        try:
            if await self._to_database(batch.receipts):
                self.stored += len(batch.receipts)
            else:
                await asyncio.to_thread(self._spool.append, batch.receipts)
                self.spooled += len(batch.receipts)
        except Exception as error:  # noqa: BLE001 - a full spool, a broken disk; the writer itself must never end
            self.refused += len(batch.receipts)
            log.error("door.full", error=type(error).__name__, receipts=len(batch.receipts))
            _tell(batch, DoorFull())
        else:
            _tell(batch, None)

    async def _to_database(self, receipts: Sequence[SealedReceipt]) -> bool:
        if self._fresh is not None:
            await self._hang_up()
            self._connection, self._fresh = self._fresh, None
            await asyncio.to_thread(self._spool.rotate)
        connection = self._connection
        if connection is None:
            return False
        task = asyncio.create_task(_insert(connection, receipts))
        await asyncio.wait({task}, timeout=self._timeout)
        if task.done() and task.exception() is None:
            return True
        self._give_up(connection, task)
        return False

    def _give_up(self, connection: AsyncConnection, task: asyncio.Task[None]) -> None:
        """Drop the connection without asking the server, which would mean waiting for it."""
        log.warning(
            "door.database_away", reason="no answer in time" if not task.done() else type(task.exception()).__name__
        )
        self._connection = None
        connection.pgconn.finish()
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        task.cancel()

    async def _probe(self) -> None:
        while True:
            if self._connection is None and self._fresh is None and await self._connect():
                self._wake()  # with nobody knocking, the appender would not take the new connection up by itself
            await asyncio.sleep(_PROBE_SECONDS)

    async def _connect(self) -> bool:
        with suppress(psycopg.Error, OSError, TimeoutError):
            async with asyncio.timeout(2):
                self._fresh = await AsyncConnection.connect(self._dsn, autocommit=True)
            log.info("door.database_there", spooled=self.spooled)
            return True
        return False

    def _wake(self) -> _Batch:
        """The batch that is being filled; the appender is told of it."""
        if self._batch is None:
            self._batch = _Batch()
            self._arrived.set()
        return self._batch

    async def _drain_now_and_then(self) -> None:
        while True:
            if self.healthy:
                with suppress(Exception):  # whatever it was, the segment is still there
                    await self.drain()
            await asyncio.sleep(_DRAIN_SECONDS if self.healthy else _PROBE_SECONDS)

    async def drain(self) -> int:
        """Bring every segment that nobody writes into the database, oldest first; gives how many receipts."""
        drained = 0
        while segment := await asyncio.to_thread(next_segment, self._spool.folder):
            try:
                await self._drain_segment(segment)
            except BaseException:
                segment.release()
                raise
            drained += len(segment.receipts)
            await asyncio.to_thread(segment.done)
        if drained:
            log.info("door.drained", receipts=drained)
        return drained

    async def _drain_segment(self, segment: Draining) -> None:
        async with asyncio.timeout(60), await AsyncConnection.connect(self._dsn, autocommit=True) as connection:
            for first in range(0, len(segment.receipts), _DRAIN_ROWS):
                await _insert(connection, segment.receipts[first : first + _DRAIN_ROWS])

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _hang_up_all(self) -> None:
        await self._hang_up()
        self._connection, self._fresh = self._fresh, None
        await self._hang_up()


def _tell(batch: _Batch, error: DoorFull | None) -> None:
    for waiter in batch.waiters:
        if waiter.done():
            continue
        if error:
            waiter.set_exception(error)
        else:
            waiter.set_result(None)


async def _insert(connection: AsyncConnection, receipts: Sequence[SealedReceipt]) -> None:
    await connection.execute(
        _INSERT,
        [
            [r.id for r in receipts],
            [r.account for r in receipts],
            [r.received_at for r in receipts],
            [r.sealed for r in receipts],
        ],
    )
