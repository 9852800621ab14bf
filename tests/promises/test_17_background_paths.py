"""Promise 17: what happens without anybody asking is walled too.

Both organisations work; every job and every timer of the workers runs; each hears, is sent and is told its own alone:
open pages, who is there, phones, case stores. The timers are those of the sweep, whichever they are.
"""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from random import Random

import pytest
from aiohttp import ClientError

from cases.opened import opened
from desk import holding
from runtime.ids import now
from sandbox.people import person
from sandbox.providers import line, telegram
from tests.answering import desk as answering_desk
from tests.case_office import stand_ins, webhook
from tests.desk import desk
from tests.house import house
from tests.office import office
from workers_queue import sweep
from workers_queue.sync import Syncer

OWN = {"shwe": "shwemarker", "kampung-lima": "kampungmarker"}
NAMES = {"shwe": "Shwename", "kampung-lima": "Kampungname"}


@pytest.fixture
async def stores():
    async with stand_ins() as found:
        yield found


@pytest.fixture
async def home(database, valkey, tmp_path, stores):
    followed = webhook(stores[1], "shwes", organisations=["shwe"])
    async with house(database, valkey, tmp_path, stores=[followed]) as opened_:
        yield opened_


@asynccontextmanager
async def overheard(browser):
    """All that an open page is told, as it comes over the line."""
    heard, same = [], {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}

    async with browser.session.get(f"{browser.base}/live", headers=same) as answer:
        assert answer.status == 200

        async def listen() -> None:
            async for piece in answer.content.iter_any():
                heard.append(piece.decode())

        task = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, ClientError):
                await task


def noon_of_a_working_day() -> datetime:
    """In Bangkok and in Kuala Lumpur: both desks are open."""
    noon = now().replace(hour=5, minute=0) + timedelta(days=1)
    while noon.weekday() > 3:
        noon += timedelta(days=1)
    return noon


async def until(true, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what comes over the line rings no bell of ours
            await asyncio.sleep(0.05)


class Both:
    """The two organisations, who writes to each, and what each hears."""

    def __init__(self, home, out, there, pages) -> None:
        self.home, self.out, self.there, self.pages = home, out, there, pages
        self.people = {
            "shwe": [("line", person(f"aye{n}", "my", "TH")) for n in range(3)],
            "kampung-lima": [("telegram", person(f"begum{n}", "bn", "MY")) for n in range(3)],
        }
        self.tickets: dict = {}

    async def sit_down(self) -> None:
        self.agents = {id_: await self.there.agent(NAMES[id_], id_, "supervisor") for id_ in OWN}
        self.browsers = {id_: await self.pages.let_in(agent) for id_, agent in self.agents.items()}

    async def write(self) -> None:
        """Everybody writes to their own organisation, in one batch."""
        accounts, at = self.home.accounts, self.there.now
        for n, (_, who) in enumerate(self.people["shwe"]):
            await self.sends(line.text(accounts["line-th"], who, f"လစာ မရသေးဘူး {OWN['shwe']}", at, n))
        for n, (_, who) in enumerate(self.people["kampung-lima"]):
            words = f"আমার মালিক বেতন দেয়নি {OWN['kampung-lima']}"
            await self.sends(telegram.text(accounts["telegram-my"], who, words, at, n))
        await self.home.take_in()
        rows = await self.there.rows(
            "select o.slug, t.id from ticket t join organisation o on o.id = t.organisation_id"
        )
        self.tickets = {id_: [ticket for slug, ticket in rows if slug == id_] for id_ in OWN}

    async def sends(self, webhook) -> None:
        self.out.sandbox.notice(webhook)
        await self.home.put(webhook, at=self.there.now)

    async def answer(self) -> None:
        """Every ticket is taken and answered, and its agent is seen to write."""
        for id_, agent in self.agents.items():
            for ticket in self.tickets[id_]:
                await self.there.do(agent, holding.take, ticket)
                await self.there.send(agent, ticket, f"answer {OWN[id_]}")
                await self.browsers[id_].post(f"/inbox/{ticket}/presence", {"doing": "writes"})

    def arrived(self) -> bool:
        """Whether every phone has its answer."""
        phones = [(id_, self.out.sandbox.phone(*one)) for id_, all_ in self.people.items() for one in all_]
        return all(f"answer {OWN[id_]}" in phone.texts for id_, phone in phones)

    async def work(self) -> None:
        """Every timer and every lane of the workers, once."""
        self.out.pass_time(timedelta(minutes=1))  # the time in which an answer can be called back is over
        async with asyncio.timeout(30):
            while not self.arrived():  # a provider takes one message to one person at a time
                await self.out.deliver()
                await asyncio.sleep(0.1)
        for _, duty in sweep._DUTIES:  # noqa: SLF001 - whichever there are
            await duty(self.home.workplace)
        async with opened(self.home.workplace.settings, self.home.database) as stores:
            syncer = Syncer(self.home.workplace, stores, Random(1))
            for lane in syncer.lanes:
                while await syncer.turn(lane):
                    pass


async def test_every_job_timer_and_stream_knows_its_own_alone(home, valkey, stores):
    async with answering_desk(home, valkey, quiet=False) as out, office(home) as there, desk(home) as pages:
        out.pass_time(noon_of_a_working_day() - home.workplace.clock())
        there.now = pages.clock.at = home.workplace.clock()
        both = Both(home, out, there, pages)
        await both.sit_down()
        async with overheard(both.browsers["shwe"]) as shwe, overheard(both.browsers["kampung-lima"]) as kampung:
            heard = {"shwe": shwe, "kampung-lima": kampung}
            await both.write()
            assert [len(all_) for all_ in both.tickets.values()] == [3, 3]
            await both.answer()
            await both.work()
            await until(lambda: all(NAMES[id_] in "".join(heard[id_]) for id_ in OWN))
            await until(lambda: all(str(t) in "".join(heard[id_]) for id_ in OWN for t in both.tickets[id_]))
        for id_, other in (("shwe", "kampung-lima"), ("kampung-lima", "shwe")):
            said = "".join(heard[id_])
            assert [t for t in both.tickets[other] if str(t) in said] == []
            assert NAMES[other] not in said
            assert OWN[id_] not in said  # nor its own words: a stream carries ids
            for channel, who in both.people[id_]:
                texts = " ".join(out.sandbox.phone(channel, who).texts)
                assert f"answer {OWN[id_]}" in texts
                assert OWN[other] not in texts
        received = b"".join(stores[0].received).decode("utf-8", "replace")
        assert len(stores[0].hooked) == 3
        assert [t for t in both.tickets["kampung-lima"] if str(t) in received] == []
