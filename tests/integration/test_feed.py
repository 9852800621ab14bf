"""The live feed: whoever reads on from a cursor sees every change once, in whatever order writers commit."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest

from model.network import organisation_uuid
from runtime.ids import new_id
from sandbox.people import person
from sandbox.providers import telegram
from storage import feed
from storage.database import Database
from tests.house import NOON

SHWE, KAMPUNG = organisation_uuid("shwe"), organisation_uuid("kampung-lima")
WRITERS, EACH = 8, 60


@pytest.fixture
async def crowd(home):
    """A pool wide enough for eight writers and a reader."""
    database = Database(home.owner, "worker", home.workplace.master, most=WRITERS + 2)
    await database.open()
    yield database
    await database.close()


async def read(database: Database, after: feed.Cursor, organisation: UUID = SHWE, limit: int = 500):
    async with database.desk(organisation) as connection:
        return await feed.read(connection, organisation, after, limit=limit)


async def start(database: Database) -> feed.Cursor:
    async with database.desk(SHWE) as connection:
        return await feed.start(connection)


async def tell(database: Database, *tickets: UUID, organisation: UUID = SHWE) -> None:
    async with database.intake() as connection:
        await feed.tell(connection, [(organisation, ticket, "changed") for ticket in tickets])


async def read_on(database: Database, cursor: feed.Cursor, limit: int = 7) -> tuple[list[UUID], feed.Cursor]:
    """All there is by now, in pages."""
    seen = []
    while page := await read(database, cursor, limit=limit):
        seen += [change.ticket for change in page]
        cursor = page[-1].cursor
    return seen, cursor


async def test_overlapping_writers_and_nothing_missed_or_doubled(crowd):
    """Commits come in another order than ids: a cursor of ids alone misses a third of this."""
    cursor, told, finished = await start(crowd), [], asyncio.Event()

    async def write(number: int) -> None:
        for turn in range(EACH):
            ticket = uuid4()
            async with crowd.intake() as connection:
                await feed.tell(connection, [(SHWE, ticket, "changed")])
                await connection.execute("select pg_sleep(%s)", [(number * 7 + turn * 3) % 10 / 1000])
            told.append(ticket)

    async def follow(cursor: feed.Cursor) -> list[UUID]:
        seen: list[UUID] = []
        while not finished.is_set():
            more, cursor = await read_on(crowd, cursor)
            seen += more
        return seen + (await read_on(crowd, cursor))[0]

    following = asyncio.create_task(follow(cursor))
    await asyncio.gather(*map(write, range(WRITERS)))
    finished.set()
    seen = await following
    assert Counter(seen) == Counter(told)
    assert len(told) == WRITERS * EACH


async def test_a_change_shows_only_when_all_older_writers_have_finished(crowd):
    cursor, early, late = await start(crowd), uuid4(), uuid4()
    async with crowd.intake() as slow:
        await feed.tell(slow, [(SHWE, early, "changed")])
        await tell(crowd, late)
        assert await read(crowd, cursor) == []  # else the cursor would pass the one that is still under way
    assert (await read_on(crowd, cursor))[0] == [early, late]


async def test_what_was_rolled_back_is_never_told(crowd):
    cursor, ticket = await start(crowd), uuid4()
    with suppress(RuntimeError):
        async with crowd.intake() as connection:
            await feed.tell(connection, [(SHWE, uuid4(), "changed")])
            raise RuntimeError("the worker changed its mind")
    await tell(crowd, ticket)
    assert (await read_on(crowd, cursor))[0] == [ticket]


async def test_a_page_that_loads_now_is_told_of_what_commits_later(crowd):
    before, under_way, after = uuid4(), uuid4(), uuid4()
    await tell(crowd, before)
    async with crowd.intake() as slow:
        await feed.tell(slow, [(SHWE, under_way, "changed")])
        cursor = await start(crowd)
    await tell(crowd, after)
    assert (await read_on(crowd, cursor))[0] == [under_way, after]


async def test_many_changes_of_one_transaction_are_read_in_pages(crowd):
    cursor, tickets = await start(crowd), [uuid4() for _ in range(50)]
    await tell(crowd, *tickets)
    assert (await read_on(crowd, cursor, limit=3))[0] == tickets


async def test_nobody_hears_of_others(crowd):
    cursor, mine, theirs = await start(crowd), uuid4(), uuid4()
    await tell(crowd, mine)
    await tell(crowd, theirs, organisation=KAMPUNG)
    assert [c.ticket for c in await read(crowd, cursor)] == [mine]
    async with crowd.desk(SHWE) as connection:
        assert await feed.read(connection, KAMPUNG, cursor) == []


async def test_a_cursor_of_another_life_is_told_to_start_anew(home, crowd):
    cursor = await start(crowd)
    with pytest.raises(feed.Reset):
        await read(crowd, replace(cursor, epoch=new_id()))
    with psycopg.connect(home.owner, autocommit=True) as owner:  # what restoring a backup does
        owner.execute("update feed_epoch set epoch = gen_random_uuid()")
    with pytest.raises(feed.Reset):
        await read(crowd, cursor)
    assert await read(crowd, await start(crowd)) == []


async def test_a_cursor_older_than_what_is_kept_is_told_to_start_anew(crowd):
    old = await start(crowd)
    await tell(crowd, uuid4())
    (change,) = await read(crowd, old)
    async with crowd.intake() as connection:
        await connection.execute("update change set at = at - interval '25 hours'")
    await tell(crowd, kept := uuid4())
    async with crowd.intake() as connection:
        assert await feed.forget_old(connection, hours=24) == 1
        assert await feed.forget_old(connection, hours=24) == 0
    with pytest.raises(feed.Reset):
        await read(crowd, old)
    assert [c.ticket for c in await read(crowd, change.cursor)] == [kept]


async def test_an_organisation_that_loses_a_ticket_is_told_that_it_is_gone(home, crowd):
    account, who = home.accounts["telegram-my"], person("aye", "bn", "MY")
    await home.put(telegram.text(account, who, "আমার মালিক দুই মাসের বেতন দেয়নি", NOON, 1))
    await home.take_in()
    first = await home.ticket()
    loser, cursor = organisation_uuid(first["organisation"]), await start(crowd)
    await home.put(telegram.text(account, who, "He beat me. I am locked in, please help now", NOON, 2))
    await home.take_in()
    moved = await home.ticket()
    assert moved["organisation"] != first["organisation"]
    gainer = organisation_uuid(moved["organisation"])
    assert [(c.ticket, c.what) for c in await read(crowd, cursor, loser)] == [(first["id"], "gone")]
    assert [(c.ticket, c.what) for c in await read(crowd, cursor, gainer)] == [(first["id"], "changed")]
