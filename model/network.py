"""The network as config.yaml describes it: who answers, where people wait, and which rule sends whom there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid5

from model.hours import Hours

PREVIOUS = "previous"  #: as a rule's target: the queue that served this person last
FALLBACK = "fallback"  #: what `routed_by` says when no rule matched
_NAMESPACE = UUID("6b0c7a52-6a3e-4e0c-9d5e-2f6d0f6c1b7e")  # never change it: every stored row carries what it made


def organisation_uuid(slug: str) -> UUID:
    """The key of an organisation's rows, the same on every machine and after every restart."""
    return uuid5(_NAMESPACE, slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Whether an organisation answers a new ticket by itself, and what it says to people in danger."""

    enabled: bool = True
    #: its own words by language, which it has had reviewed; empty: people in danger are answered as everybody is
    danger: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A CSO: an NGO or trade union that answers. The tenant."""

    id: str  #: slug
    name: str
    country: str  #: ISO 3166 alpha-2
    hours: Hours
    acknowledgement: Acknowledgement = Acknowledgement()

    @property
    def uuid(self) -> UUID:
        """Its key in the database, made from the slug."""
        return organisation_uuid(self.id)

    @property
    def timezone(self) -> str:
        """IANA name of the clock its hours are written for."""
        return self.hours.timezone


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A line of waiting tickets."""

    id: str  #: slug, unique in the whole network
    organisation: str  #: id of the organisation that answers it
    name: str
    languages: tuple[str, ...] = ()  #: BCP 47, what its agents speak; empty: any
    safeguarding: bool = False  #: its agents are trained for people in danger


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a rule holds. Several values of a key: any of them. Several keys: all of them. An empty key asks nothing."""

    urgency: tuple[str, ...] = ()
    language: tuple[str, ...] = ()  #: BCP 47; `my` also holds for `my-Latn`
    country: tuple[str, ...] = ()  #: one of the countries the account serves
    phone_country: tuple[str, ...] = ()  #: the country of the person's own number
    account: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    category: tuple[str, ...] = ()  #: taxonomy code, `WAG.UNPAID`, or its first part, `WAG`
    hours: Literal["open", "closed"] | None = None  #: of the organisation the rule sends to, when the ticket opens
    returning: bool | None = None  #: whether a queue served this person before


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where people go who meet a condition."""

    name: str  #: what `routed_by` says
    when: Condition
    to: str  #: id of a queue, or PREVIOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """All organisations, their queues and the rules in order.

    Raises ValueError when a queue, rule or fallback points to what does not exist, so that placing can never fail.
    """

    name: str = ""
    public_url: str = ""  #: without a slash at its end
    default_language: str = "en"
    country: str | None = None  #: where numbers without a country code are at home
    organisations: Mapping[str, Organisation]  #: by id
    queues: Mapping[str, Queue]  #: by id
    rules: tuple[Rule, ...] = ()  #: the first match wins
    fallback: str  #: id of the queue that takes whom no rule took

    def __post_init__(self) -> None:
        targets = {self.fallback, *(rule.to for rule in self.rules)} - {PREVIOUS}
        if unknown := targets - self.queues.keys():
            raise ValueError(f"no such queue: {', '.join(sorted(unknown))}")
        if self.fallback == PREVIOUS:
            raise ValueError("the fallback is a queue, not the previous one")
        if homeless := {queue.organisation for queue in self.queues.values()} - self.organisations.keys():
            raise ValueError(f"no such organisation: {', '.join(sorted(homeless))}")

    def organisation_of(self, queue: str) -> Organisation:
        """Who answers a queue. Raises KeyError for an unknown one."""
        return self.organisations[self.queues[queue].organisation]
