import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.hours import around_the_clock, parse_hours
from model.network import FALLBACK, PREVIOUS, Condition, Network, Organisation, Queue, Rule, organisation_uuid
from routing.place import place
from routing.rules import Facts, warnings

DAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # Monday 10:00 in Bangkok
NIGHT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # Monday 22:00
FACTS = Facts(
    urgency="U3",
    language="my",
    account="line-th",
    account_countries=("TH",),
    phone_country=None,
    channel="line",
    issues=("WAG.UNPAID",),
    opened_at=DAY,
    previous_queue=None,
)
DANGER = Rule(name="danger first", when=Condition(urgency=("U1",)), to="safeguarding")
RETURNING = Rule(name="returning worker", when=Condition(returning=True), to=PREVIOUS)
QUEUES = ("safeguarding", "triage", "shwe-my")


def network(*rules: Rule, hours: str | dict[str, str] = "always", safeguarding: bool = True) -> Network:
    lantern = Organisation(id="lantern", name="Lantern", country="TH", hours=parse_hours(hours, "Asia/Bangkok"))
    shwe_hours = parse_hours({"mon-fri": "08:00-20:00"}, "Asia/Bangkok")
    shwe = Organisation(id="shwe", name="Shwe", country="TH", hours=shwe_hours)
    return Network(
        organisations={"lantern": lantern, "shwe": shwe},
        queues={
            "safeguarding": Queue(id="safeguarding", organisation="lantern", name="Danger", safeguarding=safeguarding),
            "triage": Queue(id="triage", organisation="lantern", name="Rest"),
            "shwe-my": Queue(id="shwe-my", organisation="shwe", name="Burmese", languages=("my",)),
        },
        rules=rules,
        fallback="triage",
    )


def desk(**when) -> Rule:
    return Rule(name="desk", when=Condition(**when), to="shwe-my")


def changed(**facts) -> Facts:
    return dataclasses.replace(FACTS, **facts)


@pytest.mark.parametrize(
    ("when", "facts", "holds"),
    [
        ({"urgency": ("U2", "U3")}, {}, True),
        ({"urgency": ("U1", "U2")}, {}, False),
        ({"language": ("my", "shn")}, {}, True),
        ({"language": ("my",)}, {"language": "my-Latn"}, True),
        ({"language": ("my",)}, {"language": "mya"}, False),
        ({"language": ("my",)}, {"language": None}, False),
        ({"country": ("TH",)}, {"account_countries": ("MM", "TH")}, True),
        ({"country": ("TH",)}, {"account_countries": ()}, False),
        ({"country": ("TH",)}, {"account_countries": ("MY",), "phone_country": "TH"}, False),
        ({"phone_country": ("NP",)}, {"phone_country": "NP"}, True),
        ({"phone_country": ("NP",)}, {"phone_country": None}, False),
        ({"account": ("line-th",)}, {}, True),
        ({"account": ("line-tw",)}, {}, False),
        ({"channel": ("sms", "line")}, {}, True),
        ({"channel": ("sms",)}, {}, False),
        ({"category": ("WAG",)}, {}, True),
        ({"category": ("WAG.UNPAID",)}, {}, True),
        ({"category": ("WAG.LATE",)}, {}, False),
        ({"category": ("WA",)}, {}, False),
        ({"category": ("DOC",)}, {"issues": ("WAG.UNPAID", "DOC.PASSPORT")}, True),
        ({"category": ("INF",)}, {"issues": ()}, False),
        ({"hours": "open"}, {}, True),
        ({"hours": "open"}, {"opened_at": NIGHT}, False),
        ({"hours": "closed"}, {"opened_at": NIGHT}, True),
        ({"hours": "closed"}, {}, False),
        ({"returning": True}, {"previous_queue": "gone"}, True),
        ({"returning": True}, {}, False),
        ({"returning": False}, {}, True),
        ({"returning": False}, {"previous_queue": "shwe-my"}, False),
        ({"language": ("my",), "country": ("TH",)}, {}, True),
        ({"language": ("my",), "country": ("MY",)}, {}, False),
    ],
)
def test_conditions(when, facts, holds):
    placing = place(changed(**facts), network(desk(**when)))
    assert (placing.routed_by, placing.queue) == (("desk", "shwe-my") if holds else (FALLBACK, "triage"))


def test_the_first_rule_that_holds_is_named():
    first = Rule(name="first", when=Condition(language=("my",)), to="shwe-my")
    second = Rule(name="second", when=Condition(country=("TH",)), to="triage")
    assert place(FACTS, network(first, second)).routed_by == "first"
    assert place(FACTS, network(second, first)).routed_by == "second"


def test_the_organisation_is_that_of_the_queue():
    assert place(FACTS, network(desk())).organisation == "shwe"
    assert place(FACTS, network()).organisation == "lantern"


def test_a_returning_worker_goes_back():
    placing = place(changed(previous_queue="shwe-my", language="km"), network(DANGER, RETURNING))
    assert (placing.queue, placing.routed_by) == ("shwe-my", "returning worker")


