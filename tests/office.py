"""Agents at their desks without pages: the real functions, the web login, a real database, a moment that can be set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from desk import answering
from desk.seat import Seat, seated
from model.agents import Agent, Role, handle
from model.network import organisation_uuid
from outbound.answer import Said
from runtime.ids import new_id
from sandbox.people import person
from sandbox.providers import line, telegram
from storage import agents, search
from storage.database import Database
from tests.house import NOON, House, Row

SHWE, KAMPUNG = organisation_uuid("shwe"), organisation_uuid("kampung-lima")


class Office:
    """One house, its agents, and the web login's connections."""

    def __init__(self, home: House, database: Database) -> None:
        self.home, self.database = home, database
        self.now = NOON + timedelta(hours=3)
        self._numbers = iter(range(1000, 1_000_000))

    def pass_time(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    async def agent(self, name: str = "mya", organisation: str = "shwe", *roles: Role) -> Agent:
        """Somebody who answers there."""
        agent = Agent(
            id=new_id(),
            organisation=organisation_uuid(organisation),
            handle=handle(name, organisation) or "",
            name=name.capitalize(),
            roles=roles or ("agent",),
            languages=("my",),
            screen_language="en",
        )
        async with self.database.desk(agent.organisation) as connection:
            await agents.add(connection, self.home.workplace.master, agent, self.now)
        return agent

    @asynccontextmanager
    async def at(self, agent: Agent) -> AsyncIterator[Seat]:
        """This agent's desk, for one transaction."""
        workplace = self.home.workplace
        async with seated(self.database, workplace.master, workplace.settings, agent, self.now) as seat:
            yield seat

    async def do(self, agent: Agent, act: Any, *values: Any, **named: Any) -> Any:
        """One act of an agent, in a transaction of its own."""
        async with self.at(agent) as seat:
            return await act(seat, *values, **named)

    async def says(self, who: str, text: str, *, at: datetime | None = None, language: str = "my", **more: Any) -> Row:
        """Somebody writes: Burmese on LINE to the Burmese desk, else Bengali on Telegram to Malaysia. Their ticket."""
        at, number = at or self.now, next(self._numbers)
        if language == "my":
            webhook = line.text(self.home.accounts["line-th"], person(who, "my", "TH"), text, at, number, **more)
        else:
            webhook = telegram.text(self.home.accounts["telegram-my"], person(who, "bn", "MY"), text, at, number)
        await self.home.put(webhook, at=max(at, self.now))
        await self.home.take_in()
        return max(await self.home.tickets(), key=lambda t: max(m["id"] for m in t["messages"]))

    async def send(self, agent: Agent, ticket: UUID, text: str, **more: Any) -> Said:
        """An answer, through the front door."""
        from desk.reading import thread

        if "last_seen" not in more:
            more["last_seen"] = (await self.do(agent, thread, ticket)).last_seen
        at = self.home.workplace
        return await answering.send(self.database, at.master, at.settings, agent, self.now, ticket, text, **more)

    async def index(self) -> None:
        """Put everything into the search index."""
        async with self.home.database.intake() as connection:
            while await search.index(connection, self.home.workplace.master):
                pass

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What is in the store, past the wall."""
        async with self.home.database.intake() as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def trail(self, ticket: UUID) -> list[tuple[str, str]]:
        """Who did what to a ticket."""
        found = await self.rows("select actor, action from audit where ticket_id = %s order by id", ticket)
        return [(actor, action) for actor, action in found]


@asynccontextmanager
async def office(home: House) -> AsyncIterator[Office]:
    """An office in a house."""
    database = Database(home.owner, "web", home.workplace.master, most=6)
    await database.open()
    try:
        yield Office(home, database)
    finally:
        await database.close()
