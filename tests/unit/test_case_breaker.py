"""A store that is down is left alone, longer each time, and asked by one request whether it is well again."""

from datetime import timedelta
from random import Random

import pytest

from cases.breaker import Breaker, backoff
from model.cases import Refused, Stored, Unknown
from tests.house import NOON

AWAY = Refused(code="away", retry=True)


def breaker() -> Breaker:
    return Breaker(Random(1))


def test_one_bad_connection_is_no_outage():
    one = breaker()
    assert not one.note(AWAY, NOON)
    assert one.room(NOON, 4) == 4


@pytest.mark.parametrize("result", [AWAY, Unknown(why="TimeoutError"), Refused(code="broken", retry=True)])
def test_several_in_a_row_are(result):
    one = breaker()
    assert [one.note(result, NOON) for _ in range(3)] == [False, False, True]
    assert one.room(NOON, 4) == 0
    assert one.room(one.open_until, 4) == 1


def test_each_look_that_fails_makes_the_pause_longer_up_to_minutes():
    one, now, pauses = breaker(), NOON, []
    for _ in range(12):
        one.note(AWAY, now)
        if one.open_until:
            pauses.append((one.open_until - now).total_seconds())
            now = one.open_until
    assert pauses[0] < pauses[-1]
    assert 150 <= pauses[-1] <= 450


def test_a_good_answer_opens_it_wholly():
    one = breaker()
    for _ in range(5):
        one.note(AWAY, NOON)
    one.note(Stored(), NOON)
    assert one.room(NOON, 4) == 4


def test_what_is_wrong_with_one_case_says_nothing_of_the_store():
    one = breaker()
    for code in ("invalid", "conflict", "gone", "doubled", "mistake", "forbidden") * 3:
        assert not one.note(Refused(code=code), NOON)
    assert one.room(NOON, 4) == 4


def test_a_closed_door_is_not_knocked_at_twice():
    one = breaker()
    assert one.note(Refused(code="credentials"), NOON)
    assert one.room(NOON, 4) == 0


def test_who_asks_for_a_pause_gets_it():
    for code, failures in (("busy", 1), ("broken", 3)):
        one = breaker()
        for _ in range(failures):
            one.note(Refused(code=code, retry=True, after=timedelta(minutes=20)), NOON)
        assert one.room(NOON + timedelta(minutes=19), 4) == 0
        assert one.room(NOON + timedelta(minutes=20), 4) == 1


def test_a_case_waits_longer_each_time_and_never_above_an_hour_and_a_half():
    chance = Random(1)
    waits = [backoff(tries, chance).total_seconds() for tries in range(1, 60)]
    assert 1 <= waits[0] <= 3
    assert max(waits) <= 5400
    assert len(set(waits)) == len(waits)