def test_a_queue_that_is_gone_does_not_hold_anybody_up():
    after = Rule(name="after", when=Condition(returning=True), to="shwe-my")
    assert place(changed(previous_queue="gone"), network(RETURNING, after)).routed_by == "after"
    assert place(changed(previous_queue="gone"), network(RETURNING)).queue == "triage"


def test_hours_of_a_returning_worker_are_those_of_the_queue_gone_back_to():
    rule = Rule(name="back", when=Condition(hours="open"), to=PREVIOUS)
    assert place(changed(previous_queue="shwe-my"), network(rule)).routed_by == "back"
    assert place(changed(previous_queue="shwe-my", opened_at=NIGHT), network(rule)).routed_by == FALLBACK


WORDS = st.sampled_from(["my", "km", "TH", "MY", "line", "sms", "line-th", "WAG.UNPAID", "WAG", "DOC", "", "x"])
MANY = st.lists(WORDS, max_size=3).map(tuple)
URGENCIES = st.sampled_from(["U1", "U2", "U3", "U4"])
SOME_FACTS = st.builds(
    Facts,
    urgency=URGENCIES,
    language=st.none() | WORDS | st.text(),
    account=WORDS,
    account_countries=MANY,
    phone_country=st.none() | WORDS,
    channel=WORDS,
    issues=MANY | st.lists(st.text()).map(tuple),
    opened_at=st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    previous_queue=st.none() | st.sampled_from([*QUEUES, "gone"]),
)
CONDITIONS = st.builds(
    Condition,
    urgency=st.lists(URGENCIES, max_size=2).map(tuple),
    language=MANY,
    country=MANY,
    phone_country=MANY,
    account=MANY,
    channel=MANY,
    category=MANY,
    hours=st.sampled_from([None, "open", "closed"]),
    returning=st.none() | st.booleans(),
)
PLACES = st.tuples(CONDITIONS, st.sampled_from([*QUEUES, PREVIOUS]))
RULES = st.lists(PLACES, max_size=6).map(
    lambda places: [Rule(name=f"rule {n}", when=when, to=to) for n, (when, to) in enumerate(places)]
)


@given(SOME_FACTS, RULES)
def test_everybody_lands_in_one_queue_that_exists(facts, rules):
    made = network(*rules)
    placing = place(facts, made)
    assert placing.organisation == made.queues[placing.queue].organisation
    assert placing.routed_by in {FALLBACK, *(rule.name for rule in rules)}
    assert place(facts, network(*rules)) == placing


@given(SOME_FACTS, RULES, RULES)
def test_later_rules_take_nobody_from_earlier_ones(facts, rules, more):
    first = place(facts, network(*rules))
    later = [dataclasses.replace(rule, name=f"later {rule.name}") for rule in more]
    both = place(facts, network(*rules, *later))
    assert both == first if first.routed_by != FALLBACK else both.routed_by not in {rule.name for rule in rules}


@given(SOME_FACTS, RULES)
def test_danger_reaches_safeguarding_at_any_hour_also_of_returning_workers(facts, rules):
    urgent = dataclasses.replace(facts, urgency="U1")
    placing = place(urgent, network(DANGER, RETURNING, *rules))
    assert (placing.queue, placing.routed_by) == ("safeguarding", "danger first")


@given(SOME_FACTS, RULES)
def test_no_warning_means_no_danger_is_missed(facts, rules):
    made = network(*rules)
    if not warnings(made):
        queue = made.queues[place(dataclasses.replace(facts, urgency="U1"), made).queue]
        assert queue.safeguarding
        assert made.organisation_of(queue.id).hours.is_open(facts.opened_at)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (network(), ["No rule takes every U1"]),
        (network(desk(urgency=("U1",), language=("my",))), ["No rule takes every U1"]),
        (network(RETURNING, DANGER), ["“returning worker” stands before"]),
        (network(desk(urgency=("U1",)), DANGER), ["shwe-my, which is not marked", "shwe, which closes"]),
        (network(DANGER, safeguarding=False), ["not marked safeguarding"]),
        (network(DANGER, hours={"mon": "08:00-20:00"}), ["lantern, which closes"]),
        (network(desk(urgency=("U2",)), DANGER, RETURNING), []),
    ],
)
def test_warnings(made, words):
    told = warnings(made)
    assert len(told) == len(words)
    assert all(word in sentence for word, sentence in zip(words, told, strict=True))


def test_a_network_that_could_lose_somebody_cannot_be_made():
    made = network()
    for broken in (
        {"fallback": "gone"},
        {"fallback": PREVIOUS},
        {"rules": (Rule(name="x", when=Condition(), to="gone"),)},
        {"organisations": {}},
    ):
        with pytest.raises(ValueError, match=r"no such|fallback"):
            dataclasses.replace(made, **broken)


def test_facts_need_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        changed(opened_at=datetime(2026, 3, 2))  # noqa: DTZ001


def test_an_organisation_keeps_its_key():
    lantern = Organisation(id="lantern", name="Lantern", country="TH", hours=around_the_clock("Asia/Bangkok"))
    assert lantern.uuid == organisation_uuid("lantern") != organisation_uuid("shwe")
    assert str(lantern.uuid) == "bbe91586-fc9f-5e32-8257-a19a3bb3950e"
    assert lantern.timezone == "Asia/Bangkok"
