"""What an account may still spend this month."""

from datetime import UTC, datetime

import pytest

from outbound.budget import bill, broadcasts_closed, forecast, month_start, warning
from runtime.config_form import Cost
from runtime.settings import Account
from storage.account_state import AccountState

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


def account(cap: float | None = None, reserve: int = 20) -> Account:
    cost = Cost(per_message=0.05, currency="THB", month_cap=cap)
    return Account(id="sms-th", channel="sms", settings=None, cost=cost, reserve_percent=reserve)


@pytest.mark.parametrize(("used", "mark"), [(0, 0), (499, 0), (500, 50), (799, 50), (800, 80), (950, 95), (2000, 95)])
def test_somebody_is_warned_at_each_mark(used, mark):
    assert warning(1000, used) == mark


def test_a_month_without_messages_is_used_up():
    assert warning(0, 0) == 95


def test_the_forecast_goes_on_as_until_now():
    assert month_start(NOON) == datetime(2026, 11, 1, tzinfo=UTC)
    assert forecast(31.0, NOON) == pytest.approx(60.0)
    assert forecast(2.0, datetime(2026, 11, 1, 1, tzinfo=UTC)) == pytest.approx(60.0)  # the first day is a whole one


def test_a_bill_says_what_it_came_to():
    made = bill(account(), 620, NOON)
    assert (made.cost, made.forecast, made.currency) == (pytest.approx(31.0), pytest.approx(60.0), "THB")
    free = bill(Account(id="line", channel="line", settings=None), 620, NOON)
    assert (free.units, free.cost, free.forecast) == (620, None, None)


def test_a_cap_stops_broadcasts():
    assert broadcasts_closed(account(cap=31), None, 619) is None
    assert broadcasts_closed(account(cap=31), None, 620) == "month_cap"


@pytest.mark.parametrize(("left", "closed"), [(201, None), (200, "reserve"), (0, "reserve")])
def test_broadcasts_do_not_spend_what_is_kept_for_conversations(left, closed):
    state = AccountState(account="line", quota_limit=1000, quota_used=1000 - left)
    assert broadcasts_closed(account(), state, 0) == closed


def test_without_a_limit_nothing_is_kept():
    assert broadcasts_closed(account(), AccountState(account="line", quota_used=10**6), 0) is None
