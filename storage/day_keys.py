"""Keys of receipts and spool: one a day, destroyed on day 8, so that what was said at the door cannot be read later.

They live wrapped in the database, and in a file of the data directory so that a door can seal while the database is
away. A parked receipt is sealed again with a key that lives 30 days.
"""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from runtime.ids import new_id, now
from runtime.keys import Key, Master, key_id
from storage.database import Connection

AHEAD_DAYS = 3  #: keys are made before their day, so that midnight does not need the database
KEEP_DAYS = 7
PARKED_DAYS = 30


class DayKeys:
    """The open day keys of one process."""

    def __init__(self, master: Master, cache: Path) -> None:
        self._master, self._cache = master, cache
        self._names: dict[str, Key] = {}
        self._by_id: dict[UUID, Key] = {}
        if cache.exists():
            for row in json.loads(cache.read_text()):
                self._add(row["name"], UUID(row["id"]), bytes.fromhex(row["wrapped"]))

    def today(self) -> Key:
        """The key new receipts are sealed with; raises KeyError when the database was away for days."""
        return self._names[f"day {now().date()}"]

    def parked(self) -> Key:
        """The key a receipt is sealed with again when it is parked."""
        return self._names[f"parked {now().date()}"]

    def of(self, blob: bytes) -> Key:
        """The key that a sealed receipt names; raises KeyError when it was destroyed."""
        return self._by_id[key_id(blob)]

    async def refresh(self, connection: Connection) -> None:
        """Make the keys of the coming days, learn those that others made, forget those that were destroyed."""
        first = now().date()
        for day in (first + timedelta(days=n) for n in range(AHEAD_DAYS + 1)):
            await self._make(connection, f"day {day}", day + timedelta(days=KEEP_DAYS + 1))
            await self._make(connection, f"parked {day}", day + timedelta(days=PARKED_DAYS + 1))
        rows = await (await connection.execute("select name, id, wrapped from day_key")).fetchall()
        self._names, self._by_id = {}, {}
        for name, id_, wrapped in rows:
            self._add(name, id_, wrapped)
        self._remember([{"name": n, "id": str(i), "wrapped": w.hex()} for n, i, w in rows])

    async def _make(self, connection: Connection, name: str, destroy_on: date) -> None:
        if name in self._names:
            return
        id_ = new_id()
        _, wrapped = self._master.new_key(id_)
        await connection.execute(
            "insert into day_key (id, name, wrapped, destroy_on) values (%s, %s, %s, %s) on conflict do nothing",
            [id_, name, wrapped, destroy_on],
        )

    def _add(self, name: str, id_: UUID, wrapped: bytes) -> None:
        self._names[name] = self._by_id[id_] = self._master.unwrap(id_, wrapped)

    def _remember(self, rows: list[dict[str, str]]) -> None:
        self._cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._cache.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(rows))
        fresh.replace(self._cache)


async def destroy_old(connection: Connection, today: datetime | None = None) -> int:
    """Delete the keys whose day has come; gives how many. What they sealed can never be read again."""
    cursor = await connection.execute(
        "delete from day_key where destroy_on <= %s", [(today or now()).astimezone(UTC).date()]
    )
    return cursor.rowcount
