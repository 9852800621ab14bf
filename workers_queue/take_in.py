"""From stored requests to tickets in the queues of the responsible organisations. Safe to run twice."""

import random
from collections.abc import Iterable, Sequence
from uuid import UUID

import structlog

from channels.contract import Unreadable
from intake.originals import refers_to, without_original
from runtime.keys import CannotOpen
from storage import messages, people, receipts
from storage.database import Connection, StoreAway, code_of, collided
from storage.receipts import Claimed, Lease, LeaseLost
from workers_queue.automatic import answer
from workers_queue.batch import Batch, locks
from workers_queue.hear import hear, hear_now
from workers_queue.heard import Heard, read, taken_for
from workers_queue.workplace import Workplace

_LATE = 50  # events without their original, in one transaction
Part = list[tuple[Claimed, list[Heard]]]  #: receipts with what they hold
log = structlog.get_logger()


async def take_in(at: Workplace, *, tried_first: bool = False) -> int:
    """Claim and take in one batch of receipts; gives how many were claimed."""
    async with at.busy:
        limits = at.settings.workers
        async with at.database.intake() as connection:
            lease = await receipts.claim(
                connection, slot=at.slot, seconds=limits.lease_seconds, limit=limits.batch, tried_first=tried_first
            )
        if len(lease.receipts) == limits.batch:
            at.nudger.nudge("take_in")  # there is more: call a second worker too
        readable = await _readable(at, lease)
        if readable:
            await _halving(at, lease, readable)
            at.wakes["sync_cases"].set()
        return len(lease.receipts)


async def _readable(at: Workplace, lease: Lease) -> Part:
    """What can be read of the lease; the rest is parked, or given back to be tried alone."""
    readable = []
    if at.day_keys.miss(claimed.sealed for claimed in lease.receipts):
        async with at.database.intake() as connection:  # a door made one since this worker has looked
            await at.day_keys.refresh(connection)
    for claimed in lease.receipts:
        if claimed.tries > at.settings.workers.tries:  # it never even failed: it ended its worker, or held it too long
            await _park(at, lease, claimed, f"claimed {claimed.tries - 1} times and never finished")
            continue
        try:
            readable.append((claimed, read(claimed, at.day_keys, at.settings, at.master)))
        except Unreadable as error:
            await _park(at, lease, claimed, str(error))
        except (KeyError, CannotOpen):
            await _park(at, lease, claimed, "the key of this receipt is gone or does not open it")
        except Exception as error:  # noqa: BLE001 - whatever one receipt does, its neighbours are taken in
            await _failed(at, lease, claimed, (), error)
    return readable


async def _halving(at: Workplace, lease: Lease, part: Part, *, patient: bool = False) -> None:
    """Take a batch in; if that fails, each half of it; at one, set it aside. One poison spoils nobody else's day.

    Receipts whose people another worker has in hands come last, and then wait (`patient`).
    """
    busy: Part = []
    due: set[str] = set()
    try:
        async with at.database.intake() as connection:
            if not patient:
                part, busy = await _whose_people_are_free(at, connection, part)
            if part:
                due = await _in_one_transaction(at, connection, lease.token, part)
        _nudge(at, due)
    except LeaseLost:
        log.warning("take_in.lease_lost", receipts=len(part))
    except StoreAway as error:
        if not collided(error):
            raise  # the database, not the receipts: the lease runs out and they are claimed again
        await _halves(at, lease, part, error)
    except Exception as error:  # noqa: BLE001
        await _halves(at, lease, part, error)
    if busy:
        await _halving(at, lease, busy, patient=True)


async def _halves(at: Workplace, lease: Lease, part: Part, error: Exception) -> None:
    if len(part) == 1:
        await _failed(at, lease, *part[0], error)
        return
    middle = len(part) // 2
    await _halving(at, lease, part[:middle], patient=True)
    await _halving(at, lease, part[middle:], patient=True)


async def _whose_people_are_free(at: Workplace, connection: Connection, part: Part) -> tuple[Part, Part]:
    """Part a batch in two: what can be taken in now, and what another worker's batch stands in the way of.

    Two batches nearly always share somebody; without this the whole of one would wait for the whole of the other.
    """
    wanted = {claimed.id: {b for h in events for b in locks(h.event, at.master)} for claimed, events in part}
    held = await people.lock_free_addresses(connection, set().union(*wanted.values()))
    busy = {id_ for id_, blinds in wanted.items() if held.intersection(people.lock_numbers(blinds))}
    return [p for p in part if p[0].id not in busy], [p for p in part if p[0].id in busy]


def _nudge(at: Workplace, jobs: Iterable[str]) -> None:
    """After the commit: whoever is woken looks for rows."""
    for job in jobs:
        at.nudger.nudge(job)


async def _in_one_transaction(at: Workplace, connection: Connection, lease: UUID, part: Part) -> set[str]:
    """Gives the names of the jobs that have something to do now."""
    batch = Batch(connection, at.master, at.settings, at.clock())
    fresh = all(claimed.tries == 1 for claimed, _ in part)
    told = await _taken(at, batch, sorted((h for _, events in part for h in events), key=_order), with_late=fresh)
    lines: dict[UUID, dict[int, str]] = {claimed.id: {} for claimed, _ in part}
    for one, line in told:
        lines[one.receipt][one.position] = line
    await receipts.done(connection, lease, {id_: [said[n] for n in sorted(said)] for id_, said in lines.items()})
    return batch.pending.jobs()


