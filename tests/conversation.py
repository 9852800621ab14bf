"""The inbox for tests: people of the sandbox write, and agents of two organisations have the real pages open."""

import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from desk.seat import Seat, seated
from model.agents import Agent, Role
from sandbox.people import person
from sandbox.providers import line
from tests.desk import Browser, Desk, Page, desk
from tests.house import NOON, House
from web.site import SITE

AYE, KO = person("aye", "my", "TH"), person("ko", "my", "TH")
BURMESE = "အလုပ်ရှင်က ကျွန်မတို့ ပတ်စပို့ စာအုပ်တွေ သိမ်းထားတယ်။"
PART = {"X-Part": "1"}
#: What a person may write, by language; the Burmese is written in Zawgyi.
SCRIPTS = {
    "th": "นายจ้างยึดหนังสือเดินทางของพวกเราไว้ ขอคืนก็ขู่ว่าจะเรียกตำรวจ",
    "km": "ថៅកែកាត់ប្រាក់ខែ ៣០០០ បាត រាល់ខែ ហើយមិនឱ្យក្រដាសប្រាក់ខែទេ។",
    "ne": "नमस्कार, मेरो तलब दुई महिनादेखि आएको छैन।",
    "my": "အလုပ္ရွင္က ကြၽန္မတို႔ ပတ္စပို႔ စာအုပ္ေတြ သိမ္းထားတယ္။ ျပန္ေတာင္းရင္ ရဲေခၚမယ္လို႔ ၿခိမ္းေျခာက္တယ္။",
}


class Inbox:
    """One house, its pages, and whoever sits before them."""

    def __init__(self, home: House, at: Desk) -> None:
        self.home, self.at = home, at
        self._numbers = itertools.count(1)

    async def write(self, words: str = BURMESE, *, minutes: int = 0, who: Any = AYE) -> int:
        """A person writes on LINE; the message's number."""
        when, number = NOON + timedelta(minutes=minutes), next(self._numbers)
        await self.take(line.text(self.home.accounts["line-th"], who, words, when, number), minutes=minutes)
        return number

    async def take(self, *webhooks: Any, minutes: int = 0) -> None:
        await self.home.put(*webhooks, at=NOON + timedelta(minutes=minutes))
        await self.home.take_in()

    async def ticket(self) -> UUID:
        """The newest ticket."""
        return (await self.at.rows("select id from ticket order by id desc limit 1"))[0][0]

    async def organisation(self) -> str:
        """Whose the newest ticket is."""
        ((uuid,),) = await self.at.rows("select organisation_id from ticket order by id desc limit 1")
        return self.at.app[SITE].organisations[uuid].id

    async def agent(self, name: str = "Mya", *roles: Role, organisation: str = "shwe") -> tuple[Agent, "Sitting"]:
        agent = await self.at.agent(name, organisation, *roles)
        return agent, Sitting(await self.at.let_in(agent))

    @asynccontextmanager
    async def seat(self, agent: Agent) -> AsyncIterator[Seat]:
        """The same desk below the pages."""
        at = self.home.workplace
        async with seated(self.at.database, at.master, at.settings, agent, self.at.clock()) as seat:
            yield seat

    async def trail(self, action: str) -> list[tuple[str, dict[str, str]]]:
        """Actor and detail of each line of an action."""
        return await self.at.rows("select actor, detail from audit where action = %s order by id", action)


class Sitting:
    """An agent before a browser, with one ticket open."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def open(self, ticket: UUID, query: str = "") -> Page:
        return await self.browser.get(f"/inbox/{ticket}/thread{query}")

    async def do(self, ticket: UUID, act: str, **fields: str) -> Page:
        """Send a form of the conversation, as a script does."""
        return await self.browser.post(f"/inbox/{ticket}/{act}", fields, **PART)

    async def answer(self, ticket: UUID, text: str, **fields: str) -> Page:
        """Write an answer on the page as it is open now."""
        return await self.do(ticket, "answer", text=text, last_seen=self.seen, **fields)

    @property
    def seen(self) -> str:
        """What the open page has seen."""
        found = re.search(r'name="last_seen" value="([^"]*)"', self.browser.page.text)
        return found[1] if found else ""

    def undoable(self) -> str:
        """The delivery that can be called back from the open page; empty when there is none."""
        found = re.search(r'data-undo=.*?name="delivery" value="([^"]*)"', self.browser.page.text, re.DOTALL)
        return found[1] if found else ""


@asynccontextmanager
async def inbox(home: House) -> AsyncIterator[Inbox]:
    """The pages of a house, half an hour after noon, with one person's words in Burmese."""
    async with desk(home) as at:
        at.clock.at = NOON + timedelta(minutes=30)
        found = Inbox(home, at)
        await found.write()
        yield found


async def write_in_every_form(room: Inbox) -> None:
    """The same person writes in several scripts, sends a sticker, and speaks."""
    for n, words in enumerate(SCRIPTS.values(), 1):
        await room.write(words, minutes=n)
    account = room.home.accounts["line-th"]
    await room.take(
        line.sticker(account, AYE, NOON + timedelta(minutes=8), 600),
        line.audio(account, AYE, 41, NOON + timedelta(minutes=9), 601),
        minutes=20,
    )
