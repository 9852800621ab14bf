"""Who did what: lines that can be added but not changed, chained by hash so that a missing one is noticed.

A line is written in the same transaction as the act. A job chains new lines every few seconds, since a chain inside
the transactions would make every writer wait for every other; lines younger than that are not protected yet. Only
lines below the oldest running transaction are chained, in (xid, id) order. The newest hash also goes to the log:
cutting off the chain's end in the database alone would otherwise show nowhere.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from runtime.ids import new_id, now
from storage.database import Connection
from storage.people import columns

_ROW = "a.id, a.organisation_id, a.at, a.actor, a.action, a.ticket_id, a.detail::text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One act. `detail` holds ids and codes, never words, names or numbers of people."""

    organisation: UUID | None
    actor: str
    action: str
    ticket: UUID | None = None
    detail: Mapping[str, str] | None = None


async def write(connection: Connection, lines: Sequence[Line]) -> None:
    """Add lines in the caller's transaction: what is not written down does not happen."""
    at = now()  # where another time is played, what happened in it stands in its place
    if lines:
        await connection.execute(
            "insert into audit (organisation_id, id, at, actor, action, ticket_id, detail) select * from "
            "unnest(%b::uuid[], %b::uuid[], %b::timestamptz[], %b::text[], %b::text[], %b::uuid[], %b::jsonb[])",
            columns(
                [
                    (x.organisation, new_id(), at, x.actor, x.action, x.ticket, orjson.dumps(x.detail or {}).decode())
                    for x in lines
                ]
            ),
        )


async def chain(connection: Connection, *, limit: int = 2000) -> tuple[int, str]:
    """Chain what can be chained; gives how many lines, and the newest hash."""
    await connection.execute("select pg_advisory_xact_lock(7261002)")
    cursor = await connection.execute("select seq, hash from audit_chain order by seq desc limit 1")
    seq, last = await cursor.fetchone() or (0, b"")
    cursor = await connection.execute(
        f"select a.xid::text, {_ROW} from audit a "  # noqa: S608 - a constant
        "where a.xid < pg_snapshot_xmin(pg_current_snapshot()) "
        "and a.xid >= coalesce((select max(xid) from audit_chain), '0'::xid8) "
        "and not exists (select from audit_chain c where c.audit_id = a.id) order by a.xid, a.id limit %b".encode(),
        [limit],
    )
    links = []
    for xid, *row in await cursor.fetchall():
        seq, last = seq + 1, _hash(last, row)
        links.append((seq, row[0], xid, last))
    if links:
        await connection.execute(
            "insert into audit_chain (seq, audit_id, xid, hash) "
            "select c.seq, c.audit_id, c.xid::xid8, c.hash "
            "from unnest(%b::bigint[], %b::uuid[], %b::text[], %b::bytea[]) as c (seq, audit_id, xid, hash)",
            columns(links),
        )
    return len(links), last.hex()


async def verify(connection: Connection, *, page: int = 5000) -> tuple[int, str | None, str]:
    """Walk the chain.

    Gives how many links hold, what is wrong with the first that does not (None: all hold), and the newest hash.
    """
    seq, last = 0, b""
    while True:
        cursor = await connection.execute(
            f"select c.seq, c.audit_id, c.hash, a.id is null, {_ROW} from audit_chain c "  # noqa: S608 - a constant
            "left join audit a on a.id = c.audit_id where c.seq > %b order by c.seq limit %b".encode(),
            [seq, page],
        )
        rows = await cursor.fetchall()
        if not rows:
            return seq, None, last.hex()
        for found, audit_id, link, missing, *row in rows:
            if found != seq + 1:
                return seq, f"link {seq + 1} is missing from the chain", last.hex()
            if missing:
                return seq, f"line {audit_id} (link {found}) was deleted", last.hex()
            if _hash(last, row) != link:
                return seq, f"line {audit_id} (link {found}) was changed", last.hex()
            seq, last = found, link


def _hash(last: bytes, row: Sequence[object]) -> bytes:
    return hashlib.sha256(last + orjson.dumps([str(value) for value in row])).digest()
