"""What case stores are told of a ticket: codes, counts and times, never words, names or numbers.

The JSON is described in docs/case-store.md; a field that is added there keeps the version, one that changes its
meaning makes a new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from model.taxonomy import Urgency
from model.tickets import Status

SCHEMA = "worker-voice.case/1"
LOCAL = "local"  #: id of the store that is always there: the network's own tables

#: What a store may be told beyond the minimum, where config.yaml says so. Words of the worker are not among them.
Field = Literal["pseudonym", "phone_country", "account", "assignee", "routed_by"]
FIELDS: tuple[Field, ...] = get_args(Field)

#: Why a store has not taken something; `gateway/cases.py` has a sentence for each.
Code = Literal[
    "away",  # no connection: nothing was sent
    "unsure",  # sent, and no answer came: it is sent again, which does no harm
    "busy",  # asked to slow down
    "broken",  # an error of the store's own
    "odd",  # an answer that is none of this store's
    "credentials",  # the store does not know our secret
    "forbidden",  # known, but not allowed
    "gone",  # the case was removed there, or the address is no more
    "conflict",  # somebody else's change is in the way
    "invalid",  # the store does not take these values
    "doubled",  # the store has several cases of this ticket
    "moved",  # the store answers from another address
    "refused",  # any other no
    "mistake",  # of ours: it could not even be written
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A ticket as it stands, as far as a snapshot can be made of it."""

    number: int
    person: UUID
    queue: str
    routed_by: str
    status: Status
    outcome: str | None
    urgency: Urgency
    reasons: tuple[str, ...]
    issues: tuple[str, ...]
    language: str | None
    channel: str
    account: str
    phone_country: str | None
    assignee: UUID | None
    pseudonym: str | None
    opened_at: datetime
    closed_at: datetime | None
    messages_in: int
    messages_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One version of a ticket as one store is told of it."""

    id: UUID  #: of the ticket: telling it twice makes one case
    version: int  #: grows with every change; an older one never follows a newer one
    number: int
    organisation: str  #: slug
    queue: str
    status: Status
    outcome: str | None
    urgency: Urgency
    urgency_reasons: tuple[str, ...]
    suggested_issues: tuple[str, ...]  #: taxonomy codes; signs to assess, never a verdict
    language: str | None
    channel: str
    country: str | None  #: that the account serves; None where it serves several
    opened_at: datetime
    closed_at: datetime | None
    messages_in: int
    messages_out: int
    person: str  #: the same for all tickets of a person with this organisation in this store, and nowhere else
    more: Mapping[Field, str | None]  #: what config.yaml adds
    timezone: str  #: of the organisation, for dates; it does not leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The organisation no longer has this ticket: it was placed elsewhere, or erased. Nothing else is told."""

    id: UUID
    version: int
    organisation: str


Told = Snapshot | Withdrawal


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What goes to a store: `content` is all that leaves of the ticket."""

    id: UUID  #: of the ticket
    version: int
    organisation: UUID
    withdrawn: bool
    changed_at: datetime
    remote_id: str | None  #: the store's own id of the case, once it is known
    content: Mapping[str, Any]  #: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The store holds it now."""

    remote_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The store did not take it."""

    code: Code
    detail: str = ""  #: a status, or our own names of the fields it does not like; never its words
    retry: bool = False  #: whether the same may be taken later
    after: timedelta | None = None  #: not before then; None: by our own backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can tell whether it was taken. It is sent again, since that makes no second case."""

    why: str  #: a class of error


Result = Stored | Refused | Unknown


def as_json(told: Told) -> dict[str, Any]:
    """The JSON of docs/case-store.md."""
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "id": str(told.id),
        "version": told.version,
        "organisation": told.organisation,
    }
    if isinstance(told, Withdrawal):
        return head | {"status": "withdrawn"}
    return head | {
        "number": told.number,
        "queue": told.queue,
        "status": told.status,
        "outcome": told.outcome,
        "urgency": told.urgency,
        "urgency_reasons": list(told.urgency_reasons),
        "suggested_issues": list(told.suggested_issues),
        "language": told.language,
        "channel": told.channel,
        "country": told.country,
        "opened_at": moment(told.opened_at),
        "closed_at": moment(told.closed_at) if told.closed_at else None,
        "messages": {"in": told.messages_in, "out": told.messages_out},
        "person": told.person,
        **{str(name): value for name, value in told.more.items()},
    }


def moment(at: datetime) -> str:
    """ISO 8601, UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
