"""The outbox: deliveries on their way to people. A row is the truth; its state only moves forward.

An address is claimed, not a row: only the first waiting delivery of each address may be taken, so that words arrive in
the order in which they were written, whoever sends them. One that waits to be tried again holds up those behind it;
one whose fate is unknown does not. Moments are the caller's, so that a test can play ten minutes in one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from model.deliveries import NewDelivery, Reason, State
from runtime.ids import new_id
from storage.database import Connection
from storage.delivery_news import SO_FAR
from storage.people import columns, lock_people


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery in a worker's hands, its words and address still sealed."""

    id: UUID
    organisation: UUID
    message: UUID
    ticket: UUID
    person: UUID
    address: UUID
    account: str
    purpose: str
    priority: int
    menu: str | None
    choices: bytes | None  #: sealed
    created_at: datetime
    tries: int
    parts_done: int
    keyed_until: datetime | None  #: of an earlier try: until then the provider knows its key
    held_until: datetime | None  #: it waited for the person's safe hours until then
    lease: UUID
    scope: str
    to: bytes  #: sealed
    left_how: str | None
    text: bytes | None  #: sealed
    language: str | None
    heard_at: datetime | None  #: when the person last wrote from this address
    zawgyi: bool  #: whether the last Burmese that came from there was Zawgyi
    files: bool  #: whether anything is attached
    contact: UUID | None  #: which version of the contact rules counts
    rules: bytes | None  #: that version, sealed
    text_ok: bool | None  #: see storage.contact_rules.opened
    used: bool  #: whether the person wrote on this channel themselves
    reply_handle: tuple[UUID, bytes] | None = None  #: taken for this try: the message it came with, and it sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt. `queued` gives it back, to be tried again when it is due."""

    row: Claimed
    state: State
    at: datetime  #: when the attempt began
    due_at: datetime | None = None  #: for `queued`
    reason: Reason | None = None
    code: str | None = None
    units: int = 0
    ids: tuple[str, ...] = ()  #: the provider's, of the messages it became


async def insert(connection: Connection, rows: Sequence[NewDelivery]) -> None:
    """New deliveries, in the transaction that writes their messages.

    A second acknowledgement of a ticket is left out.
    """
    if rows:
        await connection.execute(
            "insert into delivery (organisation_id, id, message_id, ticket_id, person_id, address_id, account, "
            "purpose, priority, menu, choices, created_at, due_at, held_until) select * from unnest("
            "%b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::text[], %b::text[], "
            "%b::int[], %b::text[], %b::bytea[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[]) "
            "on conflict (organisation_id, ticket_id) where purpose = 'acknowledgement' do nothing",
            columns([_row(d) for d in rows]),
        )


def _row(d: NewDelivery) -> tuple[object, ...]:
    return (
        d.organisation, d.id, d.message, d.ticket, d.person, d.address, d.account, d.purpose, d.priority, d.menu,
        d.choices, d.at, d.due_at or d.at, d.held_until,
    )  # fmt: skip


async def automatic_since(
    connection: Connection, addresses: Iterable[UUID], since: datetime
) -> dict[tuple[UUID, str], int]:
    """How often we have answered these addresses by ourselves since a moment, by (address, purpose)."""
    wanted = list(addresses)
    if not wanted:
        return {}
    cursor = await connection.execute(
        "select address_id, purpose, count(*) from delivery where address_id = any (%b) "
        "and purpose in ('acknowledgement', 'confirmation') and created_at > %b group by address_id, purpose",
        [wanted, since],
    )
    return {(address, purpose): count for address, purpose, count in await cursor.fetchall()}


