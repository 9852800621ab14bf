"""Attachments as work and as files: what is still to be fetched, what became of it, and where it belongs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import class_row, dict_row

from model.events import MediaKind
from model.media import Why
from runtime.ids import new_id
from storage import feed
from storage.database import Connection
from storage.people import columns

#: What is next to do: before the provider forgets it; a provider keeps it until told otherwise; tell it.
FETCH_SOON, FETCH, REMOVE = 0, 1, 2

_FREE = "lease = null, lease_slot = null, lease_until = null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One attachment that this worker has something to do for."""

    id: UUID
    ticket: UUID
    person: UUID
    account: str
    kind: MediaKind
    duty: int
    tries: int  #: this one counted
    ref: bytes  #: sealed
    lease: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a file once it is here."""

    mime: str  #: by content
    size: int
    why: Why | None = None  #: what is wrong with it
    seconds: int | None = None
    inline: bool = False  #: a browser may show it, or the copy
    shown_mime: str | None = None  #: of the copy made anew
    shown_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A kept file, as who gives it out sees it."""

    id: UUID
    message: UUID
    ticket: UUID
    person: UUID
    position: int
    kind: MediaKind
    mime: str
    seconds: int | None
    name: bytes | None  #: sealed
    inline: bool
    shown_mime: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file that goes out."""

    id: UUID
    kind: MediaKind
    mime: str
    size: int
    seconds: int | None
    inline: bool
    name: bytes  #: sealed


async def claim(connection: Connection, *, slot: str, lasts: timedelta) -> Claimed | None:
    """Take the most pressing attachment that nobody has in hands. The try is counted even if it ends its worker."""
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        await cursor.execute(
            "with next as (select organisation_id, id from attachment where duty is not null and due_at <= now() "
            "and coalesce(lease_until, '-infinity') < now() order by duty, due_at, id limit 1 for update skip locked) "
            "update attachment a set tries = a.tries + 1, lease = %b, lease_slot = %b, lease_until = now() + %b "
            "from next n, message m where a.organisation_id = n.organisation_id and a.id = n.id "
            "and m.organisation_id = a.organisation_id and m.id = a.message_id "
            "returning a.id, m.ticket_id as ticket, m.person_id as person, "
            "m.account, a.kind, a.duty, a.tries, a.ref, a.lease",
            [new_id(), slot, lasts],
        )
        return await cursor.fetchone()


async def release(connection: Connection, *, slot: str) -> int:
    """Give back what a worker of this name had in hands before it was started again; gives how many."""
    cursor = await connection.execute(
        f"update attachment set {_FREE} where duty is not null and lease_slot = %b".encode(),  # noqa: S608 - a constant
        [slot],
    )
    return cursor.rowcount


async def kept(connection: Connection, claimed: Claimed, file: Kept, *, remove: bool) -> bool:
    """It is here; False when somebody else has it by now. `remove`: the provider's copy is to be removed next."""
    return await _changed(
        connection,
        "state = 'kept', mime = %(mime)b, size = %(size)b, why = %(why)b, seconds = coalesce(%(seconds)b, seconds), "
        "inline = %(inline)b, shown_mime = %(shown_mime)b, shown_size = %(shown_size)b, kept_at = now(), "
        "duty = %(duty)b, tries = 0, due_at = now()",
        claimed,
        {name: getattr(file, name) for name in Kept.__slots__} | {"duty": REMOVE if remove else None},
        tell=True,
    )


async def not_kept(connection: Connection, claimed: Claimed, state: Literal["gone", "refused"], why: Why) -> bool:
    """It will not be here, and its ticket says so."""
    what, values = "state = %(state)b, why = %(why)b, duty = null", {"state": state, "why": why}
    return await _changed(connection, what, claimed, values, tell=True)


async def later(
    connection: Connection, claimed: Claimed, why: Why | None, after: timedelta, *, counted: bool = True
) -> bool:
    """Try again after a while; `counted`: this try brings the end nearer."""
    return await _changed(
        connection,
        "why = coalesce(%(why)b, why), due_at = now() + %(after)b, tries = tries - %(back)b",
        claimed,
        {"why": why, "after": after, "back": int(not counted)},
    )


