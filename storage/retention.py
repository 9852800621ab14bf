"""What was said in tickets that were closed long ago goes; who has no younger ticket is erased."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from storage.database import Connection


async def drop_words(connection: Connection, before: datetime, *, limit: int) -> int:
    """Delete the messages, files and deliveries of tickets closed before a moment; the bare tickets stay to be counted.

    Gives how many tickets. Files without their row are removed by the sweep.
    """
    cursor = await connection.execute(
        "select t.organisation_id, t.id from ticket t where t.status = 'closed' and t.closed_at < %b "
        "and (t.preview is not null or exists "
        "(select from message m where m.organisation_id = t.organisation_id and m.ticket_id = t.id)) "
        "order by t.closed_at limit %b for update of t skip locked",
        [before, limit],
    )
    rows = await cursor.fetchall()
    if rows:
        organisations, tickets = (list(column) for column in zip(*rows, strict=True))
        await connection.execute(
            "delete from message m using unnest(%b::uuid[], %b::uuid[]) as c (o, t) "
            "where m.organisation_id = c.o and m.ticket_id = c.t",
            [organisations, tickets],
        )
        await connection.execute(
            "update ticket t set preview = null from unnest(%b::uuid[], %b::uuid[]) as c (o, t) "
            "where t.organisation_id = c.o and t.id = c.t",
            [organisations, tickets],
        )
    return len(rows)


async def long_gone(connection: Connection, before: datetime, *, limit: int) -> Sequence[UUID]:
    """People whose every ticket was closed before a moment, and who are not erased yet."""
    cursor = await connection.execute(
        "select p.id from person p where exists (select from person_key k where k.person_id = p.id) "
        "and exists (select from ticket t where t.person_id = p.id) and not exists "
        "(select from ticket t where t.person_id = p.id and (t.status <> 'closed' or t.closed_at >= %b)) "
        "limit %b",
        [before, limit],
    )
    return [person for (person,) in await cursor.fetchall()]
