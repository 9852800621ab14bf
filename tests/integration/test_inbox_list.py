"""The list over HTTP: what a row says, which view it stands in, page after page, and nothing of anybody else."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from desk import ending, holding, triage
from desk.seat import seated
from runtime.ids import new_id
from storage.desk_list import Place
from tests.crowd import waiting, writes
from tests.desk import desk
from tests.house import NOON
from web.inbox.query import Query, place_text, read
from web.site import SITE

BEATEN = "သူဌေးက ရိုက်တယ်၊ ခြံထဲမှာ ပိတ်ထားတယ်"


@pytest.fixture
async def at(home):
    async with desk(home) as opened:
        yield opened


async def do(at, agent, act, *given, **more):
    site = at.app[SITE]
    async with seated(site.database, site.master, site.settings, agent, at.clock()) as seat:
        ticket, *rest = given
        return await act(seat, UUID(ticket), *rest, **more)


def rows(page):
    """Ticket ids of a page's rows, from the top."""
    return re.findall(r'class="row[^"]*" id="row-([0-9a-f-]+)"', page.text)


def words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def links(page, name):
    return [unescape(link) for link in re.findall(rf'href="([^"]*)"[^>]*id="{name}"', page.text)]


async def test_a_row_says_who_why_and_how_long(home, at):
    await waiting(home, 1)
    at.clock.at = NOON + timedelta(minutes=112)
    mya = await at.let_in(await at.agent())
    page = await mya.get("/inbox")
    said = words(page)
    assert page.status == 200
    assert "Wages not paid. လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။" in said
    assert "waits 1 h 52 min of 2 h" in said
    assert 'data-wait="near"' in page.text
    assert re.search(r'lang="my" dir="auto">လစာ', page.text)
    assert "Burmese LINE" in said
    assert "Take" in said
    at.clock.forward(minutes=12)
    assert "late by 4 min" in words(await mya.get("/inbox"))


async def test_danger_stands_first_whoever_waited_longer(home, at):
    await waiting(home, 2)
    await writes(home, "beaten", BEATEN, NOON + timedelta(minutes=30), 90)
    await home.take_in()
    at.clock.forward(hours=1)
    for organisation in ("shwe", "lantern"):
        mya = await at.let_in(await at.agent("Mya", organisation))
        page = await mya.get("/inbox")
        levels = re.findall(r'data-level="(U\d)" data-views', page.text)
        assert levels == sorted(levels)


async def test_each_view_holds_its_own_and_the_side_counts_them(home, at):
    await waiting(home, 4)
    at.clock.forward(minutes=30)
    agent = await at.agent()
    mya = await at.let_in(agent)
    one, two, three, four = (page_ids := rows(await mya.get("/inbox")))
    assert len(set(page_ids)) == 4
    await do(at, agent, holding.take, one)
    await do(at, agent, ending.snooze, two, until=at.clock() + timedelta(hours=2))
    await do(at, agent, ending.close, three, outcome="information_only")
    views = {
        view: rows(await mya.get(f"/inbox?view={view}"))
        for view in ("waiting", "mine", "unassigned", "snoozed", "closed", "danger")
    }
    assert views == {
        "waiting": [one, four],
        "mine": [one],
        "unassigned": [four],
        "snoozed": [two],
        "closed": [three],
        "danger": [],
    }
    counts = (await mya.get("/inbox/counts")).text
    assert '"waiting": 2' in counts and '"snoozed": 1' in counts and '"mine": 1' in counts and '"shwe-my": 2' in counts
    assert "Nobody is known to be in danger" in words(await mya.get("/inbox?view=danger"))


async def test_every_page_and_every_row_once(home, at):
    await waiting(home, 55)
    at.clock.forward(hours=2)
    mya = await at.let_in(await at.agent())
    first = await mya.get("/inbox")
    (on,) = links(first, "more")
    second = await mya.get(on)
    assert (len(rows(first)), len(rows(second))) == (50, 5)
    assert len(set(rows(first) + rows(second))) == 55
    assert links(second, "more") == []
    assert len(rows(await mya.get("/inbox/rows?show=100"))) == 55


async def test_filters_are_a_plain_form(home, at):
    await waiting(home, 3)
    agent = await at.agent()
    at.clock.forward(minutes=30)
    mya = await at.let_in(agent)
    one, *_ = rows(await mya.get("/inbox"))
    tag = await do(at, agent, triage.add_tag, one, "Samut Sakhon")
    assert rows(await mya.get(f"/inbox?view=waiting&tag={tag.id}&queue=&language=&order=wait")) == [one]
    assert "Samut Sakhon" in words(await mya.get("/inbox"))
    for query in ("queue=shwe-my", "language=my", "channel=line", "urgency=U2"):
        assert len(rows(await mya.get(f"/inbox?{query}"))) == 3, query
    for query in ("queue=nowhere", "language=th", "channel=sms", "urgency=U4"):
        page = await mya.get(f"/inbox?{query}")
        assert rows(page) == [] and "No ticket fits these filters" in words(page), query


async def test_newest_first(home, at):
    await waiting(home, 3)
    at.clock.forward(minutes=30)
    mya = await at.let_in(await at.agent())
    assert rows(await mya.get("/inbox?order=newest")) == rows(await mya.get("/inbox"))[::-1]


@pytest.mark.parametrize(
    "query",
    ["view=x&order=y", "tag=1&after=2", "after=9.1.0", "show=99999", "show=-1", "show=٣", "queue=%00", "language=" + "x" * 999,
     "after=0.99999999999999999.00000000000000000000000000000000", "ids=a,b,", "ids="],
)  # fmt: skip
async def test_any_address_is_answered(at, query):
    mya = await at.let_in(await at.agent())
    assert (await mya.get(f"/inbox?{query}")).status == 200
    assert (await mya.get(f"/inbox/rows?{query}")).status == 200


async def test_another_organisation_sees_nothing_of_it(home, at):
    await waiting(home, 2)
    mya = await at.let_in(await at.agent())
    ids = rows(await mya.get("/inbox"))
    stranger = await at.let_in(await at.agent("Siti", "kampung-lima"))
    assert rows(await stranger.get("/inbox")) == []
    assert rows(await stranger.get(f"/inbox/rows?ids={','.join(ids)}")) == []
    assert len(rows(await mya.get(f"/inbox/rows?ids={','.join(ids)}"))) == 2
    assert '"waiting": 0' in (await stranger.get("/inbox/counts")).text
    unknown, others = (await stranger.get(f"/inbox/{new_id()}"), await stranger.get(f"/inbox/{ids[0]}"))
    assert (unknown.status, unknown.text.replace(unknown.path, "")) == (
        others.status,
        others.text.replace(others.path, ""),
    )


@pytest.mark.parametrize(
    "query", ["view=mine&queue=shwe-my&order=newest&show=100", "view=closed&urgency=U1&channel=line"]
)
def test_what_is_read_is_what_was_written(query):
    found = read(dict(part.split("=") for part in query.split("&")))
    assert read(found.fields()) == found


def test_a_place_is_read_as_it_was_written():
    place = Place(1, NOON + timedelta(microseconds=7), new_id())
    assert read({"after": place_text(place)}) == Query(after=place)
