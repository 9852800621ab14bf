"""What agents change of tickets and messages: one statement each, behind the wall, while the person is held."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from model.agents import ANSWERING
from storage.database import Connection
from storage.people import columns

_CHANGEABLE = frozenset({
    "answered_until", "assignee", "closed_at", "language", "language_at", "language_by", "language_rank", "outcome",
    "preview", "queue", "routed_by", "snoozed_until", "spoken", "status", "touched", "urgency", "urgency_reasons",
    "waiting_since",
})  # fmt: skip


async def change(connection: Connection, ticket: UUID, **values: object) -> None:
    """New values for a ticket's columns. From now on an agent has acted on it: routing no longer moves it."""
    values = {**values, "touched": True}
    if unknown := values.keys() - _CHANGEABLE:
        raise ValueError(f"no desk changes {', '.join(sorted(unknown))}")
    settings = ", ".join(f"{name} = %({name})s" for name in values)
    await connection.execute(
        f"update ticket set {settings} where id = %(ticket)s".encode(),  # noqa: S608 - names of the set above
        {**values, "ticket": ticket},
    )


async def answers_tickets(connection: Connection, agents: Collection[UUID]) -> set[UUID]:
    """Those of these agents who may be given a ticket, or called to one, in this organisation."""
    cursor = await connection.execute(
        "select id, roles from agent where id = any (%b) and disabled_at is null", [list(agents)]
    )
    return {id_ for id_, roles in await cursor.fetchall() if ANSWERING.intersection(roles)}


async def open_ticket(connection: Connection, person: UUID) -> UUID | None:
    """The open ticket of a person, if there is one."""
    cursor = await connection.execute("select id from ticket where person_id = %b and status = 'open'", [person])
    row = await cursor.fetchone()
    return row[0] if row else None


# Tags and issues


async def add_tag(connection: Connection, organisation: UUID, ticket: UUID, tag: UUID, name: bytes) -> bool:
    """Put a tag on a ticket; `name` is kept where the tag is new. False where it was there already."""
    await connection.execute(
        "insert into tag (organisation_id, id, name) values (%b, %b, %b) on conflict do nothing",
        [organisation, tag, name],
    )
    cursor = await connection.execute(
        "insert into ticket_tag (organisation_id, ticket_id, tag_id) values (%b, %b, %b) on conflict do nothing",
        [organisation, ticket, tag],
    )
    return cursor.rowcount == 1


async def remove_tag(connection: Connection, ticket: UUID, tag: UUID) -> bool:
    """Take a tag off a ticket; False where it was not there."""
    cursor = await connection.execute("delete from ticket_tag where ticket_id = %b and tag_id = %b", [ticket, tag])
    return cursor.rowcount == 1


async def tags(connection: Connection) -> list[tuple[UUID, bytes]]:
    """All tags an organisation has ever used, names sealed."""
    return await (await connection.execute("select id, name from tag")).fetchall()


async def tags_of(connection: Connection, tickets: Collection[UUID]) -> list[tuple[UUID, UUID, bytes]]:
    """Tags of these tickets: ticket, tag, sealed name."""
    cursor = await connection.execute(
        "select g.ticket_id, t.id, t.name from ticket_tag g "
        "join tag t on t.organisation_id = g.organisation_id and t.id = g.tag_id where g.ticket_id = any (%b)",
        [list(tickets)],
    )
    return await cursor.fetchall()


async def set_issue(
    connection: Connection, organisation: UUID, ticket: UUID, code: str, *, confirmed: bool, agent: UUID, at: datetime
) -> None:
    """Write down whether an issue is one of this ticket."""
    await connection.execute(
        "insert into ticket_issue (organisation_id, ticket_id, code, confirmed, agent_id, at) "
        "values (%b, %b, %b, %b, %b, %b) on conflict (organisation_id, ticket_id, code) "
        "do update set confirmed = excluded.confirmed, agent_id = excluded.agent_id, at = excluded.at",
        [organisation, ticket, code, confirmed, agent, at],
    )


async def issues(connection: Connection, ticket: UUID) -> list[tuple[str, bool, UUID, datetime]]:
    """What agents have said of a ticket's issues: code, confirmed, by whom, when."""
    cursor = await connection.execute(
        "select code, confirmed, agent_id, at from ticket_issue where ticket_id = %b order by code", [ticket]
    )
    return await cursor.fetchall()


# Beside the words


async def mention(connection: Connection, rows: Sequence[tuple[UUID, UUID, UUID, UUID]], at: datetime) -> None:
    """Agents whom a note calls: organisation, message, agent, ticket."""
    if rows:
        await connection.execute(
            "insert into mention (organisation_id, message_id, agent_id, ticket_id, at) "
            "select *, %b from unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[])",
            [at, *columns(rows)],
        )


async def add_translation(
    connection: Connection, organisation: UUID, id_: UUID, message: UUID, language: str, text: bytes, agent: UUID,
    at: datetime,
) -> None:  # fmt: skip
    """What an agent wrote under a message, sealed. The newest of a language is shown."""
    await connection.execute(
        "insert into translation (organisation_id, id, message_id, language, text, agent_id, at) "
        "values (%b, %b, %b, %b, %b, %b, %b)",
        [organisation, id_, message, language, text, agent, at],
    )


