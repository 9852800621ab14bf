"""What becomes of tickets is told to the case stores: claimed, rendered, put, and its fate written down.

One task of the worker's loop for its whole life, with a lane for each store: one that is down holds up nobody else.
A batch that has been taken in, or a nudge, wakes all lanes; each also looks by itself. Two workers do no harm: claims
are rows, and of a ticket only the newest snapshot is ever sent.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

import structlog

from cases import snapshot
from cases.breaker import Breaker, backoff
from cases.opened import Open, opened
from model.cases import LOCAL, Parcel, Refused, Result, Stored, Unknown
from storage import audit, case_sync
from storage.case_sync import Claimed, Outcome
from workers_queue.workplace import Workplace

_TOGETHER = 200  # rows of a store that takes many at once
_SHORTEST_LEASE = 20.0
_POLL_SECONDS = 5.0
_GATHER_SECONDS = 0.3  # what is said in one breath is told as one change
_LET_INTAKE_GO_FIRST = 5.0
_STOP_SECONDS = 15.0
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Lane:
    """The way to one store."""

    to: Open
    breaker: Breaker
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> str:
        """Of the store."""
        return self.to.store.id

    @property
    def most(self) -> int:
        """Rows in one turn."""
        return _TOGETHER if self.to.kind.put_all else int(self.to.settings.parallel)

    @property
    def patience(self) -> float:
        """Seconds one put may take, with all the requests it makes."""
        return float(2 * self.to.settings.timeout_seconds)

    @property
    def lease(self) -> timedelta:
        """Twice as long as a put may take, so that it is over before somebody else begins."""
        return timedelta(seconds=max(_SHORTEST_LEASE, 2 * self.patience))


class Syncer:
    """Belongs to the worker's loop. `chance` decides jitter alone."""

    def __init__(self, at: Workplace, stores: Sequence[Open], chance: Random) -> None:
        self._at, self._chance = at, chance
        self.lanes = [Lane(to=store, breaker=Breaker(chance)) for store in stores]

    async def run(self) -> None:
        """Sync until cancelled; what is under way then is finished."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._wake_all())
            for lane in self.lanes:
                tasks.create_task(self._run(lane))

    async def _wake_all(self) -> None:
        wake = self._at.wakes["sync_cases"]
        while True:
            await wake.wait()
            wake.clear()
            for lane in self.lanes:
                lane.woken.set()

    async def _run(self, lane: Lane) -> None:
        while True:
            await self._let_intake_go_first()
            told = await self._finished(asyncio.create_task(self._turn_or_nothing(lane)))
            if not told:
                await self._something_new(lane)

    async def _finished(self, turn: asyncio.Task[int]) -> int:
        """A stop waits for what is under way; what it cuts off is sent again when its lease is over."""
        try:
            return await asyncio.shield(turn)
        except asyncio.CancelledError:
            await asyncio.wait({turn}, timeout=_STOP_SECONDS)
            turn.cancel()
            raise

    async def _turn_or_nothing(self, lane: Lane) -> int:
        try:
            return await self.turn(lane)
        except Exception as error:  # noqa: BLE001 - the rows are claimed again when their lease is over
            log.warning("cases.turn_failed", store=lane.id, error=type(error).__name__)
            return 0

    async def _let_intake_go_first(self) -> None:
        """A case store can wait a little, the people on the line cannot; but never for ever."""
        clock = asyncio.get_running_loop().time
        until = clock() + _LET_INTAKE_GO_FIRST
        while self._at.busy.locked() and clock() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # - one batch follows another, so the end of one says nothing

    async def _something_new(self, lane: Lane) -> None:
        seconds = _POLL_SECONDS * self._chance.uniform(0.8, 1.2)
        try:
            async with asyncio.timeout(seconds):
                await lane.woken.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_GATHER_SECONDS)
        lane.woken.clear()

    async def turn(self, lane: Lane) -> int:
        """Claim what is due in one store, put it, write down what came of it; gives how many were claimed."""
        now = self._at.clock()
        room = lane.breaker.room(now, lane.most)
        if not room:
            return 0
        async with self._at.database.intake() as connection:
            claimed = await case_sync.claim(connection, store=lane.id, now=now, limit=room, lease=lane.lease)
        if claimed:
            fresh_until = asyncio.get_running_loop().time() + lane.lease.total_seconds() / 2
            parcels = [(one, self._parcel(lane, one)) for one in claimed]
            ready = [(one, what) for one, what in parcels if isinstance(what, Parcel)]
            results = await self._put(lane, [what for _, what in ready], fresh_until)
            answered = [(one, r) for (one, _), r in zip(ready, results, strict=True) if r is not None]
            for one, result in answered:
                self._learn(lane, one, result)
            unsent = [(one, what) for one, what in parcels if not isinstance(what, Parcel)]
            await self._write_down(lane, [*answered, *unsent])
        return len(claimed)

    # ---- putting

    def _parcel(self, lane: Lane, one: Claimed) -> Parcel | Stored | Refused:
        """What is sent; or what there is to say without sending anything."""
        if one.source is None and not one.told:
            return Stored()  # it came and went before the store heard of it
        try:
            return snapshot.parcel(
                one.source,
                organisation=one.organisation,
                ticket=one.ticket,
                version=one.version,
                changed_at=one.changed_at,
                remote_id=one.remote_id,
                store=lane.to.store,
                settings=self._at.settings,
                master=self._at.master,
            )
        except Exception as error:  # noqa: BLE001 - one ticket that cannot be told must not hold up the others
            log.error("cases.cannot_tell", store=lane.id, ticket=str(one.ticket), error=type(error).__name__)
            return Refused(code="mistake", detail=type(error).__name__)

    async def _put(self, lane: Lane, parcels: Sequence[Parcel], fresh_until: float) -> Sequence[Result | None]:
        """What became of each; None where nothing was sent."""
        if lane.to.kind.put_all:
            return await lane.to.kind.put_all(lane.to.client, parcels)
        return await asyncio.gather(*(self._put_one(lane, one, fresh_until) for one in parcels))

    async def _put_one(self, lane: Lane, parcel: Parcel, fresh_until: float) -> Result | None:
        if asyncio.get_running_loop().time() > fresh_until:
            return None  # this process stood still: somebody else may be sending it
        try:
            async with asyncio.timeout(lane.patience):
                result: Result = await lane.to.kind.put(lane.to.client, parcel)
        except TimeoutError:
            return Unknown(why="TimeoutError")
        return result

    # ---- what came of it

    async def _write_down(self, lane: Lane, found: Sequence[tuple[Claimed, Result]]) -> None:
        outcomes = [self._outcome(lane, claimed, result) for claimed, result in found]
        over = [c for c, r in found if c.source is None and isinstance(r, Stored)]
        told = [c for c, r in found if isinstance(r, Stored) and (c.source or c.told)]
        async with self._at.database.intake() as connection:
            lost = await case_sync.finish(connection, outcomes)
            await case_sync.again(connection, [c.key for c in lost])
            await case_sync.drop(connection, over)
            if lane.id != LOCAL:  # what leaves the network is written down
                await audit.write(connection, [_line(lane, c) for c in told])
        if lost:
            log.warning("cases.lease_lost", store=lane.id, tickets=len(lost))

    def _learn(self, lane: Lane, claimed: Claimed, result: Result) -> None:
        was = lane.breaker.open_until
        opened = lane.breaker.note(result, self._at.clock())
        if opened and was is None:
            log.warning("cases.left_alone", store=lane.id, error=_error(result))
        elif was is not None and lane.breaker.open_until is None:
            log.info("cases.well_again", store=lane.id)
        if isinstance(result, Refused) and not result.retry:
            log.error("cases.held", store=lane.id, ticket=str(claimed.ticket), error=_error(result))

    def _outcome(self, lane: Lane, claimed: Claimed, result: Result) -> Outcome:
        base = Outcome(claimed=claimed, at=self._at.clock(), error=_error(result))
        match result:
            case Stored():
                return replace(base, stored=True, remote_id=result.remote_id)
            case Refused(retry=False):
                return replace(base, held=True)
        wait = backoff(claimed.tries, self._chance)
        if isinstance(result, Refused) and result.after:
            wait = max(wait, result.after)
        return replace(base, due_at=base.at + wait)


def _error(result: Result) -> str | None:
    match result:
        case Stored():
            return None
        case Unknown():
            return f"unsure: {result.why}"
        case Refused():
            return f"{result.code}: {result.detail}" if result.detail else result.code


def _line(lane: Lane, claimed: Claimed) -> audit.Line:
    detail = {"store": lane.id, "version": str(claimed.version)}
    action = "case.told" if claimed.source else "case.withdrawn"
    return audit.Line(
        organisation=claimed.organisation, actor="worker", action=action, ticket=claimed.ticket, detail=detail
    )


async def sync(at: Workplace) -> None:
    """Sync until cancelled, with connections of its own."""
    chance = Random()  # noqa: S311 - jitter, nothing secret
    async with opened(at.settings, at.database) as stores:
        await Syncer(at, stores, chance).run()
