"""Many tickets at once, put straight into the store: people without words, for lists and their speed."""

# ruff: noqa: S608 - the names in these statements are those of our own columns

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from runtime.ids import new_id
from storage.database import Connection
from storage.people import columns

Row = dict[str, Any]
LANGUAGES = ("my", "shn", "th", "km", "en")
CHANNELS = ("line", "telegram", "sms", "voice", "facebook")
URGENCIES = ("U1", "U2", "U2", "U3", "U3", "U3", "U4")


def ticket(
    organisation: UUID, number: int, now: datetime, chance: Random, agents: list[UUID], queues: list[str]
) -> Row:
    """One ticket in one of the states that a ticket can be in."""
    opened = now - timedelta(minutes=chance.randrange(1, 60 * 24 * 90))
    said = opened + timedelta(minutes=chance.randrange(0, 600))
    status = chance.choices(("open", "closed", "handed_over"), (60, 38, 2))[0]
    waits = status == "open" and chance.random() < 0.6
    snoozed = (
        now + timedelta(minutes=chance.randrange(-60, 600)) if status == "open" and chance.random() < 0.1 else None
    )
    return {
        "organisation_id": organisation,
        "id": new_id(),
        "person_id": new_id(),
        "number": number,
        "queue": chance.choice(queues),
        "routed_by": "rule",
        "status": status,
        "urgency": chance.choice(URGENCIES),
        "language": chance.choice(LANGUAGES),
        "language_rank": 3,
        "account": "line-th",
        "channel": chance.choice(CHANNELS),
        "opened_at": opened,
        "opened_by": "x",
        "waiting_since": opened if waits else None,
        "last_at": said,
        "last_by": "x",
        "arrived_at": said,
        "touched": True,
        "assignee": chance.choice([None, *agents]) if status == "open" else None,
        "snoozed_until": snoozed,
        "closed_at": said if status == "closed" else None,
        "outcome": "information_only" if status == "closed" else None,
    }


_TYPES = {
    "organisation_id": "uuid", "id": "uuid", "person_id": "uuid", "number": "bigint", "language_rank": "int",
    "opened_at": "timestamptz", "waiting_since": "timestamptz", "last_at": "timestamptz", "arrived_at": "timestamptz",
    "touched": "bool", "assignee": "uuid", "snoozed_until": "timestamptz", "closed_at": "timestamptz",
}  # fmt: skip


async def put(connection: Connection, tickets: list[Row]) -> None:
    """Into the store, each of a person with a card of their own. In an intake transaction."""
    names = list(tickets[0])
    unnested = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in names)
    await connection.execute(
        "insert into person_card (organisation_id, person_id, pseudonym, created_at) "
        "select o, p, p::text, now() from unnest(%s::uuid[], %s::uuid[]) as x (o, p)",
        columns([(t["organisation_id"], t["person_id"]) for t in tickets]),
    )
    await connection.execute(
        f"insert into ticket ({', '.join(names)}, urgency_reasons, issues) "
        f"select *, '{{}}', '{{}}' from unnest({unnested})".encode(),
        columns([tuple(t.values()) for t in tickets]),
    )