async def mark_heard(connection: Connection, organisation: UUID, attachment: UUID, agent: UUID, at: datetime) -> bool:
    """Write down that an agent has listened or looked; False where that was known."""
    cursor = await connection.execute(
        "insert into attachment_heard (organisation_id, attachment_id, agent_id, at) values (%b, %b, %b, %b) "
        "on conflict do nothing",
        [organisation, attachment, agent, at],
    )
    return cursor.rowcount == 1


async def unheard(connection: Connection, ticket: UUID) -> bool:
    """Whether something in a ticket has not been listened to or looked at by anybody."""
    cursor = await connection.execute(
        "select exists (select from message m join attachment a on a.organisation_id = m.organisation_id "
        "and a.message_id = m.id where m.ticket_id = %b and m.direction = 'in' "
        "and a.kind <> 'sticker' and not exists ("
        "select from attachment_heard h where h.organisation_id = a.organisation_id and h.attachment_id = a.id))",
        [ticket],
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A stored message as an agent's act needs it."""

    id: UUID
    ticket: UUID
    person: UUID
    direction: str
    author: str | None
    text: bytes | None
    text_original: bytes | None
    encoding: str
    repair_undone: bool
    language: str | None
    provider_id: str | None


async def message(connection: Connection, id_: UUID) -> Written | None:
    """A message of the desk's organisation."""
    async with connection.cursor(row_factory=class_row(Written)) as cursor:
        await cursor.execute(
            "select id, ticket_id as ticket, person_id as person, direction, author, text, text_original, encoding, "
            "repair_undone, language, provider_id from message where id = %b",
            [id_],
        )
        return await cursor.fetchone()


async def message_of(connection: Connection, attachment: UUID) -> UUID | None:
    """The message that an attachment of the desk's organisation came with."""
    cursor = await connection.execute("select message_id from attachment where id = %b", [attachment])
    row = await cursor.fetchone()
    return row[0] if row else None


async def swap_texts(
    connection: Connection, id_: UUID, *, text: bytes, original: bytes, encoding: str, undone: bool
) -> None:
    """Text and text as written change places."""
    await connection.execute(
        "update message set text = %b, text_original = %b, encoding = %b, repair_undone = %b where id = %b",
        [text, original, encoding, undone, id_],
    )


# What was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A delivery with its message, as an agent's act needs it."""

    id: UUID
    message: UUID
    ticket: UUID
    person: UUID
    account: str
    address: UUID
    due_at: datetime
    state: str
    author: str | None
    last_seen: UUID | None
    choices: bytes | None  #: sealed


async def delivery(connection: Connection, id_: UUID) -> Sent | None:
    """A delivery of the desk's organisation."""
    return await _sent(connection, "d.id = %b", [id_])


async def said_before(connection: Connection, ticket: UUID, once: UUID, *, author: str | None = None) -> Sent | None:
    """The answer that came under this mark already, by this author or by anybody: its page sends it again."""
    of_the_trail = (
        "d.message_id in (select (detail->>'message')::uuid from audit where ticket_id = %b and action = "
        "'ticket.answered' and actor = coalesce(%b, actor) and detail->>'once' = %b) order by d.id desc limit 1"
    )
    return await _sent(connection, of_the_trail, [ticket, author, str(once)])


async def _sent(connection: Connection, which: str, values: Sequence[object]) -> Sent | None:
    async with connection.cursor(row_factory=class_row(Sent)) as cursor:
        await cursor.execute(
            "select d.id, d.message_id as message, d.ticket_id as ticket, d.person_id as person, d.account, "  # noqa: S608
            "d.address_id as address, d.due_at, d.state, m.author, m.last_seen, d.choices from delivery d "
            f"join message m on m.organisation_id = d.organisation_id and m.id = d.message_id where {which}".encode(),
            values,
        )
        return await cursor.fetchone()


async def noted_before(connection: Connection, ticket: UUID, author: str, once: UUID) -> UUID | None:
    """The note that came under this mark already."""
    cursor = await connection.execute(
        "select (detail->>'message')::uuid from audit where ticket_id = %b and action = 'ticket.noted' "
        "and actor = %b and detail->>'once' = %b limit 1",
        [ticket, author, str(once)],
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def cancel(connection: Connection, id_: UUID) -> bool:
    """Call a delivery back; False where it has left, or where it was tried: then nobody knows what arrived."""
    cursor = await connection.execute(
        "update delivery set state = 'cancelled' where id = %b and state = 'queued' and tries = 0", [id_]
    )
    return cursor.rowcount == 1


async def move_delivery(connection: Connection, id_: UUID, *, was: str, becomes: str) -> bool:
    """Another state for a delivery, if it still has the one it had; False where something was faster."""
    cursor = await connection.execute(
        "update delivery set state = %b where id = %b and state = %b", [becomes, id_, was]
    )
    return cursor.rowcount == 1
