"""Open connections. Each login sees only what its role may, and every transaction says for whom it acts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool

from runtime.keys import Master

Login = Literal["door", "web", "worker"]
Connection = AsyncConnection[TupleRow]

# the other floors speak of failures, not of the driver
StoreError = psycopg.Error
StoreAway = psycopg.OperationalError

# A transaction that stays open stalls the live feed for everybody, so none may
_LIMITS = "-c timezone=UTC -c statement_timeout=30s -c lock_timeout=20s -c idle_in_transaction_session_timeout=30s"


def login_dsn(owner: str, login: Login, master: Master) -> str:
    """The connection string of a login, made from the owner's."""
    parts = conninfo_to_dict(owner)
    user = f"{parts['dbname']}_{login}"
    return make_conninfo(
        owner, user=user, password=master.password(user), options=_LIMITS, application_name=f"worker-voice {login}"
    )


class Database:
    """A pool of connections of one login."""

    def __init__(self, owner: str, login: Login, master: Master, *, most: int = 8) -> None:
        self.dsn = login_dsn(owner, login, master)
        self._name = str(conninfo_to_dict(owner)["dbname"])
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self.dsn, min_size=1, max_size=most, open=False, timeout=5, check=AsyncConnectionPool.check_connection
        )

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def plain(self) -> AsyncIterator[Connection]:
        """A transaction with the login's own rights: what the door has."""
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[Connection]:
        """A network-wide transaction. Only the worker's login may open one."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(self._role("intake"))
            yield connection

    @asynccontextmanager
    async def nobody(self) -> AsyncIterator[Connection]:
        """A transaction before anybody is known: only the functions for signing in answer (storage/sign_in.py)."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(self._role("desk"))
            yield connection

    @asynccontextmanager
    async def desk(self, organisation: UUID) -> AsyncIterator[Connection]:
        """A transaction behind the wall of one organisation."""
        async with self._pool.connection() as connection, connection.transaction():
            # in one question: every page asks it, and each question is a way to the database and back
            await connection.execute(
                "select set_config('role', %s, true), set_config('app.organisation', %s, true)",
                [f"{self._name}_desk", str(organisation)],
            )
            yield connection

    def _role(self, group: str) -> Any:
        return SQL("set local role {}").format(Identifier(f"{self._name}_{group}"))


def collided(error: Exception) -> bool:
    """Whether two transactions stood in each other's way: either may simply try again."""
    return isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.LockNotAvailable)


def code_of(error: Exception) -> str:
    """SQLSTATE of a database error, empty for any other."""
    return (error.sqlstate or "") if isinstance(error, psycopg.Error) else ""
