"""Opening hours: a week of spans on the clock of one place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = timedelta(minutes=1)
_MONDAY = datetime(1970, 1, 5)  # noqa: DTZ001 - of a week on some wall
_DAY = 24 * 60
_WEEK = 7 * _DAY
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")


class BadHours(ValueError):
    """Opening hours that cannot be read. `day` is the key that is wrong, None for the whole."""

    def __init__(self, day: str | None, what: str, instead: str) -> None:
        super().__init__(f"{what}; {instead}")
        self.day, self.what, self.instead = day, what, instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When somebody is there. The clock on the wall counts, so summer time needs no rule of its own."""

    timezone: str  #: IANA name
    spans: tuple[tuple[int, int], ...]  #: minutes since Monday 00:00; the end is outside and may lie in the next week

    def is_open(self, at: datetime) -> bool:
        """Whether an aware moment lies in a span. A span past Sunday midnight reaches into Monday."""
        minute = self._minute(at)
        return any(start <= minute < end or start <= minute + _WEEK < end for start, end in self.spans)

    def next_open(self, at: datetime) -> datetime | None:
        """From when on somebody is there: the moment itself where that is now, else one on the full minute, in UTC.

        None where nobody ever is. An hour that the clock skips or shows twice is waited through as it comes.
        """
        if not self.spans:
            return None
        found = at
        while not self.is_open(found):
            found = found.astimezone(UTC).replace(second=0, microsecond=0)
            wait = min((start - self._minute(found)) % _WEEK or _WEEK for start, _ in self.spans)
            found = self._unless_the_clock_moves(found, found + wait * _MINUTE)
        return found

    def _minute(self, at: datetime) -> int:
        """Minutes since Monday 00:00 on the clock of the place."""
        local = at.astimezone(ZoneInfo(self.timezone))
        return local.weekday() * _DAY + local.hour * 60 + local.minute

    def _unless_the_clock_moves(self, start: datetime, end: datetime) -> datetime:
        """`end`, or before it the first minute that the clock shows another offset than at `start`."""
        zone = ZoneInfo(self.timezone)
        offset = start.astimezone(zone).utcoffset()
        if end.astimezone(zone).utcoffset() == offset:
            return end
        while end - start > _MINUTE:
            middle = start + (end - start) // _MINUTE // 2 * _MINUTE
            start, end = (middle, end) if middle.astimezone(zone).utcoffset() == offset else (start, middle)
        return end

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """How long somebody is there from one moment to a later one.

        The clock on the wall counts here too: an hour that it skips has passed, one that it shows twice passes once.
        """
        zone, week = ZoneInfo(self.timezone), self._week()
        first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (start, end))
        return _open_until(last, week) - _open_until(first, week)

    def after_open(self, start: datetime, amount: timedelta) -> datetime | None:
        """When somebody will have been there for `amount` since `start`, in UTC; None where nobody ever is."""
        zone, week = ZoneInfo(self.timezone), self._week()
        if not week:
            return None
        first = start.astimezone(zone).replace(tzinfo=None)
        wanted = _open_until(first, week) + amount
        weeks, rest = divmod(wanted, _open_until(_MONDAY + timedelta(days=7), week))
        if not rest:  # full exactly at the end of the last span, not at the beginning of the next week
            weeks, rest = weeks - 1, _open_until(_MONDAY + timedelta(days=7), week)
        for span_start, span_end in week:
            if rest <= (span_end - span_start) * _MINUTE:
                reached = _MONDAY + timedelta(days=7 * weeks) + span_start * _MINUTE + rest
                return max(start, reached.replace(tzinfo=zone)).astimezone(UTC)
            rest -= (span_end - span_start) * _MINUTE
        raise AssertionError("a week holds all its spans")

    @property
    def always(self) -> bool:
        """Whether the spans leave no minute of the week out."""
        return self._week() == ((0, _WEEK),)

    def _week(self) -> Sequence[tuple[int, int]]:
        return _week_of(self.spans)


@cache  # few: one for each organisation
def _week_of(spans: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The open spans of one week in order, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(_within_the_week(spans)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def _within_the_week(spans: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        yield start, min(end, _WEEK)
        if end > _WEEK:
            yield 0, end - _WEEK


def _open_until(wall: datetime, week: Sequence[tuple[int, int]]) -> timedelta:
    """Open time from a Monday long ago to a moment on the wall."""
    weeks, rest = divmod(wall - _MONDAY, timedelta(days=7))
    whole = sum(end - start for start, end in week) * _MINUTE
    return weeks * whole + sum(
        (min(rest, end * _MINUTE) - start * _MINUTE for start, end in week if start * _MINUTE < rest), timedelta()
    )


def around_the_clock(timezone: str) -> Hours:
    """Never closed."""
    return Hours(timezone=timezone, spans=((0, _WEEK),))


def parse_hours(written: object, timezone: str) -> Hours:
    """Opening hours as config.yaml writes them: `always`, or days with their spans.

    Days are `mon`, `mon-fri`, `fri-mon` or `sat, sun`; a day that is not named is closed. Spans are `08:00-20:00`,
    several with commas; `20:00-04:00` runs past midnight. Raises BadHours.
    """
    if written == "always":
        return around_the_clock(timezone)
    if not isinstance(written, Mapping) or not written:
        raise BadHours(None, "are not opening hours", 'write always, or days as {mon-fri: "08:00-20:00"}')
    week: dict[int, list[tuple[int, int]]] = {}
    for days, spans in written.items():
        for day in _days(str(days)):
            if day in week:
                raise BadHours(
                    str(days), f"names {DAYS[day]} a second time", "write each day once, its spans in one line"
                )
            week[day] = _spans(str(days), spans)
    return Hours(
        timezone=timezone,
        spans=tuple((day * _DAY + start, day * _DAY + end) for day in sorted(week) for start, end in week[day]),
    )


def _days(written: str) -> list[int]:
    days = []
    for part in written.lower().split(","):
        first, _, last = (word.strip() for word in part.partition("-"))
        if first not in DAYS or (last or first) not in DAYS:
            raise BadHours(written, "is not a day", f"write one of {', '.join(DAYS)}, or a range as mon-fri")
        start, end = DAYS.index(first), DAYS.index(last or first)
        days += [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
    return days


def _spans(days: str, written: object) -> list[tuple[int, int]]:
    if written == "always":
        return [(0, _DAY)]
    if not isinstance(written, str):
        raise BadHours(days, "is not a span of time", 'write it in quotes, as "08:00-20:00"')
    return [_span(days, part.strip()) for part in written.split(",")]


def _span(days: str, written: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(written)
    if match is None:
        raise BadHours(days, "is not a span of time", 'write it as "08:00-20:00"')
    from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if from_minute > 59 or to_minute > 59 or start >= _DAY or end > _DAY:
        raise BadHours(days, "names a time that no clock shows", "write times from 00:00 to 24:00")
    if start == end:
        raise BadHours(days, "begins and ends at the same minute", 'write "00:00-24:00" for a whole day')
    return start, end if end > start else end + _DAY
