"""What agents have ready or half written: drafts, sealed with the person's key, and canned answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from psycopg.rows import class_row

from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDraft:
    """Words of an agent that have not been said yet, sealed."""

    id: UUID
    kind: str
    text: bytes
    language: str | None
    account: str | None  #: where it shall go, if somewhere else than back
    address_id: UUID | None
    last_seen: UUID | None
    at: datetime


def draft_id(agent: UUID, ticket: UUID, kind: str) -> UUID:
    """An agent has one draft of a kind for each ticket, so its id is known before it is sealed."""
    return uuid5(ticket, f"{agent} {kind}")


async def save_draft(connection: Connection, organisation: UUID, agent: UUID, ticket: UUID, draft: StoredDraft) -> None:
    """Keep a draft in place of the one before it."""
    values = [draft.text, draft.language, draft.account, draft.address_id, draft.last_seen, draft.at]
    for _ in range(2):  # the second time another window of the same agent was faster
        cursor = await connection.execute(
            "update draft set text = %b, language = %b, account = %b, address_id = %b, last_seen = %b, at = %b "
            "where id = %b",
            [*values, draft.id],
        )
        if cursor.rowcount:
            return
        cursor = await connection.execute(
            "insert into draft (text, language, account, address_id, last_seen, at, organisation_id, id, agent_id, "
            "ticket_id, kind) values (%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b) on conflict do nothing",
            [*values, organisation, draft.id, agent, ticket, draft.kind],
        )
        if cursor.rowcount:
            return


async def drafts(connection: Connection, agent: UUID, ticket: UUID) -> list[StoredDraft]:
    """What an agent has begun to write in a ticket."""
    async with connection.cursor(row_factory=class_row(StoredDraft)) as cursor:
        await cursor.execute(
            "select id, kind, text, language, account, address_id, last_seen, at from draft "
            "where ticket_id = %b and agent_id = %b order by kind",
            [ticket, agent],
        )
        return await cursor.fetchall()


async def drop_draft(connection: Connection, id_: UUID) -> None:
    """It was said, or thrown away."""
    await connection.execute("delete from draft where id = %b", [id_])


async def person_of(connection: Connection, ticket: UUID) -> UUID | None:
    """Whose ticket of this organisation it is."""
    cursor = await connection.execute("select person_id from ticket where id = %b", [ticket])
    row = await cursor.fetchone()
    return row[0] if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCanned:
    """An answer kept ready, sealed with the organisation's key."""

    id: UUID
    language: str
    title: bytes
    text: bytes
    quick: bool
    author: str
    at: datetime


async def canned(connection: Connection) -> Sequence[StoredCanned]:
    """All answers that are in use."""
    async with connection.cursor(row_factory=class_row(StoredCanned)) as cursor:
        await cursor.execute(
            "select id, language, title, text, quick, author, at from canned where retired_at is null order by id"
        )
        return await cursor.fetchall()


async def save_canned(connection: Connection, organisation: UUID, answer: StoredCanned, *, new: bool) -> bool:
    """Keep an answer ready; False where the one to change is not there."""
    values = [answer.language, answer.title, answer.text, answer.quick, answer.author, answer.at]
    if new:
        await connection.execute(
            "insert into canned (language, title, text, quick, author, at, organisation_id, id) "
            "values (%b, %b, %b, %b, %b, %b, %b, %b)",
            [*values, organisation, answer.id],
        )
        return True
    cursor = await connection.execute(
        "update canned set language = %b, title = %b, text = %b, quick = %b, author = %b, at = %b "
        "where id = %b and retired_at is null",
        [*values, answer.id],
    )
    return cursor.rowcount == 1


async def retire_canned(connection: Connection, id_: UUID, at: datetime) -> bool:
    """No longer offer an answer; False where it is not there."""
    cursor = await connection.execute(
        "update canned set retired_at = %b where id = %b and retired_at is null", [at, id_]
    )
    return cursor.rowcount == 1
