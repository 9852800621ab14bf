"""How each account does: what came in last, what went out, what is wrong and what to do; what the month costs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.look import line, opened, table
from gateway.stores import Stores
from outbound.budget import Bill, bill, broadcasts_closed, month_start
from runtime.ids import now
from runtime.settings import Account
from storage import listing, spending
from storage.account_state import AccountState
from translations import catalog

Row = Mapping[str, Any]


async def show_accounts(at: Stores, *, json: bool) -> None:
    """Every account as a line of JSON, or all in a table."""
    moment = now()
    async with opened(at) as database:
        rows = await listing.accounts(database)
        async with database.intake() as connection:
            units = await spending.units_since(connection, month_start(moment))
    told = [_told(row, at.settings.accounts.get(row["id"]), units.get(row["id"], 0), moment) for row in rows]
    if json:
        for row in told:
            line(row)
        return
    heads = ("account", "channel", "last in", "last out", "waiting", "health", "month", "broadcasts")
    table(heads, [_shown(row) for row in told])


def _told(row: Row, account: Account | None, units: int, moment: datetime) -> Row:
    remedy = None
    if account is None:
        remedy = "It is no longer in config.yaml."
    elif row["reason"]:
        remedy = catalog.say(f"account.{row['reason']}", "en")
    spent = bill(account, units, moment) if account else Bill(units=units, cost=None, forecast=None, currency=None)
    state = AccountState(account=row["id"], quota_limit=row["quota_limit"], quota_used=row["quota_used"])
    return {
        **row,
        "todo": remedy,
        "month_units": spent.units,
        "month_cost": _money(spent.cost),
        "month_forecast": _money(spent.forecast),
        "currency": spent.currency,
        "broadcasts_closed": broadcasts_closed(account, state, units) if account else None,
    }


def _money(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 2)


def _shown(row: Row) -> tuple[str, ...]:
    health = f"{row['reason']} since {_when(row['failing_since'])}: {row['todo']}" if row["failing_since"] else "well"
    quota = f", {row['quota_used']:,} of {row['quota_limit']:,}" if row["quota_limit"] is not None else ""
    cost = f", {row['month_cost']} of about {row['month_forecast']} {row['currency']}" if row["currency"] else ""
    return (
        row["id"],
        row["channel"],
        _when(row["last_in"]),
        _when(row["last_out"]),
        str(row["waiting"] or 0),
        health,
        f"{row['month_units']}{quota}{cost}",
        row["broadcasts_closed"] or "open",
    )


def _when(at: datetime | None) -> str:
    return f"{at:%d %b %H:%M}" if at else "–"
