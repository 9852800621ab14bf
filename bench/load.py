"""Knocks on the door from a process of its own; requests are built there before the clock starts."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import cycle
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any, TypeVar

import uvloop

from bench.mail import on_the_wire
from bench.wire import PATIENCE, Answers, Knocker, Lines
from sandbox.posting import Post

Run = Callable[[], Answers]
T = TypeVar("T")


def flat_out(port: int, connections: int, seconds: float, make: Callable[[], Sequence[bytes]]) -> Run:
    """As much as goes through, for so many seconds; each connection waits for its answer. Requests may repeat."""
    requests = make()
    return lambda: uvloop.run(_flat_out(port, requests, connections, seconds))


def steadily(port: int, rate: float, make: Callable[[], Sequence[bytes]]) -> Run:
    """So many a second, whether answers come or not."""
    requests = make()
    return lambda: uvloop.run(_steadily(port, requests, rate))


def each_once(port: int, connections: int, make: Callable[[], Sequence[bytes]]) -> Run:
    """Every request once, as fast as they are answered."""
    requests = make()
    return lambda: uvloop.run(_through(port, requests, connections, _send))


def tell(port: int, connections: int, make: Callable[[], Sequence[Post]]) -> Run:
    """Every post once, as fast as they are answered; a call goes on by what it is answered."""
    posts = make()
    return lambda: uvloop.run(_through(port, posts, connections, _carry))


async def _flat_out(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Answers:
    answers, loop = Answers(), asyncio.get_running_loop()
    began = perf_counter()
    make = partial(Knocker, cycle(requests), began + seconds, answers)
    knockers = [(await loop.create_connection(make, "127.0.0.1", port))[1] for _ in range(connections)]
    await asyncio.wait([knocker.over for knocker in knockers], timeout=seconds + PATIENCE)
    answers.seconds = perf_counter() - began
    return answers


async def _steadily(port: int, requests: Sequence[bytes], rate: float) -> Answers:
    lines = Lines(port)
    await lines.open(256)
    async with asyncio.TaskGroup() as tasks:
        for number, request in enumerate(requests):
            due = lines.began + number / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            tasks.create_task(_send(lines, request, due))
    return lines.finished()


async def _through(
    port: int, jobs: Sequence[T], connections: int, carry: Callable[[Lines, T], Awaitable[None]]
) -> Answers:
    lines, left = Lines(port), iter(jobs)
    await lines.open(connections)

    async def work() -> None:
        for job in left:
            await carry(lines, job)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(work())
    return lines.finished()


async def _send(lines: Lines, request: bytes, due: float | None = None) -> None:
    await lines.send(request, due)


async def _carry(lines: Lines, post: Post) -> None:
    for webhook in post.webhooks:
        await lines.send(on_the_wire(webhook))
    if post.call:
        with suppress(StopIteration):
            webhook = next(post.call)
            while True:
                webhook = post.call.send(await lines.send(on_the_wire(webhook)))


class Load:
    """A load whose process is ready and waits for the word."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._pipe.recv()

    def go(self) -> None:
        """Start the clock."""
        self._pipe.send(None)

    def answers(self) -> Answers:
        """Blocks until it is over. Raises EOFError when its process died."""
        answers = self._pipe.recv()
        assert isinstance(answers, Answers)
        return answers


@contextmanager
def load(kind: Callable[..., Run], *given: Any) -> Iterator[Load]:
    """A load in a process of its own; `given` are the arguments of its kind."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, kind, given), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Load(ours)
    finally:
        ours.close()
        process.join(1)
        process.kill()


def at_once(kind: Callable[..., Run], *given: Any) -> Answers:
    """Start a load and wait for its end."""
    with load(kind, *given) as ready:
        ready.go()
        return ready.answers()


def _work(pipe: Connection, kind: Callable[..., Run], given: tuple[Any, ...]) -> None:
    run = kind(*given)
    pipe.send(None)
    pipe.recv()
    pipe.send(run())
