"""What was said in tickets that were closed long ago is let go of."""

from datetime import datetime, timedelta

import pytest

from runtime.ids import now
from sandbox.people import person
from sandbox.providers import line
from workers_queue.retention import keep_retention, months_before

AYE = person("aye", "my", "TH")


async def ask(home, statement, *values):
    async with home.database.intake() as connection:
        return await (await connection.execute(statement.encode(), values)).fetchall()


async def written(home, number, text="လစာမရဘူး"):
    await home.put(line.text(home.accounts["line-th"], AYE, text, now(), number), at=now())
    await home.take_in()


async def test_words_go_and_whoever_has_no_younger_ticket_is_erased(home):
    await written(home, 1)
    await home.close(1, at=now() - timedelta(days=25 * 31))
    await keep_retention(home.workplace)
    ticket = await home.ticket()
    assert ticket["messages"] == []
    assert await ask(home, "select 1 from person_key") == []
    await written(home, 2)  # and is somebody new
    assert len(await home.tickets()) == 2


async def test_a_younger_ticket_keeps_its_words_and_its_person(home):
    await written(home, 1)
    await home.close(1, at=now() - timedelta(days=25 * 31))
    await written(home, 2)
    await keep_retention(home.workplace)
    old, young = await home.tickets()
    assert old["messages"] == []
    assert [m["text"] for m in young["messages"] if m["direction"] == "in"] == ["လစာမရဘူး"]


async def test_nothing_goes_before_its_time(home):
    await written(home, 1)
    await home.close(1, at=now() - timedelta(days=23 * 30))
    await keep_retention(home.workplace)
    assert (await home.ticket())["messages"]


@pytest.mark.parametrize(
    ("at", "months", "before"),
    [("2026-03-31", 1, "2026-02-28"), ("2026-01-15", 24, "2024-01-15"), ("2024-02-29", 12, "2023-02-28")],
)
def test_months_are_those_of_the_calendar(at, months, before):
    assert months_before(datetime.fromisoformat(at), months) == datetime.fromisoformat(before)
