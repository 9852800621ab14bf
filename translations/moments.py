"""A moment in words: when somebody will be there, on the clock of one place."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

#: Languages whose days and months the Unicode CLDR does not name (Mon, Karen, Kachin), or only in English (Shan).
_NUMBERS_ONLY = frozenset({"mnw", "ksw", "kac", "shn"})
_A_WEEK = timedelta(days=6)


def moment(at: datetime, language: str, timezone: str, *, now: datetime) -> str:
    """`at` as people of a language write it: the day of the week and the time, with the date when that is a week away.

    In digits alone where the days have no names we know: day, month, time.
    """
    return _written(at, language, timezone, "EEEE HH:mm" if at - now < _A_WEEK else "EEEE d/M HH:mm")


@lru_cache(maxsize=1024)  # all who write in one night are told the same
def _written(at: datetime, language: str, timezone: str, pattern: str) -> str:
    zone = ZoneInfo(timezone)
    if language in _NUMBERS_ONLY:
        return f"{at.astimezone(zone):%d/%m %H:%M}"
    return format_datetime(at, pattern, tzinfo=zone, locale=language)
