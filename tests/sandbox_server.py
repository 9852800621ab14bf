"""The providers' side for tests: stand-in APIs on a free port, phones that can be asked, faults that can be ordered.

    async with sandbox_server(house.accounts.values(), gateway=f"http://127.0.0.1:{gate.port}") as sandbox:
        sandbox.fault("429", provider="telegram", count=1, retry_after=2)
        ...                                        # deliver to sandbox.url
        (item,) = await sandbox.phone("telegram", aye).awaits(1)
        assert (item.text, item.times) == ("…", 1)

Tests with processes of their own use `sandbox_thread`, which needs no event loop of the caller's.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from aiohttp import web

from sandbox.accounts import Account
from sandbox.app import make_app
from sandbox.faults import Fault
from sandbox.people import Person
from sandbox.phones import Item
from sandbox.simulate import Summary, simulate
from sandbox.webhook import Webhook
from sandbox.world import World

T = TypeVar("T")


class Phone:
    """One person's phone on one channel."""

    def __init__(self, sandbox: "Sandbox", channel: str, person: Person | str) -> None:
        self._sandbox, self._channel = sandbox, channel
        self.person = person if isinstance(person, str) else person.id_on(channel)

    @property
    def log(self) -> Sequence[Item]:
        """All that is on it, oldest first: what the hotline sent and what its owner said."""
        return self._sandbox.run(lambda world: world.phones.log(self._channel, self.person))

    @property
    def received(self) -> list[Item]:
        """What the hotline sent, oldest first. `times` above 1 is a message that came again."""
        return [item for item in self.log if item.by == "hotline"]

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.received]

    async def awaits(self, count: int, seconds: float = 20) -> list[Item]:
        """Wait until so many things have come; the test fails when they do not."""
        until, seen = time.monotonic() + seconds, 0
        while len(self.received) < count:
            left = until - time.monotonic()
            assert left > 0, f"{len(self.received)} of {count} things came to the phone in {seconds} s"
            news = await self._sandbox.world.phones.after(self._channel, self.person, seen, left)
            seen = news[-1].seq if news else seen
        return self.received


class Sandbox:
    """One running stand-in. `accounts` are those given, by id, with `api_base` set to it."""

    def __init__(self, world: World, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.world, self.url, self._loop = world, url, loop
        world.accounts = tuple(replace(account, api_base=url) for account in world.accounts)
        self.accounts = {account.id: account for account in world.accounts}

    def run(self, ask: Callable[[World], T]) -> T:
        """Ask or change the world, from whichever thread."""
        try:
            if asyncio.get_running_loop() is self._loop:
                return ask(self.world)
        except RuntimeError:
            pass

        async def there() -> T:
            return ask(self.world)

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(20)

    def phone(self, channel: str, person: Person | str) -> Phone:
        """The phone of a person, given as one of the sandbox's people or by the id on the channel."""
        return Phone(self, channel, person)

    @property
    def sent(self) -> Sequence[Item]:
        """What was sent to anybody, oldest first."""
        return self.run(lambda world: world.phones.sent())

    def fault(self, kind: str = "", **more: Any) -> Fault:
        """Something goes wrong from now on: see `sandbox/README.md`. `fault.struck` counts."""
        return self.run(lambda world: world.faults.add({"kind": kind, **more}))

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        self.run(lambda world: world.faults.remove())

    def receipts(self, on: bool = True) -> None:
        """Whether delivery and read receipts go to the gateway."""
        self.run(lambda world: setattr(world.manners, "receipts", on))

    def latency(self, milliseconds: float) -> None:
        """Answer everything after so long."""
        self.run(lambda world: setattr(world.manners, "latency", milliseconds / 1000))

    def ahead(self, by: timedelta) -> None:
        """Set the providers' clock ahead of the machine's: reply tokens and windows grow old."""
        self.run(lambda world: setattr(world.manners, "ahead", by))

    def quota(self, account: str, limit: int | None, used: int = 0) -> None:
        """How many messages a LINE account may push this month, and how many went."""
        self.run(lambda world: world.quotas.update({account: (limit, used)}))

    def quota_used(self, account: str) -> int:
        return self.run(lambda world: world.line_quota(account)[1])

    def notice(self, *webhooks: Webhook) -> None:
        """The provider has sent these to the gateway: its reply tokens are out, its windows open.

        For webhooks that a test hands over itself; what `say` sends is noticed by itself.
        """
        self.run(lambda world: [world.notice(webhook) for webhook in webhooks])

    def simulate(self, **how: Any) -> Future[Summary]:
        """People write and call, as in `sandbox.simulate`, and the providers know of it."""
        world = self.world
        assert world.gateway, "nobody to write to"
        story = simulate(world.gateway, world.accounts, world=world, **how)
        return asyncio.run_coroutine_threadsafe(story, self._loop)

    def last_words(self, channel: str, person: Person | str, at: datetime) -> None:
        """The person last wrote at that moment."""
        ident = person if isinstance(person, str) else person.id_on(channel)
        self.run(lambda world: world.memory.spoke(channel, ident, at))

    @property
    def deleted(self) -> set[str]:
        """The ids of recordings and media that were deleted at Twilio."""
        return self.run(lambda world: set(world.memory.deleted))


@asynccontextmanager
async def sandbox_server(
    accounts: Iterable[Account] = (), gateway: str | None = None, *, receipts: bool = False, seed: int = 1
) -> AsyncIterator[Sandbox]:
    """A stand-in in this event loop. Without accounts it checks no tokens; without a gateway it sends no webhooks."""
    world = World(list(accounts), gateway, seed=seed, receipts=receipts)
    runner = web.AppRunner(make_app(world=world), access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Sandbox(world, f"http://127.0.0.1:{runner.addresses[0][1]}", asyncio.get_running_loop())
    finally:
        await runner.cleanup()


@contextmanager
def sandbox_thread(
    accounts: Iterable[Account] = (), gateway: str | None = None, *, receipts: bool = False, seed: int = 1
) -> Iterator[Sandbox]:
    """The same in a thread of its own, for tests without an event loop; wait with `eventually`."""
    ready, end, box = threading.Event(), asyncio.Event(), []

    async def serve() -> None:
        async with sandbox_server(accounts, gateway, receipts=receipts, seed=seed) as sandbox:
            box.append(sandbox)
            ready.set()
            await end.wait()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20), "the sandbox did not start"
        yield box[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(20)
        loop.close()
