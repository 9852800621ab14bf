"""Keeps an eye on the month's messages: asks providers for quotas, warns, and closes accounts for broadcasts."""

from collections.abc import Mapping

import structlog

from channels import registry
from channels.contract import Quota
from outbound.budget import broadcasts_closed, month_start, warning
from outbound.clients import Clients, NoAccount
from storage import account_state, spending
from workers_queue.workplace import Workplace

log = structlog.get_logger()


async def look(at: Workplace, clients: Clients) -> None:
    """Ask every provider that counts, and write down what it says."""
    for account, its in at.settings.accounts.items():
        out = registry.load(its.channel).out
        if out is None or out.quota is None:
            continue  # nobody connects for nothing
        try:
            line = await clients.line(account)
        except NoAccount:
            continue
        if quota := await out.quota(line.client):
            await _note(at, account, quota)


async def _note(at: Workplace, account: str, quota: Quota) -> None:
    async with at.database.intake() as connection:
        known = (await account_state.states(connection)).get(account)
        mark = warning(quota.limit, quota.used) if quota.limit is not None else 0
        if mark > (known.quota_told if known else 0):
            log.warning("account.quota", account=account, percent=mark, used=quota.used, limit=quota.limit)
        await account_state.quota(connection, account, limit=quota.limit, used=quota.used, at=at.clock(), told=mark)


async def closed(at: Workplace) -> Mapping[str, str]:
    """Accounts through which nothing may be broadcast now, with the reason."""
    async with at.database.intake() as connection:
        states = await account_state.states(connection)
        units = await spending.units_since(connection, month_start(at.clock()))
    found = {
        id_: broadcasts_closed(account, states.get(id_), units.get(id_, 0))
        for id_, account in at.settings.accounts.items()
    }
    return {id_: why for id_, why in found.items() if why}
