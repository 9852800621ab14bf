"""What an account may still spend this month: quota and money. Caps stop broadcasts, and never answers. Pure."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime

from runtime.settings import Account
from storage.account_state import AccountState

WARN_AT = (50, 80, 95)  #: percent of the month's messages


def month_start(at: datetime) -> datetime:
    """The first moment of its month."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def forecast(so_far: float, at: datetime) -> float:
    """What the month will come to if it goes on as until now; the first day counts as a whole one."""
    days = monthrange(at.year, at.month)[1]
    passed = max(1.0, (at - month_start(at)).total_seconds() / 86_400)
    return so_far / passed * days


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """An account's month."""

    units: int
    cost: float | None  #: None where config.yaml names no price
    forecast: float | None
    currency: str | None


def bill(account: Account, units: int, at: datetime) -> Bill:
    """What has been spent, and what it will come to."""
    if account.cost is None:
        return Bill(units=units, cost=None, forecast=None, currency=None)
    cost = units * account.cost.per_message
    return Bill(units=units, cost=cost, forecast=forecast(cost, at), currency=account.cost.currency)


def broadcasts_closed(account: Account, state: AccountState | None, units: int) -> str | None:
    """Why nothing may be broadcast through an account now; None where it may."""
    left = state.quota_left if state else None
    if state and left is not None and left <= (state.quota_limit or 0) * account.reserve_percent / 100:
        return "reserve"
    cap = account.cost.month_cap if account.cost else None
    if account.cost and cap is not None and units * account.cost.per_message >= cap:
        return "month_cap"
    return None


def warning(limit: int, used: int) -> int:
    """The highest of the marks that has been passed, in percent; 0 below all of them."""
    percent = used * 100 // limit if limit else 100
    return max((mark for mark in WARN_AT if percent >= mark), default=0)
