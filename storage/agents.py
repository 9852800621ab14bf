"""The people who answer. Behind the wall of their organisation; their names are sealed with a key of their own.

A stolen disk must not name those who help either, so an agent is found by a keyed hash of the sign-in name. What
proves that somebody is who they say is written here and read nowhere: see storage/sign_in.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from model.agents import ANSWERING, Agent, Density, Role, Theme
from runtime.ids import new_id
from runtime.keys import Key, Master
from storage.database import Connection

_COLUMNS = (
    "organisation_id, id, key, handle, name, roles, languages, screen_language, theme, density, single_keys, demo, "
    "disabled_at"
)


class NameTaken(Exception):
    """Somebody of this organisation signs in by this name already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An agent as those see them who look after accounts."""

    agent: Agent
    invited_until: datetime | None  #: an invitation that nobody used yet
    has_password: bool


def sign_in_hash(master: Master, handle: str) -> bytes:
    """Where an agent is found who signs in by this name."""
    return master.blind("agent", handle)


async def add(connection: Connection, master: Master, agent: Agent, at: datetime) -> None:
    """A new agent, who cannot sign in yet. Raises NameTaken."""
    key, wrapped = master.new_key(agent.id)
    try:
        async with connection.transaction():
            await connection.execute(
                "insert into agent (organisation_id, id, sign_in, key, handle, name, roles, languages, "
                "screen_language, demo, created_at) values (%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)",
                [
                    agent.organisation,
                    agent.id,
                    sign_in_hash(master, agent.handle),
                    wrapped,
                    key.seal("agent|handle", agent.id, agent.handle.encode()),
                    key.seal("agent|name", agent.id, agent.name.encode()),
                    list(agent.roles),
                    list(agent.languages),
                    agent.screen_language,
                    agent.demo,
                    at,
                ],
            )
    except psycopg.errors.UniqueViolation:
        raise NameTaken(f"somebody signs in as {agent.handle} already") from None


async def colleagues(connection: Connection, master: Master) -> list[Agent]:
    """Everybody of the desk's organisation, in the order in which they came; also those who left."""
    return [agent_of(master, row) for row in await _rows(connection, f"select {_COLUMNS} from agent order by id")]  # noqa: S608


async def names(connection: Connection, master: Master, ids: Collection[UUID]) -> dict[UUID, str]:
    """What these colleagues are called. Opening everybody's names takes longer than a list may."""
    if not ids:
        return {}
    found = await _rows(connection, f"select {_COLUMNS} from agent where id = any (%b)", list(ids))  # noqa: S608
    return {agent.id: agent.name for agent in (agent_of(master, row) for row in found)}


async def answering(connection: Connection, master: Master) -> dict[UUID, str]:
    """Who may have tickets, with what they are called."""
    here = [one for one in await colleagues(connection, master) if one.disabled_at is None]
    return {one.id: one.name for one in here if ANSWERING.intersection(one.roles)}


async def listed(connection: Connection, master: Master) -> list[Listed]:
    """The same, with what became of their invitations."""
    query = (
        f"select {_COLUMNS}, (select ends_at from invitation i where i.organisation_id = a.organisation_id "  # noqa: S608
        "and i.agent_id = a.id) as invited_until, exists (select agent_id from credential c "
        "where c.organisation_id = a.organisation_id and c.agent_id = a.id) as has_password from agent a order by id"
    )
    return [
        Listed(agent=agent_of(master, row), invited_until=row["invited_until"], has_password=row["has_password"])
        for row in await _rows(connection, query)
    ]


async def find(connection: Connection, master: Master, handle: str) -> Agent | None:
    """An agent of the desk's organisation by their sign-in name."""
    rows = await _rows(connection, f"select {_COLUMNS} from agent where sign_in = %b", sign_in_hash(master, handle))  # noqa: S608
    return agent_of(master, rows[0]) if rows else None


async def set_preferences(
    connection: Connection, agent: UUID, *, screen_language: str, theme: Theme, density: Density, single_keys: bool
) -> None:
    """How the screen of one agent looks."""
    await connection.execute(
        "update agent set screen_language = %b, theme = %b, density = %b, single_keys = %b where id = %b",
        [screen_language, theme, density, single_keys, agent],
    )


async def set_duties(connection: Connection, agent: UUID, *, roles: Sequence[Role], languages: Sequence[str]) -> None:
    """What an agent may do and which languages they speak."""
    await connection.execute(
        "update agent set roles = %b, languages = %b where id = %b", [list(roles), list(languages), agent]
    )


async def set_disabled(connection: Connection, agent: UUID, at: datetime | None) -> None:
    """Let an agent in no longer, or again (None). Sessions end by themselves: session_of() finds none of theirs."""
    await connection.execute("update agent set disabled_at = %b where id = %b", [at, agent])