_CLAIM = """
with chosen as (
    select d.organisation_id, d.id from delivery d
    where d.state = 'queued' and d.due_at <= %(now)s and (d.lease is null or d.lease_until < %(now)s)
    and d.priority = %(priority)s and not d.account = any (%(paused)s)
    and not exists (select from delivery e where e.address_id = d.address_id and e.state in ('queued', 'sending')
        and (e.priority, e.id) < (d.priority, d.id) and coalesce(e.held_until <= %(now)s, true))
    order by d.id for update skip locked limit %(limit)s),
taken as (
    update delivery d set lease = %(lease)s, lease_slot = %(slot)s, lease_until = %(until)s from chosen c
    where d.organisation_id = c.organisation_id and d.id = c.id returning d.*)
select d.id, d.organisation_id as organisation, d.message_id as message, d.ticket_id as ticket, d.person_id as person,
    d.address_id as address, d.account, d.purpose, d.priority, d.menu, d.choices, d.created_at, d.tries, d.parts_done,
    d.keyed_until, d.held_until, d.lease, a.scope, a.sealed as to, a.left_how, m.text, m.language,
    (select max(h.occurred_at) from message h
        where h.address_id = d.address_id and h.direction = 'in' and h.kind <> 'reaction') as heard_at,
    coalesce((select h.encoding = 'zawgyi' from message h where h.address_id = d.address_id and h.direction = 'in'
        and h.script = 'Mymr' order by h.occurred_at desc limit 1), false) as zawgyi,
    exists (select from attachment f
        where f.organisation_id = d.organisation_id and f.message_id = d.message_id) as files,
    p.contact, p.text_ok, r.rules,
    exists (select from message h join account ha on ha.id = h.account join account da on da.channel = ha.channel
        where h.address_id = d.address_id and h.direction = 'in' and da.id = d.account) as used
from taken d join address a on a.id = d.address_id
join message m on m.organisation_id = d.organisation_id and m.id = d.message_id
left join person_card p on p.organisation_id = d.organisation_id and p.person_id = d.person_id
left join contact_rule r on r.organisation_id = p.organisation_id and r.id = p.contact
order by d.id
"""


async def claim(
    connection: Connection,
    *,
    slot: str,
    now: datetime,
    limit: int,
    lease: timedelta,
    priority: int,
    paused: Iterable[str] = (),
) -> list[Claimed]:
    """The next deliveries of a priority to send, at most one an address and nothing of `paused` accounts."""
    values = {
        "slot": slot, "now": now, "limit": limit, "lease": new_id(), "until": now + lease, "priority": priority,
        "paused": list(paused),
    }  # fmt: skip
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        await cursor.execute(_CLAIM.encode(), values)
        return await cursor.fetchall()


async def begin(connection: Connection, rows: Sequence[tuple[Claimed, int, datetime | None]]) -> set[UUID]:
    """Mark deliveries as being sent, each with the number of its parts and the moment until which the provider knows
    its key; None without one.

    Committed before the first byte leaves. Gives those that are still ours and were not cancelled meanwhile.
    """
    cursor = await connection.execute(
        "update delivery d set state = 'sending', tries = d.tries + 1, parts = x.parts, keyed_until = x.keyed "
        "from unnest(%b::uuid[], %b::uuid[], %b::int[], %b::timestamptz[]) as x (id, lease, parts, keyed) "
        # `is true`: else the planner goes through all that is due, by the index of that
        "where d.id = x.id and d.lease = x.lease and (d.state = 'queued') is true returning d.id",
        columns([(row.id, row.lease, parts, keyed) for row, parts, keyed in rows]),
    )
    return {id_ for (id_,) in await cursor.fetchall()}


async def part_done(
    connection: Connection, outcome: Outcome, parts_done: int, keyed_until: datetime | None, lease_until: datetime
) -> bool:
    """One request of several is through; False when the delivery is no longer ours to go on with."""
    row = outcome.row
    cursor = await connection.execute(
        "update delivery set parts_done = %b, units = units + %b, keyed_until = %b, lease_until = %b, "
        "sent_at = coalesce(sent_at, %b) where id = %b and lease = %b and state = 'sending'",
        [parts_done, outcome.units, keyed_until, lease_until, outcome.at, row.id, row.lease],
    )
    await _remember_ids(connection, [outcome])
    return cursor.rowcount == 1


