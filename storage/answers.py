"""What agents write, in the store. Behind the wall: in a desk's transaction, under the same lock as intake's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from model.taxonomy import Urgency
from model.tickets import AUTOMATIC
from runtime.keys import Key, Master
from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A ticket in an agent's hands: nobody else changes it, or takes in words of its person, meanwhile."""

    id: UUID
    number: int
    person: UUID
    status: str
    queue: str
    assignee: UUID | None
    urgency: Urgency
    reasons: Sequence[str]
    issues: Sequence[str]
    language: str | None
    spoken: str | None  #: which language to speak, where that is another than is written
    account: str
    channel: str
    phone_country: str | None
    opened_at: datetime
    waiting_since: datetime | None
    last_by: str
    snoozed_until: datetime | None
    contact: UUID | None  #: which version of the contact rules counts
    rules: bytes | None  #: that version, sealed
    text_ok: bool | None  #: what was known before there were rules: whether the number may be texted


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """How a person has written to this organisation."""

    address_id: UUID
    account: str
    scope: str
    answerable: bool
    left_how: str | None
    heard_at: datetime


async def hold(connection: Connection, ticket: UUID) -> Held | None:
    """The ticket, its person held still until the transaction ends; None where there is none."""
    cursor = await connection.execute("select person_id from ticket where id = %b", [ticket])
    row = await cursor.fetchone()
    if row is None:
        return None
    await connection.execute("select hold_person(%b)", [row[0]])
    return await look(connection, ticket)  # read after the lock: it may have changed before


async def look(connection: Connection, ticket: UUID) -> Held | None:
    """The same of a ticket that is only looked at: it may change at any moment."""
    async with connection.cursor(row_factory=class_row(Held)) as cursor:
        await cursor.execute(
            "select t.id, t.number, t.person_id as person, t.status, t.queue, t.assignee, t.urgency, "
            "t.urgency_reasons as reasons, t.issues, t.language, t.account, t.channel, t.phone_country, t.opened_at, "
            "t.spoken, t.waiting_since, t.last_by, t.snoozed_until, c.contact, r.rules, c.text_ok from ticket t "
            "join person_card c on c.organisation_id = t.organisation_id and c.person_id = t.person_id "
            "left join contact_rule r on r.organisation_id = c.organisation_id and r.id = c.contact "
            "where t.id = %b",
            [ticket],
        )
        return await cursor.fetchone()


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


async def newer(connection: Connection, ticket: UUID, than: UUID, author: str) -> list[UUID]:
    """Words of the person, and answers of others, that are in a ticket since a message of it was written.

    Ids are made while the person is held, so that their order is the order in which messages came into the store. Where
    the ticket has no such message, all are newer.
    """
    cursor = await connection.execute(
        "select m.id from message m where m.ticket_id = %(ticket)s and m.kind <> 'reaction' and m.id > coalesce("
        "(select id from message where id = %(than)s and ticket_id = %(ticket)s), %(first)s) and (m.direction = 'in' "
        "or (m.direction = 'out' and m.author is distinct from %(author)s "
        "and m.author is distinct from %(automatic)s and not exists ("
        "select from delivery d where d.organisation_id = m.organisation_id and d.message_id = m.id "
        "and d.state = 'cancelled'))) order by m.id",
        {"ticket": ticket, "than": than, "author": author, "automatic": AUTOMATIC, "first": UUID(int=0)},
    )
    return [id_ for (id_,) in await cursor.fetchall()]


async def answered(connection: Connection, ticket: UUID) -> None:
    """Nobody waits on this ticket any more, and routing no longer moves it."""
    await connection.execute("update ticket set waiting_since = null, touched = true where id = %b", [ticket])
