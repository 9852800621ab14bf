"""What a channel is: one frozen value made of plain functions. See docs/adding-a-channel.md."""

import difflib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from model.deliveries import Meaning, Outgoing, Reason, Result
from model.events import Event, MediaKind
from model.http import Request, Response

S = TypeVar("S")
Section = Mapping[str, Any]  #: one account of config.yaml, its ${NAMES} already filled in


class NotAuthentic(Exception):
    """The request does not carry this account's signature: 403, and nothing is stored."""


class BadSettings(ValueError):
    """An account's section in config.yaml is wrong; the text names the key and says what to write."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"{key}: {what}")
        self.key, self.what = key, what


class Unreadable(ValueError):
    """The body is not what the provider's documents describe, as a whole: the receipt is parked and shown.

    The text says what is wrong without quoting the body.
    """


#: How the metadata of our own messages begins; our delivery's id follows.
OURS = "out:"


class CannotSay(Exception):
    """This cannot be said on this channel, to this person, now. Known before anything is tried."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One request to the provider. A delivery is one or more of them, sent in order."""

    call: str  #: the provider's own name of the call: `push`, `sendPhoto`
    content: Mapping[str, Any] = field(repr=False)  #: the call's parameters, by the provider's names
    data: bytes | None = field(default=None, repr=False)  #: a file to upload
    units: int = 1  #: what the provider counts and charges: SMS segments, else messages
    key: str | None = None  #: idempotency key: sending the same again is harmless while the provider remembers it


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Where the bytes of something a person sent can be had."""

    url: str = field(repr=False)  #: may hold a token
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  #: never sent on to another host
    hosts: tuple[str, ...] = ()  #: allowed, with redirects: `api.twilio.com`, or `.fbcdn.net` for all below


@dataclass(frozen=True, slots=True)
class NoFile:
    """It cannot be had: `later` while the provider prepares it or does not answer, `gone` for good."""

    when: Literal["later", "gone"]
    why: str = ""  #: the provider's code or a class of error; no content


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The channel's numbers, for the composer, for splitting and for pace."""

    text: int  #: longest single message
    unit: Literal["utf16", "characters", "segments"]
    per_second: float  #: units an account may send in a second, by default; config.yaml may say less
    per_person_seconds: float = 0.0  #: pause between two messages to one person
    file_bytes: Mapping[MediaKind, int] = field(
        default_factory=dict
    )  #: largest file by kind; a kind not named cannot go
    as_link: frozenset[MediaKind] = frozenset()  #: kinds that go as a link, unless an account can do more
    choices: int = 0  #: most quick replies
    window_hours: int | None = None  #: how long after a person's words we may answer; None: always
    human_window_hours: int | None = None  #: the same for what a person of the organisation writes
    key_hours: int = 0  #: how long the provider remembers an idempotency key
    reply_seconds: int = 0  #: how long a reply handle is fresh


@dataclass(frozen=True, slots=True)
class Look:
    """One thing the provider was asked about an account, in one line."""

    what: str
    wrong: bool
    says: str  #: how it is, or what to do and where


@dataclass(frozen=True, slots=True)
class Quota:
    """Messages of this month."""

    limit: int | None  #: None: no limit
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Out(Generic[S]):
    """The way out. `client` is whatever `connect` opens; only `send`, `locate` and the like do I/O."""

    limits: Limits
    render: Callable[[Outgoing, S], Sequence[Part]]  #: pure; raises CannotSay; leaves out choices that are too many
    #: From settings and `api_base`. Its module's `TIMEOUT`, in seconds, ends every request.
    connect: Callable[[S, str | None], AbstractAsyncContextManager[Any]]
    send: Callable[[Any, Part], Awaitable[Result]]  #: raises nothing
    look: Callable[[Any, S, str], Awaitable[Sequence[Look]]]  #: for `check --live`; the account's webhook URL
    locate: Callable[[Any, str, S], Awaitable[Fetch | NoFile]] | None = None  #: an attachment's `ref`; raises nothing
    remove: Callable[[Any, str, S], Awaitable[bool]] | None = None  #: delete the provider's copy; True when it is gone
    quota: Callable[[Any], Awaitable[Quota | None]] | None = None  #: None: not told now
    meaning: Callable[[str], Meaning] | None = None  #: what a code in a later receipt means


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Generic[S]):
    """Everything the gateway needs to know about one provider.

    No field but those of `out` does I/O or reads a clock: requests in, values out.
    """

    name: str
    proof: str  #: header with the signature or secret, in lower case; with `http.KEPT_HEADERS` all that is handed over
    settings: Callable[[Section], S]  #: raises BadSettings
    verify: Callable[[Request, S], None]  #: raises NotAuthentic; reads raw bytes, never JSON
    parse: Callable[[Request, S], Sequence[Event]]  #: same bytes, same events; raises only Unreadable
    answer: Callable[[Request, S], Response]  #: what a verified, stored request is answered
    hello: Callable[[Request, S], Response | None] = lambda request, settings: None  #: the provider's one-time check
    own_id: Callable[[S], str | None] = lambda settings: None  #: what `addressed_to` of an event is compared with
    door: Callable[[S], str | None] = lambda settings: None  #: accounts with an equal door share one webhook
    out: Out[S] | None = None  #: None: nothing can be said back on it
    private_ids: bool = False  #: message ids are made of the person's own: they are stored as keyed hashes
    phrases: tuple[str, ...] = ()  #: keys of catalog texts this channel speaks; given in `Section["phrases"]`


def matches(given: str | None, *accepted: str | bytes) -> bool:
    """Whether a header equals one of the accepted values, in constant time and for any characters.

    Bytes, because `hmac.compare_digest` raises on a non-ASCII `str`.
    """
    if not given:
        return False
    sent = given.encode("utf-8", "surrogatepass")
    wanted = [value if isinstance(value, bytes) else value.encode() for value in accepted]
    return any([hmac.compare_digest(sent, value) for value in wanted])  # a list: every comparison is made


def need(section: Section, key: str, hint: str = "") -> str:
    """A required text of a section; raises BadSettings with what to write."""
    value = section.get(key)
    if not isinstance(value, str) or not value:
        raise BadSettings(key, hint or f"write the account's {key.replace('_', ' ')} here, as ${{ENV_NAME}}")
    return value


def secrets(section: Section, key: str) -> tuple[str, ...]:
    """One secret, or a list of them while it rotates: all are accepted, the first is used for sending."""
    value = section.get(key)
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, list) and value and all(isinstance(v, str) and v for v in value):
        return tuple(value)
    raise BadSettings(
        key, f"write the account's {key.replace('_', ' ')} here, as ${{ENV_NAME}} or a list of two while it rotates"
    )


COMMON_KEYS = (
    "id", "channel", "countries", "languages", "inbound", "api_base", "per_second", "reserve_percent", "cost",
    "hook_url", "phrases", "home",
)  # fmt: skip


def only(section: Section, *own: str) -> None:
    """Refuse a key that neither every channel nor this one knows; raises BadSettings with the nearest known key."""
    for key in section:
        if key not in COMMON_KEYS and key not in own:
            near = difflib.get_close_matches(key, [*own, *COMMON_KEYS], 1)
            raise BadSettings(
                key,
                f"unknown key; did you mean {near[0]}?"
                if near
                else f"unknown key; this channel knows {', '.join(own)}",
            )
