"""What the operator's commands show: tickets with their words, receipts with their fate."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from model.media import safe_name
from runtime.keys import Key, Master, key_id
from storage.database import Connection, Database
from storage.people import columns, keys_by_id

Row = dict[str, Any]
_PAGE = 500
_TICKETS = (
    "select t.organisation_id, t.id, t.number, t.status, t.urgency, t.urgency_reasons, t.issues as suggested_issues, "
    "t.language, o.slug as organisation, t.queue, t.routed_by, t.channel, t.account, t.person_id as person, "
    "t.opened_at, t.waiting_since, t.closed_at from ticket t join organisation o on o.id = t.organisation_id "
    "where t.number > %b order by t.number limit %b"
)
_RECEIPTS = (
    "select id, account, received_at, state, tries, error, events from receipt where id > %b order by id limit %b"
)
_PARKED = _RECEIPTS.replace("where", "where state = 'parked' and")
_MESSAGES = (
    "select m.id, m.ticket_id, m.direction, m.kind, m.text, m.text_original, m.encoding, m.language, m.occurred_at, "
    "m.arrived_at, m.provider_id, coalesce(d.state, m.status) as status, m.author, m.edited_at, m.unsent_at, m.call "
    "from message m left join delivery d on d.organisation_id = m.organisation_id and d.message_id = m.id "
    "join unnest(%b::uuid[], %b::uuid[]) as c (o, t) on m.organisation_id = c.o and m.ticket_id = c.t "
    "order by m.occurred_at, m.arrived_at, m.id"
)
_ATTACHMENTS = (
    "select a.id, a.message_id, a.kind, a.mime, a.name, a.size, a.seconds, a.state, a.why from attachment a "
    "join message m on m.organisation_id = a.organisation_id and m.id = a.message_id "
    "join unnest(%b::uuid[], %b::uuid[]) as c (o, t) on m.organisation_id = c.o and m.ticket_id = c.t "
    "order by a.message_id, a.position"
)


async def tickets(database: Database, master: Master, *, after: int = 0) -> AsyncIterator[Row]:
    """Every ticket above a number with its messages, in the order of numbers. Write down that somebody looked.

    A transaction a page: whoever reads may read slowly, and no transaction may stay open.
    """
    while True:
        async with database.intake() as connection:
            page = await _with_messages(connection, master, await _rows(connection, _TICKETS, [after, _PAGE]))
        for ticket in page:
            yield ticket
        if len(page) < _PAGE:
            return
        after = page[-1]["number"]


_DELIVERIES = (
    "select d.id, d.ticket_id as ticket, t.number, o.slug as organisation, d.message_id as message, d.account, "
    "d.purpose, d.state, d.reason, d.code, d.tries, d.units, d.created_at, d.due_at, d.sent_at, d.delivered_at, "
    "d.read_at, "
    "d.failed_at from delivery d join ticket t on t.organisation_id = d.organisation_id and t.id = d.ticket_id "
    "join organisation o on o.id = d.organisation_id where d.id > %b order by d.id limit %b"
)


async def deliveries(database: Database) -> AsyncIterator[Row]:
    """Every delivery, oldest first: ids, states and codes, no words."""
    after = UUID(int=0)
    while True:
        async with database.intake() as connection:
            page = await _rows(connection, _DELIVERIES, [after, _PAGE])
        for row in page:
            yield row
        if len(page) < _PAGE:
            return
        after = page[-1]["id"]


_ACCOUNTS = (
    "select a.id, a.channel, i.last_in, o.last_out, o.waiting, o.oldest_waiting, s.failing_since, "
    "s.failures, s.open_until, s.reason, s.code, s.quota_limit, s.quota_used, s.quota_at from account a "
    "left join (select account, max(received_at) as last_in from receipt group by account) i on i.account = a.id "
    "left join (select account, max(sent_at) as last_out, count(*) filter (where state = 'queued') as waiting, "
    "min(created_at) filter (where state = 'queued') as oldest_waiting from delivery group by account) o "
    "on o.account = a.id left join account_state s on s.account = a.id where a.retired_at is null order by a.id"
)


async def accounts(database: Database) -> list[Row]:
    """Every account and how it does. `last_in` looks back as far as receipts are kept."""
    async with database.intake() as connection:
        return await _rows(connection, _ACCOUNTS, [])


async def ticket_named(database: Database, named: str) -> tuple[UUID, UUID] | None:
    """Organisation and id of a ticket by its number (`17`, `#17`) or its id; None where there is none."""
    async with database.intake() as connection:
        cursor = await connection.execute(
            "select organisation_id, id from ticket where number::text = %b or id::text = %b",
            [named.removeprefix("#"), named.lower()],
        )
        return await cursor.fetchone()


async def newest_number(database: Database) -> int:
    """The highest ticket number there is; 0 before the first."""
    async with database.intake() as connection:
        row = await (await connection.execute("select coalesce(max(number), 0) from ticket")).fetchone()
    return int(row[0]) if row else 0


async def receipts(
    database: Database,
    *,
    parked: bool = False,
    after: UUID = UUID(int=0),  # noqa: B008 - a constant
) -> AsyncIterator[Row]:
    """Receipts, oldest first, from after an id on; `parked` alone if wanted."""
    while True:
        async with database.intake() as connection:
            page = await _rows(connection, _PARKED if parked else _RECEIPTS, [after, _PAGE])
        for row in page:
            yield row
        if len(page) < _PAGE:
            return
        after = page[-1]["id"]


async def _with_messages(connection: Connection, master: Master, page: Sequence[Row]) -> Sequence[Row]:
    if not page:
        return page
    places = columns([(t.pop("organisation_id"), t["id"]) for t in page])
    messages = await _rows(connection, _MESSAGES, places)
    attachments = await _rows(connection, _ATTACHMENTS, places)
    sealed = [m[name] for m in messages for name in ("text", "text_original")] + [a["name"] for a in attachments]
    keys = await keys_by_id(connection, master, {key_id(blob) for blob in sealed if blob})
    by_message: dict[UUID, list[Row]] = {}
    for row in attachments:
        by_message.setdefault(row.pop("message_id"), []).append(_attachment(row, keys))
    by_ticket: dict[UUID, list[Row]] = {}
    for row in messages:
        by_ticket.setdefault(row.pop("ticket_id"), []).append(_message(row, keys, by_message.get(row["id"], [])))
    for ticket in page:
        ticket["messages"] = by_ticket.get(ticket["id"], [])
    return page


def _message(row: Row, keys: Mapping[UUID, Key], attachments: list[Row]) -> Row:
    text = _opened(keys, "message|text", row["id"], row["text"])
    original = _opened(keys, "message|text_original", row["id"], row["text_original"])
    status = row["status"] or ("received" if row["direction"] == "in" else None)
    return row | {"text": text, "text_original": original or text, "status": status, "attachments": attachments}


def _attachment(row: Row, keys: Mapping[UUID, Key]) -> Row:
    name = _opened(keys, "attachment|name", row.pop("id"), row["name"])
    return row | {
        "name": safe_name(name, row["mime"] if row["state"] == "kept" else None, row["kind"]) if name else None
    }


def _opened(keys: Mapping[UUID, Key], place: str, row: UUID, blob: bytes | None) -> str | None:
    """The words, None where there are none or the person was erased."""
    key = keys.get(key_id(blob)) if blob else None
    return key.open(place, row, blob).decode() if key and blob else None


async def _rows(connection: Connection, query: str, values: Sequence[Any]) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