async def removed(connection: Connection, claimed: Claimed) -> bool:
    """The provider's copy is gone."""
    return await _changed(connection, "duty = null, removed_at = now()", claimed, {})


async def _changed(
    connection: Connection, what: str, claimed: Claimed, values: Mapping[str, Any], *, tell: bool = False
) -> bool:
    """Change a row that is still ours; `tell` open pages of it. Its ticket may have moved to another organisation."""
    cursor = await connection.execute(
        f"update attachment set {what}, {_FREE} "  # noqa: S608 - constants
        "where id = %(id)b and lease = %(lease)b returning organisation_id".encode(),
        {**values, "id": claimed.id, "lease": claimed.lease},
    )
    row = await cursor.fetchone()
    if row and tell:
        await feed.tell(connection, [(row[0], claimed.ticket, "changed")])
    return row is not None


async def stored(connection: Connection, organisation: UUID, attachment: UUID) -> Stored | None:
    """A kept file; None where there is none."""
    found = await _stored(connection, [organisation, attachment, None])
    return found[0] if found else None


async def of_message(connection: Connection, organisation: UUID, message: UUID) -> list[Stored]:
    """The kept files of a message, in their order."""
    return await _stored(connection, [organisation, None, message])


async def _stored(connection: Connection, values: Sequence[UUID | None]) -> list[Stored]:
    async with connection.cursor(row_factory=class_row(Stored)) as cursor:
        await cursor.execute(
            "select a.id, a.message_id as message, m.ticket_id as ticket, m.person_id as person, a.position, a.kind, "
            "a.mime, a.seconds, a.name, a.inline, a.shown_mime from attachment a "
            "join message m on m.organisation_id = a.organisation_id and m.id = a.message_id "
            "where a.organisation_id = %b and (a.id = %b or a.message_id = %b) and a.state = 'kept' "
            "order by a.position",
            values,
        )
        return await cursor.fetchall()


async def insert_kept(connection: Connection, organisation: UUID, message: UUID, files: Sequence[NewFile]) -> None:
    """The files of a message that goes out, in their order. They are here already, so nothing is due."""
    if files:
        rows = [(f.id, n, f.kind, f.mime, f.size, f.seconds, f.inline, b"", f.name) for n, f in enumerate(files)]
        await connection.execute(
            "insert into attachment (organisation_id, message_id, id, position, kind, mime, size, seconds, inline, "
            "ref, name, state, duty, kept_at) select %b, %b, f.*, 'kept', null, now() from unnest(%b::uuid[], "
            "%b::int[], %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::bool[], %b::bytea[], %b::bytea[]) f",
            [organisation, message, *columns(rows)],
        )


async def still_kept(connection: Connection, attachments: Collection[UUID]) -> set[UUID]:
    """Which of these have their file here by right."""
    cursor = await connection.execute(
        "select id from attachment where id = any (%b) and state = 'kept'", [list(attachments)]
    )
    return {row[0] for row in await cursor.fetchall()}


async def listed(connection: Connection, *, after: UUID, limit: int) -> list[dict[str, Any]]:
    """What operators see of attachments, from after an id on: ids and codes."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            "select a.id, m.ticket_id as ticket, a.message_id as message, a.kind, a.state, a.why, a.mime, a.size, "
            "m.account, case when a.duty is not null then a.due_at end as due_at, a.tries from attachment a "
            "join message m on m.organisation_id = a.organisation_id and m.id = a.message_id "
            "where a.id > %b order by a.id limit %b",
            [after, limit],
        )
        return await cursor.fetchall()


async def retry(connection: Connection, attachment: UUID) -> bool:
    """Fetch again what is gone, was refused or waits; False for one that is here, erased, unknown or in hands now."""
    cursor = await connection.execute(
        "update attachment set state = 'due', why = null, duty = coalesce(duty, %b), tries = 0, due_at = now() "
        "where id = %b and state <> 'kept' and why is distinct from 'erased' and lease is null",
        [FETCH_SOON, attachment],
    )
    return cursor.rowcount == 1