#: What a delivery has become. Where providers told of it meanwhile, that is not undone: a part that did not arrive ends
#: it, and the only part of one that has arrived is not sent again. Of several parts one that arrived is not all.
_FATE = (
    f"(case when d.failed_at is not null then 'failed' "
    f"when (x.state = 'sent' or d.parts = 1) and {SO_FAR} in ('delivered', 'read') then {SO_FAR} "
    f"when x.state in ('queued', 'unknown') and d.state = 'sending' and d.parts = 1 and {SO_FAR} = 'sent' then 'sent' "
    "else x.state end)"
)
_FINISH = (
    f"update delivery d set state = {_FATE}, due_at = coalesce(x.due, d.due_at), units = d.units + x.units, "  # noqa: S608
    f"reason = case when d.failed_at is not null then d.reason when {_FATE} = x.state then x.reason end, "
    f"code = case when d.failed_at is not null then d.code when {_FATE} = x.state then x.code end, "
    "lease = null, lease_slot = null, lease_until = null, "
    "sent_at = case when x.state in ('sent', 'unknown') then coalesce(d.sent_at, x.at) else d.sent_at end, "
    f"failed_at = case when {_FATE} = 'failed' then coalesce(d.failed_at, x.at) end "
    "from unnest(%b::uuid[], %b::uuid[], %b::text[], %b::timestamptz[], %b::timestamptz[], %b::text[], %b::text[], "
    "%b::int[]) as x (id, lease, state, at, due, reason, code, units) where d.id = x.id and "
    "((d.lease = x.lease and d.state in ('queued', 'sending')) "
    "or (d.state = 'unknown' and x.state in ('sent', 'failed'))) returning d.organisation_id, d.ticket_id, d.state"
)


async def feared(connection: Connection, deliveries: Iterable[UUID]) -> set[UUID]:
    """Whom those of these deliveries are for of which we heard, while they were being sent, that they did not arrive.

    `finish` calls them failed, and their people are to be held still before.
    """
    cursor = await connection.execute(
        "select person_id from delivery where id = any (%b) and state = 'sending' and failed_at is not null",
        [list(deliveries)],
    )
    return {person for (person,) in await cursor.fetchall()}


async def finish(connection: Connection, outcomes: Sequence[Outcome]) -> list[tuple[UUID, UUID, State]]:
    """Write down what became of attempts; gives (organisation, ticket, state) of what changed.

    Written also where the lease has run out and somebody has called the delivery's fate unknown: now it is known.
    """
    if not outcomes:
        return []
    cursor = await connection.execute(
        _FINISH.encode(),
        columns([(o.row.id, o.row.lease, o.state, o.at, o.due_at, o.reason, o.code, o.units) for o in outcomes]),
    )
    changed = await cursor.fetchall()
    await _remember_ids(connection, outcomes)
    return changed


