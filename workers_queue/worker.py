"""A worker process: rq in the main thread, an event loop for its whole life in another.

rq would otherwise start a loop for each job and stop jobs by signals that an event loop does not survive; the facts
are in docs/decisions/0005.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Collection, Coroutine, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

import redis
import structlog
import uvloop
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.timeouts import BaseDeathPenalty
from rq.worker import WorkerStatus

from runtime.played import follow
from storage import media, receipts
from translations import lexicon, requests
from workers_queue.deliver import deliver, recover
from workers_queue.fetch import fetch
from workers_queue.nudge import QUEUE
from workers_queue.sweep import sweep
from workers_queue.sync import sync
from workers_queue.workplace import Workplace

HARD_LIMIT = 90.0  # seconds a job may take; its lease has run out by then
_STOP_SECONDS = 20.0  # more than any duty takes for what it has begun
T = TypeVar("T")
log = structlog.get_logger()


class _NoPenalty(BaseDeathPenalty):
    """Jobs are stopped by their own time-outs, not by signals."""

    def setup_death_penalty(self) -> None:
        pass

    def cancel_death_penalty(self) -> None:
        pass


class _Worker(SimpleWorker):
    death_penalty_class = _NoPenalty

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """rq's own would tell Redis first; with Redis away that fails, and breaks off the job under way."""
        _stopping.set()
        self._stop_requested = True
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested


_loop = uvloop.new_event_loop()
_workplace: Workplace | None = None
_stopping = threading.Event()


def here() -> Workplace:
    """This process's workplace; raises RuntimeError outside a worker."""
    if _workplace is None:
        raise RuntimeError("this is not a worker process: start one with `worker-voice worker`")
    return _workplace


class JobFailed(Exception):
    """A job failed; its rows are found again by the sweep. Only the kind is told, since rq keeps the text in Redis."""


def run(job: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the worker's loop, from rq's thread; cancelled when it takes too long. Raises JobFailed."""
    future = asyncio.run_coroutine_threadsafe(job, _loop)
    try:
        return future.result(HARD_LIMIT)
    except Exception as error:  # noqa: BLE001 - whatever it was, its text must not reach Redis
        future.cancel()
        log.warning("job.failed", error=type(error).__name__)
        raise JobFailed(type(error).__name__) from None


def wake(name: str) -> None:
    """Wake one of the worker's own loops, from rq's thread."""
    _loop.call_soon_threadsafe(here().wakes[name].set)


def work(workplace: Workplace, redis_url: str) -> None:
    """Work until SIGTERM or SIGINT; the job under way is finished."""
    global _workplace  # rq calls jobs by name: they have to find it somewhere
    _workplace = workplace
    thread = threading.Thread(target=_loop.run_forever, name="loop", daemon=True)
    thread.start()
    threading.Thread(target=_watch, name="watchdog", daemon=True).start()
    duties = run(_begin(workplace, redis_url))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stopping.set())
    try:
        with suppress(StopRequested):  # rq raises it wherever the signal finds it
            _serve(redis_url)
    finally:
        run(_end(workplace, duties))
        _loop.call_soon_threadsafe(_loop.stop)
        thread.join(timeout=5)


def _watch() -> None:
    """End a process whose loop stands still: what it was at is counted as tried, and somebody starts it again."""
    while not _stopping.wait(10):
        turned = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), _loop)
        try:
            turned.result(HARD_LIMIT)
        except TimeoutError:
            log.critical("worker.stands_still", seconds=HARD_LIMIT)
            os._exit(1)


def _serve(redis_url: str) -> None:
    """rq leaves when Redis does; the sweep goes on meanwhile, and rq comes back with Redis."""
    while not _stopping.is_set():
        try:
            client = redis.Redis.from_url(redis_url)
            worker = _Worker([QUEUE], connection=client, maintenance_interval=60, worker_ttl=60)
            worker.log_job_description = False
            worker.work(logging_level="WARNING")
        except redis.RedisError as error:
            log.warning("worker.redis_away", error=type(error).__name__)
        _stopping.wait(0.5)


async def ended(duties: Collection[asyncio.Task[None]], patience: float = _STOP_SECONDS) -> None:
    """Cancel tasks and wait until they are over. `patience`: seconds they have for what they have begun.

    What is still there then lost its cancellation, in a library that made an error of it: it is cancelled again, with
    every task it waits for, until it ends.
    """
    for duty in duties:
        duty.cancel()
    _, left = await asyncio.wait(duties, timeout=patience)
    while left:
        log.warning("worker.cancelled_again", duties=len(left))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)


async def _begin(workplace: Workplace, redis_url: str) -> list[asyncio.Task[None]]:
    await asyncio.to_thread(lexicon.warm)  # else the first message of an unknown language pays for all of them
    await asyncio.to_thread(requests.warm)
    await workplace.database.open()
    async with workplace.database.intake() as connection:
        await workplace.day_keys.refresh(connection)
        released = await receipts.release(connection, slot=workplace.slot)
        await media.release(connection, slot=workplace.slot)
    await recover(workplace, slot=workplace.slot)
    log.info("worker.started", slot=workplace.slot, released=released)
    duties = [sweep(workplace), deliver(workplace, redis_url), fetch(workplace), sync(workplace)]
    if sandbox_api := workplace.settings.sandbox_api:
        duties.append(follow(sandbox_api))
    return [asyncio.create_task(for_life(duty)) for duty in duties]


async def for_life(duty: Coroutine[Any, Any, None]) -> None:
    """A duty lasts as long as its worker. Where one ends by itself, the worker ends too, and somebody starts it again.

    As abruptly as if it were killed: what was under way is found again by its leases.
    """
    try:
        await duty
    except Exception as error:  # noqa: BLE001 - whatever it was, a worker that seems well and does half is worse
        log.critical("worker.duty_failed", duty=getattr(duty, "__name__", ""), error=type(error).__name__)
    if not _stopping.is_set():
        os._exit(1)


async def _end(workplace: Workplace, duties: Sequence[asyncio.Task[None]]) -> None:
    await workplace.busy.acquire()  # the batch under way is finished, and none is begun after it
    await ended(duties)
    await workplace.nudger.close()
    await workplace.database.close()
