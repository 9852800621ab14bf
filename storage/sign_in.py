"""Before anybody is known: who signs in by a name, whose session a cookie is, whose invitation a code is.

These are asked in `Database.nobody()` of functions that see these tables alone; whatever is done next is done behind
the wall of the organisation they name. What is proved stays proved by hashes: no cookie, code or password is kept.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from model.agents import Agent, Role, Session
from runtime.keys import Master
from storage.agents import agent_of, sign_in_hash
from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who says they are this agent."""

    id: UUID
    organisation: UUID
    roles: tuple[Role, ...]
    demo: bool
    password: str = field(repr=False)  #: its hash
    has_second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What the holder of a session can be asked for."""

    password: str = field(repr=False)  #: its hash
    secret: str | None = field(repr=False)  #: of the authenticator app; None: none is set up
    pending: str | None = field(repr=False)  #: of one that is being set up in this session


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Whose invitation a code is."""

    id: UUID
    organisation: UUID
    handle: str
    name: str
    roles: tuple[Role, ...]
    demo: bool


async def candidate(connection: Connection, master: Master, handle: str) -> Candidate | None:
    """Who signs in by this name; None for nobody, for those who left, and for those who have no password yet."""
    row = await _row(connection, "select * from agent_for_sign_in(%b)", sign_in_hash(master, handle))
    if row is None:
        return None
    return Candidate(
        id=row["id"],
        organisation=row["organisation_id"],
        roles=tuple(row["roles"]),
        demo=row["demo"],
        password=row["password"],
        has_second_factor=row["has_totp"],
    )


async def session(connection: Connection, master: Master, hash_: bytes) -> Session | None:
    """Whose session this is. Whether its time is over is for whoever has the clock."""
    row = await _row(connection, "select * from session_of(%b)", hash_)
    if row is None:
        return None
    return Session(
        id=row["id"],
        agent=_agent(master, row),
        stage=row["stage"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        ends_at=row["ends_at"],
    )


async def proofs(connection: Connection, master: Master, held: Session, hash_: bytes) -> Proofs | None:
    """What proves that the holder of a session is who they say."""
    row = await _row(connection, "select * from proofs_of(%b)", hash_)
    if row is None:
        return None
    key = master.unwrap(held.agent.id, row["key"])
    totp, pending = row["totp"], row["pending"]
    return Proofs(
        password=row["password"],
        secret=totp and key.open("credential|totp", held.agent.id, totp).decode(),
        pending=pending and key.open("session|pending", held.id, pending).decode(),
    )


async def invited(connection: Connection, master: Master, hash_: bytes, at: datetime) -> Invited | None:
    """Whose invitation a code is; None when it is nobody's, was used, or its time is over."""
    row = await _row(connection, "select * from invited(%b, %b)", hash_, at)
    if row is None:
        return None
    id_, key = row["agent_id"], master.unwrap(row["agent_id"], row["key"])
    return Invited(
        id=id_,
        organisation=row["organisation_id"],
        handle=key.open("agent|handle", id_, row["handle"]).decode(),
        name=key.open("agent|name", id_, row["name"]).decode(),
        roles=tuple(row["roles"]),
        demo=row["demo"],
    )


async def try_(connection: Connection, key: bytes, at: datetime, *, free: int) -> datetime | None:
    """Count one more try of whoever has this key. Gives until when no try is taken, None when this one is."""
    row = await _row(connection, "select try_sign_in(%b, %b, %b) as until", key, at, free)
    until: datetime | None = row["until"] if row else None
    return until


async def forget_tries(connection: Connection, key: bytes) -> None:
    """Somebody got in: their tries of before count no more."""
    await connection.execute("select forget_tries(%b)", [key])


def _agent(master: Master, row: dict[str, Any]) -> Agent:
    return agent_of(master, row | {"id": row["agent_id"], "disabled_at": None})


async def _row(connection: Connection, query: str, *values: Any) -> dict[str, Any] | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchone()
