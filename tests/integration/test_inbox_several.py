"""One act on several tickets: each is done by itself and says what became of it, and nobody's work is taken away."""

import re
from datetime import timedelta
from html import unescape

import pytest

from tests.crowd import waiting
from tests.desk import desk
from tests.house import NOON


@pytest.fixture
async def at(home):
    async with desk(home) as opened:
        yield opened


async def boxes(browser):
    """What the list sends for each of its rows, from the top."""
    page = await browser.get("/inbox")
    return re.findall(r'class="row-check"[^>]* value="([^"]+)"', page.text)


async def act(at, browser, act_, chosen, **fields):
    """Several tickets in one form: aiohttp sends a list of pairs as it stands."""
    pairs = [("csrf", browser.page.csrf), ("act", act_), *fields.items(), *(("ticket", one) for one in chosen)]
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": browser.base, "X-Part": "1"}
    path = browser.base + "/inbox/several"
    async with browser.session.post(path, headers=headers, data=pairs, allow_redirects=False) as answer:
        return answer.status, " ".join(unescape(re.sub(r"<[^>]+>", " ", await answer.text())).split())


async def state(at, what):
    query = f"select {what} from ticket order by waiting_since"  # noqa: S608 - a column of this file
    return [value for (value,) in await at.rows(query)]


async def test_each_says_what_became_of_it(home, at):
    await waiting(home, 4)
    at.clock.at = NOON + timedelta(hours=1)
    first, second = await at.agent("Mya"), await at.agent("Arun")
    mya, arun = await at.let_in(first), await at.let_in(second)
    chosen = await boxes(mya)
    assert (await act(at, arun, "take", chosen[1:2]))[0] == 200
    status, said = await act(at, mya, "take", chosen)
    assert status == 200
    assert "3 tickets are yours." in said
    assert said.count("Arun has it. Nothing was changed.") == 1
    assert await state(at, "assignee") == [first.id, second.id, first.id, first.id]


async def test_giving_to_a_colleague_takes_nothing_from_whoever_took_it_meanwhile(home, at):
    await waiting(home, 2)
    at.clock.at = NOON + timedelta(hours=1)
    first, second, third = [await at.agent(name) for name in ("Mya", "Arun", "Noy")]
    mya, arun = await at.let_in(first), await at.let_in(second)
    seen = await boxes(mya)
    await act(at, arun, "take", seen[:1])
    _, said = await act(at, mya, "assign", seen, to=str(third.id))
    assert "1 ticket is given to a colleague." in said
    assert "Arun has it" in said
    assert await state(at, "assignee") == [second.id, third.id]
    _, said = await act(at, mya, "assign", await boxes(mya), to=str(third.id))
    assert "2 tickets are given to a colleague." in said  # now the screen knew who had it
    assert await state(at, "assignee") == [third.id, third.id]


async def test_tagging_and_putting_aside(home, at):
    await waiting(home, 3)
    at.clock.at = NOON + timedelta(hours=1)
    mya = await at.let_in(await at.agent())
    chosen = await boxes(mya)
    assert "2 tickets are tagged." in (await act(at, mya, "tag", chosen[:2], name="same factory"))[1]
    assert len(await at.rows("select from ticket_tag")) == 2
    assert "3 tickets are put aside." in (await act(at, mya, "snooze", chosen, hours="4"))[1]
    assert await boxes(mya) == []
    _, said = await act(at, mya, "tag", chosen[:1], name="x" * 41)
    assert "0 tickets are tagged." in said
    assert "A tag has at most 40 letters." in said


async def test_other_organisations_tickets_are_none_and_other_acts_are_refused(home, at):
    await waiting(home, 1)
    at.clock.at = NOON + timedelta(hours=1)
    mya, stranger = await at.let_in(await at.agent()), await at.let_in(await at.agent("Devi", "lantern"))
    chosen = await boxes(mya)
    await stranger.get("/inbox")
    status, said = await act(at, stranger, "take", [*chosen, "no id"])
    assert (status, "No such ticket in your organisation." in said) == (200, True)
    assert "0 tickets are yours." in said
    assert (await act(at, mya, "close", chosen, outcome="information_only"))[0] == 400
    assert await state(at, "assignee") == [None]
    assert await state(at, "status") == ["open"]


async def test_each_is_written_down(home, at):
    await waiting(home, 3)
    at.clock.at = NOON + timedelta(hours=1)
    mya = await at.let_in(await at.agent())
    await act(at, mya, "take", await boxes(mya))
    lines = await at.rows("select ticket_id from audit where action = 'ticket.taken'")
    assert len(set(lines)) == 3
