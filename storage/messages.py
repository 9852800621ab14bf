"""Messages and what drops doubles of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from model.tickets import Message, StoredAttachment
from storage.database import Connection
from storage.media import FETCH, FETCH_SOON
from storage.people import columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A stored message that a later event speaks of."""

    id: UUID
    organisation: UUID
    ticket: UUID
    person: UUID
    text: bytes | None
    occurred_at: datetime
    edited_at: datetime | None
    call: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An event whose original had not come: where it stands in its receipt, which is read again."""

    receipt_id: UUID
    position: int


async def seen(connection: Connection, ids: Iterable[tuple[str, str]]) -> dict[tuple[str, str], UUID | None]:
    """Which of these (account, id) were taken in before, with the message each became."""
    wanted = list(ids)
    if not wanted:
        return {}
    cursor = await connection.execute(
        "select s.account, s.id, s.message_id from seen s "
        "join unnest(%b::text[], %b::text[]) as c (account, id) using (account, id)",
        columns(wanted),
    )
    return {(account, id_): message for account, id_, message in await cursor.fetchall()}


async def remember(connection: Connection, rows: Sequence[tuple[str, str, UUID | None]], at: datetime) -> None:
    """Write down that these (account, id) are taken in. The unique key is the last word on doubles."""
    if rows:
        await connection.execute(
            "insert into seen (account, id, message_id, seen_at) "
            "select *, %b from unnest(%b::text[], %b::text[], %b::uuid[])",
            [at, *columns(rows)],
        )


async def originals(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Original]:
    """Stored messages by id."""
    async with connection.cursor(row_factory=class_row(Original)) as cursor:
        await cursor.execute(
            "select id, organisation_id as organisation, ticket_id as ticket, person_id as person, text, occurred_at, "
            "edited_at, call from message where id = any (%b)",
            [list(ids)],
        )
        return {row.id: row for row in await cursor.fetchall()}


async def insert(connection: Connection, rows: Sequence[tuple[UUID, Message]]) -> None:
    """New messages, each with its ticket's organisation; each is due for the search index."""
    if not rows:
        return
    await connection.execute(
        "insert into message (organisation_id, id, ticket_id, person_id, account, direction, kind, text, "
        "text_original, encoding, language, script, provider_id, occurred_at, arrived_at, starts_clock, reply_to, "
        "reply_handle, group_id, call, status, address_id, author, last_seen) select * from unnest("
        "%b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::bytea[], "
        "%b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[], %b::bool[], %b::text[], "
        "%b::bytea[], %b::text[], %b::jsonb[], %b::text[], %b::uuid[], %b::text[], %b::uuid[])",
        columns([_row(organisation, message) for organisation, message in rows]),
    )


def _row(organisation: UUID, m: Message) -> tuple[object, ...]:
    return (
        organisation,
        m.id,
        m.ticket,
        m.person,
        m.account,
        m.direction,
        m.kind,
        m.text,
        m.text_original,
        m.encoding,
        m.language,
        m.script,
        m.provider_id,
        m.occurred_at,
        m.arrived_at,
        m.starts_clock,
        m.reply_to,
        m.reply_handle,
        m.group_id,
        m.call,
        m.status,
        m.address,
        m.author,
        m.last_seen,
    )


async def insert_attachments(connection: Connection, rows: Sequence[tuple[UUID, StoredAttachment]]) -> None:
    """What was sent along, each with its ticket's organisation."""
    if rows:
        await connection.execute(
            "insert into attachment (organisation_id, id, message_id, position, kind, mime, size, seconds, ref, name, "
            "duty) select * from unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::int[], %b::text[], %b::text[], "
            "%b::bigint[], %b::bigint[], %b::bytea[], %b::bytea[], %b::int[])",
            columns([_attachment_row(organisation, attachment) for organisation, attachment in rows]),
        )


def _attachment_row(organisation: UUID, a: StoredAttachment) -> tuple[object, ...]:
    return (
        organisation, a.id, a.message, a.position, a.kind, a.mime, a.size, a.seconds, a.ref, a.name,
        FETCH if a.lasts else FETCH_SOON,
    )  # fmt: skip


async def insert_gram_due(connection: Connection, rows: Sequence[tuple[UUID, UUID]]) -> None:
    """Messages the search index must still take up, as (organisation, message)."""
    if rows:
        await connection.execute(
            "insert into gram_due (organisation_id, message_id) select * from unnest(%b::uuid[], %b::uuid[]) "
            "on conflict do nothing",
            columns(rows),
        )


