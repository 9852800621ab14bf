"""Keys of receipts, when days pass without a look at the database: it was away, or the machine slept."""

from datetime import timedelta

import pytest

from runtime.ids import new_id, set_ahead
from sandbox.people import person
from sandbox.providers import line
from storage.day_keys import DayKeys, destroy_old
from tests.house import NOON


@pytest.fixture
def later():
    """Let so many days pass."""
    yield lambda days: set_ahead(timedelta(days=days))
    set_ahead(timedelta())


async def door_keys(home) -> DayKeys:
    """Those of a door's own process."""
    keys = DayKeys(home.workplace.master, home.data / "keys" / "door.json")
    async with home.database.intake() as connection:
        await keys.refresh(connection)
    return keys


@pytest.mark.parametrize("days", [0, 3, 4, 8])
async def test_for_days_without_the_database_words_are_kept_and_can_be_read(home, later, days):
    door = await door_keys(home)
    later(days)
    key, id_ = door.today(), new_id()
    sealed = key.seal("receipt|sealed", id_, b"words")
    later(days + 1)
    async with home.database.intake() as connection:
        await destroy_old(connection)
        await home.workplace.day_keys.refresh(connection)
    assert home.workplace.day_keys.of(sealed).open("receipt|sealed", id_, sealed) == b"words"


async def test_what_could_not_be_read_in_time_is_not_taken(home, later):
    door = await door_keys(home)
    later(10)
    with pytest.raises(KeyError):
        door.today()


async def test_a_worker_learns_a_key_that_a_door_made_since_it_looked(home, later):
    later(12)
    webhook = line.text(home.accounts["line-th"], person("a", "en", "TH"), "They keep my passport", NOON, 1)
    await home.put(webhook, keys=await door_keys(home))
    await home.take_in()
    assert [t["messages"][0]["text"] for t in await home.tickets()] == ["They keep my passport"]
