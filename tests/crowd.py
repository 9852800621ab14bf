"""People of many languages who wait, for tests of the inbox and its pictures."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.people import person
from sandbox.providers import line, telegram
from tests.house import NOON, House

SAMPLES = json.loads((Path(__file__).parent / "data" / "samples.json").read_text("utf-8"))
WORDS = {sample["id"]: sample for sample in SAMPLES}
#: Two of each language.
FEW = [sample for n, sample in enumerate(SAMPLES) if sum(s["lang"] == sample["lang"] for s in SAMPLES[:n]) < 2]
#: A Sunday, 20:41 in Bangkok: every desk but the network's own is closed, so that all who are urgent are on one.
SUNDAY = datetime.fromisoformat("2026-11-22T13:41:00+00:00")


async def waiting(home: House, count: int, *, at: datetime = NOON, said: str = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။") -> None:
    """So many people of the Burmese desk, a minute apart, the one who waits longest first."""
    for number in range(count):
        await writes(home, f"my{number}", said, at + timedelta(minutes=number), number)
    await home.take_in()


async def writes(home: House, key: str, words: str, at: datetime, number: int) -> None:
    """Somebody writes on LINE; not taken in yet."""
    await home.put(line.text(home.accounts["line-th"], person(key, "my", "TH"), words, at, number), at=at)


async def crowd(home: House, *, now: datetime = SUNDAY, among: Sequence[dict[str, Any]] = FEW) -> None:
    """Everybody of the samples, over the last hours, on the network's own bot."""
    account = home.accounts["telegram-network"]
    for number, sample in enumerate(among):
        someone = person(sample["id"], sample["lang"], "TH")
        at = now - timedelta(minutes=3 + 7 * number)
        await home.put(telegram.text(account, someone, sample["text"], at, number), at=at)
    await home.take_in()
