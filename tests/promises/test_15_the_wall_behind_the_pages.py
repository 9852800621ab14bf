"""Promise 15: with every check of ours switched off the pages still give nothing away. The database's wall is left.

Whoever asks may call everything, needs no token, supervises, and every id is taken for a ticket one may hold.
"""

from datetime import timedelta

import pytest

from model.agents import ROLES
from storage import answers
from storage.answers import Held
from tests.neighbours import DESK, marked, neighbours


@pytest.fixture
async def two(home, monkeypatch):
    async with neighbours(home) as opened:
        yield opened


def switch_off(two, monkeypatch) -> None:
    """No role, no token and no look at whose a ticket is.

    Our own checks are taken out, since the promise is about what then remains: the wall in the database.
    """
    monkeypatch.setattr("web.guard._refusal", lambda *_: None)
    monkeypatch.setattr("web.guard.from_here", lambda _: True)

    async def token(*_) -> bool:
        return True

    monkeypatch.setattr("web.guard.carries_token", token)
    monkeypatch.setattr("desk.seat.Seat.supervises", True)
    real = answers.look

    async def look(connection, ticket):
        return await real(connection, ticket) or Held(
            id=ticket, number=1, person=two.ids["person"], status="open", queue="shwe-my", assignee=two.mya.id,
            urgency="U3", reasons=(), issues=(), language="my", account="line-th", channel="line", phone_country=None,
            opened_at=two.there.now - timedelta(hours=1), waiting_since=two.there.now, last_by="worker",
            snoozed_until=None, contact=None, rules=None, text_ok=True,
        )  # fmt: skip

    monkeypatch.setattr("storage.answers.look", look)
    monkeypatch.setattr("storage.answers.hold", look)


async def test_nothing_is_told_and_nothing_changes(two, monkeypatch):
    before, browsers = await two.everything(), {role: await two.stranger(role) for role in ROLES}
    routes = two.routes()
    guarded = await two.walk(browsers["mobilizer"], two.routes(DESK), two.ids, two.ids["ticket"])
    switch_off(two, monkeypatch)
    for role, browser in browsers.items():
        for ticket in (two.ids["ticket"], two.mine):
            for round_ in (0, 1):
                if role != "agent" and (round_ or ticket == two.mine):
                    continue  # without checks the roles are all alike
                walked = await two.walk(browser, routes, two.ids, ticket, round_)
                assert marked(walked) == [], role
                assert await two.everything() == before, role
                refused = [one for one in walked if one.page.status == 403]
                assert refused == []
    # they were really off: what was refused without a look now goes on to the database
    assert {one.page.status for one in guarded if "{ticket}" in one.path} == {403}
    assert len({one.path for one in walked if one.page.status != 404}) > 10
