"""The door with a real PostgreSQL that is there, gone, or frozen."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from model.receipts import SealedReceipt
from runtime.children import running
from runtime.embedded import EmbeddedPostgres
from runtime.ids import new_id, now
from runtime.instance import only_one
from storage.door import Door, DoorFull
from storage.spool import Spool

TABLE = """
create table if not exists receipt (
    id uuid primary key, account text not null, received_at timestamptz not null, sealed bytea not null)"""
MEGABYTE = 1024 * 1024


def receipt(account: str = "line-th") -> SealedReceipt:
    return SealedReceipt(id=new_id(), account=account, received_at=now(), sealed=b"sealed " * 20)


@asynccontextmanager
async def opened(dsn: str, spool: Path, *, seconds: float = 0.25, spool_limit: int = MEGABYTE, queue_limit: int = 1000):
    """A door, its writer running; stopped in order afterwards."""
    door = Door(dsn, spool, timeout=seconds, spool_limit=spool_limit, queue_limit=queue_limit)
    await door.open()
    writing = asyncio.create_task(door.run())
    try:
        yield door
    finally:
        door.stop()
        await writing


async def until(question) -> None:
    async with asyncio.timeout(20):
        while not question():  # noqa: ASYNC110 - there is nothing to wait on but the question
            await asyncio.sleep(0.01)


def kept(dsn: str) -> list[SealedReceipt]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute("select id, account, received_at, sealed from receipt order by id").fetchall()
    return [SealedReceipt(id=i, account=a, received_at=r, sealed=s) for i, a, r, s in rows]


def in_order(receipts: list[SealedReceipt]) -> list[SealedReceipt]:
    return sorted(receipts, key=lambda r: r.id)


@pytest.fixture
def store(empty) -> str:
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute(TABLE)
    return empty


class OwnServer:
    """A PostgreSQL that this test may stop and freeze."""

    def __init__(self, data: Path) -> None:
        self.postgres = EmbeddedPostgres(data)
        self.dsn = ""

    @asynccontextmanager
    async def up(self):
        self.postgres.prepare()
        with running(self.postgres.child()):
            self.dsn = self.postgres.url
            with psycopg.connect(self.dsn, autocommit=True) as connection:
                connection.execute(TABLE)
            yield

    def signal(self, number: signal.Signals) -> None:
        """To the server and all its children."""
        parent = self.postgres.pid
        family = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for pid in [parent, *map(int, family)]:
            os.kill(pid, number)


@pytest.fixture
def server(data):
    with only_one(data):
        yield OwnServer(data)


# The database is there


async def test_what_is_kept_is_in_the_database(store, tmp_path):
    receipts = [receipt() for _ in range(500)]
    async with opened(store, tmp_path) as door:
        await asyncio.gather(*map(door.keep, receipts))
        assert kept(store) == in_order(receipts)
    assert (door.stored, door.spooled, door.refused) == (500, 0, 0)


async def test_those_who_come_together_share_a_commit(store, tmp_path):
    with psycopg.connect(store, autocommit=True) as connection:
        connection.execute("create table commits (xid xid8 primary key, rows int)")
        connection.execute(
            "create function counted() returns trigger language plpgsql as $$ begin insert into commits values "
            "(pg_current_xact_id(), 1) on conflict (xid) do update set rows = commits.rows + 1; return new; end $$"
        )
        connection.execute("create trigger count before insert on receipt for each row execute function counted()")
    async with opened(store, tmp_path, seconds=5) as door:
        await asyncio.gather(*(door.keep(receipt()) for _ in range(300)))
    with psycopg.connect(store, autocommit=True) as connection:
        commits, rows = connection.execute("select count(*), sum(rows) from commits").fetchone()
    assert rows == 300
    assert commits <= 10


async def test_the_same_receipt_twice_is_one(store, tmp_path):
    one = receipt()
    async with opened(store, tmp_path) as door:
        await door.keep(one)
        await door.keep(one)
    assert kept(store) == [one]


async def test_a_caller_who_goes_away_takes_nobody_along(store, tmp_path):
    receipts = [receipt() for _ in range(50)]
    async with opened(store, tmp_path) as door:
        waiting = [asyncio.create_task(door.keep(one)) for one in receipts]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await door.keep(receipt())
    assert {one.id for one in receipts[1::2]} <= {one.id for one in kept(store)}


async def test_more_than_may_wait_are_refused(store, tmp_path):
    async with opened(store, tmp_path, queue_limit=10) as door:
        answers = await asyncio.gather(*(door.keep(receipt()) for _ in range(25)), return_exceptions=True)
    assert [type(answer) for answer in answers if answer] == [DoorFull] * 15
    assert len(kept(store)) == 10
    assert door.refused == 15


async def test_a_door_that_nobody_knocks_at_is_healthy(store, tmp_path):
    async with opened(store, tmp_path) as door:
        await until(lambda: door.healthy)


# The database is away


async def test_without_a_database_the_spool_keeps_and_the_next_door_drains(store, tmp_path):
    receipts = [receipt() for _ in range(100)]
    async with opened("host=127.0.0.1 port=1", tmp_path) as door:
        await asyncio.gather(*map(door.keep, receipts))
        assert not door.healthy
        assert door.spooled == 100
        assert door.spool_bytes() > 0
    async with opened(store, tmp_path) as door:
        await until(lambda: len(kept(store)) == 100)
        await until(lambda: door.spool_bytes() == 0)
    assert kept(store) == in_order(receipts)


async def test_a_stopped_database_loses_and_doubles_nothing(server, tmp_path):
    spool, receipts = tmp_path / "spool", [receipt() for _ in range(90)]
    async with server.up():
        door = Door(server.dsn, spool, timeout=0.25, spool_limit=MEGABYTE, queue_limit=1000)
        await door.open()
        writing = asyncio.create_task(door.run())
        await asyncio.gather(*map(door.keep, receipts[:30]))
        assert door.stored == 30
    await asyncio.gather(*map(door.keep, receipts[30:60]))
    assert (door.healthy, door.spooled) == (False, 30)
    async with server.up():
        await until(lambda: door.healthy)
        await asyncio.gather(*map(door.keep, receipts[60:]))
        await until(lambda: door.spool_bytes() == 0)
        assert kept(server.dsn) == in_order(receipts)
        assert (door.stored, door.refused) == (60, 0)
        door.stop()
        await writing


async def test_a_frozen_database_refuses_nobody(server, tmp_path):
    """SIGSTOP: connections stay open and nothing answers, as behind a dead switch or on a full disk."""
    receipts, slowest = [], 0.0
    async with server.up(), opened(server.dsn, tmp_path / "spool") as door:
        await door.keep(receipt())
        server.signal(signal.SIGSTOP)
        try:
            for _ in range(12):
                batch = [receipt() for _ in range(20)]
                before = time.monotonic()
                await asyncio.gather(*map(door.keep, batch))
                slowest = max(slowest, time.monotonic() - before)
                receipts += batch
        finally:
            server.signal(signal.SIGCONT)
        assert slowest < 1
        assert (door.spooled, door.refused, door.healthy) == (240, 0, False)
        await until(lambda: door.healthy)
        await until(lambda: door.spool_bytes() == 0)
        assert {one.id for one in receipts} <= {one.id for one in kept(server.dsn)}
        assert len(kept(server.dsn)) == 241


async def test_an_insert_that_came_through_after_all_is_not_doubled(store, tmp_path):
    """The first try is given up and spooled while the server still works on it; later both arrive."""
    with psycopg.connect(store) as blocker:
        blocker.execute("lock table receipt in exclusive mode")
        one = receipt()
        async with opened(store, tmp_path) as door:
            await door.keep(one)
            assert door.spooled == 1
            blocker.commit()
            await until(lambda: door.spool_bytes() == 0)
    assert kept(store) == [one]


async def test_neither_takes_it_the_provider_is_told(tmp_path):
    async with opened("host=127.0.0.1 port=1", tmp_path, spool_limit=1000) as door:
        answers = [await asyncio.gather(door.keep(receipt()), return_exceptions=True) for _ in range(10)]
    refused = [answer for (answer,) in answers if answer]
    assert 0 < len(refused) < 10
    assert {type(answer) for answer in refused} == {DoorFull}
    assert door.refused == len(refused)
    assert door.spool_bytes() <= 1000


async def test_a_full_spool_has_room_again_when_the_database_is_back(server, tmp_path):
    async with server.up(), opened(server.dsn, tmp_path / "spool", spool_limit=2000) as door:
        await door.keep(receipt())
        server.signal(signal.SIGSTOP)
        try:
            answers = [await asyncio.gather(door.keep(receipt()), return_exceptions=True) for _ in range(20)]
        finally:
            server.signal(signal.SIGCONT)
        assert isinstance(answers[-1][0], DoorFull)
        await until(lambda: door.healthy)
        await until(lambda: door.spool_bytes() == 0)
        await door.keep(receipt())


async def test_stopping_keeps_what_has_arrived(store, tmp_path):
    receipts = [receipt() for _ in range(200)]
    async with opened(store, tmp_path) as door:
        waiting = [asyncio.create_task(door.keep(one)) for one in receipts]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert kept(store) == in_order(receipts)


# A process that died


DYING = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from datetime import UTC, datetime
from model.receipts import SealedReceipt
from runtime.ids import new_id
from storage.door import Door

async def main():
    door = Door("host=127.0.0.1 port=1", Path(sys.argv[1]), timeout=0.25, spool_limit=10**7, queue_limit=1000)
    await door.open()
    writing = asyncio.create_task(door.run())
    while True:
        one = SealedReceipt(id=new_id(), account="line-th", received_at=datetime.now(UTC), sealed=b"x" * 300)
        await door.keep(one)
        print(one.id, flush=True)

asyncio.run(main())
"""


