"""The outbox: deliveries on their way to people. A row is the truth; its state only moves forward."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from model.deliveries import NewDelivery
from storage.database import Connection
from storage.people import columns


async def insert(connection: Connection, rows: Sequence[NewDelivery]) -> None:
    """New deliveries, in the transaction that writes their messages.

    A second acknowledgement of a ticket is left out.
    """
    if rows:
        await connection.execute(
            "insert into delivery (organisation_id, id, message_id, ticket_id, person_id, address_id, account, "
            "purpose, priority, menu, created_at, due_at) select o, i, m, t, p, a, c, u, r, n, w, w from unnest("
            "%b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::text[], %b::text[], "
            "%b::int[], %b::text[], %b::timestamptz[]) as x (o, i, m, t, p, a, c, u, r, n, w) "
            "on conflict (organisation_id, ticket_id) where purpose = 'acknowledgement' do nothing",
            columns([_row(d) for d in rows]),
        )


def _row(d: NewDelivery) -> tuple[object, ...]:
    return (
        d.organisation, d.id, d.message, d.ticket, d.person, d.address, d.account, d.purpose, d.priority, d.menu, d.at,
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