async def insert_versions(connection: Connection, rows: Sequence[tuple[UUID, UUID, UUID, datetime, bytes]]) -> None:
    """Earlier wordings of edited messages: organisation, id, message, when it was written, sealed text."""
    if rows:
        await connection.execute(
            "insert into message_version (organisation_id, id, message_id, at, text) "
            "select * from unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::timestamptz[], %b::bytea[])",
            columns(rows),
        )


async def set_text(connection: Connection, rows: Sequence[tuple[UUID, bytes, datetime]]) -> None:
    """The newest wording of edited messages: message, sealed text, when it was edited."""
    if rows:
        await connection.execute(
            "update message m set text = c.text, edited_at = c.at "
            "from unnest(%b::uuid[], %b::bytea[], %b::timestamptz[]) as c (id, text, at) where m.id = c.id",
            columns(rows),
        )


async def set_unsent(connection: Connection, rows: Sequence[tuple[UUID, datetime]]) -> None:
    """Messages their writers took back; the words stay, and are shown as taken back."""
    if rows:
        await connection.execute(
            "update message m set unsent_at = c.at from unnest(%b::uuid[], %b::timestamptz[]) as c (id, at) "
            "where m.id = c.id",
            columns(rows),
        )


async def set_call(connection: Connection, rows: Sequence[tuple[UUID, str]]) -> None:
    """What is known of calls by now, as JSON; a call's language is the one the caller chose."""
    if rows:
        await connection.execute(
            "update message m set call = c.call, language = coalesce(c.call ->> 'language', m.language) "
            "from unnest(%b::uuid[], %b::jsonb[]) as c (id, call) where m.id = c.id",
            columns(rows),
        )


async def set_earlier(connection: Connection, rows: Sequence[tuple[UUID, datetime, datetime]]) -> None:
    """Messages of which an earlier moment may have become known: when it was said, when it arrived."""
    if rows:
        await connection.execute(
            "update message m set occurred_at = least(m.occurred_at, at), arrived_at = least(m.arrived_at, arrived) "
            "from unnest(%b::uuid[], %b::timestamptz[], %b::timestamptz[]) as c (id, at, arrived) "
            "where m.id = c.id and (m.occurred_at > at or m.arrived_at > arrived)",
            columns(rows),
        )


async def wait(connection: Connection, rows: Sequence[tuple[UUID, int, str, str]], until: datetime) -> None:
    """Events that wait for their original: receipt, position in it, account, the original's provider id."""
    if rows:
        await connection.execute(
            "insert into waiting (receipt_id, position, account, id, until) "
            "select *, %b from unnest(%b::uuid[], %b::int[], %b::text[], %b::text[]) on conflict do nothing",
            [until, *columns(rows)],
        )


async def no_longer_waiting(connection: Connection, ids: Iterable[tuple[str, str]]) -> list[Waiting]:
    """Take away, and give, the events that waited for one of these (account, provider id)."""
    wanted = list(ids)
    if not wanted:
        return []
    async with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            "delete from waiting w using unnest(%b::text[], %b::text[]) as c (account, id) "
            "where w.account = c.account and w.id = c.id returning w.receipt_id, w.position",
            columns(wanted),
        )
        return await cursor.fetchall()


async def waited_too_long(connection: Connection, *, limit: int) -> list[Waiting]:
    """Events whose original has not come in time; nobody else is given them for an hour."""
    async with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            "update waiting set until = now() + interval '1 hour' where (receipt_id, position) in "
            "(select receipt_id, position from waiting where until < now() order by until for update skip locked "
            "limit %b) returning receipt_id, position",
            [limit],
        )
        return await cursor.fetchall()


async def no_longer_waits(connection: Connection, waiting: Waiting) -> None:
    """This event is taken in."""
    await connection.execute(
        "delete from waiting where receipt_id = %b and position = %b", [waiting.receipt_id, waiting.position]
    )


async def forget_seen(connection: Connection, *, days: int) -> int:
    """Forget events that left no message, once no receipt of them can come back; gives how many."""
    cursor = await connection.execute(
        "delete from seen where message_id is null and seen_at < now() - make_interval(days => %b)", [days]
    )
    return cursor.rowcount
