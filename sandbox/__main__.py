"""`python -m sandbox`: the stand-in APIs on a port, and invented workers who write and call until it is stopped."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from aiohttp import web

from sandbox.accounts import Account, BadConfig, names_in, read_accounts
from sandbox.app import make_app
from sandbox.secrets import invent
from sandbox.simulate import Summary, simulate
from sandbox.world import World

LIVELY_SECONDS = 60
SLOW_RATE = 0.2  #: one thing in five seconds, after the first minute
MOST_A_DAY = 5_000
PUSHES_A_MONTH = 5_000  #: that LINE lets each account send
_A_DAY = 86_400

log = logging.getLogger("sandbox")


def main() -> int:
    """Exit code 0 after a clean stop, 1 when it cannot start."""
    given = _arguments()
    logging.basicConfig(format="%(message)s", level=logging.WARNING if given.quiet else logging.INFO, stream=sys.stdout)
    try:
        asyncio.run(_run(given, _accounts(given)))
    except (BadConfig, OSError) as error:
        log.error("the sandbox cannot start: %s", error)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("config.yaml"), help="the accounts (config.yaml)")
    parser.add_argument("--gateway", default="http://127.0.0.1:8080", help="where webhooks go")
    parser.add_argument("--port", type=int, default=8090, help="of the stand-in APIs, on 127.0.0.1")
    parser.add_argument("--secrets", type=Path, default=Path("var/sandbox.env"), help="file of the invented secrets")
    parser.add_argument("--rate", type=float, default=2.0, help="messages a second in the first minute")
    parser.add_argument("--seed", type=int, default=None, help="the same seed sends the same messages again")
    parser.add_argument("--still", action="store_true", help="nobody writes by themselves, only by hand")
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    given = parser.parse_args()
    if not given.rate > 0:
        parser.error("--rate must be above 0")
    return given


def _accounts(given: argparse.Namespace) -> list[Account]:
    """The environment outranks the file of invented secrets, as it does for the gateway."""
    text = given.config.read_text("utf-8")
    env = {**invent(names_in(text), given.secrets), **os.environ}
    return read_accounts(text, env, api_base=f"http://127.0.0.1:{given.port}")


async def _run(given: argparse.Namespace, accounts: Sequence[Account]) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    world = _world(given, accounts)
    runner = web.AppRunner(make_app(world=world), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", given.port).start()
        log.info("sandbox: stand-in provider APIs at http://127.0.0.1:%d", given.port)
        await _until_stopped(given, world, stop)
    finally:
        await runner.cleanup()


def _world(given: argparse.Namespace, accounts: Sequence[Account]) -> World:
    world = World(accounts, given.gateway, seed=given.seed or 1, receipts=True)
    world.quotas = {account.id: (PUSHES_A_MONTH, 0) for account in accounts if account.channel == "line"}
    return world


async def _until_stopped(given: argparse.Namespace, world: World, stop: asyncio.Event) -> None:
    life = asyncio.create_task(stop.wait() if given.still else _life(given, world))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({life, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (life, stopped):
        task.cancel()
    await asyncio.wait({life, stopped})
    if not life.cancelled() and (error := life.exception()):
        raise error


async def _life(given: argparse.Namespace, world: World) -> None:
    """A lively first minute, then few things, and no more than MOST_A_DAY a day."""
    await _ready(given.gateway)
    accounts = world.accounts
    seed = given.seed if given.seed is not None else int(time.time())
    minute = simulate(given.gateway, accounts, rate=given.rate, seed=seed, seconds=LIVELY_SECONDS, world=world)
    _report(await minute)
    while True:
        seed += 1
        began = time.monotonic()
        day = simulate(
            given.gateway, accounts, rate=SLOW_RATE, count=MOST_A_DAY, seed=seed, seconds=_A_DAY, world=world
        )
        _report(await day)
        await asyncio.sleep(max(0.0, _A_DAY - (time.monotonic() - began)))


async def _ready(gateway: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while not await _answers(session, f"{gateway.rstrip('/')}/readyz"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.5)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _report(summary: Summary) -> None:
    refused = sum(number for status, number in summary.answered.items() if status >= 300)
    log.info(
        "sandbox: %d things said in %d requests; %d refused, %d unanswered, 95 %% answered within %s ms",
        summary.said,
        summary.sent,
        refused,
        summary.unanswered,
        summary.milliseconds.get("p95", "-"),
    )


if __name__ == "__main__":
    sys.exit(main())
