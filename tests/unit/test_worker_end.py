"""A worker ends, whatever its tasks do with being cancelled."""

import asyncio
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.processes import ROOT
from workers_queue.worker import ended


async def test_what_has_begun_is_finished():
    finished = []

    async def deliver() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as a send that has begun: it takes a turn of the loop more
            finished.append("deliver")

    await _begun(deliver())
    assert finished == ["deliver"]


async def test_a_lost_cancellation_is_said_again():
    """Also where the one that lost it is only a part of a duty, as a timer of the sweep is."""
    lost = []

    async def timer() -> None:
        while True:
            with suppress(ConnectionError):
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    if lost:
                        raise
                    lost.append("once")
                    raise ConnectionError from None

    async def sweep() -> None:
        async with asyncio.TaskGroup() as timers:
            timers.create_task(timer())

    await _begun(sweep())
    assert lost == ["once"]


async def _begun(duty) -> None:
    task = asyncio.create_task(duty)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await ended([task], patience=0.2)
    assert task.done()


@pytest.mark.parametrize("ends", ["raise ValueError('whose words')", "return"])
def test_a_duty_that_ends_by_itself_ends_the_worker(ends):
    source = f"""
import asyncio
from workers_queue.worker import for_life
async def duty():
    {ends}
asyncio.run(for_life(duty()))
print("went on")
"""
    said = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout.count("went on"), said.stdout.count("whose words")) == (1, 0, 0)