@pytest.fixture
def dying(tmp_path):
    """A process that writes to the spool until it is killed, and says what it has kept."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", DYING, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


async def test_what_a_killed_process_promised_is_drained_by_the_next(store, tmp_path, dying):
    promised = [dying.stdout.readline().strip() for _ in range(50)]
    async with opened(store, tmp_path) as door:
        await door.keep(receipt())
        assert not {str(one.id) for one in kept(store)} & set(promised)  # its segment is locked while it lives
    dying.kill()
    promised += dying.stdout.read().split()
    async with opened(store, tmp_path) as door:
        await until(lambda: len(kept(store)) >= len(promised) + 1)
        await until(lambda: door.spool_bytes() == 0)
    assert set(promised) <= {str(one.id) for one in kept(store)}


async def test_a_torn_segment_is_drained_as_far_as_it_can_be_read(store, tmp_path):
    receipts = [receipt() for _ in range(5)]
    spool = Spool(tmp_path, limit_bytes=MEGABYTE)
    spool.append(receipts)
    spool.rotate()
    (segment,) = tmp_path.glob("*.seg")
    segment.write_bytes(segment.read_bytes()[:-3])
    async with opened(store, tmp_path):
        await until(lambda: len(kept(store)) == 4)
        await until(lambda: list(tmp_path.glob("*.torn")))
    assert kept(store) == in_order(receipts[:4])
