"""The network's own case store: the newest snapshot of each ticket, behind the wall, deleted with its ticket."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from storage.database import Connection
from storage.people import columns


async def put(connection: Connection, rows: Sequence[tuple[UUID, UUID, int, Mapping[str, Any]]], at: datetime) -> None:
    """Write snapshots down: organisation, ticket, version, JSON.

    An older one never replaces a newer one; where the organisation no longer has the ticket nothing is written.
    """
    if rows:
        await connection.execute(
            "insert into case_file (organisation_id, ticket_id, version, snapshot, stored_at) "
            "select x.o, x.t, x.v, x.s, %b from unnest(%b::uuid[], %b::uuid[], %b::bigint[], %b::jsonb[]) "
            "as x (o, t, v, s) join ticket t on t.organisation_id = x.o and t.id = x.t order by x.o, x.t "
            "on conflict (organisation_id, ticket_id) do update set version = excluded.version, "
            "snapshot = excluded.snapshot, stored_at = excluded.stored_at "
            "where case_file.version <= excluded.version",
            [at, *columns([(o, t, v, orjson.dumps(s).decode()) for o, t, v, s in rows])],
        )


async def remove(connection: Connection, rows: Sequence[tuple[UUID, UUID]]) -> None:
    """Forget what an organisation (organisation, ticket) no longer has."""
    if rows:
        await connection.execute(
            "delete from case_file f using unnest(%b::uuid[], %b::uuid[]) as x (o, t) "
            "where f.organisation_id = x.o and f.ticket_id = x.t",
            columns(rows),
        )


async def held(connection: Connection, rows: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Mapping[str, Any]]:
    """What is on file of these (organisation, ticket)."""
    if not rows:
        return {}
    cursor = await connection.execute(
        "select f.organisation_id, f.ticket_id, f.snapshot from case_file f "
        "join unnest(%b::uuid[], %b::uuid[]) as x (o, t) on f.organisation_id = x.o and f.ticket_id = x.t",
        columns(rows),
    )
    return {(organisation, ticket): snapshot for organisation, ticket, snapshot in await cursor.fetchall()}
