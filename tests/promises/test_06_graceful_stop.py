"""Promise 6: a process that is asked to stop finishes what it has begun, and nobody is refused by it."""

import asyncio
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import pytest

from runtime.ports import is_free
from sandbox.people import person
from sandbox.providers import line
from tests.processes import check_all_taken_in, eventually, kill, load
from tests.wire import answer_to, request_bytes

CONNECTIONS = 40
AYE = person("aye", "my", "TH")


@dataclass
class Sent:
    """One request: when it was handed to the kernel, and what came back."""

    at: float
    status: int | None = None  #: None: the connection ended without an answer


@dataclass
class Knocking:
    """Many connections, each sending one webhook after another until the other side hangs up."""

    account: object
    port: int
    sent: list[Sent] = field(default_factory=list)
    numbers: count = field(default_factory=lambda: count(1))

    async def until_hung_up(self) -> None:
        async with asyncio.timeout(60):
            await asyncio.gather(*(self._one() for _ in range(CONNECTIONS)))

    async def _one(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        status = 200
        while status is not None:
            webhook = line.text(self.account, AYE, "They keep my passport", datetime.now(UTC), next(self.numbers))
            try:
                writer.write(request_bytes(webhook))
                self.sent.append(sent := Sent(time.monotonic()))
                status = sent.status = await answer_to(reader)
            except OSError:
                status = None
        writer.close()


async def test_a_web_process_answers_every_request_under_way(system):
    web = system.web()
    knocking = Knocking(next(a for a in system.accounts if a.channel == "line"), web.port)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(knocking.until_hung_up())
        await asyncio.to_thread(eventually, lambda: len(knocking.sent) > 1000, "many webhooks were sent")
        asked = time.monotonic()
        web.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(web.process.wait, 60)
    assert code == 0
    assert time.monotonic() - asked < 20
    under_way = [sent for sent in knocking.sent if sent.at < asked]
    assert [sent.status for sent in under_way] == [200] * len(under_way)
    assert {sent.status for sent in knocking.sent} <= {200, None}
    answered = sum(sent.status == 200 for sent in knocking.sent)
    assert system.receipts_in("new") >= answered


@pytest.mark.parametrize("part", [0.3, 0.9])
async def test_a_request_half_sent_is_let_finish(system, part):
    """Cut in the headers, and in the body."""
    web = system.web()
    account = next(a for a in system.accounts if a.channel == "line")
    request = request_bytes(line.text(account, AYE, "They keep my passport", datetime.now(UTC), 1))
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    middle = int(len(request) * part)
    writer.write(request[:middle])
    await asyncio.to_thread(lambda: web.ready()["ready"])  # by now it has read the first half
    web.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(eventually, lambda: is_free(web.port), "it takes no new connections")
    writer.write(request[middle:])
    assert await answer_to(reader) == 200
    assert await asyncio.to_thread(web.process.wait, 60) == 0
    assert system.receipts_in("new") == 1
    writer.close()


@pytest.mark.parametrize("redis_is", ["there", "away"])
def test_a_worker_finishes_its_batch(system, redis_is):
    """With Redis away it works on what it finds by itself, and rq does not hear that it is asked to stop."""
    web = system.web()
    with load(web.url, system.accounts, rate=400, seconds=5) as sending:
        pass
    worker = system.worker()
    if redis_is == "away":
        kill(system.valkey_process)
    eventually(lambda: system.receipts_in("taken"), "it has begun")
    asked = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert time.monotonic() - asked < 20
    assert system.receipts_in("new") > 0, "it had finished all: the test proves nothing"
    assert system.receipts_in("taken") == 0
    if redis_is == "away":
        system.start_valkey()
    system.worker()
    system.await_taken_in(web)
    check_all_taken_in(system, sending.result())
