"""The case store's outbox: one row for each ticket and store, bumped in the transaction that changes the ticket.

A row says which version the store should hold and which it does; the snapshot itself is made of the ticket when the
row is claimed, so that only the newest is ever sent. Rows are locked in the order of their key, by everybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from model.cases import Source
from storage.database import Connection
from storage.people import columns

Key = tuple[UUID, UUID, str]  #: organisation, ticket, store

#: Whether a store follows the tickets of an organisation.
SERVES = "s.retired_at is null and (s.organisations is null or {} = any (s.organisations))"
_BUMP = (  # a row that is being sent becomes due when it comes back
    "wanted = c.wanted + 1, state = case c.state when 'sending' then 'sending' else 'due' end, "
    "due_at = case when c.state in ('due', 'sending') then c.due_at else now() end, "
    "tries = case when c.state in ('due', 'sending') then c.tries else 0 end, "
    "changed_at = case c.state when 'done' then now() else c.changed_at end"
)
_CHANGED = (
    "insert into case_sync as c (organisation_id, ticket_id, store, due_at, changed_at) "  # noqa: S608 - constants
    "select x.o, x.t, s.id, now(), now() from unnest(%b::uuid[], %b::uuid[]) as x (o, t) "
    f"join case_store s on {SERVES.format('x.o')} order by x.o, x.t, s.id "
    f"on conflict (organisation_id, ticket_id, store) do update set {_BUMP}"
).encode()
_LOCKED = "order by c.organisation_id, c.ticket_id, c.store for no key update of c"
_SAME = "c.organisation_id = l.organisation_id and c.ticket_id = l.ticket_id and c.store = l.store"


async def changed(connection: Connection, rows: Sequence[tuple[UUID, UUID]]) -> None:
    """These tickets (organisation, ticket) are not what they were: every store that follows them is to be told.

    For whatever stands in a snapshot; in the transaction that changes it, an agent's or intake's.
    """
    if rows:
        await connection.execute(_CHANGED, columns(rows))


async def moved(connection: Connection, rows: Sequence[tuple[UUID, UUID, UUID]]) -> None:
    """Tickets went from one organisation to another (was, is, ticket); tell `changed` of their new places afterwards.

    A store that serves both goes on with the case it has; one that served the old place alone is told that the ticket
    is withdrawn. What is on the network's own file names the old place, so it goes at once.
    """
    if not rows:
        return
    await connection.execute(
        "delete from case_file f using unnest(%b::uuid[], %b::uuid[]) as x (o, t) "
        "where f.organisation_id = x.o and f.ticket_id = x.t",
        columns([(now, ticket) for _, now, ticket in rows]),
    )
    await connection.execute(
        "update case_sync c set organisation_id = x.now "  # noqa: S608 - a constant
        "from unnest(%b::uuid[], %b::uuid[], %b::uuid[]) as x (was, now, t), case_store s "
        f"where c.organisation_id = x.was and c.ticket_id = x.t and s.id = c.store and {SERVES.format('x.now')} "
        "and not exists (select from case_sync o "
        "where o.organisation_id = x.now and o.ticket_id = x.t and o.store = c.store)".encode(),
        columns(rows),
    )
    await withdraw(connection, [(was, ticket) for was, _, ticket in rows])


async def withdraw(connection: Connection, rows: Sequence[tuple[UUID, UUID]]) -> None:
    """Organisations no longer have these tickets: stores that heard of them are told so, and nothing else."""
    if rows:
        await connection.execute(
            "with l as (select c.organisation_id, c.ticket_id, c.store from case_sync c "  # noqa: S608 - constants
            "join unnest(%b::uuid[], %b::uuid[]) as x (o, t) on c.organisation_id = x.o and c.ticket_id = x.t "
            f"{_LOCKED}) update case_sync c set {_BUMP} from l where {_SAME}".encode(),
            columns(rows),
        )


async def follow(connection: Connection, keys: Sequence[Key]) -> None:
    """Make the rows that are missing: of tickets that are older than their store."""
    if keys:
        await connection.execute(
            "insert into case_sync (organisation_id, ticket_id, store, due_at, changed_at) "
            "select *, now(), now() from unnest(%b::uuid[], %b::uuid[], %b::text[]) on conflict do nothing",
            columns(keys),
        )


async def again(connection: Connection, keys: Sequence[Key], *, anew: bool = False) -> None:
    """Send these once more, whatever state they are in.

    A case that is known to be removed in its store, or with `anew` every one, is looked for and made afresh.
    """
    if keys:
        await connection.execute(
            "with l as (select c.organisation_id, c.ticket_id, c.store from case_sync c "  # noqa: S608 - constants
            "join unnest(%b::uuid[], %b::uuid[], %b::text[]) as x (o, t, s) "
            f"on c.organisation_id = x.o and c.ticket_id = x.t and c.store = x.s {_LOCKED}) "
            "update case_sync c set remote_id = case when %b or c.error like 'gone%%' then null else c.remote_id end, "
            f"{_BUMP} from l where {_SAME}".encode(),
            [*columns(keys), anew],
        )


# On its way


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row in a worker's hands, with its ticket as it stands."""

    organisation: UUID
    ticket: UUID
    store: str
    version: int
    tries: int  #: with this one
    lease: UUID  #: of this row alone
    told: bool  #: whether the store may have heard of it before
    remote_id: str | None
    changed_at: datetime
    source: Source | None  #: None: the organisation no longer has it

    @property
    def key(self) -> Key:
        """By which `again` knows it."""
        return self.organisation, self.ticket, self.store


