"""Promise 30: what is read, opened or done leaves a line in the same transaction, and without it does not happen.

Every route is walked twice: to see that what changed something was written down, and with an audit trail that takes no
line. That lines cannot be changed, and that the chain names one that was: tests/integration/test_audit.py.
"""

import psycopg
import pytest

from tests.neighbours import DESK, MARKERS, marked, neighbours

#: What changes rows of its own without being an act on a ticket: what somebody has begun to write.
UNWRITTEN = {"/inbox/{ticket}/draft"}
#: These tell of a ticket no more than its row in the list does, or hold nothing of it.
NO_LOOK = UNWRITTEN | {"/inbox/{ticket}/presence", "/inbox/{ticket}/canned"}
READS = [("GET", "/inbox/{ticket}"), ("GET", "/inbox/{ticket}/thread"), ("POST", "/find")]
OPENS = [("POST", "/inbox/{ticket}/reveal")]


@pytest.fixture
def database(empty):
    """Migrated here, and not copied: rights are taken away, which a copy has by way of its template."""
    return empty


@pytest.fixture
async def two(home):
    async with neighbours(home) as opened:
        yield opened


async def lines(two) -> list:
    return await two.there.rows("select actor, action, ticket_id from audit order by id")


def of_people(rows: dict) -> dict:
    """Rows but the trail itself, and what tells open pages and case stores of a change."""
    return {name: all_ for name, all_ in rows.items() if name not in ("audit", "change", "case_sync")}


async def test_what_is_read_or_done_is_written_down_with_who_did_it(two):
    rani = await two.there.agent("rani", "shwe", "supervisor")
    browser, ticket = await two.at.let_in(rani), two.ids["ticket"]
    silent = []
    for route in READS + OPENS + [route for route in two.routes(DESK) if "{ticket}" in route[1]]:
        two.at.clock.forward(minutes=6)  # one agent reading one thread is told of every five minutes
        before, written = of_people(await two.everything()), await lines(two)
        walked = await two.walk(browser, [route], two.ids, ticket, query="quixotrope")
        new = (await lines(two))[len(written) :]
        assert {actor for actor, _, _ in new} <= {f"agent:{rani.id}"}, route
        if of_people(await two.everything()) != before or route in READS + OPENS or marked(walked):
            silent += [route[1]] if not new else []
    assert set(silent) <= UNWRITTEN
    actions = {action for _, action, _ in await lines(two)}
    assert {"thread.read", "person.revealed", "search.done"} <= actions


async def test_what_cannot_be_written_down_does_not_happen(two):
    rani = await two.there.agent("rani", "shwe", "supervisor")
    browser = await two.at.let_in(rani)
    routes = [route for route in two.routes(DESK) if "{ticket}" in route[1] and route[1] not in NO_LOOK] + READS
    async with await psycopg.AsyncConnection.connect(two.at.home.owner, autocommit=True) as connection:
        name = connection.info.dbname
        await connection.execute(f"revoke insert on audit from {name}_desk".encode())
    before = await two.everything()
    walked = await two.walk(browser, routes, two.ids, two.ids["ticket"], query="quixotrope")
    after = await two.everything()
    assert {(one.path, one.page.status) for one in walked if one.page.status < 500} == set()
    assert marked(walked, MARKERS) == []
    for one in (before, after):
        one.pop("draft")  # words that could not be sent are kept as one
    assert after == before
