"""Promise 1: every webhook answered 200 is stored, exactly once, whatever becomes of the database meanwhile."""

import signal
import time

from tests.processes import check_all_taken_in, eventually, frozen, kill, load

RATE = 200


def is_away(web) -> bool:
    said = web.ready()
    return said.get("ready") is True and said["database"] != "up" and said["spool_bytes"] > 0


def is_up(web) -> bool:
    said = web.ready()
    return said.get("ready") is True and said["database"] == "up" and said["spool_bytes"] == 0


def check_afterwards(system, web, summary):
    eventually(lambda: is_up(web), "the spool is drained and /readyz says so")
    system.await_taken_in(web)
    check_all_taken_in(system, summary)


def test_with_the_database_stopped_hard_for_20_seconds(system):
    web = system.web()
    system.worker()
    assert is_up(web)
    with load(web.url, system.accounts, rate=RATE, seconds=30) as sending:
        eventually(lambda: system.receipts_in("done") > RATE, "the first second is taken in")
        kill(system.database_process, signal.SIGQUIT)
        stopped = time.monotonic()
        eventually(lambda: is_away(web), "/readyz says that webhooks go to the spool")
        before = web.ready()["spool_bytes"]
        eventually(lambda: time.monotonic() - stopped > 20, "20 seconds are over")
        assert is_away(web)
        assert web.ready()["spool_bytes"] > before
        system.start_postgres()
        assert not sending.done(), "people stopped writing before the database was back"
    check_afterwards(system, web, sending.result())


def test_with_the_database_frozen_for_5_seconds(system):
    web = system.web()
    system.worker()
    with load(web.url, system.accounts, rate=RATE, seconds=10) as sending:
        eventually(lambda: system.receipts_in("done") > RATE, "the first second is taken in")
        with frozen(system.database_process):
            began = time.monotonic()
            eventually(lambda: is_away(web), "/readyz says that webhooks go to the spool")
            eventually(lambda: time.monotonic() - began > 5, "5 seconds are over")
            eventually(lambda: is_away(web), "/readyz still says so")
    check_afterwards(system, web, sending.result())


def test_what_is_in_the_spool_outlives_a_web_process_that_is_killed(system):
    web = system.web()
    with load(web.url, system.accounts, rate=RATE, seconds=4) as sending:
        kill(system.database_process, signal.SIGQUIT)
    assert is_away(web)
    kill(web.process)
    system.start_postgres()
    again = system.web()
    system.worker()
    check_afterwards(system, again, sending.result())
