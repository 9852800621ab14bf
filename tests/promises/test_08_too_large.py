"""Promise 8: what is too large is refused before it fills the memory, in whatever wrapping it comes."""

import asyncio
import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox import sign
from sandbox.people import person
from sandbox.providers import line
from tests.wire import answer_to, head_bytes, request_bytes

MEGABYTE = 1024 * 1024
PIECE = 64 * 1024
HOSTILE = b'{"events":[],"x":"' + b"a" * 10 * MEGABYTE + b'"}'
BOMB = gzip.compress(b"a" * 50 * MEGABYTE)


def signed(system, body):
    """A webhook with this body and the account's own signature: only its size is wrong."""
    account = next(account for account in system.accounts if account.channel == "line")
    webhook = line.text(account, person("aye", "my", "TH"), "x", datetime.now(UTC), 1)
    headers = (("Content-Type", "application/json"), *sign.line(account.key("channel_secret"), body))
    return replace(webhook, headers=headers, body=body)


def with_length(system) -> bytes:
    return request_bytes(signed(system, HOSTILE))


def chunked(system) -> bytes:
    pieces = [HOSTILE[at : at + PIECE] for at in range(0, len(HOSTILE), PIECE)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return head_bytes(signed(system, HOSTILE), ("Transfer-Encoding", "chunked")) + framed + b"0\r\n\r\n"


def inflating(system) -> bytes:
    return request_bytes(signed(system, BOMB), ("Content-Encoding", "gzip"))


def megabytes(pid: int, what: str) -> float:
    """A line of the kernel's account of a process's memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{what}:")[2].split()[0]) / 1024


def measured_from_here(pid: int) -> float:
    """Let the kernel forget the highest memory use so far: what it is now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return megabytes(pid, "VmRSS")


async def status_of(port: int, request: bytes) -> int | None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(answer_to(reader))
    writer.write(request)
    async with asyncio.timeout(60):
        status = await answer
    writer.close()
    return status


@pytest.mark.parametrize("wrapped", [with_length, chunked, inflating])
async def test_it_is_refused_and_costs_no_memory(system, wrapped):
    web = system.web()
    small = request_bytes(signed(system, b'{"events":[]}'))
    assert await status_of(web.port, small) == 200
    request = wrapped(system)
    before = measured_from_here(web.process.pid)
    assert await status_of(web.port, request) == 413
    assert megabytes(web.process.pid, "VmHWM") - before < 50
    assert web.ready()["ready"]
    assert len(system.receipts()) == 1
