"""What accounts have sent this month, in what their providers count."""

from datetime import datetime

from storage.database import Connection


async def units_since(connection: Connection, since: datetime) -> dict[str, int]:
    """Units sent through each account since a moment; a delivery of unknown fate counts as one."""
    cursor = await connection.execute(
        "select account, sum(case when state = 'unknown' then greatest(units, 1) else units end)::bigint "
        "from delivery where sent_at >= %b group by account",
        [since],
    )
    return dict(await cursor.fetchall())
