"""What the operator asks of the case store: which tickets are where, which should be, and which are stuck."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from model.cases import Source
from storage.case_sync import COUNTED, SERVES, SOURCE, Key, source_of
from storage.database import Connection, Database

Row = dict[str, Any]
_PAGE = 500
_ROWS = (
    "select c.ticket_id as ticket, t.number, o.slug as organisation, c.store, c.state, c.wanted as version, "
    "c.stored as stored_version, c.remote_id, c.tries, c.error, c.due_at, c.organisation_id from case_sync c "
    "join organisation o on o.id = c.organisation_id "
    "left join ticket t on t.organisation_id = c.organisation_id and t.id = c.ticket_id "
    "where (c.ticket_id, c.store, c.organisation_id) > (%b, %b, %b) "
    "order by c.ticket_id, c.store, c.organisation_id limit %b"
)
_EXPECTED = (
    f"select t.organisation_id, t.id, s.id as store, {SOURCE}, "  # noqa: S608 - constants
    "c.wanted as version, c.stored, c.state, c.error, c.remote_id, c.changed_at "
    "from (select * from ticket where number > %b order by number limit %b) t "
    f"join case_store s on {SERVES.format('t.organisation_id')} and s.id = any (%b) {COUNTED} "
    "left join case_sync c on c.organisation_id = t.organisation_id and c.ticket_id = t.id and c.store = s.id "
    "order by t.number, s.id"
)
_OF_THE_ROW = ("version", "stored", "state", "error", "remote_id", "changed_at")


async def rows(database: Database) -> AsyncIterator[Row]:
    """Every row of the outbox, by ticket, a transaction a page."""
    after: tuple[UUID, str, UUID] = (UUID(int=0), "", UUID(int=0))
    while True:
        async with database.intake() as connection:
            page = await _all(connection, _ROWS, [*after, _PAGE])
        for row in page:
            after = row["ticket"], row["store"], row.pop("organisation_id")
            yield row
        if len(page) < _PAGE:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one store should hold of one ticket, and how far we believe it is."""

    organisation: UUID
    ticket: UUID
    store: str
    source: Source
    version: int | None  #: None: nobody has begun to follow it
    stored: int | None
    state: str | None
    error: str | None
    remote_id: str | None
    changed_at: datetime | None

    @property
    def key(self) -> Key:
        """By which the outbox knows it."""
        return self.organisation, self.ticket, self.store


async def expected(connection: Connection, stores: Sequence[str], after: int) -> tuple[list[Expected], int | None]:
    """A page of tickets above a number, each with every store that follows it; and the number to go on after."""
    found = await _all(connection, _EXPECTED, [after, _PAGE, list(stores)])
    last = await _all(
        connection, "select max(number) as last from (select number from ticket where number > %b "
        "order by number limit %b) t", [after, _PAGE]
    )  # fmt: skip
    return [_expected(row) for row in found], last[0]["last"]


def _expected(row: Row) -> Expected:
    known = {name: row.pop(name) for name in _OF_THE_ROW}
    organisation, ticket, store = row.pop("organisation_id"), row.pop("id"), row.pop("store")
    return Expected(organisation=organisation, ticket=ticket, store=store, source=source_of(row), **known)


async def left_behind(connection: Connection, stores: Sequence[str]) -> list[Key]:
    """Rows whose organisation no longer has the ticket: the store has not been told yet."""
    found = await _all(
        connection,
        "select c.organisation_id, c.ticket_id, c.store from case_sync c where c.store = any (%b) and not exists "
        "(select from ticket t where t.organisation_id = c.organisation_id and t.id = c.ticket_id) order by 1, 2, 3",
        [list(stores)],
    )
    return [(row["organisation_id"], row["ticket_id"], row["store"]) for row in found]


async def counts(connection: Connection) -> Counter[tuple[str, str]]:
    """How many rows each store has in each state; what is being sent counts as `due`."""
    found = await _all(
        connection,
        "select store, case state when 'sending' then 'due' else state end as state, count(*) as rows from case_sync "
        "where state <> 'done' group by 1, 2",
        [],
    )
    return Counter({(row["store"], row["state"]): row["rows"] for row in found})


async def stuck(connection: Connection, *, ticket: UUID | None = None, store: str | None = None) -> list[Key]:
    """Held rows: of a store, or all; with a ticket, its rows in whatever state."""
    found = await _all(
        connection,
        "select organisation_id, ticket_id, store from case_sync where "
        "(ticket_id = %(t)s or (%(t)s::uuid is null and state = 'held')) and (%(s)s::text is null or store = %(s)s) "
        "order by 1, 2, 3",
        {"t": ticket, "s": store},
    )
    return [(row["organisation_id"], row["ticket_id"], row["store"]) for row in found]


async def _all(connection: Connection, query: str, values: Any) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
