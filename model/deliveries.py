"""What we say back, on its way to a person: what a channel is given, what became of it, and how its state may move."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from model.events import MediaKind, Sender

State = Literal["queued", "sending", "sent", "delivered", "read", "failed", "unknown", "cancelled"]
#: `acknowledgement`: the one automatic answer to a new ticket. `confirmation`: that a wish (a language, no more
#: broadcasts) has been heard, by itself as well.
Purpose = Literal["reply", "acknowledgement", "confirmation", "broadcast"]

LANGUAGES = "languages"  #: the menu of an account's languages
CONVERSATION, BROADCAST = 0, 1  #: priorities; the lower number goes first

#: Why something was not sent, the same words on every channel; each has a sentence for agents, `refused.<reason>`.
Reason = Literal[
    "blocked",  # the person blocked us, or left
    "opted_out",  # the person told the provider to stop us
    "bad_address",  # nobody is there, or not on this account
    "no_text",  # a landline, a hidden number, or a number not marked safe to text
    "not_safe",  # what the person told us of safe contact forbids it, or nobody has asked
    "out_of_reach",  # the phone is off or has no network
    "window_closed",  # the provider lets us answer only for a time after the person wrote
    "quota_spent",  # the month's messages are used up
    "content",  # the provider refuses these words or this form
    "file",  # the provider refuses this file, or cannot fetch it
    "credentials",  # the provider no longer knows our token
    "permission",  # the account lacks a right, or this country is not allowed
    "suspended",  # the provider has stopped the account
    "too_fast",  # asked to slow down
    "away",  # the provider does not answer, or answers with an error of its own
    "gave_up",  # tried for a day
    "account_gone",  # no such account in config.yaml, or without its secrets
    "not_said",  # the channel cannot say this at all
    "mistake",  # ours: it could not be made ready
    "other",  # the provider's code says more
]

#: Whom a refusal is about: this message alone, everything to this address, or the whole account.
Scope = Literal["message", "address", "account"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one of a provider's codes means."""

    reason: Reason
    scope: Scope = "message"
    retry: bool = False  #: whether trying the same later may succeed
    after: timedelta | None = None  #: not before then; None: by our own backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The provider took it."""

    ids: tuple[str, ...] = ()  #: the provider's ids of the messages it became
    units: int = 1  #: what the provider counts: SMS segments, else messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider did not take it, and said so."""

    meaning: Meaning
    code: str = ""  #: the provider's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can tell: the request was written, and no answer came."""

    why: str  #: a class of error, no content


Result = Sent | Refused | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class OutFile:
    """A file that goes out. A channel uploads `data` or lets the provider fetch `url`, whichever the provider takes."""

    kind: MediaKind
    mime: str  #: by content
    name: str  #: safe to show
    data: bytes
    url: str  #: https, unguessable, for a limited time
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer a person can give with a tap."""

    label: str  #: what is shown
    value: str  #: what comes back, as the text of a `postback`


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One delivery as a channel sees it. Carries words and numbers: never log one."""

    id: UUID  #: ours; rides along as retry key, metadata or in the callback's URL
    to: Sender
    text: str = ""  #: as it is to arrive: in Zawgyi where the address wants that
    files: tuple[OutFile, ...] = ()
    choices: tuple[Choice, ...] = ()
    human: bool = False  #: written by a person of the organisation, for this person
    now: datetime  #: aware
    heard_at: datetime | None = None  #: when the person last wrote on this address
    reply_handle: str | None = None  #: fresh and not used yet


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A message that waits to be sent. Its words are the message's."""

    id: UUID
    organisation: UUID
    message: UUID
    ticket: UUID
    person: UUID
    address: UUID
    account: str  #: through which it goes
    purpose: Purpose
    priority: int = CONVERSATION
    menu: str | None = None  #: quick replies that go with the words: LANGUAGES
    choices: bytes | None = None  #: those an agent wrote, a JSON list, sealed
    at: datetime  #: when it was written
    due_at: datetime | None = None  #: not before then; None: at once
    held_until: datetime | None = None  #: safe hours begin then; until then it holds up nobody behind it


#: From which state a delivery may move to which. A status never goes backwards.
MOVES: Mapping[State, frozenset[State]] = {
    "queued": frozenset({"sending", "failed", "cancelled"}),
    "sending": frozenset({"queued", "sent", "delivered", "read", "failed", "unknown"}),
    "sent": frozenset({"delivered", "read", "failed"}),
    "delivered": frozenset({"read"}),
    "read": frozenset(),
    "failed": frozenset({"delivered", "read"}),  # a late receipt outranks an early fear
    "unknown": frozenset({"sent", "delivered", "read", "failed"}),
    "cancelled": frozenset(),
}


def may_move(old: State, new: State) -> bool:
    """Whether news of `new` changes a delivery that is `old`."""
    return new in MOVES[old]
