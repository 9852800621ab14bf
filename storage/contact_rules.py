"""What organisations know of reaching a person without harm. Each version stays, sealed with the person's key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from model import contact
from model.contact import Rules
from runtime.ids import new_id
from runtime.keys import Key, Master, key_id
from storage.database import Connection
from storage.people import columns, keys_by_id

_PLACE = "contact_rule|rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The rules as somebody wrote them down."""

    id: UUID
    rules: Rules
    author: str
    at: datetime


def opened(keys: Mapping[UUID, Key], version: UUID | None, sealed: bytes | None, text_ok: bool | None) -> Rules:
    """The rules of a card. `text_ok` counts where nothing else was ever written down: the number may be texted.

    Raises KeyError where the person was erased, and CannotOpen.
    """
    if version is None or sealed is None:
        return Rules(on={"sms": "yes"} if text_ok else {})
    return contact.load(keys[key_id(sealed)].open(_PLACE, version, sealed))


async def of(
    connection: Connection, master: Master, pairs: Iterable[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Rules]:
    """What organisations know of people, as (organisation, person), network-wide; who is not known is missing."""
    wanted = list(pairs)
    if not wanted:
        return {}
    cursor = await connection.execute(
        "select p.organisation_id, p.person_id, p.contact, r.rules, p.text_ok from person_card p "
        "join unnest(%b::uuid[], %b::uuid[]) as c (o, p) on p.organisation_id = c.o and p.person_id = c.p "
        "left join contact_rule r on r.organisation_id = p.organisation_id and r.id = p.contact "
        "where p.contact is not null or p.text_ok",
        columns(wanted),
    )
    rows = await cursor.fetchall()
    keys = await keys_by_id(connection, master, {key_id(sealed) for *_, sealed, _ in rows if sealed})
    return {
        (o, p): opened(keys, version, sealed, text_ok)
        for o, p, version, sealed, text_ok in rows
        if sealed is None or key_id(sealed) in keys
    }


async def write(
    connection: Connection, organisation: UUID, person: UUID, key: Key, rules: Rules, *, author: str, at: datetime
) -> UUID:
    """A new version, which counts from now on; gives its id."""
    id_ = new_id()
    await connection.execute(
        "insert into contact_rule (organisation_id, id, person_id, rules, author, at) values (%b, %b, %b, %b, %b, %b)",
        [organisation, id_, person, key.seal(_PLACE, id_, contact.dump(rules)), author, at],
    )
    await connection.execute("update person_card set contact = %b where person_id = %b", [id_, person])
    return id_


async def history(connection: Connection, keys: Mapping[UUID, Key], person: UUID, *, limit: int) -> list[Version]:
    """The latest versions of an organisation, the newest first."""
    cursor = await connection.execute(
        "select id, rules, author, at from contact_rule where person_id = %b order by id desc limit %b", [person, limit]
    )
    rows = await cursor.fetchall()
    return [
        Version(id=id_, rules=opened(keys, id_, sealed, None), author=author, at=at)
        for id_, sealed, author, at in rows
        if key_id(sealed) in keys
    ]
