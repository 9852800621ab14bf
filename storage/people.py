"""People, their addresses and their keys. Network-wide: the desk never comes here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from model.people import Address
from runtime.ids import new_id
from runtime.keys import Key, Master
from storage.database import Connection


async def lock_addresses(connection: Connection, blinds: Iterable[bytes]) -> None:
    """Nobody else takes in words of these addresses until this transaction ends.

    A statement of its own, before anything is read: fifty first messages in parallel make one person. Sorted, so that
    two workers cannot wait for each other.
    """
    if numbers := lock_numbers(blinds):
        await connection.execute("select pg_advisory_xact_lock(k) from unnest(%b::bigint[]) k", [numbers])


async def lock_free_addresses(connection: Connection, blinds: Iterable[bytes]) -> set[int]:
    """Lock those of these addresses that nobody has in hands, without waiting; gives the numbers of the others."""
    cursor = await connection.execute(
        "select k from unnest(%b::bigint[]) k where not pg_try_advisory_xact_lock(k)", [lock_numbers(blinds)]
    )
    return {row[0] for row in await cursor.fetchall()}


def lock_numbers(blinds: Iterable[bytes]) -> list[int]:
    """The numbers by which addresses are locked, in the order in which everybody takes them."""
    return sorted({int.from_bytes(blind[:8], "big", signed=True) for blind in blinds})


async def addresses(connection: Connection, blinds: Iterable[bytes]) -> dict[bytes, Address]:
    """The known ones among these addresses, with the person who uses each now."""
    async with connection.cursor(row_factory=class_row(Address)) as cursor:
        await cursor.execute(
            "select a.id, a.blind, a.scope, a.answerable, a.language, a.language_at, a.asked_language, a.left_how, "
            "a.left_at, p.person_id as person from address a "
            "left join address_person p on p.address_id = a.id and p.until is null where a.blind = any (%b)",
            [list(blinds)],
        )
        return {row.blind: row for row in await cursor.fetchall()}


async def lock_people(connection: Connection, people: Iterable[UUID]) -> None:
    """Hold these people's tickets still: agents' actions take the same lock."""
    await connection.execute(
        "select id from person where id = any (%b) order by id for no key update", [sorted(set(people))]
    )


async def keys(connection: Connection, master: Master, people: Iterable[UUID]) -> dict[UUID, Key]:
    """The newest open key of each person.

    Read with a lock in the writing transaction itself: a key remembered from before is no proof that the person has
    not been erased meanwhile.
    """
    cursor = await connection.execute(
        "select person_id, id, wrapped from person_key where person_id = any (%b) order by id for key share",
        [list(set(people))],
    )
    return {person: master.unwrap(id_, wrapped) for person, id_, wrapped in await cursor.fetchall()}


async def lives(connection: Connection, key: UUID) -> bool:
    """Whether a key is still there, and stays until this transaction ends: its person has not been erased."""
    cursor = await connection.execute("select from person_key where id = %b for key share", [key])
    return await cursor.fetchone() is not None


async def keys_by_id(connection: Connection, master: Master, ids: Iterable[UUID]) -> dict[UUID, Key]:
    """Open keys by their own id, for reading; an erased person's are missing."""
    cursor = await connection.execute("select id, wrapped from person_key where id = any (%b)", [list(set(ids))])
    return {id_: master.unwrap(id_, wrapped) for id_, wrapped in await cursor.fetchall()}


async def keys_of(connection: Connection, master: Master, person: UUID) -> dict[UUID, Key]:
    """A person's open keys by their own id, as a desk that knows the person may have them; empty once erased."""
    cursor = await connection.execute("select id, wrapped from keys_of(%b::uuid[])", [[person]])
    return {id_: master.unwrap(id_, wrapped) for id_, wrapped in await cursor.fetchall()}


class NewPeople:
    """People and addresses met for the first time in this batch, written together."""

    def __init__(self, master: Master, at: datetime) -> None:
        self._master, self._at = master, at
        self._people: list[tuple[UUID, UUID, bytes]] = []  # person, key, wrapped
        self._addresses: list[tuple[UUID, bytes, str, bytes, bool, str | None]] = []
        self._links: list[tuple[UUID, UUID]] = []

    def person(self) -> tuple[UUID, Key]:
        """Somebody we have not met before, with a key of their own."""
        person, key_id = new_id(), new_id()
        key, wrapped = self._master.new_key(key_id)
        self._people.append((person, key_id, wrapped))
        return person, key

    def address(self, *, blind: bytes, scope: str, value: str, key: Key, answerable: bool, country: str | None) -> UUID:
        """A new address, its value sealed with the key of whoever was met on it."""
        id_ = new_id()
        sealed = key.seal("address|sealed", id_, value.encode())
        self._addresses.append((id_, blind, scope, sealed, answerable, country))
        return id_

    def uses(self, address: UUID, person: UUID) -> None:
        self._links.append((address, person))

    async def write(self, connection: Connection) -> None:
        if self._people:
            await connection.execute(
                "insert into person (id, created_at) select id, %b from unnest(%b::uuid[]) id",
                [self._at, [row[0] for row in self._people]],
            )
            await connection.execute(
                "insert into person_key (person_id, id, wrapped, created_at) "
                "select *, %b from unnest(%b::uuid[], %b::uuid[], %b::bytea[])",
                [self._at, *columns(self._people)],
            )
        if self._addresses:
            await connection.execute(
                "insert into address (id, blind, scope, sealed, answerable, country) "
                "select * from unnest(%b::uuid[], %b::bytea[], %b::text[], %b::bytea[], %b::bool[], %b::text[])",
                columns(self._addresses),
            )
        if self._links:
            await connection.execute(
                "insert into address_person (address_id, person_id, since) "
                "select *, %b from unnest(%b::uuid[], %b::uuid[])",
                [self._at, *columns(self._links)],
            )


async def set_left(connection: Connection, changes: Mapping[UUID, tuple[str | None, datetime]]) -> None:
    """Remember who can no longer, or again, be written to; an older word never overrules a newer one."""
    if not changes:
        return
    await connection.execute(
        "update address a set left_how = c.how, left_at = c.at "
        "from unnest(%b::uuid[], %b::text[], %b::timestamptz[]) as c (id, how, at) "
        "where a.id = c.id and coalesce(a.left_at, '-infinity') <= c.at",
        [list(changes), [how for how, _ in changes.values()], [at for _, at in changes.values()]],
    )


async def set_language(connection: Connection, changes: Mapping[UUID, tuple[str, datetime]]) -> None:
    """Remember which language people chose on an address; an older choice never overrules a newer one."""
    if changes:
        await connection.execute(
            "update address a set language = c.language, language_at = c.at "
            "from unnest(%b::uuid[], %b::text[], %b::timestamptz[]) as c (id, language, at) "
            "where a.id = c.id and coalesce(a.language_at, '-infinity') <= c.at",
            columns([(id_, *change) for id_, change in changes.items()]),
        )


async def set_asked(connection: Connection, changes: Mapping[UUID, bool]) -> None:
    """Remember on which addresses a menu of languages is out, and on which no longer."""
    if changes:
        await connection.execute(
            "update address a set asked_language = c.asked from unnest(%b::uuid[], %b::bool[]) as c (id, asked) "
            "where a.id = c.id",
            columns(list(changes.items())),
        )


def columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    """Rows turned on their side, as `unnest` wants them."""
    return [list(column) for column in zip(*rows, strict=True)]
