"""People as one organisation knows them: their card, and where they wrote from, sealed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedAddress:
    """A number or account somebody wrote from, with the wrapped key that opens it."""

    id: UUID
    scope: str
    answerable: bool
    left_how: str | None
    sealed: bytes
    key_id: UUID | None  #: None: whoever was first met on it was erased
    wrapped: bytes | None


async def card(connection: Connection, person: UUID) -> tuple[str, bytes | None, datetime]:
    """Pseudonym, sealed name, and when this organisation was first written to. Raises LookupError."""
    cursor = await connection.execute(
        "select c.pseudonym, c.name, coalesce((select min(opened_at) from ticket t where t.person_id = c.person_id), "
        "c.created_at) from person_card c where c.person_id = %b",
        [person],
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError(f"no card of person {person} in this organisation")
    return row


async def set_name(connection: Connection, person: UUID, sealed: bytes | None) -> None:
    """The name a person gave to this organisation."""
    await connection.execute("update person_card set name = %b where person_id = %b", [sealed, person])


async def addresses(connection: Connection, person: UUID) -> list[SealedAddress]:
    """Where a person wrote to this organisation from."""
    async with connection.cursor(row_factory=class_row(SealedAddress)) as cursor:
        await cursor.execute(
            "select address_id as id, scope, answerable, left_how, sealed, key_id, wrapped from sealed_addresses(%b)",
            [person],
        )
        return await cursor.fetchall()


async def writing_from(connection: Connection, blinds: Collection[bytes]) -> list[UUID]:
    """People of this organisation who have written to it from one of these addresses, by their keyed hashes."""
    cursor = await connection.execute("select person_id from people_writing_from(%b)", [list(blinds)])
    return [person for (person,) in await cursor.fetchall()]
