"""Waking a worker. A nudge carries no truth: rows do, and a lost nudge is found by the sweep.

A job id is the job's name and its generation, and a job's first act is to raise the generation. So a nudge that comes
while a job runs queues one more job, and any number of nudges queue no more than that one (docs/decisions/0005).
"""

import asyncio

import redis
import structlog
from rq import Queue
from rq.exceptions import DuplicateJobError

QUEUE = "worker-voice"
_SECONDS = 2.0  # a Redis that hangs must not hold anybody up
_PAUSE = 0.1  # between two nudges of one process: what arrives meanwhile shares the next
log = structlog.get_logger()


def connect(url: str) -> redis.Redis:
    """A Redis client for nudges; it connects when it is first used."""
    return redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)


class Nudger:
    """Asks for jobs by name: `take_in`, `index`, `fetch`."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._queue = Queue(QUEUE, connection=client)
        self._wanted: set[str] = set()
        self._running: asyncio.Task[None] | None = None

    def nudge(self, name: str) -> None:
        """Ask for a job; returns at once. Many calls in a short time become one."""
        self._wanted.add(name)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._send())

    def now(self, name: str) -> None:
        """Ask for a job where no event loop runs."""
        self._enqueue(name)

    async def close(self) -> None:
        """Wait for the nudge that is under way."""
        if self._running:
            await self._running
        self._client.close()

    async def _send(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, set()
            for name in wanted:
                await asyncio.to_thread(self._enqueue, name)
            await asyncio.sleep(_PAUSE)

    def _enqueue(self, name: str) -> None:
        try:
            generation = int(self._client.get(f"gen:{name}") or 0)
            self._queue.enqueue(
                f"workers_queue.jobs.{name}",
                job_id=f"{name}-{generation}",
                unique=True,
                result_ttl=0,
                failure_ttl=300,
                job_timeout=120,
            )
        except DuplicateJobError:
            pass  # somebody asked already: that job will see our rows
        except redis.RedisError as error:
            log.warning("nudge.lost", job=name, error=type(error).__name__)

    def begin(self, name: str) -> None:
        """A job's first act, before it looks for rows."""
        try:
            self._client.incr(f"gen:{name}")
        except redis.RedisError as error:
            log.warning("nudge.generation", job=name, error=type(error).__name__)
