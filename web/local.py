"""Texts, times, numbers and names as one person reads them: in their language, by their organisation's clock.

Numbers are written 0-9 in every language: a ticket's number or an hour is read aloud to people who see another screen.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, get_timezone
from babel.numbers import format_decimal

from translations import screens
from translations.languages import ENGLISH_NAMES

_LOCALES = {"en": "en_GB", "my": "my", "th": "th"}
_RIGHT_TO_LEFT = frozenset({"ar", "ur", "fa", "he"})


@dataclass(frozen=True, slots=True)
class Local:
    """How one screen speaks."""

    language: str  #: one of translations.screens.LANGUAGES
    timezone: str = "UTC"  #: IANA name

    @property
    def direction(self) -> str:
        return direction(self.language)

    def text(self, key: str, /, **values: object) -> str:
        """A text of the screens; whole numbers among the values are written as this language writes them."""
        shown = {
            name: self.number(value) if type(value) is int and name != "n" else value for name, value in values.items()
        }
        return screens.text(key, self.language, **shown)

    def number(self, value: float) -> str:
        """1,234"""
        if isinstance(value, int):
            return f"{value:,}"  # as every one of these languages does, and a hundred times sooner
        return format_decimal(value, locale=_LOCALES[self.language])

    def clock(self, at: datetime) -> str:
        """19:12"""
        return f"{self.there(at):%H:%M}"

    def day(self, at: datetime) -> str:
        """Sunday 22 November"""
        return self._shown(at, "EEEE d MMMM")

    def date(self, at: datetime) -> str:
        """22 November 2026"""
        there = self.there(at)
        return f"{there.day} {_months(self.language)[there.month]} {there.year}"  # a hundred times sooner than Babel

    def field(self, at: datetime) -> str:
        """2026-11-22T20:41, as a field for date and time wants it."""
        return at.astimezone(get_timezone(self.timezone)).strftime("%Y-%m-%dT%H:%M")

    def moment(self, at: datetime) -> str:
        """22 November 2026, 19:12"""
        return f"{self.date(at)}, {self.clock(at)}"

    def parsed(self, field: str) -> datetime | None:
        """The moment such a field tells; None for what is no time. One that comes twice a year is the first."""
        try:
            return datetime.strptime(field, "%Y-%m-%dT%H:%M").replace(tzinfo=get_timezone(self.timezone))
        except ValueError:
            return None

    def country_name(self, code: str) -> str:
        """Thailand: a country by its name in the language of the screen."""
        return str(Locale.parse(_LOCALES[self.language]).territories.get(code, code))

    def when(self, at: datetime, now: datetime) -> str:
        """19:12 on the same day, else 22 Nov; with the year where it is another."""
        here, there = self.there(now), self.there(at)
        if here.date() == there.date():
            return self.clock(at)
        return self._shown(at, "d MMM" if here.year == there.year else "d MMM y")

    def length(self, seconds: float) -> str:
        """1 h 52 min; from the second day on, days and hours. Never more than it was: seconds are cut off."""
        minutes = max(0, int(seconds)) // 60
        hours, days = minutes // 60, minutes // 1440
        if days:
            return self.text("length.days", days=days, hours=hours % 24)
        return (
            self.text("length.hours", hours=hours, minutes=minutes % 60)
            if hours
            else self.text("length.minutes", minutes=minutes)
        )

    def language_name(self, code: str) -> str:
        """Burmese: a language by its name in the language of the screen."""
        return _names(self.language).get(code) or ENGLISH_NAMES.get(code, code)

    def there(self, at: datetime) -> datetime:
        """A moment on this screen's clock. Raises ValueError for a time of nowhere."""
        if at.tzinfo is None:
            raise ValueError("a time of nowhere cannot be shown: it has no zone")
        return at.astimezone(get_timezone(self.timezone))

    def _shown(self, at: datetime, pattern: str) -> str:
        return _date(self.there(at).date(), pattern, self.language)


@lru_cache(maxsize=4096)  # a list shows the same few days again and again
def _date(day: date, pattern: str, language: str) -> str:
    return format_date(day, pattern, locale=_LOCALES[language])


def direction(language: str) -> str:
    """`rtl` or `ltr`: how a language is written."""
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def wanted(accept_language: str, default: str) -> str:
    """The first language of an Accept-Language header that the screens are written in."""
    for part in accept_language.split(","):  # browsers send them in order
        code = part.partition(";")[0].strip().lower().partition("-")[0]
        if code in screens.LANGUAGES:
            return code
    return default if default in screens.LANGUAGES else "en"


@cache
def _months(language: str) -> dict[int, str]:
    return dict(Locale.parse(_LOCALES[language]).months["format"]["wide"])


@cache
def _names(language: str) -> dict[str, str]:
    return dict(Locale.parse(_LOCALES[language]).languages)
