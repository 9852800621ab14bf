"""The network of config.yaml as rows, so that foreign keys and screens can refer to it.

What disappears from the file retires here; nothing is ever deleted, since tickets point to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from model.cases import LOCAL
from model.network import Network
from storage.people import columns


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """What the store knows of an account: never its secrets."""

    id: str
    channel: str
    countries: Sequence[str]
    languages: Sequence[str]
    inbound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRow:
    """What the database knows of a case store: whose tickets it follows."""

    id: str
    kind: str
    organisations: Sequence[UUID] | None  #: None: everybody's


LOCAL_ROW = StoreRow(id=LOCAL, kind=LOCAL, organisations=None)


def mirror(
    connection: psycopg.Connection, network: Network, accounts: Iterable[AccountRow], stores: Sequence[StoreRow]
) -> None:
    """Write the network down, in one transaction."""
    with connection.transaction():
        organisations = [(o.uuid, o.id, o.name, o.country, o.timezone) for o in network.organisations.values()]
        connection.execute(
            "insert into organisation (id, slug, name, country, timezone) "
            "select * from unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[]) "
            "on conflict (id) do update set name = excluded.name, country = excluded.country, "
            "timezone = excluded.timezone, retired_at = null",
            columns(organisations),
        )
        queues = [
            (q.id, network.organisations[q.organisation].uuid, q.name, q.safeguarding) for q in network.queues.values()
        ]
        connection.execute(
            "insert into queue (id, organisation, name, safeguarding) "
            "select * from unnest(%b::text[], %b::uuid[], %b::text[], %b::bool[]) "
            "on conflict (id) do update set organisation = excluded.organisation, name = excluded.name, "
            "safeguarding = excluded.safeguarding, retired_at = null",
            columns(queues),
        )
        rows = [(a.id, a.channel, ",".join(a.countries), ",".join(a.languages), a.inbound) for a in accounts]
        connection.execute(
            "insert into account (id, channel, countries, languages, inbound) "
            "select i, c, string_to_array(co, ','), string_to_array(l, ','), b "
            "from unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bool[]) as c (i, c, co, l, b) "
            "on conflict (id) do update set channel = excluded.channel, countries = excluded.countries, "
            "languages = excluded.languages, inbound = excluded.inbound, retired_at = null",
            columns(rows) or [[], [], [], [], []],
        )
        for store in stores:
            connection.execute(
                "insert into case_store (id, kind, organisations) values (%b, %b, %b) on conflict (id) do update set "
                "kind = excluded.kind, organisations = excluded.organisations, retired_at = null",
                [store.id, store.kind, None if store.organisations is None else list(store.organisations)],
            )
        _retire(connection, "case_store", [store.id for store in stores])
        _retire(connection, "organisation", [row[0] for row in organisations])
        _retire(connection, "queue", [row[0] for row in queues])
        _retire(connection, "account", [row[0] for row in rows])


def _retire(connection: psycopg.Connection, table: str, present: list[Any]) -> None:
    connection.execute(
        f"update {table} set retired_at = now() where retired_at is null and not id = any (%b)".encode(),  # noqa: S608
        [present],
    )
