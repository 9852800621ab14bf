"""Tickets: read as facts, written in batches."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from model.tickets import Ticket
from storage.database import Connection
from storage.people import columns

_COLUMNS = (
    "id, number, person_id as person, organisation_id as organisation, queue, routed_by, status, urgency, "
    "urgency_reasons as reasons, issues, language, language_rank, language_at, language_by, account, channel, "
    "phone_country, opened_at, opened_by, waiting_since, last_at, last_by, touched, assignee, previous_queue, "
    "previous_ticket, closed_at, arrived_at, snoozed_until"
)

# what intake writes, in one order for insert and update; arrays travel as text, since unnest flattens arrays of arrays
_WRITTEN = {
    "organisation_id": "uuid",
    "queue": "text",
    "routed_by": "text",
    "status": "text",
    "urgency": "text",
    "urgency_reasons": "text",
    "issues": "text",
    "language": "text",
    "language_rank": "int",
    "language_at": "timestamptz",
    "language_by": "text",
    "account": "text",
    "channel": "text",
    "phone_country": "text",
    "opened_at": "timestamptz",
    "opened_by": "text",
    "waiting_since": "timestamptz",
    "last_at": "timestamptz",
    "last_by": "text",
    "closed_at": "timestamptz",
    "arrived_at": "timestamptz",
    "snoozed_until": "timestamptz",
    "preview": "bytea",
}
_ONCE = {"id": "uuid", "number": "bigint", "person_id": "uuid", "previous_queue": "text", "previous_ticket": "uuid"}
_LISTS = ("urgency_reasons", "issues")


def _unnest(names: Mapping[str, str]) -> str:
    return f"unnest({', '.join(f'%b::{kind}[]' for kind in names.values())}) as c ({', '.join(names)})"


def _value(name: str) -> str:
    return f"string_to_array(c.{name}, ' ')" if name in _LISTS else f"c.{name}"


_INSERT = (
    f"insert into ticket ({', '.join({**_ONCE, **_WRITTEN})}) "  # noqa: S608 - made of the constants above
    f"select {', '.join(_value(name) for name in {**_ONCE, **_WRITTEN})} from {_unnest({**_ONCE, **_WRITTEN})}"
).encode()
_UPDATE = (
    f"update ticket t set {', '.join(f'{name} = {_value(name)}' for name in _WRITTEN if name != 'preview')}, "  # noqa: S608
    "preview = coalesce(c.preview, t.preview), outcome = case c.status when 'open' then null else t.outcome end "
    f"from {_unnest({'id': 'uuid', 'was': 'uuid', **_WRITTEN})} "
    "where t.organisation_id = c.was and t.id = c.id"
).encode()


async def of_people(connection: Connection, people: Iterable[UUID]) -> dict[UUID, list[Ticket]]:
    """All tickets of these people, by person."""
    async with connection.cursor(row_factory=class_row(Ticket)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from ticket where person_id = any (%b)".encode(),  # noqa: S608
            [list(people)],
        )
        found: dict[UUID, list[Ticket]] = {}
        for ticket in await cursor.fetchall():
            found.setdefault(ticket.person, []).append(ticket)
        return found


async def last_answered(connection: Connection, tickets: Iterable[UUID]) -> dict[UUID, datetime]:
    """When somebody of an organisation last wrote in each of these tickets."""
    cursor = await connection.execute(
        "select ticket_id, max(occurred_at) from message where ticket_id = any (%b) and direction = 'out' "
        "and status is distinct from 'elsewhere' and author is distinct from 'automatic' "
        "group by ticket_id",
        [list(tickets)],
    )
    return dict(await cursor.fetchall())


async def wait_again(connection: Connection, tickets: Iterable[UUID]) -> None:
    """Run the clock of tickets whose last answer did not arrive: from the first words after the last one that did."""
    await connection.execute(
        "update ticket t set waiting_since = (select min(m.occurred_at) from message m "
        "where m.organisation_id = t.organisation_id and m.ticket_id = t.id and m.direction = 'in' and m.starts_clock "
        "and m.occurred_at > coalesce((select max(o.occurred_at) from message o join delivery d "
        "on d.organisation_id = o.organisation_id and d.message_id = o.id where o.organisation_id = t.organisation_id "
        "and o.ticket_id = t.id and d.purpose = 'reply' and d.state not in ('failed', 'cancelled')), '-infinity') "
        "and m.occurred_at > coalesce(t.answered_until, '-infinity')) "
        "where t.id = any (%b) and t.status = 'open'",
        [list(tickets)],
    )


async def numbers(connection: Connection, count: int) -> list[int]:
    """Ticket numbers for people to say on the phone, network-wide."""
    cursor = await connection.execute("select nextval('ticket_number') from generate_series(1, %b)", [count])
    return [row[0] for row in await cursor.fetchall()]


async def insert(connection: Connection, tickets: Sequence[Ticket], previews: Mapping[UUID, bytes]) -> None:
    """New tickets, placed, with the sealed first words of their last message."""
    rows = [
        (t.id, t.number, t.person, t.previous_queue, t.previous_ticket, *_written(t, previews.get(t.id)))
        for t in tickets
    ]
    if rows:
        await connection.execute(_INSERT, columns(rows))


async def update(
    connection: Connection, changed: Sequence[tuple[UUID, Ticket]], previews: Mapping[UUID, bytes]
) -> None:
    """Tickets that took up more; each with the organisation it belonged to before.

    Where that differs, the ticket moves with its messages (their keys cascade), its search grams are due again under
    the new organisation's key, and the organisation that loses it forgets the person it had not begun to serve.
    """
    moved = [(was, t.id) for was, t in changed if t.organisation != was]
    if moved:
        await _forget_grams(connection, moved)
        await _forget_readers(connection, moved)
    rows = [(t.id, was, *_written(t, previews.get(t.id))) for was, t in changed]
    if rows:
        await connection.execute(_UPDATE, columns(rows))
    if moved:
        await _after_move(connection, moved)


def _written(ticket: Ticket, preview: bytes | None) -> tuple[object, ...]:
    return (
        ticket.organisation,
        ticket.queue,
        ticket.routed_by,
        ticket.status,
        ticket.urgency,
        " ".join(ticket.reasons),
        " ".join(ticket.issues),
        ticket.language,
        ticket.language_rank,
        ticket.language_at,
        ticket.language_by,
        ticket.account,
        ticket.channel,
        ticket.phone_country,
        ticket.opened_at,
        ticket.opened_by,
        ticket.waiting_since,
        ticket.last_at,
        ticket.last_by,
        ticket.closed_at,
        ticket.arrived_at,
        ticket.snoozed_until,
        preview,
    )


async def _forget_grams(connection: Connection, moved: Sequence[tuple[UUID, UUID]]) -> None:
    await connection.execute(
        "delete from message_grams g using message m, unnest(%b::uuid[], %b::uuid[]) as c (was, ticket) "
        "where m.organisation_id = c.was and m.ticket_id = c.ticket "
        "and g.organisation_id = c.was and g.message_id = m.id",
        columns(moved),
    )


async def _forget_readers(connection: Connection, moved: Sequence[tuple[UUID, UUID]]) -> None:
    """What agents of the old organisation had read of it, or begun to write, stays with nobody."""
    for table in ("thread_seen", "draft"):
        await connection.execute(
            f"delete from {table} x using unnest(%b::uuid[], %b::uuid[]) as c (was, ticket) "  # noqa: S608
            "where x.organisation_id = c.was and x.ticket_id = c.ticket".encode(),
            columns(moved),
        )


async def wake(connection: Connection, now: datetime) -> list[tuple[UUID, UUID]]:
    """Tickets that were put aside until now are back in their views; gives organisation and ticket of each."""
    cursor = await connection.execute(
        "update ticket set snoozed_until = null where snoozed_until <= %b and status = 'open' "
        "returning organisation_id, id",
        [now],
    )
    return await cursor.fetchall()


async def _after_move(connection: Connection, moved: Sequence[tuple[UUID, UUID]]) -> None:
    await connection.execute(
        "insert into gram_due (organisation_id, message_id) select organisation_id, id from message "
        "where ticket_id = any (%b) on conflict do nothing",
        [[ticket for _, ticket in moved]],
    )
    await connection.execute(
        "delete from person_card p using ticket t, unnest(%b::uuid[], %b::uuid[]) as c (was, ticket) "
        "where t.id = c.ticket and p.person_id = t.person_id and p.organisation_id = c.was and not exists "
        "(select from ticket o where o.person_id = t.person_id and o.organisation_id = c.was)",
        columns(moved),
    )
