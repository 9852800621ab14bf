"""Receipts on their way through the workers: claimed, leased, done or parked.

`tries` is counted when a receipt is claimed, in a transaction of its own, so that a receipt which kills its worker is
counted too. Receipts that were tried before are claimed one at a time: one poison parks only itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from runtime.ids import new_id
from storage.database import Connection

_RETURNING = "returning id, account, received_at, sealed, tries"
_TAKE = "update receipt set state = 'taken', tries = tries + 1, lease = %(lease)s, lease_slot = %(slot)s, "
_UNTIL = "lease_until = now() + make_interval(secs => %(seconds)s) where id in "
_FRESH = (
    "(select id from receipt where state = 'new' and tries = 0 order by id for update skip locked limit %(limit)s) "
)
_TRIED = (
    "(select id from receipt where state = 'new' and tries > 0 and coalesce(lease_until, 'epoch') < now() "
    "order by id for update skip locked limit 1) "
)


class LeaseLost(Exception):
    """Another worker has claimed these receipts meanwhile: what was done is rolled back, nothing is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A receipt in a worker's hands, still sealed."""

    id: UUID
    account: str
    received_at: datetime
    sealed: bytes
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Receipts claimed together; `token` must still be theirs when they are done."""

    token: UUID
    receipts: Sequence[Claimed]


async def claim(connection: Connection, *, slot: str, seconds: int, limit: int, tried_first: bool = False) -> Lease:
    """Up to `limit` receipts that nobody tried before, else one that was; an empty lease when there is nothing.

    `tried_first` looks for the one that was tried before: under a lasting backlog its turn would never come.
    """
    token = new_id()
    values = {"lease": token, "slot": slot, "seconds": seconds, "limit": limit}
    for chosen in (_TRIED, _FRESH) if tried_first else (_FRESH, _TRIED):
        async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
            await cursor.execute((_TAKE + _UNTIL + chosen + _RETURNING).encode(), values)
            receipts = await cursor.fetchall()
        if receipts:
            break
    return Lease(token=token, receipts=sorted(receipts, key=lambda r: r.id))


async def done(connection: Connection, lease: UUID, events: dict[UUID, list[str]]) -> None:
    """Mark receipts done and say what they held (`events`: receipt id → one short line an event).

    Raises LeaseLost when the lease is no longer ours.
    """
    cursor = await connection.execute(
        "update receipt r set state = 'done', done_at = now(), lease = null, lease_until = null, error = null, "
        "events = string_to_array(e.events, chr(10)) from unnest(%b::uuid[], %b::text[]) as e (id, events) "
        "where r.id = e.id and r.lease = %b",
        [list(events), ["\n".join(lines) for lines in events.values()], lease],
    )
    if cursor.rowcount != len(events):
        raise LeaseLost


async def park(connection: Connection, lease: UUID, id_: UUID, error: str, sealed: bytes) -> None:
    """Set a receipt aside for a person to look at; `sealed` is it again, under a key that lives 30 days."""
    await connection.execute(
        "update receipt set state = 'parked', error = %s, sealed = %s, lease = null, lease_until = null, "
        "done_at = now() where id = %s and lease = %s",
        [error, sealed, id_, lease],
    )


async def try_again(connection: Connection, lease: UUID, id_: UUID, error: str, *, after_seconds: float) -> None:
    """Give a receipt back, to be claimed alone after a while."""
    await connection.execute(
        "update receipt set state = 'new', error = %s, lease = null, lease_until = now() + make_interval(secs => %s) "
        "where id = %s and lease = %s",
        [error, after_seconds, id_, lease],
    )


async def release(connection: Connection, *, slot: str | None = None) -> int:
    """Free the leases that ran out and, for a worker that starts again, those of its own slot; gives how many."""
    cursor = await connection.execute(
        "update receipt set state = 'new', lease = null, lease_until = null "
        "where state = 'taken' and (lease_until < now() or lease_slot = %s)",
        [slot],
    )
    return cursor.rowcount


async def replay(connection: Connection, id_: UUID) -> bool:
    """Let a parked receipt be tried afresh; False when there is no parked receipt of that id."""
    cursor = await connection.execute(
        "update receipt set state = 'new', tries = 0, error = null where id = %s and state = 'parked'", [id_]
    )
    return cursor.rowcount == 1


async def sealed_of(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Claimed]:
    """Receipts to be read again, because events in them wait for their original."""
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        await cursor.execute(
            "select id, account, received_at, sealed, tries from receipt where id = any (%s)", [list(ids)]
        )
        return {row.id: row for row in await cursor.fetchall()}


async def remove_old(connection: Connection, *, days: int, parked_days: int) -> int:
    """Delete receipts that were done, or parked, long enough ago; gives how many."""
    cursor = await connection.execute(
        "delete from receipt where (state = 'done' and done_at < now() - make_interval(days => %s)) "
        "or (state = 'parked' and done_at < now() - make_interval(days => %s))",
        [days, parked_days],
    )
    return cursor.rowcount


async def backlog(connection: Connection) -> int:
    """How many receipts wait to be taken in."""
    row = await (
        await connection.execute(
            "select count(*) from receipt where state = 'new' and coalesce(lease_until, 'epoch') < now()"
        )
    ).fetchone()
    return int(row[0]) if row else 0


async def over_with(connection: Connection, *, after: UUID, limit: int) -> list[tuple[Claimed, bool]]:
    """Receipts that are done or parked, from after an id on; each with whether it is done."""
    cursor = await connection.execute(
        "select id, account, received_at, sealed, tries, state = 'done' from receipt "
        "where state in ('done', 'parked') and id > %s order by id limit %s",
        [after, limit],
    )
    return [
        (Claimed(id=id_, account=account, received_at=at, sealed=sealed, tries=tries), done)
        for id_, account, at, sealed, tries, done in await cursor.fetchall()
    ]


async def delete(connection: Connection, ids: Sequence[UUID]) -> int:
    """Delete receipts that are over with; not those in which an event still waits for its original. Gives how many."""
    cursor = await connection.execute(
        "delete from receipt where id = any (%s) and state in ('done', 'parked') "
        "and not exists (select from waiting where receipt_id = receipt.id)",
        [list(ids)],
    )
    return cursor.rowcount
