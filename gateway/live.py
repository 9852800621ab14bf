"""Asks each provider what is still missing before a hotline can go live: one line for each thing."""

import asyncio
from collections.abc import AsyncIterator

from channels.contract import Look
from gateway.check import Finding
from outbound.clients import Clients, NoAccount
from runtime.settings import Account, Settings

_PATIENCE = 30.0  # seconds for all that is asked about one account


async def live_findings(settings: Settings) -> AsyncIterator[Finding]:
    """What the providers say of every account, in the order of config.yaml."""
    clients = Clients(settings)
    try:
        for account in settings.accounts.values():
            for look in await _looks(clients, account, settings.network.public_url):
                yield Finding(what=f"{account.id}, {look.what}", wrong=look.wrong, says=look.says)
    finally:
        await clients.close()


async def _looks(clients: Clients, account: Account, public_url: str) -> list[Look]:
    try:
        async with asyncio.timeout(_PATIENCE):
            line = await clients.line(account.id)
            return list(await line.out.look(line.client, account.settings, f"{public_url}/hooks/{account.id}"))
    except NoAccount:
        return [Look("secrets", True, "not set: nothing can be asked")]
    except TimeoutError:
        return [Look("answer", True, f"none within {_PATIENCE:.0f} s: is the provider up, and this machine online?")]
