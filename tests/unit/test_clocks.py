from datetime import UTC, datetime, timedelta

import pytest

from model.clocks import TARGETS, answer_wait, safety_wait
from model.hours import Hours, around_the_clock, parse_hours

BANGKOK = parse_hours({"mon-fri": "08:00-20:00", "sat": "09:00-17:00"}, "Asia/Bangkok")
ALWAYS = around_the_clock("Asia/Bangkok")


def at(day: int, clock: str) -> datetime:
    """A moment in Bangkok, days after Monday 16 November 2026."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, 16, hour, minute, tzinfo=UTC) + timedelta(days=day) - timedelta(hours=7)


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


@pytest.mark.parametrize(
    ("urgency", "channel", "since", "now", "hours", "counted", "target", "state"),
    [
        ("U2", "line", at(0, "10:00"), at(0, "11:52"), ALWAYS, 112, 120, "near"),
        ("U2", "line", at(0, "10:00"), at(0, "11:31"), ALWAYS, 91, 120, "fine"),
        ("U1", "facebook", at(0, "10:00"), at(0, "10:06"), ALWAYS, 6, 15, "near"),  # a supervisor has been told
        ("U1", "facebook", at(0, "10:00"), at(0, "10:19"), ALWAYS, 19, 15, "late"),
        ("U1", "line", at(5, "23:00"), at(6, "03:00"), BANGKOK, 240, 15, "late"),  # danger knows no closing time
        ("U2", "line", at(0, "19:00"), at(1, "08:30"), BANGKOK, 90, 120, "fine"),  # over night
        ("U2", "line", at(4, "19:30"), at(5, "10:30"), BANGKOK, 120, 120, "late"),  # into Saturday
        ("U3", "voice", at(0, "10:00"), at(0, "11:00"), ALWAYS, 60, 120, "fine"),  # a call is called back sooner
        ("U4", "line", at(0, "10:00"), at(0, "10:00"), ALWAYS, 0, 48 * 60, "fine"),
        ("U3", "line", at(0, "10:00"), at(0, "09:00"), ALWAYS, 0, 24 * 60, "fine"),  # said a moment later than now
    ],
)
def test_how_long_somebody_waits(urgency, channel, since, now, hours, counted, target, state):
    wait = answer_wait(urgency, channel, since, now, hours)
    assert (wait.counted, wait.target, wait.state) == (minutes(counted), minutes(target), state)
    assert wait.left == minutes(target - counted)
    assert wait.waited == max(now, since) - since


def test_a_wait_is_over_when_its_desk_has_been_open_for_so_long():
    assert answer_wait("U2", "line", at(0, "19:00"), at(0, "19:00"), BANGKOK).due_at == at(1, "09:00")
    assert answer_wait("U1", "line", at(0, "22:00"), at(0, "22:00"), BANGKOK).due_at == at(0, "22:15")
    assert answer_wait("U2", "line", at(0, "1:00"), at(0, "2:00"), Hours(timezone="UTC", spans=())).due_at is None


def test_the_safety_questions_have_a_clock_of_their_own():
    assert safety_wait("U2", at(0, "10:00"), at(0, "12:39"), ALWAYS).left == minutes(5 * 60 + 21)
    assert safety_wait("U4", at(0, "10:00"), at(0, "12:39"), ALWAYS) is None


def test_the_more_urgent_the_sooner():
    promised = [TARGETS[level] for level in ("U1", "U2", "U3", "U4")]
    for name in ("answer", "call_back", "alert"):
        times = [getattr(target, name) for target in promised]
        assert times == sorted(times)
        assert len(set(times)) == 4
