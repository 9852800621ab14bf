"""Erasing a person: their keys first of all, and whatever of them can be seen without a key.

What stays is what figures are made of: that somebody wrote, when, in which language, about what. Nothing of it leads
back to whoever it was, and if they write again they are somebody new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from runtime.keys import Master, key_id
from storage import audit, case_sync, feed
from storage.database import Connection
from storage.day_keys import PARKED_DAYS
from storage.people import keys, keys_by_id, lock_addresses

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What leads to a person elsewhere: in webhook requests that are still kept, and at providers."""

    person: UUID
    blinds: frozenset[bytes]  #: hashes of their addresses
    said: frozenset[tuple[str, str]]  #: (account, provider id) of their messages and calls
    copies: Sequence[tuple[UUID, str, bytes]]  #: attachments a provider may still hold: id, account, sealed `ref`
    lately: bool  #: whether they were heard so lately that a request of theirs may still be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased."""

    tickets: int
    messages: int
    attachments: Sequence[UUID]  #: whose files are to be deleted now


async def person_of(connection: Connection, ticket: int | UUID) -> UUID | None:
    """Whose ticket this is, by its number or its id; None for an unknown one."""
    number, id_ = (ticket, None) if isinstance(ticket, int) else (None, ticket)
    found = await _rows(
        connection,
        "select person_id from ticket where number = %(number)b::bigint or id = %(id)b::uuid",
        {"number": number, "id": id_},
    )
    return found[0][0] if found else None


async def known(connection: Connection, person: UUID) -> Known:
    """What is known of a person."""
    of = await _of(connection, person)
    return Known(
        person=person,
        blinds=frozenset(blind for _, blind in await _addresses(connection, person)),
        said=frozenset((account, id_) for account, id_ in await _rows(connection, _SAID, of)),
        copies=[(id_, account, ref) for id_, account, ref in await _rows(connection, _COPIES, of)],
        lately=bool(await _rows(connection, _LATELY, of | {"days": PARKED_DAYS + 1})),
    )


async def erase(connection: Connection, master: Master, person: UUID, *, by: str = "operator") -> Erased:
    """Erase a person, in this transaction. Whoever takes in their words waits for it, and then meets them anew.

    `by`: who did it, for the audit trail.
    """
    await lock_addresses(connection, [blind for _, blind in await _addresses(connection, person)])
    await connection.execute("select from person where id = %b for update", [person])
    await _leave_addresses(connection, master, person)
    # waits for whoever seals with one of them now; the statements below see what they have written
    await connection.execute("delete from person_key where person_id = %b", [person])
    of = await _of(connection, person)
    for statement in _STATEMENTS:
        await connection.execute(statement.encode(), of)
    files = await _rows(connection, _ATTACHMENTS, of)
    tickets = await _rows(connection, _TICKETS, of)
    act = [(organisation, ticket) for organisation, ticket in tickets] + [(None, None)]
    lines = [audit.Line(organisation=o, actor=by, action="person.erased", ticket=t) for o, t in act]
    await audit.write(connection, lines)
    await case_sync.changed(connection, [(organisation, ticket) for organisation, ticket in tickets])
    await feed.tell(connection, [(organisation, ticket, "changed") for organisation, ticket in tickets])
    return Erased(tickets=len(tickets), messages=len(of["messages"]), attachments=[id_ for (id_,) in files])


async def _of(connection: Connection, person: UUID) -> dict[str, Any]:
    """The person with all their messages, as the statements below want them."""
    found = await _rows(
        connection,
        "select m.organisation_id, m.id from ticket t join message m on m.organisation_id = t.organisation_id "
        "and m.ticket_id = t.id where t.person_id = %(person)b",
        {"person": person},
    )
    return {"person": person, "organisations": list({o for o, _ in found}), "messages": [id_ for _, id_ in found]}


