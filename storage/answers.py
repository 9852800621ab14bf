"""What agents write, in the store. Behind the wall: in a desk's transaction, under the same lock as intake's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from runtime.keys import Key, Master
from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerable:
    """A ticket as whoever answers it needs it."""

    id: UUID
    number: int
    person: UUID
    status: str
    language: str | None
    may_text: bool  #: whether the organisation knows that this person's number may be texted


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """How a person has written to this organisation."""

    address_id: UUID
    account: str
    scope: str
    answerable: bool
    left_how: str | None
    heard_at: datetime


async def hold(connection: Connection, ticket: UUID) -> Answerable | None:
    """The ticket, its person held still until the transaction ends; None where there is none."""
    cursor = await connection.execute("select person_id from ticket where id = %b", [ticket])
    row = await cursor.fetchone()
    if row is None:
        return None
    await connection.execute("select hold_person(%b)", [row[0]])
    async with connection.cursor(row_factory=class_row(Answerable)) as reading:
        await reading.execute(
            "select t.id, t.number, t.person_id as person, t.status, t.language, "
            "coalesce(c.text_ok, false) as may_text from ticket t "
            "join person_card c on c.organisation_id = t.organisation_id and c.person_id = t.person_id "
            "where t.id = %b",
            [ticket],
        )
        return await reading.fetchone()


async def ways_back(connection: Connection, person: UUID) -> Sequence[WayBack]:
    """The newest way first."""
    async with connection.cursor(row_factory=class_row(WayBack)) as cursor:
        await cursor.execute("select * from ways_back(%b)", [person])
        return await cursor.fetchall()


async def key_of(connection: Connection, master: Master, person: UUID) -> Key | None:
    """The newest key of a person this organisation serves; None where the person was erased."""
    cursor = await connection.execute("select id, wrapped from keys_of(%b) order by id desc limit 1", [[person]])
    row = await cursor.fetchone()
    return master.unwrap(row[0], row[1]) if row else None


async def answered(connection: Connection, ticket: UUID) -> None:
    """Nobody waits on this ticket any more, and routing no longer moves it."""
    await connection.execute("update ticket set waiting_since = null, touched = true where id = %b", [ticket])


async def may_text(connection: Connection, person: UUID, yes: bool) -> None:
    """Write down whether this organisation knows that a person's number may be texted."""
    await connection.execute("update person_card set text_ok = %b where person_id = %b", [yes, person])
