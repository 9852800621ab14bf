"""What providers tell later of what we sent: taken, arrived, read, or lost after all; in any order, and repeatedly.

All parts of a delivery carry its id, so that news is of one of them and nobody knows of which. While a worker sends,
news is only noted: the worker alone knows whether all parts are through, and `storage.outbox` decides when it is done.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from model.deliveries import MOVES, Reason, State
from storage.database import Connection
from storage.people import columns


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A receipt: what the provider tells later of one delivery, or of all to an address up to a moment."""

    status: State
    at: datetime
    delivery: UUID | None = None
    message: UUID | None = None
    address: UUID | None = None
    up_to: datetime | None = None
    reason: Reason | None = None
    code: str | None = None


#: What news has said so far of a delivery that is being sent.
SO_FAR = (
    "(case when d.read_at is not null then 'read' when d.delivered_at is not null then 'delivered' "
    "when d.failed_at is not null then 'failed' when d.sent_at is not null then 'sent' else 'sending' end)"
)
_OLD = f"(case d.state when 'sending' then {SO_FAR} else d.state end)"
_MAY = " or ".join(
    f"(x.state = '{new}' and {_OLD} in ({', '.join(repr(old) for old in MOVES if new in MOVES[old])}))"
    for new in ("sent", "delivered", "read", "failed")
)
#: Of several parts one did not go or nobody can tell: that another arrived does not make it good.
_OF_ANOTHER_PART = (
    "d.parts > 1 and x.state <> 'failed' and (d.failed_at is not null or d.state in ('failed', 'unknown'))"
)
_TOLD = (
    "update delivery d set state = case d.state when 'sending' then d.state else x.state end, "
    "reason = case when x.state = 'failed' then x.reason end, code = case when x.state = 'failed' then x.code end, "
    "sent_at = coalesce(d.sent_at, x.at), "
    "delivered_at = case when x.state in ('delivered', 'read') then coalesce(d.delivered_at, x.at) "
    "else d.delivered_at end, "
    "read_at = case when x.state = 'read' then coalesce(d.read_at, x.at) else d.read_at end, "
    "failed_at = case when x.state = 'failed' then x.at end "
    "from unnest(%b::uuid[], %b::timestamptz[], %b::text[], %b::timestamptz[], %b::text[], %b::text[]) "
    f"as x (key, up_to, state, at, reason, code) where ({_MAY}) "
    f"and ({_OF_ANOTHER_PART}) is not true and "
)
#: By what a receipt names its deliveries.
_NAMED = {
    "delivery": "d.id = x.key ",
    "message": "d.id in (select id from delivery where message_id = x.key) ",
    "address": "d.address_id = x.key and d.sent_at <= x.up_to "
    "and d.state in ('sending', 'sent', 'delivered', 'unknown') ",
}


async def people_of(connection: Connection, deliveries: Collection[UUID]) -> set[UUID]:
    """Whom these deliveries are for: their tickets are held still before a receipt changes anything."""
    if not deliveries:
        return set()
    cursor = await connection.execute("select person_id from delivery where id = any (%b)", [list(deliveries)])
    return {person for (person,) in await cursor.fetchall()}


async def told(connection: Connection, news: Sequence[News]) -> list[tuple[UUID, UUID, State]]:
    """Take receipts in, in any order: a state never goes backwards. Gives (organisation, ticket, state) of changes."""
    changed: list[tuple[UUID, UUID, State]] = []
    for status in ("sent", "delivered", "read", "failed"):  # an update may not meet a row twice
        for named, where in _NAMED.items():
            keyed = {getattr(n, named): n for n in news if n.status == status and getattr(n, named) is not None}
            if keyed:
                cursor = await connection.execute(
                    (_TOLD + where + "returning d.organisation_id, d.ticket_id, d.state").encode(),
                    columns([(key, n.up_to, n.status, n.at, n.reason, n.code) for key, n in keyed.items()]),
                )
                changed += await cursor.fetchall()
    return changed


async def remember_echo(connection: Connection, rows: Sequence[tuple[str, str, UUID]]) -> None:
    """Provider ids that echoes of our own words tell: account, provider id, our delivery."""
    if rows:
        await connection.execute(
            "insert into seen (account, id, message_id, seen_at) select x.account, 'm:' || x.id, d.message_id, now() "
            "from unnest(%b::text[], %b::text[], %b::uuid[]) as x (account, id, delivery) "
            "join delivery d on d.id = x.delivery on conflict do nothing",
            columns(rows),
        )
