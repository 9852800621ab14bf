"""When somebody will be there, in words."""

from datetime import UTC, datetime, timedelta

import pytest

from translations.languages import ENGLISH_NAMES
from translations.moments import moment

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 08:00 in Bangkok, 06:45 in Kathmandu


@pytest.mark.parametrize(
    ("language", "timezone", "ago", "written"),
    [
        ("en", "Asia/Bangkok", timedelta(hours=10), "Monday 08:00"),
        ("en", "Asia/Kathmandu", timedelta(hours=10), "Monday 06:45"),
        ("en", "Asia/Bangkok", timedelta(days=7), "Monday 23/11 08:00"),  # not today's Monday
        ("th", "Asia/Bangkok", timedelta(hours=10), "วันจันทร์ 08:00"),
        ("my", "Asia/Bangkok", timedelta(hours=10), "တနင်္လာ 08:00"),
        ("ne", "Asia/Kathmandu", timedelta(hours=10), "सोमबार 06:45"),
        ("es", "Asia/Bangkok", timedelta(hours=10), "lunes 08:00"),
        ("ksw", "Asia/Bangkok", timedelta(hours=10), "23/11 08:00"),
        ("shn", "Asia/Bangkok", timedelta(hours=10), "23/11 08:00"),  # CLDR has only English names of days
    ],
)
def test_a_moment(language, timezone, ago, written):
    assert moment(MONDAY, language, timezone, now=MONDAY - ago) == written


@pytest.mark.parametrize("language", ENGLISH_NAMES)
def test_every_language_can_say_when(language):
    assert "08:00" in moment(MONDAY, language, "Asia/Bangkok", now=MONDAY - timedelta(days=1))
