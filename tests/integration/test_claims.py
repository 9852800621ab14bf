"""Receipts in the hands of workers: never in two at once, and never lost."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from model.http import Request
from runtime.ids import new_id
from sandbox.people import person
from sandbox.providers import telegram
from storage import receipts
from storage.receipts import LeaseLost
from tests.house import NOON, House

SENT = Request(method="POST", url="https://hotline.example.org/hooks/line-th")


@pytest.fixture
async def waiting(home):
    """Fifty receipts nobody has tried."""
    await home.keep([home.sealed("line-th", SENT, NOON + timedelta(seconds=n)) for n in range(50)])
    return home


async def claim(home: House, limit: int = 200, *, slot: str = "1", seconds: int = 60):
    async with home.database.intake() as connection:
        return await receipts.claim(connection, slot=slot, seconds=seconds, limit=limit)


async def ask(home: House, statement: str, *values) -> list[tuple]:
    async with home.database.intake() as connection:
        cursor = await connection.execute(statement.encode(), values)
        return await cursor.fetchall() if cursor.description else []


async def states(home: House) -> dict[str, int]:
    return dict(await ask(home, "select state, count(*) from receipt group by state"))


async def done(home: House, lease) -> None:
    async with home.database.intake() as connection:
        await receipts.done(connection, lease.token, {r.id: ["Received: text"] for r in lease.receipts})


async def test_a_claim_gives_the_oldest_first_and_counts_the_try(waiting):
    lease = await claim(waiting, 20)
    assert [r.id for r in lease.receipts] == sorted(r.id for r in lease.receipts)
    assert {r.tries for r in lease.receipts} == {1}
    assert max(r.received_at for r in lease.receipts) == NOON + timedelta(seconds=19)
    assert await states(waiting) == {"new": 30, "taken": 20}


async def test_two_workers_never_hold_the_same(waiting):
    leases = await asyncio.gather(*(claim(waiting, 7, slot=str(n % 2)) for n in range(10)))
    held = [r.id for lease in leases for r in lease.receipts]
    assert len(held) == len(set(held)) == 50
    assert (await claim(waiting)).receipts == []


async def test_what_another_transaction_is_claiming_is_passed_over(waiting):
    async with waiting.database.intake() as first:
        mine = await receipts.claim(first, slot="1", seconds=60, limit=30)
        others = await claim(waiting, slot="2")  # not yet committed, and nobody waits
    assert not {r.id for r in mine.receipts} & {r.id for r in others.receipts}
    assert len(others.receipts) == 20


async def test_what_was_tried_before_is_claimed_alone_and_after_the_others(waiting):
    lease = await claim(waiting, 10)
    async with waiting.database.intake() as connection:
        for one in lease.receipts:
            await receipts.try_again(connection, lease.token, one.id, "ValueError", after_seconds=0)
    assert len((await claim(waiting)).receipts) == 40
    for tries in range(2):
        singles = [await claim(waiting) for _ in range(10)]
        assert {len(lease.receipts) for lease in singles} == {1}
        assert {lease.receipts[0].tries for lease in singles} == {2 + tries}
        assert (await claim(waiting)).receipts == []
        async with waiting.database.intake() as connection:
            for lease in singles:
                await receipts.try_again(connection, lease.token, lease.receipts[0].id, "x", after_seconds=0)


async def test_a_receipt_given_back_rests_first(waiting):
    lease = await claim(waiting)
    async with waiting.database.intake() as connection:
        await receipts.try_again(connection, lease.token, lease.receipts[0].id, "ValueError", after_seconds=100)
    assert (await claim(waiting)).receipts == []
    await ask(waiting, "update receipt set lease_until = now() where state = 'new'")
    (again,) = (await claim(waiting)).receipts
    assert again.id == lease.receipts[0].id


async def test_done_says_what_the_receipt_held(waiting):
    lease = await claim(waiting)
    await done(waiting, lease)
    assert await states(waiting) == {"done": 50}
    assert (await ask(waiting, "select distinct events, error, lease from receipt")) == [
        (["Received: text"], None, None)
    ]


async def test_a_lease_that_ran_out_is_freed_and_its_old_holder_writes_nothing(waiting):
    late = await claim(waiting, seconds=-1)
    async with waiting.database.intake() as connection:
        assert await receipts.release(connection) == 50
    new = await claim(waiting, slot="2")
    assert new.receipts[0].tries == 2
    with pytest.raises(LeaseLost):
        await done(waiting, late)
    async with waiting.database.intake() as connection:
        await receipts.park(connection, late.token, late.receipts[0].id, "late", b"other")
        await receipts.try_again(connection, late.token, late.receipts[0].id, "late", after_seconds=0)
    ((state, sealed, error),) = await ask(
        waiting, "select state, sealed, error from receipt where id = %s", new.receipts[0].id
    )
    assert (state, bytes(sealed), error) == ("taken", new.receipts[0].sealed, None)


async def test_one_lost_receipt_rolls_the_whole_batch_back(waiting):
    lease = await claim(waiting, 10)
    await ask(waiting, "update receipt set lease = %s where id = %s", new_id(), lease.receipts[4].id)
    with pytest.raises(LeaseLost):
        await done(waiting, lease)
    assert await states(waiting) == {"new": 40, "taken": 10}


async def test_a_lease_that_holds_is_left_alone(waiting):
    await claim(waiting, 10, slot="1")
    async with waiting.database.intake() as connection:
        assert await receipts.release(connection) == 0
        assert await receipts.release(connection, slot="2") == 0
        assert await receipts.release(connection, slot="1") == 10  # a restarted worker frees its own at once
    assert await states(waiting) == {"new": 50}


async def test_parked_waits_for_a_person(waiting):
    lease = await claim(waiting, 1)
    (one,) = lease.receipts
    async with waiting.database.intake() as connection:
        await receipts.park(connection, lease.token, one.id, "the body is not JSON", b"sealed again")
        assert await receipts.release(connection, slot="1") == 0
        assert not await receipts.replay(connection, new_id())
    rest = await claim(waiting)
    assert one.id not in {r.id for r in rest.receipts}
    async with waiting.database.intake() as connection:
        assert not await receipts.replay(connection, rest.receipts[0].id)  # taken, not parked
        assert await receipts.replay(connection, one.id)
        assert not await receipts.replay(connection, one.id)
    (again,) = (await claim(waiting)).receipts
    assert (again.id, again.tries, again.sealed) == (one.id, 1, b"sealed again")


async def test_only_what_is_finished_is_removed(waiting):
    lease = await claim(waiting, 20)
    await done(waiting, lease)
    parked = await claim(waiting, 1)
    async with waiting.database.intake() as connection:
        await receipts.park(connection, parked.token, parked.receipts[0].id, "x", b"x")
    await ask(waiting, "update receipt set done_at = now() - interval '8 days' where done_at is not null")
    async with waiting.database.intake() as connection:
        assert await receipts.remove_old(connection, days=7, parked_days=30) == 20
    assert await states(waiting) == {"new": 29, "parked": 1}


async def test_the_backlog_counts_what_is_due(waiting):
    lease = await claim(waiting, 10)
    async with waiting.database.intake() as connection:
        await receipts.try_again(connection, lease.token, lease.receipts[0].id, "x", after_seconds=100)
        assert await receipts.backlog(connection) == 40


async def test_an_empty_table_gives_an_empty_lease(home):
    lease = await claim(home)
    assert lease.receipts == []
    assert isinstance(lease.token, UUID)


async def test_a_receipt_whose_key_is_gone_holds_nobody_up_who_waits_with_it(home):
    """Two edits wait for originals that never come; the key of one was destroyed meanwhile."""

    account = home.accounts["telegram-my"]
    for number in (1, 2):
        words = f"They owe me {number} months"
        await home.put(telegram.edit(account, person(f"p{number}", "en", "MY"), words, number, NOON, 100 + number))
    await home.take_in()
    ((first,),) = await ask(home, "select receipt_id from waiting order by receipt_id limit 1")
    await ask(home, "update receipt set sealed = %s where id = %s", b"\x01" + bytes(60), first)
    assert await home.give_up_waiting() == 2
    (message,) = (await home.ticket())["messages"]
    assert message["text"] == "They owe me 2 months"
