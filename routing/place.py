"""Place a new ticket: the first rule that holds, else the fallback."""

from dataclasses import dataclass

from model.network import FALLBACK, PREVIOUS, Network, Rule
from routing.rules import Facts, holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Where a ticket waits, and why."""

    organisation: str  #: id
    queue: str  #: id
    routed_by: str  #: the rule's name, or FALLBACK


def place(facts: Facts, network: Network) -> Placing:
    """The place of a ticket. Total: a network always has a fallback."""
    for rule in network.rules:
        queue = _target(rule, facts, network)
        if queue is not None and holds(rule.when, facts, is_open=_is_open(queue, rule, facts, network)):
            return _placing(queue, rule.name, network)
    return _placing(network.fallback, FALLBACK, network)


def _target(rule: Rule, facts: Facts, network: Network) -> str | None:
    """The queue a rule means for this person; None when that was a queue which is gone by now."""
    wanted = facts.previous_queue if rule.to == PREVIOUS else rule.to
    return wanted if wanted in network.queues else None


def _is_open(queue: str, rule: Rule, facts: Facts, network: Network) -> bool:
    # the clock of another place is worth looking up only for a rule that asks for it
    return rule.when.hours is None or network.organisation_of(queue).hours.is_open(facts.opened_at)


def _placing(queue: str, routed_by: str, network: Network) -> Placing:
    return Placing(organisation=network.queues[queue].organisation, queue=queue, routed_by=routed_by)
