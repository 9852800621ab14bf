"""Keys of receipts and spool: one a day, destroyed on day 8, so that what was said at the door cannot be read later.

They live wrapped in the database, and in a file of the data directory so that a door can seal while the database is
away. A parked receipt is sealed again with a key that lives 30 days.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from psycopg.rows import class_row

from runtime.ids import new_id, now
from runtime.keys import CannotOpen, Key, Master, key_id
from runtime.services import write_private
from storage.database import Connection

AHEAD_DAYS = 3  #: keys are made before their day, so that midnight does not need the database
KEEP_DAYS = 7
PARKED_DAYS = 30
READ_DAYS = 2  #: there must be to read a receipt in, before its key is destroyed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A wrapped key as database and cache hold it."""

    name: str  #: `day 2026-11-22` or `parked 2026-11-22`
    id: UUID
    wrapped: bytes
    destroy_on: date


class DayKeys:
    """The open day keys of one process."""

    def __init__(self, master: Master, cache: Path) -> None:
        self._master, self._cache = master, cache
        self._stored: list[_Stored] = []
        self._names: dict[str, Key] = {}
        self._by_id: dict[UUID, Key] = {}
        if cache.exists():
            self._learn([_from_json(row) for row in json.loads(cache.read_text())])

    def today(self) -> Key:
        """The key new receipts are sealed with: today's, or the last one made while the database is away for days, or
        when the machine slept. Raises KeyError when that one will soon be destroyed, too.
        """
        return self._of_today("day")

    def parked(self) -> Key:
        """The key a receipt is sealed with again when it is parked. Raises KeyError, as `today`."""
        return self._of_today("parked")

    def _of_today(self, kind: str) -> Key:
        name = f"{kind} {now().date()}"
        if name not in self._names:
            soon = now().date() + timedelta(days=READ_DAYS)
            lasting = (key.name for key in self._stored if key.name.startswith(kind) and key.destroy_on > soon)
            name = max(lasting, default=name)
        return self._names[name]

    def miss(self, blobs: Iterable[bytes]) -> bool:
        """Whether a sealed receipt names a key that is not known here: another process may have made it since."""
        return any(self._misses(blob) for blob in blobs)

    def _misses(self, blob: bytes) -> bool:
        try:
            return key_id(blob) not in self._by_id
        except CannotOpen:
            return False

    def of(self, blob: bytes) -> Key:
        """The key that a sealed receipt names; raises KeyError when it was destroyed."""
        return self._by_id[key_id(blob)]

    async def refresh(self, connection: Connection) -> None:
        """Make the keys of the coming days, learn those that others made, forget those that were destroyed.

        A key that only the cache knows is written down again while it may live: the database may be a new one, and
        the spool may still hold what that key sealed.
        """
        there = {key.name for key in await _all(connection)}
        living = [key for key in self._stored if key.destroy_on > now().date()]
        await _write(connection, [key for key in living if key.name not in there])
        there |= {key.name for key in living}
        await _write(connection, [self._made(name, day) for name, day in _wanted(now().date()) if name not in there])
        self._learn(await _all(connection))
        write_private(self._cache, json.dumps([_to_json(key) for key in self._stored]))

    def _made(self, name: str, destroy_on: date) -> _Stored:
        id_ = new_id()
        return _Stored(name=name, id=id_, wrapped=self._master.new_key(id_)[1], destroy_on=destroy_on)

    def _learn(self, stored: list[_Stored]) -> None:
        self._stored = stored
        self._names = {key.name: self._master.unwrap(key.id, key.wrapped) for key in stored}
        self._by_id = {key.id: key for key in self._names.values()}


def _wanted(today: date) -> Iterator[tuple[str, date]]:
    for day in (today + timedelta(days=n) for n in range(AHEAD_DAYS + 1)):
        yield f"day {day}", day + timedelta(days=KEEP_DAYS + 1)
        yield f"parked {day}", day + timedelta(days=PARKED_DAYS + 1)


async def _all(connection: Connection) -> list[_Stored]:
    async with connection.cursor(row_factory=class_row(_Stored)) as cursor:
        await cursor.execute("select name, id, wrapped, destroy_on from day_key order by name")
        return await cursor.fetchall()


async def _write(connection: Connection, keys: Iterable[_Stored]) -> None:
    for key in keys:
        await connection.execute(
            "insert into day_key (name, id, wrapped, destroy_on) values (%s, %s, %s, %s) on conflict do nothing",
            [key.name, key.id, key.wrapped, key.destroy_on],
        )


def _to_json(key: _Stored) -> dict[str, str]:
    return {"name": key.name, "id": str(key.id), "wrapped": key.wrapped.hex(), "destroy_on": str(key.destroy_on)}


def _from_json(row: dict[str, str]) -> _Stored:
    return _Stored(
        name=row["name"],
        id=UUID(row["id"]),
        wrapped=bytes.fromhex(row["wrapped"]),
        destroy_on=date.fromisoformat(row["destroy_on"]),
    )


async def destroy_old(connection: Connection, today: datetime | None = None) -> int:
    """Delete the keys whose day has come; gives how many. What they sealed can never be read again."""
    cursor = await connection.execute(
        "delete from day_key where destroy_on <= %s", [(today or now()).astimezone(UTC).date()]
    )
    return cursor.rowcount
