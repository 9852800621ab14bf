"""A ticket and what is said in it, as intake sees them: facts without words, so that decisions stay pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from model.events import Kind
from model.taxonomy import Urgency

Status = Literal["open", "closed", "handed_over"]

AUTOMATIC = "automatic"  #: the author of what the system says by itself: it never counts as an answer

#: How well a language is known; the higher rank wins, then the earlier message: but of two choices the later.
CHOSEN, WRITTEN, GUESSED, APP_HINT, UNKNOWN = 4, 3, 2, 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one message tells about its ticket."""

    provider_id: str
    occurred_at: datetime
    account: str
    channel: str
    phone_country: str | None
    kind: Kind
    language: str | None
    language_rank: int
    urgency: Urgency
    reasons: tuple[str, ...]
    issues: tuple[str, ...]
    starts_clock: bool  #: False for lone thanks, stickers and reactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One open matter of one person with one organisation. Every field is a merge of its messages' facts,
    so that the order in which they are taken in does not matter."""

    id: UUID
    number: int
    person: UUID
    organisation: UUID | None  #: None until it is placed
    queue: str
    routed_by: str
    status: Status
    urgency: Urgency
    reasons: tuple[str, ...]
    issues: tuple[str, ...]
    language: str | None
    language_rank: int
    language_at: datetime | None
    language_by: str | None
    account: str  #: where the opening message came in
    channel: str
    phone_country: str | None  #: of the numbers the person called or wrote from; the first in the alphabet
    opened_at: datetime  #: when the earliest message was written
    opened_by: str  #: its provider id
    waiting_since: datetime | None  #: the first words nobody has answered; None when all are
    last_at: datetime
    last_by: str
    touched: bool  #: an agent has acted on it: routing no longer moves it
    assignee: UUID | None
    previous_queue: str | None  #: where this person was served before
    previous_ticket: UUID | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it is stored; the sealed fields hold bytes that only the person's key opens."""

    id: UUID
    ticket: UUID
    person: UUID
    account: str
    direction: Literal["in", "out", "note", "system"]
    kind: Kind
    text: bytes | None = None
    text_original: bytes | None = None  #: as written, where repairing changed it
    encoding: Literal["unicode", "zawgyi"] = "unicode"
    language: str | None = None
    script: str | None = None
    provider_id: str | None = None
    occurred_at: datetime
    arrived_at: datetime
    starts_clock: bool = False
    reply_to: str | None = None
    reply_handle: bytes | None = None
    group_id: str | None = None
    call: str | None = None  #: JSON of intake.calls.Call, for kind `call`
    status: str | None = None  #: `elsewhere`: said from another app. What we send has its state in `delivery`
    address: UUID | None = None  #: where it came from or goes to
    author: str | None = None  #: of what goes out: an agent's id, `operator` or AUTOMATIC
    last_seen: UUID | None = None  #: of what goes out: the last message its author had before their eyes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAttachment:
    """Something sent along, before its bytes are fetched."""

    id: UUID
    message: UUID
    position: int
    kind: str
    mime: str | None
    size: int | None
    seconds: int | None
    ref: bytes  #: sealed
    name: bytes | None  #: sealed
    lasts: bool = False  #: the provider keeps it until it is told to delete it, so others may be fetched before it
