"""The time the sandbox plays: its providers' clock can be set ahead, and our own processes follow it, there alone."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import aiohttp
import structlog

from runtime.ids import set_ahead

log = structlog.get_logger()
_SECONDS = 1.0  #: between two looks
_PATIENCE = aiohttp.ClientTimeout(total=5)


async def follow(sandbox_api: str) -> None:
    """Keep this process's `now` as far ahead as the providers' clock is, until cancelled.

    While the sandbox does not answer, the time stays as it was played last.
    """
    played = timedelta()
    async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
                before, played = played, await _ahead(session, sandbox_api)
                set_ahead(played)
                if played != before:
                    log.info("clock.played", ahead_seconds=int(played.total_seconds()))
            await asyncio.sleep(_SECONDS)


async def _ahead(session: aiohttp.ClientSession, sandbox_api: str) -> timedelta:
    async with session.get(f"{sandbox_api}/sandbox/manners") as answer:
        answer.raise_for_status()
        return timedelta(seconds=float((await answer.json())["ahead_seconds"]))
