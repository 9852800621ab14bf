"""Two organisations with everything of their own, in a database that was migrated here and not copied."""

from datetime import timedelta

import pytest

from sandbox.people import person
from sandbox.providers import line, telegram
from storage import search
from storage.database import Database
from tests.case_office import sync_all
from tests.house import NOON
from tests.walled import KAMPUNG, SHWE, with_a_day_of_work, with_an_account


@pytest.fixture
def database(empty):
    """Migrated here, and not copied."""
    return empty


@pytest.fixture
async def two(home):
    """Two organisations with people, words, files, edits, searches and changes of their own."""
    burmese, bengali = home.accounts["line-th"], home.accounts["telegram-my"]
    for number in range(1, 6):
        at = NOON + timedelta(minutes=number)
        mine, theirs = person(f"m{number}", "my", "TH"), person(f"b{number}", "bn", "MY")
        await home.put(
            line.text(burmese, mine, f"လစာ {number} လ မရသေးဘူး။ ကူညီပါ။", at, number),
            line.image(burmese, mine, at, 100 + number),
            telegram.text(bengali, theirs, "আমার মালিক দুই মাসের বেতন দেয়নি", at, number),
            telegram.photo(bengali, theirs, at, 200 + number),
            telegram.edit(bengali, theirs, "আমার মালিক তিন মাসের বেতন দেয়নি", number, at, 300 + number),
        )
    await home.take_in()
    async with home.database.intake() as connection:
        while await search.index(connection, home.workplace.master):
            pass
        await connection.execute(
            "insert into gram_due (organisation_id, message_id) select organisation_id, id from message"
        )
        await connection.execute(
            "insert into message_version (organisation_id, id, message_id, at, text) "
            "select organisation_id, gen_random_uuid(), id, now(), text from message where text is not null"
        )
    for organisation in (SHWE, KAMPUNG):
        await with_an_account(home, organisation)
        await with_a_day_of_work(home, organisation)
    await sync_all(home)
    return home


@pytest.fixture
async def web(two):
    """A pool of the web login."""
    database = Database(two.owner, "web", two.workplace.master, most=3)
    await database.open()
    yield database
    await database.close()
