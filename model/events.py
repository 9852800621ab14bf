"""What a channel can tell us, whichever channel it was.

`parse` turns one webhook request into a list of these. They carry words and numbers of people: never log one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal[
    "text", "image", "audio", "video", "file", "sticker",
    "location", "contact", "postback", "call", "reaction", "unsupported",
]  # fmt: skip
MediaKind = Literal["image", "audio", "video", "file", "sticker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote or called: the stable id first, the name second."""

    scope: str  #: within what the value is unique: `phone`, `telegram`, `line:<account>`, `facebook:<page>`, `call`
    value: str  #: E.164 for `phone`, the provider's stable user id elsewhere, the call's id where the number is hidden
    display_name: str | None = None  #: as the provider gives it; never trusted for identity
    language: str | None = None  #: BCP 47, the language of the person's app: a hint only
    answerable: bool = True  #: False: withheld number, alphanumeric SMS sender, short code


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Something sent along. The bytes are fetched by a job, not here."""

    kind: MediaKind
    ref: str  #: what `media` needs to fetch it: a provider's file id or URL
    mime: str | None = None  #: as claimed by the sender
    name: str | None = None  #: file name as claimed by the sender
    size: int | None = None  #: bytes, as claimed
    seconds: int | None = None  #: length of a voice note, voicemail or video


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    event_id: str  #: the provider's id of this event, unique per account; what drops redeliveries
    occurred_at: datetime | None = None  #: aware, UTC; None when the provider does not say: the arrival counts
    addressed_to: str | None = None  #: own id of the account meant, where one webhook serves several (a Page id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(_Event):
    """A person wrote, spoke or sent something to us."""

    provider_id: str  #: the message's own id: what edits, unsends, reactions and replies refer to
    kind: Kind
    sender: Sender | None = None  #: None: whoever made the call `in_call`
    text: str = ""  #: words or caption; what a sticker, place, contact or button says, in one line
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None  #: `provider_id` of the message this one answers
    reply_handle: str | None = None  #: short-lived token for a free answer (LINE); never an identity
    group_id: str | None = None  #: an album's id, shared by the messages of one album
    in_call: str | None = None  #: `provider_id` of the call in which this was recorded
    language: str | None = None  #: BCP 47, chosen by the person (a key press); outranks every guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(_Event):
    """The person changed a message; the original is kept."""

    provider_id: str  #: of the message that was changed
    sender: Sender
    text: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent(_Event):
    """The person took a message back; it is shown as such."""

    provider_id: str
    sender: Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted(_Event):
    """A heart or thumb under a message. `emoji` is empty when it was taken away."""

    provider_id: str  #: of the message reacted to
    sender: Sender
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep(_Event):
    """One step of a call. All steps of a call share `provider_id` and merge into one message, in any order."""

    provider_id: str  #: the call's id
    sender: Sender
    step: Literal["ringing", "language", "voicemail", "silence"]
    language: str | None = None  #: BCP 47, chosen by key press


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(_Event):
    """The call is over."""

    provider_id: str
    sender: Sender
    status: Literal["completed", "busy", "no-answer", "canceled", "failed"]
    seconds: int = 0  #: whole length of the call; 0 when it was never answered


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLeft(_Event):
    """We can no longer write to this address (or, `opted_out`, no longer broadcast to it)."""

    sender: Sender
    how: Literal["blocked", "unfollowed", "opted_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReturned(_Event):
    """We may write to this address again, or for the first time; nothing was said yet."""

    sender: Sender
    how: Literal["followed", "unblocked", "opted_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryUpdate(_Event):
    """The fate of something we sent: one message, or all up to a watermark."""

    status: Literal["sent", "delivered", "read", "failed"]
    provider_id: str | None = None
    up_to: datetime | None = None  #: watermark: every message sent until then
    sender: Sender | None = None  #: to whom, where the provider says
    code: str | None = None  #: the provider's error code
    delivery: str | None = None  #: our own id of it, where it rode along


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo(_Event):
    """Something was said to the person from our account: by us, or by someone in another app."""

    provider_id: str
    to: Sender
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    metadata: str | None = None  #: what we sent along with our own messages; None for another app's


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported(_Event):
    """Something arrived that we keep and show but cannot read. Never dropped silently."""

    what: str  #: the provider's own name of it, at most 80 characters, no content
    sender: Sender | None = None  #: with a sender it is shown on that person's ticket, without one in `receipts`


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored(_Event):
    """Understood, and on purpose no ticket. Shown in `receipts` with its reason."""

    what: str  #: the provider's own name of it
    why: str  #: one plain sentence, no content


Event = (
    Received | Edited | Unsent | Reacted | CallStep | CallEnded | PersonLeft | PersonReturned
    | DeliveryUpdate | Echo | Unsupported | Ignored
)  # fmt: skip


def plain(event: Any) -> Any:
    """An event as JSON-ready data without its empty fields: what example files hold."""
    if is_dataclass(event) and not isinstance(event, type):
        shown = {f.name: plain(getattr(event, f.name)) for f in fields(event) if getattr(event, f.name) != f.default}
        return {"event": type(event).__name__, **shown} if isinstance(event, _Event) else shown
    if isinstance(event, datetime):
        return event.isoformat()
    if isinstance(event, (tuple, list)):
        return [plain(item) for item in event]
    if isinstance(event, Mapping):
        return {str(key): plain(value) for key, value in event.items()}
    return event
