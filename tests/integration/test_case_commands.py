"""`worker-voice cases`: what is on its way, what is stuck, what differs, and letting it be told again."""

import json
from datetime import timedelta
from typing import get_args

import pytest

from gateway.cases import MEANING, explained, looks, reconcile, replay, show_cases
from gateway.stores import Stores
from model.cases import Code
from sandbox.people import person
from sandbox.providers import line
from storage.gauges import gauges
from tests.case_office import office, primero, webhook
from tests.house import NOON


@pytest.fixture
async def there(database, valkey, tmp_path):
    async with office(database, valkey, tmp_path, webhook, primero) as opened:
        for number in range(1, 4):
            who = person(f"p{number}", "my", "TH")
            at = NOON + timedelta(minutes=number)
            await opened.home.put(line.text(opened.home.accounts["line-th"], who, "လစာ ၂ လ မရသေးဘူး။", at, number))
        await opened.home.take_in()
        opened.at = Stores(
            settings=opened.home.workplace.settings,
            master=opened.home.workplace.master,
            data=opened.home.data,
            owner=database,
            redis_url=valkey,
        )
        yield opened


async def mended(there, store=None) -> int:
    return await reconcile(there.at, store=store, mend=True)


async def looked(there, store=None) -> int:
    return await reconcile(there.at, store=store, mend=False)


async def test_the_list_as_json(there, capsys):
    await show_cases(there.at, json=True)
    shown = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert len(shown) == 9
    assert set(shown[0]) == {
        "ticket", "number", "organisation", "store", "state", "version", "stored_version", "remote_id", "tries",
        "error", "due_at",
    }  # fmt: skip
    await there.sync()
    await show_cases(there.at, json=True)
    done = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert {(row["state"], row["version"], row["stored_version"], row["tries"]) for row in done} == {("done", 1, 1, 0)}
    assert {row["remote_id"] == row["ticket"] for row in done if row["store"] == "primero"} == {True}


async def test_the_list_for_people(there, capsys):
    there.state.fault("primero", "422", method="GET")
    await there.settle()
    capsys.readouterr()  # the log
    await show_cases(there.at, json=False)
    shown = capsys.readouterr().out
    assert shown.count("held") == 3
    assert shown.splitlines()[-1].startswith("invalid: the store does not take these values")
    there.state.mend()
    await replay(there.at, None, store=None, everything=True)
    await there.settle()
    capsys.readouterr()
    await show_cases(there.at, json=False)
    assert capsys.readouterr().out == "All 9 are with their stores.\n"


async def test_a_look_is_written_down(there):
    await show_cases(there.at, json=True)
    await looked(there)
    await replay(there.at, None, store="hook", everything=False)
    async with there.home.database.intake() as connection:
        cursor = await connection.execute("select action from audit where actor = 'operator' order by id")
        assert [a for (a,) in await cursor.fetchall()] == ["cases.listed", "cases.reconciled", "cases.replayed"]


async def test_what_is_stuck_in_one_store_is_told_again(there, capsys):
    for store in ("webhook", "primero"):
        there.state.fault(store, "422")
    await there.settle()
    there.state.mend()
    assert await replay(there.at, None, store="hook", everything=False) == 0
    await there.settle()
    states = {(row["store"], row["state"]) for row in await there.rows()}
    assert states == {("local", "done"), ("hook", "done"), ("primero", "held")}
    assert await replay(there.at, None, store=None, everything=True) == 0
    await there.settle()
    assert await looked(there) == 0
    assert await replay(there.at, None, store=None, everything=True) == 1
    assert capsys.readouterr().err == "Nothing is stuck.\n"


async def test_one_ticket_is_told_again_whatever_its_state(there):
    await there.sync()
    ticket = (await there.home.tickets())[1]
    before = len(there.state.requests)
    assert await replay(there.at, f"#{ticket['number']}", store="hook", everything=False) == 0
    await there.sync()
    assert len(there.state.requests) == before + 1
    assert await replay(there.at, str(ticket["id"]), store=None, everything=False) == 0
    await there.sync()
    assert len(there.state.requests) == before + 3