async def _taken(at: Workplace, batch: Batch, heard: Sequence[Heard], *, with_late: bool) -> list[tuple[Heard, str]]:
    """Take events in and write everything; gives a line for each.

    `with_late`: together with events that had waited for them. When that went wrong once, those wait on, and are taken
    in by themselves when their time is over: a poison among them must not hold their original up.
    """
    await batch.load(heard)
    told = [(one, hear(batch, one)) for one in heard]
    if with_late:
        late = await messages.no_longer_waiting(batch.connection, batch.pending.new_ids())
        await _hear_late(at, batch, await _again(at, batch.connection, late))
    await _write(batch)
    return told


async def _write(batch: Batch) -> None:
    """Everything that was decided; what we say by ourselves is decided last, when each ticket has its place."""
    placed = batch.place()
    await answer(batch, placed)
    await batch.write(placed)


def _order(heard: Heard) -> tuple[bool, object, str, UUID, int]:
    """Messages before what speaks of them, then by the time of speaking."""
    return bool(refers_to(heard.event)), heard.at, heard.event.event_id, heard.receipt, heard.position


async def _hear_late(at: Workplace, batch: Batch, heard: Sequence[Heard]) -> None:
    if heard:
        await batch.load(heard)
        for one in sorted(heard, key=_order):
            hear_now(batch, one)


async def _again(at: Workplace, connection: Connection, waiting: Sequence[messages.Waiting]) -> list[Heard]:
    """Events that stand in receipts taken in before, read once more."""
    if not waiting:
        return []
    found = await receipts.sealed_of(connection, [w.receipt_id for w in waiting])
    if at.day_keys.miss(claimed.sealed for claimed in found.values()):
        await at.day_keys.refresh(connection)
    events: dict[UUID, list[Heard]] = {}
    for id_, claimed in found.items():
        try:
            events[id_] = read(claimed, at.day_keys, at.settings, at.master)
        except (Unreadable, KeyError, CannotOpen) as error:  # its account or its key is gone; the others wait on it
            log.error("take_in.waited_in_vain", receipt=str(id_), error=type(error).__name__)
    return [events[w.receipt_id][w.position] for w in waiting if w.receipt_id in events]


async def give_up_waiting(at: Workplace) -> int:
    """Take in the events whose original has not come in time, as what they are without it; gives how many."""
    done = 0
    async with at.busy, at.database.intake() as connection:
        waiting = await messages.waited_too_long(connection, limit=_LATE)
    for one in waiting:  # each by itself, and none twice within the hour
        try:
            async with at.busy, at.database.intake() as connection:
                due = await _without_its_original(at, connection, one)
            _nudge(at, due)
            done += 1
        except Exception as error:  # noqa: BLE001 - it is tried again in an hour, for as long as its receipt is kept
            log.error("take_in.late_poison", receipt=str(one.receipt_id), error=_kind(error))
    return done


async def _without_its_original(at: Workplace, connection: Connection, waiting: messages.Waiting) -> set[str]:
    batch = Batch(connection, at.master, at.settings, at.clock())
    found = await _again(at, connection, [waiting])
    await batch.load(found)
    # its original may have come after all, with a receipt that had to be tried again
    here = [refers_to(h.event) is not None and (h.account.id, refers_to(h.event)) in batch.known for h in found]
    heard = [h if came else taken_for(h, without_original(h.event)) for h, came in zip(found, here, strict=True)]
    await _hear_late(at, batch, heard)
    await messages.no_longer_waits(connection, waiting)
    await _write(batch)
    return batch.pending.jobs()


async def _one_by_one(at: Workplace, heard: Sequence[Heard]) -> int:
    """Several people's words may share one receipt: save those that can be; gives how many.

    A replay of the parked receipt drops what was saved as seen before.
    """
    saved = 0
    for one in sorted(heard, key=_order) if len(heard) > 1 else ():
        try:
            async with at.database.intake() as connection:
                batch = Batch(connection, at.master, at.settings, at.clock())
                await _taken(at, batch, [one], with_late=False)
            _nudge(at, batch.pending.jobs())
            saved += 1
        except Exception as error:  # noqa: BLE001 - this is the poison
            log.warning("take_in.poison", receipt=str(one.receipt), position=one.position, error=_kind(error))
    return saved


async def _failed(at: Workplace, lease: Lease, claimed: Claimed, heard: Sequence[Heard], error: Exception) -> None:
    """Try again, alone and later; after the last try park it.

    Only the error's kind is told: its text may hold a worker's words.
    """
    limits, kind = at.settings.workers, _kind(error)
    if claimed.tries >= limits.tries:
        saved = await _one_by_one(at, heard)
        held = f"; {saved} of its {len(heard)} events were taken in" if len(heard) > 1 else ""
        await _park(at, lease, claimed, f"gave up after {claimed.tries} tries: {kind}{held}")
        return
    wait = 2.0**claimed.tries * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, nothing secret
    log.warning("take_in.failed", receipt=str(claimed.id), tries=claimed.tries, error=kind)
    async with at.database.intake() as connection:
        await receipts.try_again(connection, lease.token, claimed.id, kind, after_seconds=wait)


def _kind(error: Exception) -> str:
    """Class, place and SQLSTATE of an error, never its message."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" in {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return " ".join(filter(None, (type(error).__name__, code_of(error)))) + where


async def _park(at: Workplace, lease: Lease, claimed: Claimed, error: str) -> None:
    log.error("take_in.parked", receipt=str(claimed.id), error=error)
    sealed = claimed.sealed
    try:
        request = at.day_keys.of(sealed).open("receipt|sealed", claimed.id, sealed)
        sealed = at.day_keys.parked().seal("receipt|sealed", claimed.id, request)
    except (KeyError, CannotOpen):
        pass  # it stays as it is: somebody may yet find the key
    async with at.database.intake() as connection:
        await receipts.park(connection, lease.token, claimed.id, error, sealed)