async def invite(connection: Connection, agent: Agent, *, hash_: bytes, ends_at: datetime) -> None:
    """An invitation, by its hash; an earlier one of the same agent no longer counts."""
    await connection.execute("delete from invitation where agent_id = %b", [agent.id])
    await connection.execute(
        "insert into invitation (organisation_id, agent_id, hash, ends_at) values (%b, %b, %b, %b)",
        [agent.organisation, agent.id, hash_, ends_at],
    )


async def use_invitation(connection: Connection, agent: UUID, hash_: bytes) -> bool:
    """Whether an invitation counts: each counts once, also for two who use it at the same moment."""
    cursor = await connection.execute("delete from invitation where agent_id = %b and hash = %b", [agent, hash_])
    return cursor.rowcount == 1


async def begin_afresh(connection: Connection, organisation: UUID, agent: UUID, *, password: str, at: datetime) -> None:
    """A first or forgotten password is set; invitation, second factor, recovery codes and sessions are gone."""
    for table in ("invitation", "credential", "recovery_code", "session"):
        await connection.execute(f"delete from {table} where agent_id = %b".encode(), [agent])  # noqa: S608
    await connection.execute(
        "insert into credential (organisation_id, agent_id, password, changed_at) values (%b, %b, %b, %b)",
        [organisation, agent, password, at],
    )


async def set_password(connection: Connection, agent: UUID, *, password: str, at: datetime) -> None:
    """Another password; `password` is its hash."""
    await connection.execute(
        "update credential set password = %b, changed_at = %b where agent_id = %b", [password, at, agent]
    )


async def set_second_factor(connection: Connection, master: Master, agent: UUID, *, secret: str, step: int) -> None:
    """The secret of an authenticator app, after a code of it was right; `step` is that code's, which counts no more."""
    sealed = (await key_of(connection, master, agent)).seal("credential|totp", agent, secret.encode())
    await connection.execute(
        "update credential set totp = %b, totp_step = %b where agent_id = %b", [sealed, step, agent]
    )


async def use_step(connection: Connection, agent: UUID, step: int) -> bool:
    """Whether a code of this time step counts: each counts once, and none older than the last."""
    cursor = await connection.execute(
        "update credential set totp_step = %b where agent_id = %b and totp_step < %b", [step, agent, step]
    )
    return cursor.rowcount == 1


async def has_second_factor(connection: Connection, agent: UUID) -> bool:
    """Whether an authenticator app is set up: a code of it has counted once."""
    cursor = await connection.execute("select totp_step > 0 from credential where agent_id = %b", [agent])
    row = await cursor.fetchone()
    return bool(row and row[0])


async def set_recovery_codes(connection: Connection, organisation: UUID, agent: UUID, hashes: Sequence[bytes]) -> None:
    """New recovery codes, by their hashes; the old ones count no more."""
    await connection.execute("delete from recovery_code where agent_id = %b", [agent])
    await connection.execute(
        "insert into recovery_code (organisation_id, agent_id, id, hash) "
        "select %b, %b, * from unnest(%b::uuid[], %b::bytea[])",
        [organisation, agent, [new_id() for _ in hashes], list(hashes)],
    )


async def use_recovery_code(connection: Connection, agent: UUID, hash_: bytes) -> bool:
    """Whether a recovery code counts: each counts once."""
    cursor = await connection.execute("delete from recovery_code where agent_id = %b and hash = %b", [agent, hash_])
    return cursor.rowcount > 0


async def recovery_codes_left(connection: Connection, agent: UUID) -> int:
    """How many recovery codes have not been used."""
    cursor = await connection.execute("select count(*) from recovery_code where agent_id = %b", [agent])
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


def agent_of(master: Master, row: Mapping[str, Any]) -> Agent:
    """An agent with their names open."""
    key = master.unwrap(row["id"], row["key"])
    return Agent(
        id=row["id"],
        organisation=row["organisation_id"],
        handle=key.open("agent|handle", row["id"], row["handle"]).decode(),
        name=key.open("agent|name", row["id"], row["name"]).decode(),
        roles=tuple(row["roles"]),
        languages=tuple(row["languages"]),
        screen_language=row["screen_language"],
        theme=row["theme"],
        density=row["density"],
        single_keys=row["single_keys"],
        demo=row["demo"],
        disabled_at=row["disabled_at"],
    )


async def key_of(connection: Connection, master: Master, agent: UUID) -> Key:
    """The key of an agent of the desk's organisation. Raises LookupError."""
    cursor = await connection.execute("select key from agent where id = %b", [agent])
    row = await cursor.fetchone()
    if row is None:
        raise LookupError(f"no agent {agent} in this organisation")
    return master.unwrap(agent, row[0])


async def _rows(connection: Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
