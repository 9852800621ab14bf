"""What has been written goes to the people it is for: claimed, rendered, sent, and its fate written down.

One task of the worker's loop for its whole life. A nudge wakes it, and it looks by itself every second. A turn writes
down what the last attempts came to and claims the next ones in one transaction, so that a send costs two commits which
it shares with its neighbours. The facts behind each rule are in docs/decisions/0008.
"""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import structlog
from redis.asyncio import Redis

from channels import registry
from model.deliveries import Result, Sent
from outbound.clients import Clients, Line
from outbound.outcome import cannot, settle
from outbound.pace import Pace
from storage import feed, outbox, people
from storage.database import StoreError
from storage.outbox import Claimed, Outcome
from workers_queue import budget
from workers_queue.claims import AT_ONCE, LEASE, Claims, key_ids
from workers_queue.fates import Attempt, tell, write_down
from workers_queue.make_ready import Impossible, NotNow, NotSafeNow, Ready, Rendering
from workers_queue.workplace import Workplace

_POLL_SECONDS = 1.0
_SHORTEST = 0.02  # a wait for an account's bucket
_STOP_SECONDS = 15.0
log = structlog.get_logger()


class Deliverer:
    """Belongs to the worker's loop. `chance` decides jitter alone."""

    def __init__(self, at: Workplace, clients: Clients, pace: Pace, chance: Random) -> None:
        self._at, self._chance = at, chance
        self._rendering = Rendering(at, clients, pace)
        self._sending: dict[asyncio.Task[Attempt], Claimed] = {}
        self._attempts: list[Attempt] = []  #: known, and not written down yet
        self._patience = _POLL_SECONDS
        self.claims = Claims(at)

    @property
    def under_way(self) -> Sequence[asyncio.Task[Attempt]]:
        """Sends that have begun."""
        return list(self._sending)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waits to be written down."""
        return not (self._sending or self._attempts)

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is finished and written down."""
        try:
            while True:
                try:
                    await self.turn()
                    again = bool(self._attempts) or self.claims.more
                except Exception as error:  # noqa: BLE001 - the store is away; what was claimed is claimed again
                    log.warning("deliver.turn_failed", error=type(error).__name__)
                    again = False
                if not again:
                    await self.something_new(self._patience)
        finally:
            await self._finish()

    async def turn(self) -> int:
        """Write down what is known, claim what is due, begin it; gives how many were claimed."""
        self._collect()
        now, known = self._at.clock(), list(self._attempts)
        async with self._at.database.intake() as connection:
            await write_down(connection, known, self.claims.states, self._chance)
            rows = await self.claims.claim(connection, list(self._sending.values()), now)
            keys = await people.keys_by_id(connection, self._at.master, key_ids(rows)) if rows else {}
        del self._attempts[: len(known)]
        found = await self._rendering.ready(rows, keys, now)
        self._attempts += [_impossible(one, now) for one in found if isinstance(one, Impossible)]
        await self._begin([one for one in found if isinstance(one, Ready)], now)
        await self._give_back([one for one in found if isinstance(one, NotNow)], now)
        await self._hold_back([one for one in found if isinstance(one, NotSafeNow)])
        return len(rows)

    async def something_new(self, seconds: float) -> None:
        """Until a send ends, a nudge comes, or so many seconds have passed."""
        wake = self._at.wakes["deliver"]
        woken = asyncio.create_task(wake.wait())
        ended, _ = await asyncio.wait({woken, *self._sending}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()
        wake.clear()
        if ended - {woken}:
            # what ends about now is written down together; under load a little longer, for fewer and fuller turns
            await asyncio.sleep(0.02 if len(self._sending) > AT_ONCE // 2 else 0.005)

    # ---- sending

    async def _begin(self, ready: Sequence[Ready], now: datetime) -> None:
        """Committed before the first byte leaves: whoever finds the row later knows that it may have been sent."""
        begun: set[UUID] = set()
        if ready:
            keyed = [(one.row, len(one.parts), _keyed_until(one, one.row.parts_done, now)) for one in ready]
            async with self._at.database.intake() as connection:
                begun = await outbox.begin(connection, keyed)
        for one in ready:
            if one.row.id in begun:
                self._sending[asyncio.create_task(self._send(one))] = one.row

    async def _give_back(self, rows: Sequence[NotNow], now: datetime) -> None:
        due = ((one.due_at - now).total_seconds() for one in rows)
        self._patience = min(_POLL_SECONDS, max(_SHORTEST, min(due, default=_POLL_SECONDS)))
        if rows:
            async with self._at.database.intake() as connection:
                for one in rows:
                    await outbox.give_back(connection, one.row.lease, [(one.row.id, one.due_at)])

    async def _hold_back(self, rows: Sequence[NotSafeNow]) -> None:
        """Until the person's safe hours begin, and open pages learn that it waits."""
        if rows:
            async with self._at.database.intake() as connection:
                for one in rows:
                    await outbox.hold_back(connection, one.row.lease, [(one.row.id, one.opens_at)])
                await feed.tell(connection, [(one.row.organisation, one.row.ticket, "changed") for one in rows])

    async def _send(self, ready: Ready) -> Attempt:
        """All requests of one delivery, in order, up to the first that is not taken."""
        row, line, at = ready.row, ready.line, self._at.clock()
        pause = timedelta(seconds=line.out.limits.per_person_seconds)
        for number in range(row.parts_done, len(ready.parts)):
            result = await line.out.send(line.client, ready.parts[number])
            if not isinstance(result, Sent) or number + 1 == len(ready.parts):
                break
            if not await self._part_done(ready, number + 1, result, at):  # its person was erased, or it was recovered
                return Attempt(row=row, outcome=Outcome(row=row, state="unknown", at=at), ended=self._at.clock())
            await asyncio.sleep(pause.total_seconds())
        tried, ended = replace(row, tries=row.tries + 1), self._at.clock()
        outcome = settle(result, tried, at=at, ended=ended, ids=self._ids(result, line), chance=self._chance)
        return Attempt(row=row, outcome=outcome, ended=ended, result=result, pause=pause)

    async def _part_done(self, ready: Ready, done: int, result: Sent, at: datetime) -> bool:
        row, now, ids = ready.row, self._at.clock(), self._ids(result, ready.line)
        so_far = Outcome(row=row, state="sending", at=at, units=result.units, ids=ids)
        async with self._at.database.intake() as connection:
            return await outbox.part_done(connection, so_far, done, _keyed_until(ready, done, now), now + LEASE)

    def _ids(self, result: Result, line: Line) -> tuple[str, ...]:
        """The provider's ids as the store knows them: where they are made of a person's they are veiled."""
        if not isinstance(result, Sent):
            return ()
        private = registry.load(line.account.channel).private_ids
        return tuple(self._at.master.veil(id_) for id_ in result.ids) if private else result.ids

    # ---- what is known

    def _collect(self) -> None:
        for task in [task for task in self._sending if task.done()]:
            row = self._sending.pop(task)
            if (error := task.exception()) is None:
                self._attempts.append(task.result())
            else:  # a channel's send raises nothing: it was the store, or a mistake of ours; nobody knows what left
                log.error("deliver.failed", delivery=str(row.id), error=type(error).__name__)
                now = self._at.clock()
                self._attempts.append(Attempt(row=row, outcome=Outcome(row=row, state="unknown", at=now), ended=now))

    async def _finish(self) -> None:
        """A stop waits for what is under way: cut off, nobody would know what became of it."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=_STOP_SECONDS)
        self._collect()
        with suppress(StoreError):  # the store is away: the lease runs out, and the fate is unknown
            async with self._at.database.intake() as connection:
                await write_down(connection, self._attempts, self.claims.states, self._chance)


async def deliver(at: Workplace, redis_url: str) -> None:
    """Deliver until cancelled, with connections of its own."""
    clients, pace = Clients(at.settings), Pace(Redis.from_url(redis_url, socket_timeout=2), at.settings.workers.count)
    deliverer = Deliverer(at, clients, pace, Random())  # noqa: S311 - jitter, nothing secret
    watching = asyncio.create_task(_watch_the_month(at, clients, deliverer))
    try:
        await deliverer.run()
    finally:
        watching.cancel()
        await clients.close()
        await pace.close()


async def _watch_the_month(at: Workplace, clients: Clients, deliverer: Deliverer) -> None:
    """What may be broadcast is looked up each minute, quotas are asked for each tenth: not while a worker begins."""
    for minute in itertools.count():
        try:
            if minute % 10 == 1:
                await budget.look(at, clients)
            deliverer.claims.no_broadcasts = await budget.closed(at)
        except Exception as error:  # noqa: BLE001 - the next minute may do better
            log.warning("budget.not_looked_at", error=type(error).__name__)
        await asyncio.sleep(60)


async def recover(at: Workplace, *, slot: str | None = None) -> None:
    """Deliveries whose worker is gone: unknown, or sent again where the provider knows their key."""
    async with at.database.intake() as connection:
        changed = await outbox.recover(connection, now=at.clock(), slot=slot)
        await tell(connection, changed)
    if changed:
        log.warning("deliver.recovered", deliveries=len(changed))


def _impossible(one: Impossible, now: datetime) -> Attempt:
    return Attempt(row=one.row, outcome=cannot(one.row, one.reason, now), ended=now)


def _keyed_until(ready: Ready, number: int, now: datetime) -> datetime | None:
    """Until when one of its requests may be repeated without harm; None where it may not."""
    if ready.parts[number].key is None:
        return None
    return ready.row.keyed_until or now + timedelta(hours=ready.line.out.limits.key_hours)
