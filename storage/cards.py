"""A person's card with one organisation, and the name agents know them by until they say theirs.

The pseudonym differs between organisations, so that two of them cannot find out by talking that they serve the same
worker.
"""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from storage.database import Connection
from storage.people import columns

_TREES = """
Acacia Alder Almond Amber Apple Aspen Bamboo Banyan Basil Bay Beech Birch Cacao Camphor Cedar Cherry Cinnamon
Clove Coral Cypress Date Durian Ebony Elder Elm Fern Fig Fir Ginger Gum Guava Hazel Heron Hibiscus Holly Iris
Ivory Jade Jasmine Juniper Kapok Larch Laurel Lemon Lilac Lime Linden Longan Lotus Lychee Mango Maple Mimosa Mint
Myrtle Neem Nutmeg Oak Olive Orchid Palm Papaya Pear Pepper Pine Plum Pomelo Poplar Quince Rattan Rose Rowan
Saffron Sage Sal Sandal Sesame Spruce Sumac Tamarind Teak Thyme Tulip Vanilla Walnut Willow Yew
"""
_WORDS = _TREES.split()
_TRIES = 6


def pseudonym(organisation: UUID, person: UUID, attempt: int) -> str:
    """A name such as `Teak 417`; later attempts have longer numbers, for when the short ones are taken."""
    digest = hashlib.sha256(organisation.bytes + person.bytes + bytes([attempt])).digest()
    # four digits: with three, two batches met on one name so often that one waited for the other's commit
    most = 9_900 * 10 ** (attempt // 2)
    return f"{_WORDS[digest[0] % len(_WORDS)]} {100 + int.from_bytes(digest[1:6]) % most}"


async def make(connection: Connection, pairs: Iterable[tuple[UUID, UUID]]) -> None:
    """See that each (organisation, person) has a card.

    Raises RuntimeError in the practically impossible case that no free pseudonym is found.
    """
    missing = set(pairs)
    for attempt in range(_TRIES):
        if missing:
            missing -= await _try(connection, missing, attempt)
    if missing:
        raise RuntimeError(f"no free pseudonym for {len(missing)} people")


async def _try(connection: Connection, pairs: set[tuple[UUID, UUID]], attempt: int) -> set[tuple[UUID, UUID]]:
    rows = [(o, p, pseudonym(o, p, attempt)) for o, p in sorted(pairs)]
    await connection.execute(
        "insert into person_card (organisation_id, person_id, pseudonym, created_at) "
        "select *, now() from unnest(%b::uuid[], %b::uuid[], %b::text[]) on conflict do nothing",
        columns(rows),
    )
    cursor = await connection.execute(
        "select organisation_id, person_id from person_card "
        "join unnest(%b::uuid[], %b::uuid[]) as c (o, p) on organisation_id = o and person_id = p",
        columns([(o, p) for o, p in pairs]),
    )
    return set(await cursor.fetchall())
