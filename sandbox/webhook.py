"""One request of a provider to the gateway, and the invented ids inside it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.sign import Headers

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What a provider sends to the gateway. Carries words of people: never log headers or body."""

    account_id: str
    channel: str
    step: str = ""  #: what follows the account in the path: `/hooks/{account}/{step}`
    method: str = "POST"
    path: str  #: path and query as the provider asks for them
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    note: str  #: what it is, in a word or two; no content
    message_ids: tuple[str, ...] = ()  #: the provider's ids of what a person tells the hotline here, each message once
    queue: str = ""  #: requests of one queue are sent one after another (Telegram keeps the order of a chat)


def hexes(length: int, *parts: object) -> str:
    """Hexadecimal digits that look like chance and are the same for the same parts."""
    seed = "|".join(map(str, parts)).encode()
    return hashlib.shake_256(seed).hexdigest((length + 1) // 2)[:length]


def digits(length: int, *parts: object) -> str:
    """Decimal digits, the first of them not zero, the same for the same parts."""
    return str(10 ** (length - 1) + int(hexes(length * 2, *parts), 16) % (9 * 10 ** (length - 1)))


def ulid(at: datetime, *parts: object) -> str:
    """A ULID: 48 bits of time in milliseconds, then 80 bits taken from the parts."""
    value = (milliseconds(at) << 80) | int(hexes(20, *parts), 16)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1000)
