"""Finding tickets of one organisation: by number, name, tag, day, and by the words of its messages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A message that may hold the words looked for, sealed."""

    id: UUID
    ticket: UUID
    person: UUID
    direction: str
    text: bytes | None
    occurred_at: datetime


async def candidates(connection: Connection, ids: Collection[UUID]) -> list[Candidate]:
    """Messages by id, the newest first; what was called back before it left is none."""
    async with connection.cursor(row_factory=class_row(Candidate)) as cursor:
        await cursor.execute(
            "select id, ticket_id as ticket, person_id as person, direction, text, occurred_at from message m "
            "where id = any (%b) and not (direction = 'out' and exists (select from delivery d "
            "where d.organisation_id = m.organisation_id and d.message_id = m.id and d.state = 'cancelled')) "
            "order by occurred_at desc, id desc",
            [list(ids)],
        )
        return await cursor.fetchall()


async def numbered(connection: Connection, number: int) -> list[UUID]:
    """The ticket of a number."""
    return await _ids(connection, "select id from ticket where number = %b", [number])


async def named(connection: Connection, start: str, limit: int) -> list[UUID]:
    """Tickets of people whose pseudonym begins so, the latest first."""
    return await _ids(
        connection,
        "select t.id from person_card c join ticket t on t.organisation_id = c.organisation_id "
        "and t.person_id = c.person_id where c.pseudonym >= %b and c.pseudonym < %b order by t.last_at desc limit %b",
        [start, start + "\U0010ffff", limit],
    )


async def of_people(connection: Connection, people: Collection[UUID], limit: int) -> list[UUID]:
    """Tickets of these people, the latest first."""
    return await _ids(
        connection,
        "select id from ticket where person_id = any (%b) order by last_at desc limit %b",
        [list(people), limit],
    )


async def tagged(connection: Connection, tag: UUID, limit: int) -> list[UUID]:
    """Tickets with a tag, the latest first."""
    return await _ids(
        connection,
        "select ticket_id from ticket_tag where tag_id = %b order by ticket_id desc limit %b",
        [tag, limit],
    )


async def opened_between(connection: Connection, since: datetime, until: datetime, limit: int) -> list[UUID]:
    """Tickets that were opened in a time, the latest first."""
    return await _ids(
        connection,
        "select id from ticket where opened_at >= %b and opened_at < %b order by opened_at desc, id desc limit %b",
        [since, until, limit],
    )


async def _ids(connection: Connection, query: str, values: list[object]) -> list[UUID]:
    return [id_ for (id_,) in await (await connection.execute(query.encode(), values)).fetchall()]
