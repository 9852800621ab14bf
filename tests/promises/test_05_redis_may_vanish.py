"""Promise 5: Redis may vanish. Nothing is lost or doubled, and people are heard again within a minute."""

import pytest
import redis

from tests.processes import check_all_taken_in, eventually, kill, load

RATE, MINUTE = 60, 60


@pytest.fixture
def web(system):
    found = system.web()
    system.worker()
    return found


def goes_on(system) -> None:
    """More is taken in than was before."""
    before = system.receipts_in("done")
    eventually(lambda: system.receipts_in("done") > before + RATE, "receipts are taken in", MINUTE)


def check_afterwards(system, web, summary):
    system.await_taken_in(web, MINUTE)
    check_all_taken_in(system, summary)


def test_flushed_again_and_again(system, web):
    with (
        load(web.url, system.accounts, rate=RATE, seconds=8) as sending,
        redis.Redis.from_url(system.valkey.url) as store,
    ):
        goes_on(system)
        for _ in range(20):
            store.flushall()
            eventually(lambda: store.dbsize() > 0, "somebody was nudged")
        goes_on(system)
    check_afterwards(system, web, sending.result())


def test_killed_away_and_back(system, web):
    with load(web.url, system.accounts, rate=RATE, seconds=14) as sending:
        goes_on(system)
        kill(system.valkey_process)
        goes_on(system)  # the sweep finds what nobody was nudged for
        system.start_valkey()
        goes_on(system)
    check_afterwards(system, web, sending.result())


def test_away_for_good(system, web):
    kill(system.valkey_process)
    with load(web.url, system.accounts, rate=RATE, seconds=4) as sending:
        goes_on(system)
    system.await_taken_in(web, MINUTE)
    system.start_valkey()  # the operator's commands want it
    check_afterwards(system, web, sending.result())
