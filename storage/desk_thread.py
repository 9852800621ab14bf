"""What was said in a ticket, in the order in which it was said, with all that became of it; still sealed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from storage.database import Connection

Row = Mapping[str, Any]
_MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message stands in its thread: by the time of speaking, then of arrival."""

    at: datetime
    arrived_at: datetime
    id: UUID


_SHOWN = """
select m.* from unnest(%(tickets)s::uuid[]) as x (ticket) cross join lateral (
    select * from message where ticket_id = x.ticket and kind <> 'reaction' and {bound}
    and not (direction = 'out' and exists (select from delivery d where d.organisation_id = message.organisation_id
        and d.message_id = message.id and d.state = 'cancelled'))
    order by occurred_at {way}, arrived_at {way}, id {way} limit %(limit)s) m
order by m.occurred_at {way}, m.arrived_at {way}, m.id {way} limit %(limit)s
"""
_MESSAGES = """
select m.id, m.ticket_id as ticket, m.person_id as person, m.direction, m.kind, m.account, a.channel, m.text,
    m.text_original, m.encoding, m.repair_undone, m.language, m.provider_id, m.occurred_at, m.arrived_at, m.reply_to,
    m.group_id, m.edited_at, m.unsent_at, m.call, m.status, m.author, m.address_id as address
from ({shown}) m left join account a on a.id = m.account
order by m.occurred_at {way}, m.arrived_at {way}, m.id {way}
"""


async def messages(
    connection: Connection, tickets: Sequence[UUID], *, before: Spot | None, after: Spot | None, limit: int
) -> list[Row]:
    """A page of messages of these tickets, the earliest first: the last ones, or those around a spot.

    Reactions stand at what they react to, and what was called back before it left is not shown.
    """
    spot, way = (after, "asc") if after else (before, "desc")
    beyond = ">" if after else "<"
    bound = f"(occurred_at, arrived_at, id) {beyond} (%(at)s, %(arrived)s, %(id)s)" if spot else "true"
    values: dict[str, Any] = {"tickets": list(tickets), "limit": limit}
    if spot:
        values |= {"at": spot.at, "arrived": spot.arrived_at, "id": spot.id}
    query = _MESSAGES.format(shown=_SHOWN.format(bound=bound, way=way), way=way)
    found = await _rows(connection, query, values)
    return found if after else found[::-1]


async def last_message(connection: Connection, ticket: UUID) -> UUID | None:
    """The newest message of a ticket, by when it came into the store: what a page that is loaded now has seen."""
    cursor = await connection.execute(  # `offset 0`: or the planner would walk through everybody's newest messages
        "select id from (select id from message where ticket_id = %b and direction in ('in', 'out') offset 0) m "
        "order by id desc limit 1",
        [ticket],
    )
    row = await cursor.fetchone()
    return row[0] if row else None


#: What hangs on messages, each by its message.
_PARTS = {
    "attachments": "select id, message_id, kind, mime, size, seconds, name, state, why, inline, shown_mime "
    "from attachment "
    "where message_id = any (%b) order by message_id, position",
    "deliveries": "select id, message_id, account, state, tries, reason, code, created_at, due_at, held_until, "
    "sent_at, delivered_at, read_at, failed_at, choices from delivery where message_id = any (%b) order by id",
    "versions": "select id, message_id, at, text from message_version where message_id = any (%b) order by at, id",
    "translations": "select id, message_id, language, text, agent_id as agent, at from translation "
    "where message_id = any (%b) order by id",
    "mentions": "select message_id, agent_id as agent, read_at from mention where message_id = any (%b) "
    "order by agent_id",
    "heard": "select a.message_id, h.attachment_id as attachment, h.agent_id as agent, h.at from attachment_heard h "
    "join attachment a on a.organisation_id = h.organisation_id and a.id = h.attachment_id "
    "where a.message_id = any (%b) order by h.at",
}


async def parts(connection: Connection, messages: Collection[UUID]) -> dict[str, dict[UUID, list[Row]]]:
    """What hangs on these messages, by its kind and its message."""
    found: dict[str, dict[UUID, list[Row]]] = {}
    for name, query in _PARTS.items():
        of_message = found.setdefault(name, {})
        for row in await _rows(connection, query, [list(messages)]) if messages else ():
            of_message.setdefault(row["message_id"], []).append(row)
    return found


async def reactions(connection: Connection, tickets: Collection[UUID], to: Collection[str]) -> list[Row]:
    """Reactions to messages by their provider's id, the latest last."""
    if not to:
        return []
    return await _rows(
        connection,
        "select id, account, reply_to, text from message where kind = 'reaction' and reply_to = any (%b) "
        "and ticket_id = any (%b) order by occurred_at, id",
        [list(to), list(tickets)],
    )


async def named(connection: Connection, tickets: Collection[UUID], ids: Collection[str]) -> dict[str, UUID]:
    """Messages of these tickets by their provider's id."""
    if not ids:
        return {}
    cursor = await connection.execute(
        "select provider_id, id from message where ticket_id = any (%b) and provider_id = any (%b)",
        [list(tickets), list(ids)],
    )
    return dict(await cursor.fetchall())


async def lines(
    connection: Connection,
    tickets: Collection[UUID],
    actions: Collection[str],
    *,
    above: datetime | None,
    up_to: datetime | None,
    limit: int = _MOST_LINES,
) -> list[Row]:
    """What happened to these tickets between two moments, the latest last."""
    found = await _rows(
        connection,
        "select id, ticket_id as ticket, at, actor, action, detail from audit where ticket_id = any (%b) "
        "and action = any (%b) and at > coalesce(%b, '-infinity'::timestamptz) "
        "and at <= coalesce(%b, 'infinity'::timestamptz) order by at desc, id desc limit %b",
        [list(tickets), list(actions), above, up_to, limit],
    )
    return found[::-1]


async def of_person(connection: Connection, ticket: UUID) -> list[Row]:
    """All tickets of the person of a ticket with this organisation, the latest first."""
    return await _rows(
        connection,
        "select t.id, t.number, t.status, t.outcome, t.urgency, t.channel, t.queue, t.opened_at, t.closed_at, "
        "t.issues from ticket t where t.person_id = (select person_id from ticket where id = %b) "
        "order by t.opened_at desc, t.id",
        [ticket],
    )


async def seen(
    connection: Connection, organisation: UUID, agent: UUID, ticket: UUID, at: datetime, *, every: timedelta
) -> bool:
    """Remember that an agent has the thread open; True where the trail has not said so for a while and is to say it."""
    await connection.execute(
        "update mention set read_at = %b where agent_id = %b and ticket_id = %b and read_at is null",
        [at, agent, ticket],
    )
    cursor = await connection.execute(
        "select noted_at from thread_seen where ticket_id = %b and agent_id = %b", [ticket, agent]
    )
    row = await cursor.fetchone()
    due = row is None or row[0] <= at - every
    await connection.execute(
        "insert into thread_seen as s (organisation_id, agent_id, ticket_id, at, noted_at) values (%b, %b, %b, %b, %b) "
        "on conflict (organisation_id, ticket_id, agent_id) do update set at = greatest(s.at, excluded.at), "
        "noted_at = case when %b then excluded.noted_at else s.noted_at end",
        [organisation, agent, ticket, at, at, due],
    )
    return due


async def _rows(connection: Connection, query: str, values: Any) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), values)
        return list(await cursor.fetchall())
