"""Browsers that somebody signed in with, by the SHA-256 of their cookies: who reads this table can use none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from model.agents import Session, Stage
from runtime.ids import new_id
from runtime.keys import Master
from storage.agents import key_of
from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One session of an agent, as their own page lists it."""

    id: UUID
    created_at: datetime
    seen_at: datetime


async def begin(
    connection: Connection,
    organisation: UUID,
    agent: UUID,
    *,
    hash_: bytes,
    stage: Stage,
    at: datetime,
    ends_at: datetime,
) -> UUID:
    """A new session; its cookie is known by its hash alone."""
    id_ = new_id()
    await connection.execute(
        "insert into session (organisation_id, id, agent_id, hash, stage, created_at, seen_at, ends_at) "
        "values (%b, %b, %b, %b, %b, %b, %b, %b)",
        [organisation, id_, agent, hash_, stage, at, at, ends_at],
    )
    return id_


async def seen(connection: Connection, session: UUID, at: datetime) -> None:
    """Its agent did something. A session that was ended meanwhile stays ended: nothing is inserted here."""
    await connection.execute("update session set seen_at = %b where id = %b", [at, session])


async def alive(connection: Connection, ids: Sequence[UUID], at: datetime, *, idle_seconds: float) -> set[UUID]:
    """Which of these sessions still count."""
    cursor = await connection.execute(
        "select s.id from session s join agent a on a.organisation_id = s.organisation_id and a.id = s.agent_id "
        "where s.id = any (%b) and s.stage = 'full' and a.disabled_at is null and s.ends_at > %b "
        "and s.seen_at > %b - make_interval(secs => %b)",
        [list(ids), at, at, idle_seconds],
    )
    return {id_ for (id_,) in await cursor.fetchall()}


async def end(connection: Connection, session: UUID) -> None:
    """Signed out."""
    await connection.execute("delete from session where id = %b", [session])


async def end_all(connection: Connection, agent: UUID) -> int:
    """Signed out everywhere; gives how many sessions there were."""
    return (await connection.execute("delete from session where agent_id = %b", [agent])).rowcount


async def of(connection: Connection, agent: UUID, *, seen_after: datetime) -> list[Open]:
    """The sessions an agent is signed in with and used lately, newest first."""
    async with connection.cursor(row_factory=class_row(Open)) as cursor:
        await cursor.execute(
            "select id, created_at, seen_at from session where agent_id = %b and stage = 'full' and seen_at > %b "
            "order by id desc",
            [agent, seen_after],
        )
        return await cursor.fetchall()


async def keep_pending(connection: Connection, master: Master, held: Session, secret: str) -> None:
    """The secret of an authenticator app that is being set up; it counts once a code of it was right."""
    sealed = (await key_of(connection, master, held.agent.id)).seal("session|pending", held.id, secret.encode())
    await connection.execute("update session set pending = %b where id = %b", [sealed, held.id])


async def forget_old(connection: Connection, at: datetime, *, idle_minutes: int) -> int:
    """Drop sessions, invitations and tries that no longer count; gives how many. In an intake transaction."""
    cursor = await connection.execute(
        "delete from session where ends_at < %b or seen_at < %b - make_interval(mins => %b)", [at, at, idle_minutes]
    )
    gone = cursor.rowcount
    gone += (await connection.execute("delete from invitation where ends_at < %b", [at])).rowcount
    gone += (await connection.execute("delete from sign_in_try where last_at < %b - interval '1 day'", [at])).rowcount
    return gone
