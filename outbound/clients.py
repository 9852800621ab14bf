"""Open connections to the providers, one for each account that has something to say or to fetch."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from channels import registry
from channels.contract import Out
from runtime.settings import Account, Settings


class NoAccount(Exception):
    """No such account in config.yaml, without its secrets, or nothing can be said on its channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One account's way out, open."""

    account: Account
    out: Out[Any]
    client: Any


class Clients:
    """Opened at first use: an SDK takes a second and some megabytes to load. Belongs to one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, Line] = {}
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()

    async def line(self, account_id: str) -> Line:
        """An account's way out; raises NoAccount."""
        if account_id not in self._open:
            async with self._opening:
                if account_id not in self._open:
                    self._open[account_id] = await self._connected(account_id)
        return self._open[account_id]

    async def _connected(self, account_id: str) -> Line:
        account = self._settings.accounts.get(account_id)
        out = registry.load(account.channel).out if account and account.settings else None
        if account is None or out is None:
            raise NoAccount(account_id)
        client = await self._stack.enter_async_context(out.connect(account.settings, account.api_base))
        return Line(account=account, out=out, client=client)

    async def close(self) -> None:
        """Close every connection."""
        await self._stack.aclose()
        self._open.clear()
