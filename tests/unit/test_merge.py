"""A ticket is the same whichever of its messages comes first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from intake.decide import previous
from intake.merge import chosen_before, joined, opened, reopened
from model.tickets import CHOSEN, GUESSED, UNKNOWN, WRITTEN, Facts, Ticket

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)


def facts(**more) -> Facts:
    plain = {
        "provider_id": "m1", "occurred_at": NOON, "account": "line-th", "channel": "line", "phone_country": None,
        "kind": "text", "language": None, "language_rank": UNKNOWN, "urgency": "U3", "reasons": (), "issues": (),
        "starts_clock": True,
    }  # fmt: skip
    return Facts(**(plain | more))


def ticket_of(messages: list[Facts]) -> Ticket:
    first, *others = messages
    made = opened(first, id=UUID(int=1), person=UUID(int=2), previous=None)
    return reduce(joined, others, made)


def _message(number: int, minutes: int, language: str | None, rank: int, **more) -> Facts:
    """The same id is the same message, so what it tells is decided by its id alone."""
    return facts(
        provider_id=f"m{number}",
        occurred_at=NOON + timedelta(minutes=minutes),
        language=language,
        language_rank=rank if language else UNKNOWN,
        **more,
    )


codes = st.lists(st.sampled_from(["WAG.UNPAID", "DOC.PASSPORT", "INF.PERMIT"]), max_size=2, unique=True).map(
    lambda found: tuple(sorted(found))
)
lists_of_facts = st.lists(
    st.builds(
        _message,
        number=st.integers(1, 99),
        minutes=st.integers(-3, 3),
        language=st.sampled_from([None, "my", "km", "th"]),
        rank=st.integers(GUESSED, CHOSEN),
        account=st.sampled_from(["line-th", "sms-np"]),
        channel=st.sampled_from(["line", "sms"]),
        phone_country=st.sampled_from([None, "NP", "TH"]),
        urgency=st.sampled_from(["U1", "U2", "U3", "U4"]),
        reasons=codes,
        issues=codes,
        starts_clock=st.booleans(),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda f: f.provider_id,
)


@given(lists_of_facts, st.randoms())
def test_order_does_not_matter(messages, random):
    assert ticket_of(random.sample(messages, len(messages))) == ticket_of(messages)


@given(lists_of_facts, st.data())
def test_a_message_told_twice_changes_nothing(messages, data):
    again = data.draw(st.lists(st.sampled_from(messages), max_size=4))
    assert ticket_of(messages + again) == ticket_of(messages)


@given(lists_of_facts, lists_of_facts)
def test_what_a_ticket_took_up_it_keeps(messages, more):
    before = ticket_of(messages)
    after = reduce(joined, more, before)
    assert after.urgency <= before.urgency
    assert set(after.reasons) >= set(before.reasons)
    assert set(after.issues) >= set(before.issues)
    assert after.opened_at <= before.opened_at
    assert after.last_at >= before.last_at
    assert after.language_rank >= before.language_rank
    assert before.waiting_since is None or after.waiting_since <= before.waiting_since


@given(lists_of_facts)
def test_each_field_is_what_the_messages_say(messages):
    made = ticket_of(messages)
    told = sorted(messages, key=lambda f: (f.occurred_at, f.provider_id))
    assert (made.opened_by, made.account, made.channel) == (told[0].provider_id, told[0].account, told[0].channel)
    assert made.last_by == told[-1].provider_id
    assert made.urgency == min(f.urgency for f in messages)
    assert made.waiting_since == min((f.occurred_at for f in messages if f.starts_clock), default=None)
    known = [f for f in told if f.language]
    best = min(known, key=lambda f: -f.language_rank, default=None)
    if best and best.language_rank == CHOSEN:
        best = [f for f in known if f.language_rank == CHOSEN][-1]
    assert made.language == (best.language if best else None)


def test_what_the_person_chose_outranks_any_guess():
    guessed = facts(provider_id="a", language="th", language_rank=GUESSED)
    chosen = facts(provider_id="b", language="my", language_rank=CHOSEN, occurred_at=NOON + timedelta(hours=1))
    assert ticket_of([guessed, chosen]).language == "my"


def test_of_two_choices_the_later_one_counts():
    first = facts(provider_id="a", language="th", language_rank=CHOSEN)
    second = facts(provider_id="b", language="my", language_rank=CHOSEN, occurred_at=NOON + timedelta(hours=1))
    assert ticket_of([first, second]).language == ticket_of([second, first]).language == "my"


def test_a_language_chosen_before_the_ticket_outranks_all_but_a_later_choice():
    before = chosen_before(ticket_of([facts(language="th", language_rank=WRITTEN)]), "my", NOON - timedelta(days=9))
    assert before.language == "my"
    assert joined(before, facts(provider_id="b", language="th", language_rank=WRITTEN)).language == "my"
    assert joined(before, facts(provider_id="b", language="th", language_rank=CHOSEN)).language == "th"
    assert chosen_before(ticket_of([facts(language="km", language_rank=CHOSEN)]), "my", NOON).language == "km"
    assert chosen_before(ticket_of([facts()]), None, None).language is None


def test_a_new_ticket_is_not_placed_and_knows_what_was_before():
    old = opened(facts(), id=UUID(int=9), person=UUID(int=2), previous=None)
    assert (old.organisation, old.queue, old.routed_by, old.status) == (None, "", "", "open")
    assert (old.previous_queue, old.previous_ticket) == (None, None)
    was = replace(old, queue="shwe-my", status="closed", closed_at=NOON)
    new = opened(facts(), id=UUID(int=10), person=UUID(int=2), previous=previous([was]))
    assert (new.previous_queue, new.previous_ticket) == ("shwe-my", UUID(int=9))
    again = reopened(was)
    assert (again.status, again.closed_at, again.queue) == ("open", None, "shwe-my")
