"""What people agreed to, by organisation. Each answer stays; the newest of a purpose counts."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row

from model.consent import Consent
from runtime.ids import new_id
from storage.database import Connection
from storage.people import columns


async def of(connection: Connection, person: UUID) -> list[Consent]:
    """The answer that counts for each purpose somebody has been asked about."""
    async with connection.cursor(row_factory=class_row(Consent)) as cursor:
        await cursor.execute(
            "select distinct on (purpose) purpose, answer, how, language, author, at from consent "
            "where person_id = %b order by purpose, id desc",
            [person],
        )
        return await cursor.fetchall()


async def add(connection: Connection, organisation: UUID, person: UUID, answers: Sequence[Consent]) -> None:
    """Answers more."""
    if not answers:
        return
    rows = [(new_id(), one.purpose, one.answer, one.how, one.language, one.author, one.at) for one in answers]
    await connection.execute(
        "insert into consent (organisation_id, person_id, id, purpose, answer, how, language, author, at) "
        "select %b, %b, * from unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], "
        "%b::timestamptz[])",
        [organisation, person, *columns(rows)],
    )