async def _leave_addresses(connection: Connection, master: Master, person: UUID) -> None:
    """Delete where the person could be reached; what somebody else uses too is sealed with their key from now on."""
    shared = await _rows(connection, _SHARED, {"person": person})
    opened = await keys_by_id(connection, master, {key_id(sealed) for _, sealed, _ in shared})
    theirs = await keys(connection, master, {other for _, _, other in shared})
    for id_, sealed, other in shared:
        value = opened[key_id(sealed)].open("address|sealed", id_, sealed)
        again = theirs[other].seal("address|sealed", id_, value)
        await connection.execute("update address set sealed = %b where id = %b", [again, id_])
    left = [id_ for id_, _ in await _addresses(connection, person)]
    await connection.execute("delete from address_person where person_id = %b", [person])
    await connection.execute(
        "delete from address a where id = any (%b) and not exists (select from address_person where address_id = a.id)",
        [left],
    )


async def _addresses(connection: Connection, person: UUID) -> Rows:
    return await _rows(
        connection,
        "select a.id, a.blind from address a join address_person p on p.address_id = a.id "
        "where p.person_id = %(person)b",
        {"person": person},
    )


async def _rows(connection: Connection, statement: str, values: Mapping[str, object]) -> Rows:
    return await (await connection.execute(statement.encode(), values)).fetchall()


_SHARED = (
    "select distinct on (a.id) a.id, a.sealed, o.person_id from address a "
    "join address_person mine on mine.address_id = a.id and mine.person_id = %(person)b "
    "join address_person o on o.address_id = a.id and o.person_id <> %(person)b "
    "order by a.id, o.until desc nulls first"
)
_SAID = "select account, provider_id from message where id = any (%(messages)b) and provider_id is not null"
_COPIES = (
    "select a.id, m.account, a.ref from attachment a join message m on m.organisation_id = a.organisation_id "
    "and m.id = a.message_id where a.organisation_id = any (%(organisations)b) and a.message_id = any (%(messages)b) "
    "and a.removed_at is null and a.ref <> ''"
)
_LATELY = (
    "select from message where id = any (%(messages)b) and arrived_at > now() - make_interval(days => %(days)b) limit 1"
)
_STATEMENTS = (
    # whoever puts words into the index has taken the first of these rows: wait for them, then delete what they wrote
    "delete from gram_due where organisation_id = any (%(organisations)b) and message_id = any (%(messages)b)",
    "delete from message_grams where organisation_id = any (%(organisations)b) and message_id = any (%(messages)b)",
    "delete from message_version where organisation_id = any (%(organisations)b) and message_id = any (%(messages)b)",
    # nothing more is said to them, and nothing that is being said now is tried again
    "update delivery set state = case state when 'queued' then 'cancelled' else 'unknown' end, lease = null, "
    "lease_slot = null, lease_until = null where organisation_id = any (%(organisations)b) "
    "and message_id = any (%(messages)b) and state in ('queued', 'sending')",
    # a redelivery of what they said is still known, and dropped, for as long as one can come
    "update seen set message_id = null, seen_at = now() where message_id = any (%(messages)b)",
    "update message set text = null, text_original = null, reply_handle = null, provider_id = null, reply_to = null, "
    "group_id = null where id = any (%(messages)b)",
    "update person_card set name = null, pseudonym = 'Erased ' || right(person_id::text, 12) "
    "where person_id = %(person)b",
    "delete from consent where person_id = %(person)b",
    "update person set erased_at = now() where id = %(person)b",
)
_ATTACHMENTS = (
    "update attachment set state = 'gone', why = 'erased', duty = null, lease = null, lease_until = null, ref = '', "
    "name = null, size = null, seconds = null, inline = false, shown_mime = null, shown_size = null "
    "where organisation_id = any (%(organisations)b) and message_id = any (%(messages)b) returning id"
)
_TICKETS = (
    "update ticket set preview = null, opened_by = '', last_by = '', waiting_since = null, status = 'closed', "
    "closed_at = coalesce(closed_at, now()), outcome = coalesce(outcome, 'withdrawn_by_worker') "
    "where person_id = %(person)b returning organisation_id, id"
)
