"""What open inboxes are told of: which tickets changed, in the order in which it became visible.

A row's id alone is no cursor: a transaction that began earlier may commit later, and its rows would never be seen.
So rows are read only below the oldest running transaction (`pg_snapshot_xmin`), ordered by (xid, id).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from runtime.ids import new_id
from storage.database import Connection
from storage.people import columns

What = Literal["changed", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a reader has seen. The epoch changes when a backup is restored, since transaction ids begin anew."""

    epoch: UUID
    xid: int
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One ticket to look at again, or one that is no longer ours to see."""

    cursor: Cursor
    ticket: UUID
    what: What


class Reset(Exception):
    """The cursor is unknown or too old: load the page afresh and start from `start()`."""


async def tell(connection: Connection, rows: Sequence[tuple[UUID, UUID, What]]) -> None:
    """Write changes down: organisation, ticket, what."""
    if rows:
        await connection.execute(
            "insert into change (organisation_id, id, ticket_id, what) "
            "select * from unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::text[])",
            columns([(organisation, new_id(), ticket, what) for organisation, ticket, what in rows]),
        )


async def start(connection: Connection) -> Cursor:
    """The cursor of a page that is loaded now: everything that commits later will be told."""
    cursor = await connection.execute(
        "select epoch, pg_snapshot_xmin(pg_current_snapshot())::text::bigint from feed_epoch"
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - the migration wrote it
    return Cursor(epoch=row[0], xid=row[1] - 1, id=UUID(int=(1 << 128) - 1))


async def read(connection: Connection, organisation: UUID, after: Cursor, *, limit: int = 500) -> list[Change]:
    """What has become visible to an organisation since; raises Reset."""
    cursor = await connection.execute("select epoch, forgotten::text::bigint from feed_epoch")
    row = await cursor.fetchone()
    if row is None or row[0] != after.epoch or after.xid < row[1]:
        raise Reset
    cursor = await connection.execute(
        "select xid::text::bigint, id, ticket_id, what from change where organisation_id = %b "
        "and (xid, id) > (%b::text::xid8, %b) and xid < pg_snapshot_xmin(pg_current_snapshot()) "
        "order by xid, id limit %b",
        [organisation, str(after.xid), after.id, limit],
    )
    return [
        Change(cursor=Cursor(epoch=after.epoch, xid=xid, id=id_), ticket=ticket, what=what)
        for xid, id_, ticket, what in await cursor.fetchall()
    ]


async def forget_old(connection: Connection, *, hours: int) -> int:
    """Drop what every open page has long seen; gives how many rows."""
    cursor = await connection.execute(
        "with old as (delete from change where at < now() - make_interval(hours => %b) returning xid), "
        "mark as (update feed_epoch set forgotten = greatest(forgotten, (select max(xid) from old))) "
        "select count(*) from old",
        [hours],
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
