"""The list of an organisation's tickets, page by page, however many there are.

A view is a few stretches, one after the other, each in the order of an index and read from where the last page ended.
What no index knows is looked for along the way, and no further than `SCAN` tickets at a time: whoever asks is told how
far that was. Everything that is compared is compared by leakproof operators, or the wall would be asked row by row.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from storage.database import Connection

SCAN = 5000  #: tickets looked at for one page
#: All that views and filters ask of a ticket.
_ASKED = (
    "organisation_id, id, status, queue, language, channel, urgency, assignee, waiting_since, last_at, opened_at, "
    "closed_at, snoozed_until"
)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a view: what an index finds, in its order, and what is looked for among it."""

    where: str  #: known to the index
    key: str  #: column of the order; the id breaks ties
    descending: bool = False
    among: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: in which stretch, at which moment and ticket."""

    stretch: int
    at: datetime
    id: UUID


async def scan(
    connection: Connection, stretch: Stretch, values: Mapping[str, Any], after: Place | None, limit: int
) -> list[tuple[datetime, UUID]]:
    """The next tickets of a stretch."""
    way = "desc" if stretch.descending else "asc"
    found = "(" + " and ".join(["true", *stretch.among]) + ")"
    query = (
        f"select t.{stretch.key}, t.id from ({_along(stretch, after)} limit {SCAN}) t "  # noqa: S608 - constants
        f"where {found} order by t.{stretch.key} {way}, t.id {way} limit %(limit)s"
    )
    cursor = await connection.execute(query.encode(), {**values, **_from(after), "limit": limit})
    return await cursor.fetchall()


async def end_of_scan(
    connection: Connection, stretch: Stretch, values: Mapping[str, Any], after: Place | None
) -> tuple[datetime, UUID] | None:
    """The last ticket that a scan of a stretch looked at; None where it reached the end."""
    query = f"select t.{stretch.key}, t.id from ({_along(stretch, after)} offset {SCAN - 1} limit 1) t"  # noqa: S608
    cursor = await connection.execute(query.encode(), {**values, **_from(after)})
    return await cursor.fetchone()


def _along(stretch: Stretch, after: Place | None) -> str:
    way, beyond = ("desc", "<") if stretch.descending else ("asc", ">")
    start = f" and ({stretch.key}, id) {beyond} (%(after_at)s, %(after_id)s)" if after else ""
    order = f"order by {stretch.key} {way}, id {way}"
    return f"select {_ASKED} from ticket where {stretch.where}{start} {order}"  # noqa: S608 - constants


def _from(after: Place | None) -> Mapping[str, Any]:
    return {"after_at": after.at, "after_id": after.id} if after else {}


_DETAILS = """
select t.id, t.number, t.person_id as person, c.pseudonym, t.language, t.spoken, t.channel, t.account, t.queue,
    t.urgency, t.urgency_reasons as reasons, t.issues, t.status, t.outcome, t.assignee, t.opened_at, t.waiting_since,
    t.last_at, t.arrived_at, t.snoozed_until, t.closed_at, t.preview,
    coalesce(s.at < t.arrived_at, true) as unread, d.state as sent_state, d.reason as sent_reason,
    m.kind as last_kind, a.kind as media_kind, a.seconds as media_seconds,
    array(select g.tag_id from ticket_tag g where g.organisation_id = t.organisation_id and g.ticket_id = t.id) as tags,
    n.at as mentioned_at, coalesce(n.unread, false) as mention_unread
from ticket t
join person_card c on c.organisation_id = t.organisation_id and c.person_id = t.person_id
left join thread_seen s on s.organisation_id = t.organisation_id and s.ticket_id = t.id and s.agent_id = %(agent)s
left join lateral (select state, reason from delivery where organisation_id = t.organisation_id and ticket_id = t.id
    and state <> 'cancelled' order by created_at desc limit 1) d on true
left join lateral (select id, kind from message where organisation_id = t.organisation_id and ticket_id = t.id
    and direction = 'in' and kind <> 'reaction' order by occurred_at desc limit 1) m on true
left join lateral (select kind, seconds from attachment where organisation_id = t.organisation_id and message_id = m.id
    order by position limit 1) a on true
left join lateral (select max(at) as at, bool_or(read_at is null) as unread from mention
    where organisation_id = t.organisation_id and agent_id = %(agent)s and ticket_id = t.id) n on true
where t.id = any (%(ids)s)
"""


async def details(connection: Connection, agent: UUID, ids: Collection[UUID]) -> dict[UUID, Row]:
    """What the list shows of these tickets to an agent, previews still sealed. Others' are missing."""
    if not ids:
        return {}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_DETAILS.encode(), {"agent": agent, "ids": list(ids)})
        return {row["id"]: row for row in await cursor.fetchall()}


async def mentions(connection: Connection, agent: UUID, after: Place | None, limit: int) -> list[tuple[datetime, UUID]]:
    """Tickets in whose notes an agent is called, the latest call first."""
    cursor = await connection.execute(
        "select at, ticket_id from (select ticket_id, max(at) as at from "  # noqa: S608 - a constant
        f"(select ticket_id, at from mention where agent_id = %(agent)s order by at desc limit {SCAN}) m "
        "group by ticket_id) t where %(all)s or (at, ticket_id) < (%(after_at)s, %(after_id)s) "
        "order by at desc, ticket_id desc limit %(limit)s".encode(),
        {
            "agent": agent,
            "all": after is None,
            "after_at": after.at if after else None,
            "after_id": after.id if after else None,
            "limit": limit,
        },
    )
    return await cursor.fetchall()


_COUNTS = """
select queue, count(*) filter (where waiting_since is not null), count(*) filter (where assignee is null),
    count(*) filter (where urgency = 'U1'), count(*)
from ticket where status = 'open' and (snoozed_until is null or snoozed_until <= %(now)s) group by queue
"""
_SNOOZED = "select count(*) from ticket where status = 'open' and snoozed_until > %(now)s"
_OWN = """
select (select count(*) from ticket where status = 'open' and assignee = %(agent)s
        and (snoozed_until is null or snoozed_until <= %(now)s)),
    (select count(distinct ticket_id) from mention where agent_id = %(agent)s and read_at is null)
"""


async def counts(connection: Connection, now: datetime) -> tuple[Mapping[str, Sequence[int]], int]:
    """Of each queue who waits, is unassigned, in danger, and open; who is snoozed. A walk over all that are open."""
    by_queue = await (await connection.execute(_COUNTS.encode(), {"now": now})).fetchall()
    snoozed = await (await connection.execute(_SNOOZED.encode(), {"now": now})).fetchone() or (0,)
    return {queue: numbers for queue, *numbers in by_queue}, snoozed[0]


async def own_counts(connection: Connection, agent: UUID, now: datetime) -> tuple[int, int]:
    """How many tickets an agent has, and in how many they are called and have not looked."""
    cursor = await connection.execute(_OWN.encode(), {"agent": agent, "now": now})
    return await cursor.fetchone() or (0, 0)
