"""From the outbox to the providers: one worker, two workers, and an answer amid a broadcast.

The provider answers after 50 ms, all four written channels take their share, and words go through their real SDKs.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from bench.load import at_once, each_once
from bench.mail import written
from bench.provider import ANSWER_SECONDS
from bench.scale import Scale
from bench.system import Process, System, TooSlow, stopped
from bench.table import Row, milliseconds, per_second, ratio, spread
from model.deliveries import BROADCAST, NewDelivery
from model.tickets import Message
from outbound.answer import answer
from runtime.ids import new_id, now
from storage import messages, outbox, people
from storage.database import Connection, Database
from workers_queue.claims import AT_ONCE

_PEOPLE = "select organisation_id, id, person_id, account from ticket where status = 'open' order by number"
_ADDRESSES = (
    "select distinct on (m.person_id) m.organisation_id, m.ticket_id, m.person_id, m.account, m.address_id "
    "from message m where m.direction = 'in' and m.address_id is not null and m.account not like 'voice%' "
    "order by m.person_id, m.id"
)
_LEFT = "select count(*) from delivery where state in ('queued', 'sending')"
_SOME_LEFT = "select exists (select from delivery where state in ('queued', 'sending'))"
_BROADCAST_RATE = 50


def deliver_rows(system: System, scale: Scale) -> list[Row]:
    """All rows about delivering."""
    with system.web() as web, system.workers(1) as workers:
        at_once(each_once, web.port, 32, partial(written, system.accounts, scale.known, scale.known, 0))
        system.seconds_until_taken_in(scale.patience)
        _settled(system, scale.patience)
        _delivered(system, workers, scale)  # a new worker loads its SDKs at the first send
        one = _delivered(system, workers, scale)
    with system.workers(2) as workers:
        _delivered(system, workers, scale)
        two = _delivered(system, workers, scale)
        amid = _answers_amid_a_broadcast(system, scale)
    floor = AT_ONCE / ANSWER_SECONDS  # all places taken all the time, and nothing else to do
    times = spread(amid)
    p95 = sorted(amid)[int(len(amid) * 0.95)] * 1000 if amid else 0.0
    return [
        Row(
            what="delivered by one worker to a provider that answers in 50 ms",
            floor=per_second(floor), us=per_second(one), ratio=ratio(one, floor), must="≥ 200/s",
        ),
        Row(
            what="delivered by two workers (floor: one)",
            floor=per_second(one), us=per_second(two), ratio=ratio(two, one), must="≥ 1.80",
        ),
        Row(
            what=f"an answer amid a broadcast of {_BROADCAST_RATE}/s, written to taken, p50 / p95",
            us=milliseconds(times.p50, p95), must="p95 < 1 s",
        ),
    ]  # fmt: skip


def _settled(system: System, patience: float) -> float:
    """Seconds until nothing waits to be delivered any more."""
    began = time.perf_counter()
    while system.ask(_SOME_LEFT):
        if time.perf_counter() - began > patience:
            raise TooSlow(f"{system.ask(_LEFT)} deliveries are not through after {patience:.0f} s")
        time.sleep(0.1)  # seldom: to ask costs those who are measured
    return time.perf_counter() - began


def _delivered(system: System, workers: Sequence[Process], scale: Scale) -> float:
    """Deliveries a second: all are written before the workers wake up."""
    with stopped([worker.pid for worker in workers]):
        count = asyncio.run(_write(system, scale.deliveries, priority=0))
    return count / _settled(system, scale.patience)


async def _write(system: System, count: int, *, priority: int, over_seconds: float = 0.0) -> int:
    """So many deliveries, one or more to each person in turn, due at once or evenly over a time."""
    database = Database(system.at.owner, "worker", system.at.master, most=1)
    await database.open()
    try:
        async with database.intake() as connection:
            who = await (await connection.execute(_ADDRESSES.encode())).fetchall()
            keys = await people.keys(connection, system.at.master, [row[2] for row in who])
            at = now()
            pairs = [
                _said(who[n % len(who)], keys, at + timedelta(seconds=over_seconds * n / count), priority)
                for n in range(count)
            ]
            await _insert(connection, pairs)
    finally:
        await database.close()
    return count


def _said(who: tuple[UUID, UUID, UUID, str, UUID], keys, at, priority: int) -> tuple[Message, NewDelivery]:  # type: ignore[no-untyped-def]
    organisation, ticket, person, account, address = who
    id_ = new_id()
    message = Message(
        id=id_, ticket=ticket, person=person, account=account, address=address, direction="out", kind="text",
        text=keys[person].seal("message|text", id_, "သင့်စာ ရောက်ပါပြီ။".encode()), occurred_at=at, arrived_at=at,
        author="operator",
    )  # fmt: skip
    delivery = NewDelivery(
        id=new_id(), organisation=organisation, message=id_, ticket=ticket, person=person, address=address,
        account=account, purpose="broadcast" if priority == BROADCAST else "reply", priority=priority, at=at,
    )  # fmt: skip
    return message, delivery


async def _insert(connection: Connection, pairs: Sequence[tuple[Message, NewDelivery]]) -> None:
    await messages.insert(connection, [(delivery.organisation, message) for message, delivery in pairs])
    await outbox.insert(connection, [delivery for _, delivery in pairs])


def _answers_amid_a_broadcast(system: System, scale: Scale) -> list[float]:
    """Seconds from an agent's answer to the provider's word that it has it, while a broadcast runs."""
    count = int(_BROADCAST_RATE * scale.broadcast_seconds)
    asyncio.run(_write(system, count, priority=BROADCAST, over_seconds=scale.broadcast_seconds))
    return asyncio.run(_answer_now_and_then(system, scale.broadcast_seconds))


async def _answer_now_and_then(system: System, seconds: float) -> list[float]:
    database = Database(system.at.owner, "worker", system.at.master, most=1)
    await database.open()
    taken = []
    try:
        async with database.intake() as connection:
            tickets = await (await connection.execute(_PEOPLE.encode())).fetchall()
        written_ones = [t for t in tickets if not t[3].startswith("voice")]
        began = time.perf_counter()
        for n in range(int(seconds * 2)):
            organisation, ticket, *_ = written_ones[n * 7 % len(written_ones)]
            wrote = time.perf_counter()
            async with database.desk(organisation) as connection:
                said = await answer(
                    connection, system.at.master, system.at.settings, organisation, ticket, "ok", author="operator"
                )
            system.nudge("deliver")
            while await _state(database, said.delivery) in ("queued", "sending"):  # noqa: ASYNC110
                await asyncio.sleep(0.005)  # - another process sends it
            taken.append(time.perf_counter() - wrote)
            await asyncio.sleep(max(0.0, began + (n + 1) / 2 - time.perf_counter()))
    finally:
        await database.close()
    return taken


async def _state(database: Database, delivery: UUID) -> str:
    async with database.intake() as connection:
        row = await (await connection.execute("select state from delivery where id = %b", [delivery])).fetchone()
    return str(row[0]) if row else ""
