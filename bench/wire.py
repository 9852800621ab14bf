"""HTTP over raw sockets, with as little as possible between a request and the clock."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

PATIENCE = 30.0  # seconds until a request counts as unanswered
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(slots=True)
class Answers:
    """What came back."""

    seconds: float = 0.0  #: from the first request to the last answer
    taken: list[float] = field(default_factory=list)  #: seconds to each answer
    started: list[float] = field(default_factory=list)  #: when each was due, seconds after the first; not of Knockers
    statuses: Counter[int] = field(default_factory=Counter)  #: 0: no answer

    @property
    def per_second(self) -> float:
        """Answers of any status."""
        return sum(number for status, number in self.statuses.items() if status) / self.seconds if self.seconds else 0.0

    @property
    def refused(self) -> int:
        """Everything but a 2xx."""
        return sum(number for status, number in self.statuses.items() if not 200 <= status < 300)


def answer_in(data: bytes) -> tuple[int, bytes] | None:
    """Status and body once all of it has arrived."""
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap:
        return None
    length = _LENGTH.search(head)
    if length and len(body) < int(length[1]):
        return None
    return int(head[9:12]), body


class Knocker(asyncio.Protocol):
    """One connection that sends the next request as soon as it has an answer, until a moment of `perf_counter`."""

    def __init__(self, requests: Iterator[bytes], until: float, answers: Answers) -> None:
        self._requests, self._until, self._answers = requests, until, answers
        self._data, self._sent = b"", 0.0
        self._transport: asyncio.Transport | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._next(perf_counter())

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        answer = answer_in(self._data)
        if answer is None:
            return
        now, self._data = perf_counter(), b""
        self._answers.taken.append(now - self._sent)
        self._answers.statuses[answer[0]] += 1
        self._next(now)

    def _next(self, now: float) -> None:
        assert self._transport
        if now >= self._until:
            self._transport.close()
            return
        self._sent = now
        self._transport.write(next(self._requests))

    def connection_lost(self, error: Exception | None) -> None:
        if perf_counter() < self._until:
            self._answers.statuses[0] += 1
        if not self.over.done():
            self.over.set_result(None)


class _Line(asyncio.Protocol):
    """One connection on which somebody waits for each answer."""

    def __init__(self) -> None:
        self._data = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status 0 when no answer comes."""
        assert self._transport
        if self._transport.is_closing():
            return 0, b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._answer
        except TimeoutError:
            self._transport.close()
            return 0, b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        answer = answer_in(self._data)
        if answer and self._answer and not self._answer.done():
            self._data = b""
            self._answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result((0, b""))


class Lines:
    """Connections to one port, used in turn so that none is idle for long."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: asyncio.Queue[_Line] = asyncio.Queue()
        self.answers, self.began = Answers(), 0.0

    async def open(self, count: int) -> None:
        """The clock starts when all are open."""
        for _ in range(count):
            await self._one_more()
        self.began = perf_counter()

    async def _one_more(self) -> None:
        made = await asyncio.get_running_loop().create_connection(_Line, "127.0.0.1", self._port)
        self._free.put_nowait(made[1])

    async def send(self, request: bytes, due: float | None = None) -> bytes:
        """The answer's body. The time counts from when the request was due, however late a connection was free."""
        due = perf_counter() if due is None else due
        line = await self._free.get()
        status, body = await line.ask(request)
        if status:
            self._free.put_nowait(line)
        else:
            with suppress(OSError):
                await self._one_more()
        self.answers.statuses[status] += 1
        self.answers.started.append(due - self.began)
        self.answers.taken.append(perf_counter() - due)
        return body

    def finished(self) -> Answers:
        """All of them, with the clock stopped."""
        self.answers.seconds = perf_counter() - self.began
        return self.answers
