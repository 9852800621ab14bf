"""Two organisations in one database, for tests of the wall between them; and what its catalog says."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg

from desk import canned, consent, contact, drafts, reading, saying, triage
from desk.seat import seated
from model.agents import Agent
from model.contact import Rules
from model.network import organisation_uuid
from runtime.ids import new_id
from storage import agents, sessions
from storage.database import Database
from tests.house import NOON, House

SHWE, KAMPUNG = organisation_uuid("shwe"), organisation_uuid("kampung-lima")
WALLED = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
where a.attname = 'organisation_id' and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
order by 1"""


async def with_an_account(home: House, organisation: UUID) -> None:
    """Somebody who answers, with all that proves who they are."""
    master = home.workplace.master
    agent = Agent(
        id=new_id(), organisation=organisation, handle="mya@here", name="Mya", roles=("agent",), languages=("my",),
        screen_language="en",
    )  # fmt: skip
    async with home.database.desk(organisation) as connection:
        await agents.add(connection, master, agent, NOON)
        await agents.begin_afresh(connection, organisation, agent.id, password="its hash", at=NOON)
        await agents.set_second_factor(connection, master, agent.id, secret="SECRET", step=1)
        await agents.set_recovery_codes(connection, organisation, agent.id, [b"its hash"])
        await agents.invite(connection, agent, hash_=organisation.bytes, ends_at=NOON)
        await sessions.begin(
            connection, organisation, agent.id, hash_=organisation.bytes, stage="full", at=NOON, ends_at=NOON
        )


async def with_a_day_of_work(home: House, organisation: UUID) -> None:
    """Everything an agent leaves behind."""
    at = home.workplace
    async with home.database.desk(organisation) as connection:
        (agent,) = await agents.colleagues(connection, at.master)
    boss = replace(agent, roles=("supervisor",))
    tickets = [t for t in await home.tickets() if organisation_uuid(t["organisation"]) == organisation]
    ticket, picture = tickets[0]["id"], next(m for m in tickets[0]["messages"] if m["attachments"])
    async with seated(home.database, at.master, at.settings, boss, NOON + timedelta(hours=9)) as seat:
        await triage.add_tag(seat, ticket, "shrimp")
        await triage.confirm_issue(seat, ticket, "WAG.UNPAID")
        await contact.write(seat, ticket, Rules(write="yes"), was=None)
        await consent.write(seat, ticket, {"employer": "no"}, how="said")
        await saying.note(seat, ticket, "Ask about the slip", mentions=[agent.id])
        await saying.translate(seat, picture["id"], "en", "A pay slip")
        page = await reading.thread(seat, ticket)
        attached = [a for item in page.items if isinstance(item, reading.Message) for a in item.attachments]
        await saying.heard(seat, attached[0].id)
        await drafts.save(seat, ticket, "reply", "Are you alone?")
        await canned.save(seat, language="my", title="Safe?", text="Is it safe to write?")


def as_owner(home: House, *statements: str) -> None:
    with psycopg.connect(home.owner, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.replace("{db}", connection.info.dbname).encode())


async def rows(connection, statement: str, *values) -> list[tuple]:
    return await (await connection.execute(statement.encode(), values)).fetchall()


async def walled(home: House) -> list[str]:
    async with home.database.intake() as connection:
        return [name for (name,) in await rows(connection, WALLED)]


async def desk_reads(web: Database) -> list[str]:
    """The walled tables the desk may read at all."""
    async with web.desk(SHWE) as connection:
        found = await rows(connection, WALLED)
        return [
            t for (t,) in found if (await rows(connection, "select has_any_column_privilege(%s, 'select')", t))[0][0]
        ]
