"""The net under every nudge: what is due is found again by looking, on the worker's own timers.

Every worker sweeps. Two that sweep at once do no harm, since claims are rows.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from runtime.ids import machine_now, now
from storage import audit, day_keys, feed, media, messages, receipts, search, sessions, tickets
from workers_queue.deliver import recover
from workers_queue.retention import keep_retention
from workers_queue.take_in import give_up_waiting, take_in
from workers_queue.workplace import Workplace

_TURNS = 40  # batches in one sweep; receipts tried before take every other turn, alone
_ORPHAN, _ORPHANS = timedelta(hours=1), 500  # a file this old is not being fetched any more; looked at so many at once
_REPLAYS = 10  # days; a parked receipt may be replayed on its last day
log = structlog.get_logger()


async def sweep(at: Workplace) -> None:
    """Run all timers until cancelled."""
    async with asyncio.TaskGroup() as timers:
        for seconds, duty in _DUTIES:
            timers.create_task(_every(seconds, duty, at))


async def _every(seconds: float, duty: Callable[[Workplace], Awaitable[object]], at: Workplace) -> None:
    while True:
        try:
            async with asyncio.timeout(max(60.0, seconds / 2)):
                await duty(at)
        except Exception as error:  # noqa: BLE001 - a duty that fails is tried again, and never ends the others
            log.warning("sweep.failed", duty=duty.__name__, error=type(error).__name__)
        await asyncio.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311 - so that workers do not march in step


async def _take_in(at: Workplace) -> None:
    """Claims by itself, never through a nudge: Redis may be away, or may have lost the job."""
    async with at.database.intake() as connection:
        due = await receipts.backlog(connection)
    if not due:
        return
    # a worker killed between dequeue and its first act leaves its job's id behind
    await asyncio.to_thread(at.nudger.begin, "take_in")
    for turn in range(_TURNS):
        if not await take_in(at, tried_first=turn % 2 == 0):
            return


async def _release_leases(at: Workplace) -> None:
    async with at.database.intake() as connection:
        released = await receipts.release(connection)
    if released:
        log.warning("sweep.released", receipts=released)
    await recover(at)


async def index(at: Workplace) -> int:
    """Put new words into the search index; gives how many messages."""
    async with at.busy, at.database.intake() as connection:
        return await search.index(connection, at.master)


async def chain_audit(at: Workplace) -> None:
    """Chain new audit lines; the newest hash leaves the database with the log."""
    async with at.database.intake() as connection:
        links, head = await audit.chain(connection)
    if links:
        log.info("audit.chained", links=links, head=head)


async def wake(at: Workplace) -> None:
    """What agents put aside comes back when its time is over; the list knows by itself, open pages are told."""
    async with at.database.intake() as connection:
        woken = await tickets.wake(connection, at.clock())
        lines = [audit.Line(organisation=o, actor="intake", action="ticket.woke", ticket=t) for o, t in woken]
        await audit.write(connection, lines)
        await feed.tell(connection, [(organisation, ticket, "changed") for organisation, ticket in woken])


async def keep_house(at: Workplace) -> None:
    """Destroy old keys, delete what has had its time, and have tomorrow's keys ready."""
    keep, intake = at.settings.retention, at.database.intake
    async with intake() as connection:  # a transaction each: what is slow must not undo what is owed
        keys = await day_keys.destroy_old(connection)
        await at.day_keys.refresh(connection)
    async with intake() as connection:
        removed = await receipts.remove_old(connection, days=keep.receipts_days, parked_days=keep.parked_days)
    async with intake() as connection:
        changes = await feed.forget_old(connection, hours=keep.change_hours)
    async with intake() as connection:
        seen = await messages.forget_seen(connection, days=keep.parked_days + _REPLAYS)
    async with intake() as connection:
        ended = await sessions.forget_old(connection, machine_now(), idle_minutes=at.settings.web.idle_minutes)
    log.info("sweep.kept_house", keys=keys, receipts=removed, changes=changes, seen=seen, sessions=ended)


async def drop_orphans(at: Workplace) -> int:
    """Delete files that no row speaks for: of erased people, of answers never sent, half written; gives how many."""
    old, page, dropped = now() - _ORPHAN, [], 0
    async for name, attachment, written in at.files.kept():
        if written < old:
            page.append((name, attachment))
        if len(page) >= _ORPHANS:
            dropped, page = dropped + await _drop(at, page), []
    dropped += await _drop(at, page)
    if dropped:
        log.info("sweep.orphans", files=dropped)
    return dropped


async def _drop(at: Workplace, page: Sequence[tuple[str, UUID | None]]) -> int:
    async with at.database.intake() as connection:
        kept = await media.still_kept(connection, {id_ for _, id_ in page if id_})
    orphans = [name for name, id_ in page if id_ not in kept]
    for name in orphans:
        await at.files.drop(name)
    return len(orphans)


_DUTIES: tuple[tuple[float, Callable[[Workplace], Awaitable[object]]], ...] = (
    (1.0, _take_in),
    (1.0, index),
    (5.0, _release_leases),
    (5.0, chain_audit),
    (5.0, wake),
    (15.0, give_up_waiting),
    (3600.0, keep_house),
    (3600.0, keep_retention),
    (3600.0, drop_orphans),
)
