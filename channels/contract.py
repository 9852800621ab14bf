"""What a channel is: one frozen value made of plain functions. See docs/adding-a-channel.md."""

import difflib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from model.events import Event
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Generic[S]):
    """Everything the gateway needs to know about one provider.

    No field does I/O or reads a clock: requests in, values out.
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


COMMON_KEYS = ("id", "channel", "countries", "languages", "inbound", "api_base", "hook_url", "phrases", "home")


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
