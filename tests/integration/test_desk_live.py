"""A page that follows the changes is what a fresh load would be, whatever three agents and a worker do meanwhile."""

from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from desk import answering, drafts, holding, live, triage
from desk.listing import VIEWS, Filters, fits, rows
from desk.presence import Looker, Presence
from desk.reading import thread
from tests.acts import UNPAID, something
from workers_queue.sweep import wake

EVERYTHING = Filters()
URGENT = Filters(urgency="U1")


class Page:
    """An open list: what it shows of each view, kept up to date by changes alone."""

    def __init__(self, office, agent, filters: Filters) -> None:
        self.office, self.agent, self.filters = office, agent, filters
        self.shown: dict[str, dict] = {}
        self.cursor = None

    async def load(self) -> None:
        async with self.office.at(self.agent) as seat:
            self.cursor = await live.start(seat)
            for view in VIEWS:
                page = await rows(seat, view, self.filters, limit=500)
                self.shown[view] = {row.id: row for row in page.rows}

    async def follow(self) -> None:
        while True:
            told = await self.office.do(self.agent, live.changes, self.cursor, limit=7)
            self.cursor = told.cursor
            for id_ in told.gone:
                for shown in self.shown.values():
                    shown.pop(id_, None)
            for row in told.rows:
                for view, shown in self.shown.items():
                    shown.pop(row.id, None)
                    if view in row.views and fits(row, self.filters):
                        shown[row.id] = row
            if not told.more:
                return

    def seen(self) -> dict:
        """All but the clocks, which run by themselves, and what this agent alone has read."""
        return {
            view: {
                id_: {name: getattr(row, name) for name in row.__dataclass_fields__ if name not in ("wait", "unread")}
                for id_, row in shown.items()
            }
            for view, shown in self.shown.items()
        }


@pytest.mark.parametrize("seed", range(4))
async def test_an_open_page_is_what_a_fresh_load_would_be(office, seed):
    chance = Random(seed)
    agents = [await office.agent("mya"), await office.agent("ko"), await office.agent("arun", "shwe", "supervisor")]
    people = [f"p{n}" for n in range(5)]
    for who in people[:3]:
        await office.says(who, UNPAID)
    pages = [Page(office, agent, chance.choice([EVERYTHING, URGENT, Filters(language="my")])) for agent in agents]
    for page in pages:
        await page.load()
    office.home.workplace.clock = lambda: office.now
    for turn in range(60):
        await something(office, chance, agents, people)
        if turn % 12 == 11:
            await wake(office.home.workplace)
            for page in pages:
                await page.follow()
                fresh = Page(office, page.agent, page.filters)
                await fresh.load()
                assert page.seen() == fresh.seen()


async def test_a_ticket_that_goes_to_another_organisation_is_gone_from_the_page(office):
    """New words before anybody has touched it may show that others are responsible."""
    bela = await office.agent("bela", "kampung-lima")
    await office.says("begum", "আমার মালিক দুই মাসের বেতন দেয়নি", language="bn")
    page = Page(office, bela, EVERYTHING)
    await page.load()
    (ticket,) = page.shown["open"]
    await office.do(bela, thread, ticket)  # reading is no act: it may still go
    await office.do(bela, drafts.save, ticket, "reply", "half a sentence")
    await office.says("begum", "He beat me. I am locked in, please help now", language="bn")
    told = await office.do(bela, live.changes, page.cursor)
    assert told.gone == [ticket]
    await page.follow()
    assert page.shown["open"] == {}
    assert await office.rows("select 1 from draft") == []  # what was begun there stays with nobody
    assert await office.rows("select 1 from thread_seen") == []


async def test_a_page_hears_of_no_other_organisation(office):
    bela = await office.agent("bela", "kampung-lima")
    cursor = await office.do(bela, live.start)
    mya = await office.agent("mya")
    ticket = (await office.says("aye", UNPAID))["id"]
    await office.do(mya, holding.take, ticket)
    told = await office.do(bela, live.changes, cursor)
    assert (told.rows, told.gone) == ([], [])


async def test_ten_minutes_offline_are_caught_up(office):
    mya, ko = await office.agent("mya"), await office.agent("ko")
    tickets = [(await office.says(f"p{n}", UNPAID))["id"] for n in range(4)]
    page = Page(office, mya, EVERYTHING)
    await page.load()
    for id_ in tickets:
        await office.do(ko, triage.raise_urgency, id_, "U1")
        await office.do(ko, holding.take, id_)
    office.pass_time(minutes=10)
    await page.follow()
    fresh = Page(office, mya, EVERYTHING)
    await fresh.load()
    assert page.seen() == fresh.seen()
    assert timedelta(seconds=5) == answering.UNDO


# Presence


async def test_who_is_looking_and_who_writes(office, valkey):
    redis = Redis.from_url(valkey)
    mya, ko = await office.agent("mya"), await office.agent("ko")
    ticket = (await office.says("aye", UNPAID))["id"]
    presence, org = Presence(redis), mya.organisation
    await presence.here(org, ticket, mya.id)
    await presence.here(org, ticket, ko.id, writes=True)
    assert await presence.lookers(org, [ticket, mya.id]) == {ticket: [Looker(ko.id, True), Looker(mya.id, False)]}
    await presence.left(org, ticket, ko.id)
    assert await presence.lookers(org, [ticket]) == {ticket: [Looker(mya.id, False)]}
    assert await presence.lookers(ko.id, [ticket]) == {}  # another organisation's key
    assert await presence.lookers(org, []) == {}
    (key,) = await redis.keys("presence:*")
    assert 0 < await redis.pttl(key) <= 30_000
    await redis.aclose()


async def test_without_valkey_nobody_is_there_and_nothing_breaks():
    redis = Redis(host="127.0.0.1", port=1)
    presence = Presence(redis)
    await presence.here(uuid4(), uuid4(), uuid4())
    assert await presence.lookers(uuid4(), [uuid4()]) == {}
    await redis.aclose()
