"""What the providers remember of people: their last words, who blocked whom, and the reply tokens handed out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sandbox.heard import Heard
from sandbox.people import Person

MOST_KEPT = 10_000  #: of each kind; the oldest go first
TOKEN_LIFE = timedelta(minutes=1)  #: a LINE reply token works so long; LINE promises no more
KEY_LIFE = timedelta(hours=24)  #: of a LINE retry key

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A LINE reply token."""

    account: str
    person: str
    at: datetime  #: when the webhook carried it


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a LINE request with a retry key was answered."""

    at: datetime
    request_id: str
    messages: list[dict[str, str]]


class Memory:
    """Of all people on all accounts."""

    def __init__(self) -> None:
        self._last_words: dict[tuple[str, str], datetime] = {}
        self._left: dict[tuple[str, str, str], bool] = {}
        self._tokens: dict[str, Token] = {}
        self._keys: dict[tuple[str, str], Accepted] = {}
        self._people: dict[tuple[str, str], Person] = {}
        self._seen: dict[tuple[str, str], bool] = {}
        self.resources: dict[str, dict[str, Any]] = {}  #: Twilio's messages and calls as its API shows them, by sid
        self.deleted: dict[str, datetime] = {}  #: Twilio's media and recordings that somebody deleted, and when

    def new(self, said: Heard) -> bool:
        """Whether this is not a repeat of something heard before."""
        key = (said.account, f"{said.person}/{said.id}")
        return key not in self._seen and put(self._seen, key, True)

    def hear(self, said: Heard, now: datetime) -> None:
        """Take in one thing a person said or did."""
        at, who = said.at or now, (said.channel, said.person)
        if said.kind:
            self.spoke(*who, max(at, self._last_words.get(who, at)))
        if said.reply_token:
            put(self._tokens, said.reply_token, Token(account=said.account, person=said.person, at=now))
        if said.change:
            put(self._left, (said.account, *who), said.change == "left")

    def spoke(self, channel: str, person: str, at: datetime) -> None:
        """Those were the person's last words."""
        put(self._last_words, (channel, person), at)

    def last_words(self, channel: str, person: str) -> datetime | None:
        """When the person last wrote; None: never heard here."""
        return self._last_words.get((channel, person))

    def has_left(self, account: str, channel: str, person: str) -> bool:
        """Whether the person blocked this account or opted out."""
        return self._left.get((account, channel, person), False)

    def use(self, token: str, account: str, now: datetime) -> str | None:
        """Spend a reply token: whose it was; None: never handed out on that account, too old, or spent already.

        An empty account is any.
        """
        found = self._tokens.get(token)
        if found is None or account not in ("", found.account) or now - found.at > TOKEN_LIFE:
            return None
        del self._tokens[token]
        return found.person

    def owner(self, token: str) -> str:
        """Whose a reply token is that can still be spent; empty for others."""
        return self._tokens[token].person if token in self._tokens else ""

    def accepted(self, account: str, key: str, now: datetime) -> Accepted | None:
        """The answer that a retry key had already."""
        found = self._keys.get((account, key))
        return found if found and now - found.at <= KEY_LIFE else None

    def accept(self, account: str, key: str, accepted: Accepted) -> None:
        """Remember the answer to a retry key."""
        put(self._keys, (account, key), accepted)

    def meet(self, channel: str, ident: str, person: Person) -> None:
        """Know the person of an id by name."""
        put(self._people, (channel, ident), person)

    def person(self, channel: str, ident: str) -> Person | None:
        """The person of an id, if anybody introduced them."""
        return self._people.get((channel, ident))

    def delete(self, ident: str, now: datetime) -> None:
        """A file is gone for good."""
        put(self.deleted, ident, now)


def put(memory: dict[K, V], key: K, value: V) -> bool:
    """Remember one more of a kind, and no more than MOST_KEPT. True."""
    memory.pop(key, None)
    memory[key] = value
    while len(memory) > MOST_KEPT:
        del memory[next(iter(memory))]
    return True
