from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.hours import BadHours, around_the_clock, parse_hours

MOMENTS = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def at(day: int, clock: str, timezone: str = "Asia/Bangkok") -> datetime:
    """A moment of the week that begins on Monday 2 March 2026."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, 2 + day, hour, minute, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("written", "day", "clock", "is_open"),
    [
        ({"mon-fri": "08:00-20:00"}, 0, "07:59", False),
        ({"mon-fri": "08:00-20:00"}, 0, "08:00", True),
        ({"mon-fri": "08:00-20:00"}, 4, "19:59", True),
        ({"mon-fri": "08:00-20:00"}, 4, "20:00", False),
        ({"mon-fri": "08:00-20:00"}, 5, "12:00", False),
        ({"sat": "09:00-17:00"}, 5, "12:00", True),
        ({"sat, sun": "9:00-17:00"}, 6, "12:00", True),
        ({"sun-fri": "10:00-17:00"}, 6, "12:00", True),
        ({"sun-fri": "10:00-17:00"}, 5, "12:00", False),
        ({"mon": "08:00-12:00, 13:00-17:00"}, 0, "12:30", False),
        ({"mon": "08:00-12:00, 13:00-17:00"}, 0, "13:00", True),
        ({"mon": "always"}, 0, "23:59", True),
        ({"mon": "20:00-00:00"}, 0, "23:59", True),
        ({"mon": "20:00-00:00"}, 1, "00:00", False),
    ],
)
def test_open_on_the_clock_of_the_place(written, day, clock, is_open):
    assert parse_hours(written, "Asia/Bangkok").is_open(at(day, clock)) is is_open


def test_a_span_past_midnight_belongs_to_the_day_it_began():
    hours = parse_hours({"sat": "14:00-02:00"}, "Asia/Taipei")
    assert hours.is_open(at(6, "01:59", "Asia/Taipei"))
    assert not hours.is_open(at(6, "02:00", "Asia/Taipei"))
    assert not hours.is_open(at(5, "01:00", "Asia/Taipei"))


def test_sunday_night_reaches_into_monday():
    hours = parse_hours({"sun": "22:00-06:00"}, "Asia/Bangkok")
    assert hours.is_open(at(0, "05:59"))
    assert not hours.is_open(at(0, "06:00"))


def test_the_same_moment_is_another_hour_elsewhere():
    moment = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)  # 08:30 in Bangkok, 07:15 in Kathmandu
    assert parse_hours({"mon": "08:00-09:00"}, "Asia/Bangkok").is_open(moment)
    assert not parse_hours({"mon": "08:00-09:00"}, "Asia/Kathmandu").is_open(moment)
    assert parse_hours({"mon": "07:15-07:16"}, "Asia/Kathmandu").is_open(moment)


def test_summer_time_moves_the_moment_not_the_clock():
    hours = parse_hours({"mon-sun": "08:00-16:00"}, "Europe/Sofia")
    assert not hours.is_open(datetime(2026, 1, 15, 5, 30, tzinfo=UTC))  # 07:30 in winter
    assert hours.is_open(datetime(2026, 7, 15, 5, 30, tzinfo=UTC))  # 08:30 in summer


def test_the_night_that_loses_an_hour_and_the_one_that_has_it_twice():
    hours = parse_hours({"sun": "03:00-04:00"}, "Europe/Sofia")
    lost = [datetime(2026, 3, 29, 0, tzinfo=UTC) + timedelta(minutes=m) for m in range(180)]
    twice = [datetime(2026, 10, 25, 0, tzinfo=UTC) + timedelta(minutes=m) for m in range(180)]
    assert sum(map(hours.is_open, lost)) == 0  # 02:59 is followed by 04:00
    assert sum(map(hours.is_open, twice)) == 120


@given(MOMENTS)
def test_always_is_always(moment):
    assert around_the_clock("Asia/Yangon").is_open(moment)


TWO_TIMES = st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True)


@given(MOMENTS, TWO_TIMES)
def test_a_daily_span_and_its_complement_share_the_day(moment, times):
    first, second = (f"{minute // 60:02}:{minute % 60:02}" for minute in times)
    day = parse_hours({"mon-sun": f"{first}-{second}"}, "Asia/Kathmandu")
    night = parse_hours({"mon-sun": f"{second}-{first}"}, "Asia/Kathmandu")
    assert day.is_open(moment) is not night.is_open(moment)


@pytest.mark.parametrize(
    ("written", "always"),
    [
        ("always", True),
        ({"mon-sun": "00:00-24:00"}, True),
        ({"mon-sun": "12:00-00:00, 00:00-12:00"}, True),
        ({"mon-sun": "18:00-06:00, 06:00-18:00"}, True),
        ({"mon-sun": "00:00-23:59"}, False),
        ({"mon-sat": "always"}, False),
        ({"mon": "08:00-20:00"}, False),
    ],
)
def test_whether_a_desk_ever_closes(written, always):
    assert parse_hours(written, "Asia/Bangkok").always is always


@pytest.mark.parametrize(
    ("written", "day", "remedy"),
    [
        ("sometimes", None, "always"),
        (None, None, "always"),
        ({}, None, "always"),
        ({"weekdays": "08:00-20:00"}, "weekdays", "mon-fri"),
        ({"mon-": "08:00-20:00", "mon": "09:00-10:00"}, "mon", "once"),
        ({"mon": 8}, "mon", "quotes"),
        ({"mon": "8-20"}, "mon", "08:00-20:00"),
        ({"mon": "08:00-25:00"}, "mon", "24:00"),
        ({"mon": "24:00-08:00"}, "mon", "24:00"),
        ({"mon": "08:60-09:00"}, "mon", "24:00"),
        ({"mon": "08:00-08:00"}, "mon", "00:00-24:00"),
        ({"mon": "08:00-09:00,"}, "mon", "08:00-20:00"),
        ({"mon": "๐๘:๐๐-๒๐:๐๐"}, "mon", "08:00-20:00"),
    ],
)
def test_bad_hours_name_the_day_and_the_remedy(written, day, remedy):
    with pytest.raises(BadHours) as caught:
        parse_hours(written, "Asia/Bangkok")
    assert caught.value.day == day
    assert remedy in caught.value.instead


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_reading_hours_never_fails_unexpectedly(written):
    try:
        hours = parse_hours(written, "Asia/Bangkok")
    except BadHours:
        return
    assert hours.spans
