"""One agent at work: whose hands these are, in which transaction, at which moment. And why an act can be refused."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from desk.keyring import Keyring
from model.agents import Agent, actor
from model.network import Organisation
from outbound.answer import NoTicket as NoTicket
from runtime.keys import Key, Master
from runtime.settings import Settings
from storage import answers, audit, case_sync, feed, people
from storage.answers import Held
from storage.database import Connection, Database

Why = Literal[
    "taken",  # somebody else has the ticket; `by` says who
    "not_yours",  # only its holder, its author or a supervisor may do that
    "supervisor_only",
    "closed",  # reopen it first
    "not_closed",
    "another_is_open",  # the same person has an open ticket here; `ticket` says which
    "in_the_past",
    "too_far",  # further ahead than anybody plans
    "no_such_agent",
    "no_such_queue",
    "no_such_tag",
    "no_such_issue",
    "no_such_language",
    "no_such_message",
    "no_such_outcome",
    "no_such_reason",
    "say_why",  # a few words are needed
    "nothing_to_repair",
    "not_more_urgent",
    "not_less_urgent",
    "too_late",  # it has left already
    "said_again",  # it was sent once more already
    "newer",  # words that the agent has not seen: read them first
    "changed",  # somebody else has changed it meanwhile: look again
    "erased",  # the person was erased: nothing can be written about them any more
]


class Cannot(Exception):
    """An act that is refused; `why` has a sentence for agents, and the other fields name what it speaks of."""

    def __init__(self, why: Why, *, by: UUID | None = None, ticket: UUID | None = None) -> None:
        super().__init__(why)
        self.why, self.by, self.ticket = why, by, ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """An agent in a transaction behind the wall of their organisation."""

    connection: Connection
    master: Master
    settings: Settings
    agent: Agent
    now: datetime

    @property
    def organisation(self) -> Organisation:
        """Whose desk this is."""
        return next(o for o in self.settings.network.organisations.values() if o.uuid == self.agent.organisation)

    @property
    def name(self) -> str:
        """How messages and the audit trail name this agent."""
        return actor(self.agent.id)

    @property
    def supervises(self) -> bool:
        """Whether this agent may do what only supervisors may."""
        return bool({"supervisor", "safeguarding"}.intersection(self.agent.roles))

    async def hold(self, ticket: UUID, *, closed_too: bool = False) -> Held:
        """A ticket whose person nobody else changes until the transaction ends. Raises NoTicket and Cannot."""
        held = await answers.hold(self.connection, ticket)
        if held is None or held.status == "handed_over":
            raise NoTicket
        if held.status == "closed" and not closed_too:
            raise Cannot("closed")
        return held

    async def look(self, ticket: UUID) -> Held:
        """A ticket as it stands, for showing. Raises NoTicket."""
        found = await answers.look(self.connection, ticket)
        if found is None:
            raise NoTicket
        return found

    async def keys(self, *of: UUID) -> Keyring:
        """What opens all that was written of these people."""
        return Keyring(await people.keys_of(self.connection, self.master, of))

    async def key(self, person: UUID) -> Key:
        """The key that seals what is written about a person. Raises Cannot."""
        key = (await self.keys(person)).newest
        if key is None:
            raise Cannot("erased")
        return key

    async def wrote(self, action: str, ticket: UUID, **detail: object) -> None:
        """An act: its line in the audit trail, and word of it for case stores and open pages. `detail`: ids, codes."""
        await self.noted(action, ticket, **detail)
        await case_sync.changed(self.connection, [(self.agent.organisation, ticket)])
        await feed.tell(self.connection, [(self.agent.organisation, ticket, "changed")])

    async def noted(self, action: str, ticket: UUID | None, **detail: object) -> None:
        """A look: its line in the audit trail. Nothing has changed."""
        written: Mapping[str, str] = {name: str(value) for name, value in detail.items() if value not in (None, "")}
        line = audit.Line(
            organisation=self.agent.organisation, actor=self.name, action=action, ticket=ticket, detail=written
        )
        await audit.write(self.connection, [line])


@asynccontextmanager
async def seated(
    database: Database, master: Master, settings: Settings, agent: Agent, now: datetime
) -> AsyncIterator[Seat]:
    """A seat in a transaction of its own: what is done in it is done together, or not at all."""
    async with database.desk(agent.organisation) as connection:
        yield Seat(connection=connection, master=master, settings=settings, agent=agent, now=now)