_CLAIM = (
    "with chosen as (select c.organisation_id, c.ticket_id, c.store, c.told from case_sync c "  # noqa: S608 - constants
    "join case_store s on s.id = c.store where c.store = %(store)s and c.state in ('due', 'sending') "
    f"and c.due_at <= %(now)s and {SERVES.format('c.organisation_id')} "
    "order by c.due_at limit %(limit)s for no key update of c skip locked) "
    "update case_sync c set state = 'sending', tries = c.tries + 1, lease = gen_random_uuid(), due_at = %(until)s, "
    f"told = true from chosen l where {_SAME} returning c.organisation_id as organisation, c.ticket_id as ticket, "
    "c.store, c.wanted as version, c.tries, c.lease, l.told, c.remote_id, c.changed_at"
).encode()
SOURCE = (
    "t.number, t.person_id as person, t.queue, t.routed_by, t.status, t.outcome, t.urgency, "
    "t.urgency_reasons as reasons, t.issues, t.language, t.channel, t.account, t.phone_country, t.assignee, "
    "p.pseudonym, t.opened_at, t.closed_at, m.messages_in, m.messages_out"
)
COUNTED = (
    "left join person_card p on p.organisation_id = t.organisation_id and p.person_id = t.person_id "
    "cross join lateral (select count(*) filter (where direction = 'in') as messages_in, "
    "count(*) filter (where direction = 'out' and author is distinct from 'automatic') as messages_out from message "
    "where organisation_id = t.organisation_id and ticket_id = t.id) m"
)
_SOURCES = (
    f"select t.organisation_id, t.id, {SOURCE} from unnest(%b::uuid[], %b::uuid[]) as x (o, t) "  # noqa: S608
    f"join ticket t on t.organisation_id = x.o and t.id = x.t {COUNTED}"
).encode()


async def claim(
    connection: Connection, *, store: str, now: datetime, limit: int, lease: timedelta
) -> Sequence[Claimed]:
    """The rows of a store that are due, or whose worker is gone.

    The tickets are read by a second statement, which sees all that was committed before the rows were locked; the
    first would still see a ticket as it was before the very change that made its row due.
    """
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_CLAIM, {"store": store, "now": now, "limit": limit, "until": now + lease})
        rows = await cursor.fetchall()
    found = await sources(connection, [(row["organisation"], row["ticket"]) for row in rows])
    return [Claimed(**row, source=found.get((row["organisation"], row["ticket"]))) for row in rows]


async def sources(connection: Connection, rows: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Source]:
    """These tickets (organisation, ticket) as they stand."""
    if not rows:
        return {}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SOURCES, columns(rows))
        return {(row.pop("organisation_id"), row.pop("id")): source_of(row) for row in await cursor.fetchall()}


def source_of(row: Mapping[str, Any]) -> Source:
    """A row of the columns of SOURCE."""
    return Source(**{**row, "reasons": tuple(row["reasons"]), "issues": tuple(row["issues"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one claimed row. Neither stored nor held: it is tried again."""

    claimed: Claimed
    at: datetime
    stored: bool = False
    held: bool = False  #: only a person can help
    remote_id: str | None = None
    error: str | None = None  #: a code, with our own names of fields
    due_at: datetime | None = None  #: None: at once


_FINISH = (
    "with l as (select c.organisation_id, c.ticket_id, c.store from case_sync c "  # noqa: S608 - constants
    f"where c.lease = any (%b) {_LOCKED}) "
    "update case_sync c set lease = null, remote_id = coalesce(x.remote, c.remote_id), error = x.error, "
    "stored = case when x.stored then x.version else c.stored end, "
    "stored_at = case when x.stored then x.at else c.stored_at end, "
    "tries = case when x.stored then 0 else c.tries end, "
    "changed_at = case when x.stored and c.wanted > x.version then x.at else c.changed_at end, "
    "due_at = coalesce(x.due, x.at), state = case when c.wanted > x.version then 'due' "
    "when x.stored then 'done' when x.held then 'held' else 'due' end "
    "from l, unnest(%b::uuid[], %b::bigint[], %b::bool[], %b::bool[], %b::text[], %b::text[], %b::timestamptz[], "
    "%b::timestamptz[]) as x (lease, version, stored, held, remote, error, due, at) "
    f"where {_SAME} and c.lease = x.lease returning x.lease"
).encode()


async def finish(connection: Connection, outcomes: Sequence[Outcome]) -> list[Claimed]:
    """Write down what became of claimed rows; gives those that were no longer ours.

    Where such a one was sent all the same, an older snapshot may have followed a newer one: send it `again`.
    """
    if not outcomes:
        return []
    rows = [
        (o.claimed.lease, o.claimed.version, o.stored, o.held, o.remote_id, o.error, o.due_at, o.at) for o in outcomes
    ]
    cursor = await connection.execute(_FINISH, [[o.claimed.lease for o in outcomes], *columns(rows)])
    ours = {lease for (lease,) in await cursor.fetchall()}
    return [o.claimed for o in outcomes if o.claimed.lease not in ours]


async def drop(connection: Connection, rows: Sequence[Claimed]) -> None:
    """Nothing is left to follow: the store knows that the ticket is withdrawn, or never heard of it.

    A row that was bumped meanwhile stays: the ticket may be back.
    """
    if rows:
        await connection.execute(
            "delete from case_sync c using unnest(%b::uuid[], %b::uuid[], %b::text[], %b::bigint[]) as x (o, t, s, v) "
            "where c.organisation_id = x.o and c.ticket_id = x.t and c.store = x.s and c.wanted = x.v",
            columns([(*row.key, row.version) for row in rows]),
        )