@pytest.mark.parametrize(
    ("named", "store", "everything", "says"),
    [
        (None, None, False, "Say which"),
        ("17", None, True, "Say which"),
        (None, "hook", True, "Say which"),
        ("99999", None, False, "There is no ticket 99999"),
        ("nonsense", None, False, "There is no ticket nonsense"),
        ("01890a5d-ac96-774b-bcce-b302099a8057", None, False, "There is no ticket"),
        (None, "hok", False, "There is no case store hok: config.yaml has local, hook, primero."),
    ],
)
async def test_a_replay_that_makes_no_sense(there, capsys, named, store, everything, says):
    assert await replay(there.at, named, store=store, everything=everything) == 1
    assert capsys.readouterr().err.startswith(says)


async def test_all_is_well(there, capsys):
    await there.sync()
    assert await looked(there) == 0
    assert capsys.readouterr().out.startswith("All 9 are as they should be")


async def test_what_differs_is_named_and_mended(there, capsys):
    await there.sync()
    first, second, third = (str(ticket["id"]) for ticket in await there.home.tickets())
    there.state.cases[first]["risk_level"] = "low"
    del there.state.cases[second]
    async with there.home.database.intake() as connection:
        await connection.execute("delete from case_sync where store = 'primero' and ticket_id = %s", [third])
        await connection.execute("delete from case_file where ticket_id = %s", [first])
    assert await looked(there) == 1
    lines = sorted(capsys.readouterr().out.splitlines())
    assert lines == sorted(
        [
            "#1 shwe local: the store does not have it",
            "#1 shwe primero: differs: risk_level",
            "#2 shwe primero: the store does not have it",
            "#3 shwe primero: not followed: the ticket is older than the store",
            "4 of 9 differ: --mend tells them again.",
        ]
    )
    assert await looked(there, "hook") == 0
    assert await mended(there) == 1
    await there.settle()
    assert await looked(there) == 0
    assert there.state.cases[first]["risk_level"] == "high"
    assert len(there.state.cases) == 3


async def test_what_primero_dropped_in_silence_is_found(there, capsys):
    there.state.fields = {name: kind for name, kind in there.state.fields.items() if name != "risk_level"}
    await there.sync()
    assert {row["state"] for row in await there.rows()} == {"done"}
    assert await looked(there, "primero") == 1
    assert capsys.readouterr().out.count("differs: risk_level") == 3


async def test_a_store_that_cannot_be_asked_is_said_to_be(there, capsys):
    await there.sync()
    there.state.fault("primero", "500")
    assert await looked(there) == 1
    told = capsys.readouterr()
    assert told.err.startswith("primero could not be asked: broken; ")
    assert "as far as the stores could be asked" in told.out


async def test_a_moment_in_another_form_is_the_same(database, valkey, tmp_path):
    def mapped(url):
        return primero(url, mapping={"opened_at": "owned_by"})

    async with office(database, valkey, tmp_path, mapped) as there:
        await there.home.put(line.text(there.home.accounts["line-th"], person("p", "my", "TH"), "ကူညီပါ", NOON, 1))
        await there.home.take_in()
        await there.sync()
        (case,) = there.state.cases.values()
        case["owned_by"] = case["owned_by"].replace("Z", ".000+00:00")
        assert await there.differs() == []


# check and the gauges


async def test_each_store_has_a_line(there):
    assert [(look.store.id, look.code, look.due, look.held) for look in await looks(there.at)] == [
        ("local", None, 3, 0), ("hook", None, 3, 0), ("primero", None, 3, 0),
    ]  # fmt: skip
    there.state.password = "another"
    there.state.fault("webhook", "500")
    await there.turn(store="primero")
    assert [(look.store.id, look.code, look.held) for look in await looks(there.at)] == [
        ("local", None, 0), ("hook", "broken", 0), ("primero", "credentials", 3),
    ]  # fmt: skip


async def test_the_gauges_count_what_is_due_and_what_is_held(there):
    def counted():
        found = gauges(there.at.owner, there.at.master)
        return found["case_sync_due"], found["case_sync_held"]

    assert counted() == (9, 0)
    assert gauges(there.at.owner, there.at.master)["case_sync_oldest_seconds"] > 0
    there.state.fault("primero", "422", method="GET")
    await there.settle()
    assert counted() == (0, 3)
    assert gauges(there.at.owner, there.at.master)["case_sync_oldest_seconds"] == 0
    async with there.home.database.intake() as connection:
        await connection.execute("update case_store set retired_at = now() where id = 'primero'")
    assert counted() == (0, 0)


def test_every_code_has_a_sentence():
    assert set(MEANING) == set(get_args(Code))
    assert explained("invalid: 422 risk_level").startswith("invalid: 422 risk_level; the store does not")
