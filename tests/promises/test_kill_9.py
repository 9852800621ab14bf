"""Whoever is killed with -9 while people write: what was accepted is stored, once. The whole system, supervised."""

import os
import signal

import pytest

from runtime.services import services
from tests.processes import check_all_taken_in, check_counts, eventually, kill, listed, load, together
from tests.serving import accounts_of, own_data, serving

RATE, SECONDS = 40, 12  # long enough for a busy machine to hear the first ten


@pytest.fixture
def data(tmp_path):
    with own_data(tmp_path / "var") as path:
        yield path


def killed_under_load(served, pid_of, seed):
    """Kill one process while people write, and wait until the system is whole again: what became of their words."""
    with load(served.url, accounts_of(served.data), rate=RATE, seconds=SECONDS, seed=seed) as sending:
        before = served.receipts_in("done")
        eventually(lambda: served.receipts_in("done") > before + 10, "people are heard")
        victim = pid_of()
        assert victim
        assert not sending.done()
        os.kill(victim, signal.SIGKILL)
    served.await_ready()
    return sending.result()


def test_web_worker_valkey_and_postgres_in_turn(data):
    with serving(data) as served:
        victims = [
            lambda: served.pid("gateway web "),
            lambda: served.pid("gateway worker "),
            lambda: services(data).pids["valkey"],
            lambda: services(data).pids["postgres"],
            lambda: served.pid("gateway web "),
        ]
        summaries = [killed_under_load(served, victim, seed) for seed, victim in enumerate(victims, 1)]
        eventually(served.settled, "everything is taken in")
        check_counts(listed("tickets", data), together(summaries), data)
        assert {receipt["state"] for receipt in listed("receipts", data)} == {"done"}


def test_the_supervisor(data):
    with serving(data) as served:
        pids = served.everybody()
        with load(served.url, accounts_of(data), rate=RATE, seconds=SECONDS) as sending:
            eventually(lambda: served.receipts_in("done") > RATE, "people are heard")
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait()
    with serving(data, served.port) as again:
        assert not set(pids) & set(again.everybody())
        with load(again.url, accounts_of(data), rate=RATE, seconds=2, seed=2) as more:
            pass
        eventually(again.settled, "everything is taken in")
        check_counts(listed("tickets", data), together([sending.result(), more.result()]), data)


def test_a_batch_in_the_hands_of_a_killed_worker_is_taken_in_within_a_minute(system):
    web = system.web()
    with load(web.url, system.accounts, rate=400, seconds=2) as sending:
        pass
    worker = system.worker()
    eventually(lambda: system.receipts_in("taken"), "it has begun")
    kill(worker)
    assert system.receipts_in("taken") > 1
    system.worker()
    system.await_taken_in(web, 60)
    check_all_taken_in(system, sending.result())
