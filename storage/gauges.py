"""Counts and ages of what is in the store: numbers that anybody who may log in may see."""

import psycopg

from runtime.keys import Master
from storage.database import Connection, login_dsn

_ASK = (
    "select name, value from gauges() union all select name, value from media_gauges() "
    "union all select name, value from case_gauges()"
)


async def ask(connection: Connection) -> dict[str, float]:
    """All gauges, by name."""
    return dict(await (await connection.execute(_ASK)).fetchall())


def gauges(owner: str, master: Master) -> dict[str, float]:
    """The same for a command that has no connection open."""
    with psycopg.connect(login_dsn(owner, "door", master), autocommit=True, connect_timeout=5) as connection:
        return dict(connection.execute(_ASK).fetchall())
