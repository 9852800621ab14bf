"""A house whose workers answer: real SDKs against the sandbox's provider APIs, and phones that can be asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from redis.asyncio import Redis

from outbound.answer import Said, answer
from outbound.clients import Clients
from outbound.pace import Pace
from runtime.ids import now
from storage import listing
from tests.house import House, Row
from tests.sandbox_server import Sandbox, sandbox_server
from workers_queue.deliver import Deliverer


class Desk:
    """Whoever answers in a house, and the worker that delivers it."""

    def __init__(self, home: House, sandbox: Sandbox, redis_url: str) -> None:
        self.home, self.sandbox, self._redis_url = home, sandbox, redis_url
        self._ahead = timedelta()
        home.workplace.clock = lambda: now() + self._ahead
        self.deliverer, self.clients, self._pace = self.another()

    def another(self) -> tuple[Deliverer, Clients, Pace]:
        """One more deliverer, as a second worker has it."""
        at = self.home.workplace
        clients, pace = Clients(at.settings), Pace(Redis.from_url(self._redis_url), 1)
        return Deliverer(at, clients, pace, Random(1)), clients, pace

    def pass_time(self, by: timedelta) -> None:
        """Let our clock and the providers' go on."""
        self._ahead += by
        self.sandbox.ahead(self._ahead)

    async def say(self, text: str, ticket: Row | None = None, **more: Any) -> Said:
        """Answer a ticket, by default the only one there is."""
        ticket = ticket or await self.home.ticket()
        organisation, id_ = await listing.ticket_named(self.home.database, str(ticket["id"]))
        at = self.home.workplace
        async with self.home.database.desk(organisation) as connection:
            return await answer(connection, at.master, at.settings, organisation, id_, text, author="operator", **more)

    async def deliver(self, deliverer: Deliverer | None = None) -> None:
        """Until nothing is due and nothing is under way."""
        deliverer = deliverer or self.deliverer
        while await deliverer.turn() or not deliverer.idle:
            if not deliverer.idle:
                await deliverer.something_new(0.05)

    async def deliveries(self) -> list[Row]:
        return [row async for row in listing.deliveries(self.home.database)]

    async def delivery(self) -> Row:
        """The newest reply."""
        return [row for row in await self.deliveries() if row["purpose"] == "reply"][-1]

    async def close(self) -> None:
        await self.clients.close()
        await self._pace.close()


@asynccontextmanager
async def desk(
    home: House, redis_url: str, *, gateway: str | None = None, receipts: bool = False, quiet: bool = True
) -> AsyncIterator[Desk]:
    """A house whose accounts are the sandbox's. `quiet`: nothing is said but what the desk says."""
    async with sandbox_server(home.accounts.values(), gateway, receipts=receipts) as sandbox:
        at = home.workplace
        accounts = {id_: replace(account, api_base=sandbox.url) for id_, account in at.settings.accounts.items()}
        at.settings = replace(at.settings, accounts=accounts)
        if quiet:
            home.acknowledges(enabled=False)
        there = Desk(home, sandbox, redis_url)
        try:
            yield there
        finally:
            await there.close()


def later(**by: float) -> datetime:
    """A moment from now."""
    return now() + timedelta(**by)
