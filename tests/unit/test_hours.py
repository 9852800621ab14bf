from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.hours import BadHours, Hours, around_the_clock, parse_hours

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
    ("written", "day", "clock", "opens"),
    [
        ({"mon-fri": "08:00-20:00"}, 0, "09:30", (0, "09:30")),  # now
        ({"mon-fri": "08:00-20:00"}, 0, "07:59", (0, "08:00")),
        ({"mon-fri": "08:00-20:00"}, 0, "20:00", (1, "08:00")),
        ({"mon-fri": "08:00-20:00"}, 4, "20:00", (7, "08:00")),  # over the weekend
        ({"mon": "08:00-12:00, 13:00-17:00"}, 0, "12:00", (0, "13:00")),
        ({"mon": "08:00-12:00"}, 0, "12:00", (7, "08:00")),  # a whole week
        ({"sat": "14:00-02:00"}, 6, "01:59", (6, "01:59")),  # Saturday's night
        ({"sat": "14:00-02:00"}, 6, "02:00", (12, "14:00")),
        ({"sun": "22:00-06:00"}, 0, "06:00", (6, "22:00")),
        ("always", 3, "03:00", (3, "03:00")),
    ],
)
def test_when_somebody_is_there_again(written, day, clock, opens):
    assert parse_hours(written, "Asia/Bangkok").next_open(at(day, clock)) == at(*opens)


def test_nobody_is_ever_there():
    assert Hours(timezone="Asia/Bangkok", spans=()).next_open(at(0, "08:00")) is None


def test_seconds_are_not_waited_for():
    found = parse_hours({"mon": "08:00-20:00"}, "Asia/Bangkok").next_open(at(0, "07:59") + timedelta(seconds=59.5))
    assert found == at(0, "08:00")


@pytest.mark.parametrize(
    ("span", "moment", "opens"),
    [
        ("03:30-06:00", datetime(2026, 3, 29, 0, 50, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),  # 04:00
        ("03:00-04:00", datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 4, 5, 0, tzinfo=UTC)),  # never that night
        ("03:00-03:30", datetime(2026, 10, 25, 0, 40, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),  # again
        ("08:00-16:00", datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 5, tzinfo=UTC)),
        ("08:00-16:00", datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)),
    ],
)
def test_opening_in_the_nights_when_the_clock_moves(span, moment, opens):
    assert parse_hours({"sun": span}, "Europe/Sofia").next_open(moment) == opens


ZONES = st.sampled_from(
    ["Asia/Bangkok", "Asia/Kathmandu", "Europe/Sofia", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]
)
SPANS = st.lists(
    st.tuples(st.integers(0, 7 * 1440 - 1), st.integers(1, 1440)).map(lambda s: (s[0], s[0] + s[1])),
    min_size=1,
    max_size=4,
)
CHANGES = [(2026, 3, 29, 1), (2026, 10, 25, 1), (2026, 3, 8, 7), (2026, 4, 4, 15)]  # of the clocks of these zones
NEAR_A_CHANGE = st.builds(
    lambda change, minutes: datetime(*change, tzinfo=UTC) + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-2000, 300),
)


@given(MOMENTS | NEAR_A_CHANGE, ZONES, SPANS)
def test_nobody_is_there_before_and_somebody_is_then(moment, timezone, spans):
    hours = Hours(timezone=timezone, spans=tuple(spans))
    found = hours.next_open(moment)
    assert found >= moment
    assert hours.is_open(found)
    assert found - moment <= timedelta(days=15)  # two weeks where the only span falls into a skipped hour
    minute = moment
    while minute < min(found, moment + timedelta(hours=30)):
        assert not hours.is_open(minute)
        minute += timedelta(minutes=1)
    assert found == moment or not hours.is_open(found - timedelta(minutes=1))


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


# How long somebody was there


def test_open_time_is_that_of_the_clock_on_the_wall():
    hours = parse_hours({"mon-fri": "08:00-12:00, 13:00-17:00"}, "Asia/Bangkok")
    assert hours.open_between(at(0, "07:00"), at(0, "18:00")) == timedelta(hours=8)
    assert hours.open_between(at(0, "11:30"), at(0, "13:15")) == timedelta(minutes=45)
    assert hours.open_between(at(4, "16:00"), at(7, "09:00")) == timedelta(hours=2)  # over the weekend
    assert hours.open_between(at(0, "08:00"), at(28, "08:00")) == timedelta(hours=160)
    assert hours.after_open(at(4, "16:00"), timedelta(hours=2)) == at(7, "09:00")
    assert hours.after_open(at(0, "11:00"), timedelta(hours=1)) == at(0, "12:00")
    assert Hours(timezone="Asia/Bangkok", spans=()).after_open(at(0, "11:00"), timedelta(hours=1)) is None


STEADY = st.sampled_from(["Asia/Bangkok", "Asia/Kathmandu", "Asia/Dubai"])  # their clocks never move
LENGTHS = st.integers(0, 20_000).map(lambda minutes: timedelta(minutes=minutes))


@given(MOMENTS, LENGTHS, STEADY, SPANS)
def test_open_time_is_what_counting_minutes_gives(moment, length, timezone, spans):
    hours = Hours(timezone=timezone, spans=tuple(spans))
    start = moment.replace(second=0, microsecond=0)
    length = min(length, timedelta(hours=40))
    counted = sum(hours.is_open(start + timedelta(minutes=m)) for m in range(int(length.total_seconds()) // 60))
    assert hours.open_between(start, start + length) == timedelta(minutes=counted)


@given(MOMENTS, LENGTHS, STEADY, SPANS)
def test_after_so_much_open_time_so_much_was_open(moment, length, timezone, spans):
    hours = Hours(timezone=timezone, spans=tuple(spans))
    reached = hours.after_open(moment, length)
    assert reached >= moment
    assert hours.open_between(moment, reached) == length
