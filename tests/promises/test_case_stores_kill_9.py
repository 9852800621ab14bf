"""A worker that is killed with -9 while it tells the case stores leaves no ticket untold and no case twice."""

import json
from functools import partial
from random import Random

import pytest

from tests.case_office import PASSWORD, SECRET, USER, stand_ins_thread
from tests.processes import CONFIG, eventually, kill, load, started

STORES = """
cases:
  stores:
    - {{id: hook, kind: webhook, organisations: all, url: "{url}/webhook", secret: "{secret}", timeout_seconds: 2}}
    - {{id: primero, kind: primero, organisations: all, url: "{url}/primero", user: "{user}", password: "{password}",
       timeout_seconds: 2}}
"""
DEATHS = 4


@pytest.fixture
def stores():
    with stand_ins_thread() as found:
        yield found


@pytest.fixture
def system(tmp_path, stores):
    _, url = stores
    config = tmp_path / "config.yaml"
    more = STORES.format(url=url, secret=SECRET, user=USER, password=PASSWORD)
    config.write_text(CONFIG.read_text("utf-8") + more, "utf-8")
    with started(tmp_path / "var", config) as opened:
        yield opened


def rows(system) -> list[dict]:
    said = system.run("cases", "--json")
    assert said.returncode == 0, said.stderr
    return [json.loads(text) for text in said.stdout.splitlines()]


def has_asked(state, times: int) -> bool:
    return len(state.requests) >= times


def test_a_worker_killed_again_and_again_while_it_tells(system, stores):
    state, _ = stores
    web = system.web()
    with load(web.url, system.accounts, rate=200, seconds=2) as sending:
        pass
    assert sending.result().expected
    for store in ("webhook", "primero"):
        state.fault(store, "slow", seconds=0.02)
    chance = Random(9)
    for _ in range(DEATHS):
        worker = system.worker()
        enough = len(state.requests) + chance.randrange(5, 40)
        eventually(partial(has_asked, state, enough), "it tells")
        kill(worker)
    assert {row["state"] for row in rows(system)} - {"done"}, "it was done before it died: the test proves nothing"
    state.mend()
    system.worker()
    system.await_taken_in(web)
    eventually(lambda: {row["state"] for row in rows(system)} == {"done"}, "every store is told", 180)
    tickets = {str(ticket["id"]) for ticket in system.tickets()}
    assert set(state.hooked) == tickets
    assert {case["other_agency_id"] for case in state.cases.values()} == tickets
    assert len(state.cases) == len(tickets)
    reconciled = system.run("cases", "reconcile", "--sandbox")
    assert (reconciled.returncode, reconciled.stderr) == (0, "")
    assert reconciled.stdout.startswith(f"All {3 * len(tickets):,} are as they should be")
