"""Which ticket a message belongs to."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decide import decide, previous
from intake.merge import opened
from tests.unit.test_merge import NOON, facts

HOURS = timedelta(hours=72)
SECOND = timedelta(seconds=1)
ME = UUID(int=1)
WORDS, THANKS = facts(), facts(starts_clock=False)


def ticket(number: int, **more):
    made = opened(facts(), id=UUID(int=number), person=ME, previous=None)
    return replace(made, **more)


def closed(number: int, ago: timedelta, **more):
    return ticket(number, status="closed", closed_at=NOON - ago, **more)


def decided(tickets, told=WORDS, **more):
    found = decide(told, tickets, arrived_at=NOON, reopen=HOURS, **more)
    return found.does, found.why, found.ticket.id.int if found.ticket else None


def test_the_first_words_open_a_ticket():
    assert decided([]) == ("opens", "no_open_ticket", None)
    assert decided([], THANKS) == ("opens", "no_open_ticket", None)


def test_words_join_the_open_ticket_whatever_was_closed():
    assert decided([closed(1, SECOND), ticket(2), closed(3, SECOND)]) == ("joins", "open_ticket", 2)


@pytest.mark.parametrize(
    ("ago", "does"),
    [(timedelta(0), "reopens"), (HOURS - SECOND, "reopens"), (HOURS, "reopens"), (HOURS + SECOND, "opens")],
)
def test_how_long_a_closed_ticket_takes_words_up(ago, does):
    assert decided([closed(1, ago)])[0] == does
    assert decided([closed(1, ago)], THANKS)[0] == ("stays_closed" if does == "reopens" else "opens")


def test_words_written_before_the_closing_and_late_on_their_way_reopen():
    assert decided([closed(1, -timedelta(minutes=5))])[0] == "reopens"


def test_of_several_closed_tickets_the_one_closed_last_is_reopened():
    tickets = [closed(1, timedelta(hours=3)), closed(2, timedelta(hours=1)), closed(3, timedelta(hours=80))]
    assert decided(tickets) == ("reopens", "words_after_closing", 2)


def test_a_ticket_that_was_handed_over_takes_up_nothing():
    assert decided([ticket(1, status="handed_over")]) == ("opens", "no_open_ticket", None)


TWO = [ticket(1, last_at=NOON - timedelta(hours=5)), ticket(2, last_at=NOON - timedelta(hours=1))]
WEEK = timedelta(days=7)


def test_two_open_tickets_the_one_replied_to():
    assert decided(TWO, replied_to=UUID(int=1), last_answered=(UUID(int=2), NOON)) == ("joins", "replied_to", 1)


@pytest.mark.parametrize(("ago", "found"), [(SECOND, 1), (WEEK, 1), (WEEK + SECOND, 2)])
def test_two_open_tickets_the_organisation_that_wrote_last(ago, found):
    why = "wrote_last" if found == 1 else "most_recent"
    assert decided(TWO, last_answered=(UUID(int=1), NOON - ago)) == ("joins", why, found)


def test_two_open_tickets_the_most_recently_active():
    assert decided(TWO) == ("joins", "most_recent", 2)
    assert decided(TWO, replied_to=UUID(int=9), last_answered=(UUID(int=8), NOON)) == ("joins", "most_recent", 2)


def test_a_single_open_ticket_gets_the_words_even_of_a_reply_to_a_closed_one():
    assert decided([closed(1, SECOND), ticket(2)], replied_to=UUID(int=1)) == ("joins", "open_ticket", 2)


def test_a_new_ticket_links_back_to_the_one_closed_last():
    assert previous([]) is None
    assert previous([ticket(1)]) is None
    assert previous([closed(1, SECOND), closed(2, HOURS), ticket(3)]).id.int == 1


tickets_of_one = st.lists(
    st.builds(
        lambda number, status, minutes: ticket(
            number,
            status=status,
            last_at=NOON - timedelta(minutes=minutes),
            closed_at=NOON - timedelta(minutes=minutes) if status == "closed" else None,
        ),
        st.integers(1, 5),
        st.sampled_from(["open", "closed", "handed_over"]),
        st.integers(0, 100 * 60),
    ),
    max_size=5,
    unique_by=lambda t: t.id,
)


@given(tickets_of_one, st.booleans(), st.none() | st.integers(1, 6), st.none() | st.integers(1, 6), st.randoms())
def test_the_order_in_which_tickets_are_read_does_not_matter(tickets, clock, replied, answered, random):
    more = {
        "replied_to": UUID(int=replied) if replied else None,
        "last_answered": (UUID(int=answered), NOON - timedelta(days=answered)) if answered else None,
    }
    told = facts(starts_clock=clock)
    found = decided(tickets, told, **more)
    assert decided(random.sample(tickets, len(tickets)), told, **more) == found
    assert (found[2] is None) == (found[0] == "opens")
    states = {t.id.int: t.status for t in tickets}
    if "open" in states.values():
        assert (found[0], states[found[2]]) == ("joins", "open")
    elif found[2]:
        assert states[found[2]] == "closed"
