"""Promise 7: a slow client cannot starve the others, and does not stay."""

import asyncio
import time
from datetime import UTC, datetime

from sandbox.people import person
from sandbox.providers import line
from tests.wire import answer_to, head_bytes, request_bytes

DRIPPERS, DRIP = 500, 0.5  # connections; seconds between two bytes of each
CUT, MARGIN = 10, 10
AYE = person("aye", "my", "TH")


def webhook_of(system, number):
    account = next(account for account in system.accounts if account.channel == "line")
    return line.text(account, AYE, "They keep my passport", datetime.now(UTC), number)


async def dripped(port: int, at_once: bytes, slowly: bytes) -> float:
    """Send byte after byte until the other side hangs up: how many seconds it let us."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began, cut = time.monotonic(), asyncio.create_task(reader.read())
    writer.write(at_once)
    for byte in slowly[:100]:
        done, _ = await asyncio.wait({cut}, timeout=DRIP)
        if done:
            break
        writer.write(bytes([byte]))
    seconds = time.monotonic() - began
    cut.cancel()
    writer.close()
    await asyncio.gather(cut, return_exceptions=True)
    return seconds


async def seconds_to_answer(port: int, request: bytes) -> float:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    assert await answer_to(reader) == 200
    writer.close()
    return time.monotonic() - began


async def test_500_dripping_connections(system):
    web = system.web()
    dripping = webhook_of(system, 1)
    head = head_bytes(dripping, ("Content-Length", str(len(dripping.body))))
    assert len(head) > 100
    assert len(dripping.body) > 100
    headers = [asyncio.create_task(dripped(web.port, b"", head)) for _ in range(DRIPPERS // 2)]
    bodies = [asyncio.create_task(dripped(web.port, head, dripping.body)) for _ in range(DRIPPERS // 2)]
    times = [await seconds_to_answer(web.port, request_bytes(webhook_of(system, number))) for number in range(2, 52)]
    assert not any(task.done() for task in headers), "they were cut too soon to be in anybody's way"
    stayed = await asyncio.gather(*headers, *bodies)
    assert max(times) < 2
    assert max(stayed) < CUT + MARGIN
    assert system.receipts_in("new") == len(times)


async def test_silence_after_an_answer_is_cut_too(system):
    web = system.web()
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    writer.write(request_bytes(webhook_of(system, 1)))
    assert await answer_to(reader) == 200
    assert await dripped_after(reader, writer) < CUT + MARGIN


async def dripped_after(reader, writer) -> float:
    """The second request on a connection that was used before."""
    began = time.monotonic()
    writer.write(b"POST /hooks/line-th HTTP/1.1\r\n")
    async with asyncio.timeout(60):
        await reader.read()
    writer.close()
    return time.monotonic() - began
