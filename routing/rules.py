"""What is known of a new ticket, and whether a condition holds for it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from model.network import PREVIOUS, Condition, Network, Rule
from model.taxonomy import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that placing looks at. Raises ValueError for a moment without a time zone: opening hours depend on it."""

    urgency: Urgency
    language: str | None  #: BCP 47; None where nobody could tell
    account: str
    account_countries: tuple[str, ...]  #: ISO 3166 alpha-2, the countries the account serves
    phone_country: str | None  #: country of the person's own number; None where the channel has no numbers
    channel: str
    issues: tuple[str, ...]  #: taxonomy codes
    opened_at: datetime  #: aware
    previous_queue: str | None  #: who served this person last; it may no longer exist

    def __post_init__(self) -> None:
        if self.opened_at.utcoffset() is None:
            raise ValueError("opened_at has no time zone")


def holds(when: Condition, facts: Facts, *, is_open: bool) -> bool:
    """Whether every key of the condition is met. `is_open`: the target's organisation, when the ticket opened."""
    return (
        _any_of(when.urgency, [facts.urgency])
        and _any_of(when.language, _with_parents([facts.language or ""], "-"))
        and _any_of(when.country, facts.account_countries)
        and _any_of(when.phone_country, [facts.phone_country or ""])
        and _any_of(when.account, [facts.account])
        and _any_of(when.channel, [facts.channel])
        and _any_of(when.category, _with_parents(facts.issues, "."))
        and when.hours in (None, "open" if is_open else "closed")
        and when.returning in (None, facts.previous_queue is not None)
    )


def _any_of(wanted: Collection[str], given: Collection[str]) -> bool:
    return not wanted or any(value in wanted for value in given)


def _with_parents(values: Collection[str], separator: str) -> list[str]:
    return [*values, *(value.partition(separator)[0] for value in values)]


def warnings(network: Network) -> tuple[str, ...]:
    """What is allowed but leaves a person in danger waiting, one sentence each. Empty when all is well."""
    return tuple(_danger_warnings(network))


def _danger_warnings(network: Network) -> Iterator[str]:
    danger = next((rule for rule in network.rules if _takes_all_danger(rule)), None)
    if danger is None:
        yield (
            "No rule takes every U1: put {name: danger first, when: {urgency: [U1]}, to: …} first in routing, "
            "with a queue marked safeguarding: true."
        )
        return
    for rule in network.rules[: network.rules.index(danger)]:
        if not rule.when.urgency or "U1" in rule.when.urgency:
            yield f"The rule “{rule.name}” stands before “{danger.name}” and can take a U1: put “{danger.name}” first."
    if not network.queues[danger.to].safeguarding:
        yield f"The rule “{danger.name}” sends U1 to {danger.to}, which is not marked safeguarding: true."
    organisation = network.organisation_of(danger.to)
    if not organisation.hours.always:
        yield f"U1 goes to {organisation.id}, which closes: give it hours: always, or send U1 to one that has them."


def _takes_all_danger(rule: Rule) -> bool:
    return rule.to != PREVIOUS and "U1" in rule.when.urgency and rule.when == Condition(urgency=rule.when.urgency)