async def _remember_ids(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """The provider's ids of what we sent: receipts, reactions and answers name them, perhaps already."""
    rows = [(o.row.id, o.row.account, id_) for o in outcomes for id_ in o.ids]
    if not rows:
        return
    await connection.execute(
        "with x as (select * from unnest(%b::uuid[], %b::text[], %b::text[]) as x (delivery, account, id)), "
        "new as (insert into seen (account, id, message_id, seen_at) "
        "select x.account, 'm:' || x.id, d.message_id, now() from x join delivery d on d.id = x.delivery "
        "on conflict do nothing), "
        "due as (update waiting w set until = now() from x where w.account = x.account and w.id = x.id) "
        "update message m set provider_id = coalesce(m.provider_id, x.id) from x join delivery d on d.id = x.delivery "
        "where m.organisation_id = d.organisation_id and m.id = d.message_id",
        columns(rows),
    )


async def give_back(connection: Connection, lease: UUID, rows: Sequence[tuple[UUID, datetime]]) -> None:
    """Let go of claimed deliveries that were not begun, each due again at a moment."""
    if rows:
        await connection.execute(
            "update delivery d set lease = null, lease_slot = null, lease_until = null, due_at = x.due "
            "from unnest(%b::uuid[], %b::timestamptz[]) as x (id, due) "
            "where d.id = x.id and d.lease = %b and d.state = 'queued'",
            [*columns(rows), lease],
        )


async def hold_back(connection: Connection, lease: UUID, rows: Sequence[tuple[UUID, datetime]]) -> None:
    """Let go of claimed deliveries until the person's safe hours; meanwhile they hold up nobody behind them."""
    if rows:
        await connection.execute(
            "update delivery d set held_until = x.until from unnest(%b::uuid[], %b::timestamptz[]) as x (id, until) "
            "where d.id = x.id and d.lease = %b and d.state = 'queued'",
            [*columns(rows), lease],
        )
        await give_back(connection, lease, rows)


async def pause_address(connection: Connection, rows: Sequence[tuple[UUID, datetime]]) -> None:
    """Nothing more to these addresses before a moment: some providers want a pause between two messages."""
    if rows:
        await connection.execute(
            "update delivery d set due_at = greatest(d.due_at, x.due) from unnest(%b::uuid[], %b::timestamptz[]) "
            "as x (address, due) where d.address_id = x.address and d.state = 'queued'",
            columns(rows),
        )


_LOST = (
    "d.lease is not null and d.state in ('queued', 'sending') and (d.lease_until < %(now)s or d.lease_slot = %(slot)s)"
)
#: The only part is known to have gone.
_GONE = f"(d.state = 'sending' and d.parts = 1 and {SO_FAR} in ('sent', 'delivered', 'read'))"
_RECOVER = (
    "update delivery d set lease = null, lease_slot = null, lease_until = null, "  # noqa: S608 - constants
    "state = case when d.state = 'queued' then d.state when d.failed_at is not null then 'failed' "
    f"when {_GONE} then {SO_FAR} when d.keyed_until > %(now)s then 'queued' else 'unknown' end, "
    f"units = case when {_GONE} then greatest(d.units, 1) else d.units end, "
    "sent_at = case when d.state = 'sending' and not coalesce(d.keyed_until > %(now)s, false) "
    "then coalesce(d.sent_at, %(now)s) else d.sent_at end "
    f"where {_LOST} returning d.organisation_id, d.ticket_id, d.state"
)


async def recover(connection: Connection, *, now: datetime, slot: str | None = None) -> list[tuple[UUID, UUID, State]]:
    """Deliveries whose worker is gone: begun ones become what was told of them meanwhile, else unknown, or are sent
    again where the provider knows their key.

    `slot`: of a worker that starts again, so that its own need not wait for their lease to run out.
    Gives (organisation, ticket, state) of what changed.
    """
    values = {"now": now, "slot": slot}
    cursor = await connection.execute(
        f"select d.person_id from delivery d where {_LOST} and d.failed_at is not null".encode(),  # noqa: S608 - constants
        values,
    )
    await lock_people(connection, [person for (person,) in await cursor.fetchall()])
    cursor = await connection.execute(_RECOVER.encode(), values)
    return await cursor.fetchall()


async def take_reply_handles(
    connection: Connection, asked: Sequence[tuple[UUID, str, datetime]]
) -> dict[UUID, tuple[UUID, bytes]]:
    """The newest reply handles of (address, account), younger than a moment, taken so that nobody uses them twice.

    By address: the message it came with, and the handle sealed.
    """
    if not asked:
        return {}
    cursor = await connection.execute(
        "with x as (select * from unnest(%b::uuid[], %b::text[], %b::timestamptz[]) as x (address, account, since)), "
        "newest as (select m.* from x cross join lateral ("
        "select h.organisation_id, h.id, h.address_id, h.reply_handle from message h "
        "where h.address_id = x.address and h.account = x.account and h.direction = 'in' "
        "and h.reply_handle is not null and h.arrived_at > x.since "
        "order by h.occurred_at desc limit 1 for update skip locked) m) "
        "update message m set reply_handle = null from newest n "
        "where m.organisation_id = n.organisation_id and m.id = n.id returning n.address_id, n.id, n.reply_handle",
        columns(asked),
    )
    return {address: (message, handle) for address, message, handle in await cursor.fetchall()}
