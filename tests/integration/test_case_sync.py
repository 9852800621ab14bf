"""What becomes of a ticket reaches every case store: the newest snapshot, once, whatever goes wrong on the way."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import structlog

from model.network import organisation_uuid
from outbound.answer import answer
from runtime.ids import now
from sandbox.people import person
from sandbox.providers import line, telegram
from storage import audit, case_sync, listing
from tests.case_office import office, primero, webhook
from tests.house import NOON

AYE, BO = person("aye", "my", "TH"), person("bo", "my", "TH")


@pytest.fixture
async def there(database, valkey, tmp_path):
    async with office(database, valkey, tmp_path, webhook, primero) as opened:
        yield opened


async def writes(there, text="လစာ ၂ လ မရသေးဘူး။", who=AYE, number=1, at=None):
    at = at or NOON + timedelta(minutes=number)
    await there.home.put(line.text(there.home.accounts["line-th"], who, text, at, number))
    await there.home.take_in()


async def states(there) -> dict[str, tuple]:
    return {row["store"]: (row["state"], row["version"], row["stored_version"]) for row in await there.rows()}


async def audited(there, action: str) -> list[tuple]:
    async with there.home.database.intake() as connection:
        cursor = await connection.execute(
            "select detail ->> 'store', detail ->> 'version' from audit where action = %s order by id", [action]
        )
        return await cursor.fetchall()


async def test_a_ticket_reaches_all_three(there):
    await writes(there)
    assert await states(there) == {store: ("due", 1, None) for store in ("local", "hook", "primero")}
    await there.sync()
    assert await states(there) == {store: ("done", 1, 1) for store in ("local", "hook", "primero")}
    ticket = await there.home.ticket()
    id_ = str(ticket["id"])
    ((version, snapshot),) = (await there.held()).values()
    assert (version, snapshot["id"], snapshot["number"]) == (1, id_, ticket["number"])
    assert there.state.hooked == {id_: snapshot | {"person": there.state.hooked[id_]["person"]}}
    assert snapshot["person"] != there.state.hooked[id_]["person"]
    (case,) = there.state.cases.values()
    assert (case["id"], case["other_agency_id"]) == (id_, id_)
    assert (case["status"], case["risk_level"], case["module_id"]) == ("open", "high", "primeromodule-cp")
    assert await there.differs() == []


async def test_what_leaves_the_network_is_written_down(there):
    await writes(there)
    await there.sync()
    assert sorted(await audited(there, "case.told")) == [("hook", "1"), ("primero", "1")]
    async with there.home.database.intake() as connection:
        while (await audit.chain(connection))[0]:
            pass


async def test_several_changes_are_told_as_one(there):
    await writes(there)
    await there.sync()
    ticket = await there.home.ticket()
    before = len(there.state.requests)
    await there.change(ticket, urgency="U2")
    await writes(there, "They keep my passport", number=2)
    await there.change(ticket, urgency="U1")
    await there.sync()
    assert len(there.state.requests) == before + 2
    told = there.state.hooked[str(ticket["id"])]
    assert (told["version"], told["urgency"], told["messages"]) == (4, "U1", {"in": 2, "out": 0})
    assert there.state.cases[str(ticket["id"])]["risk_level"] == "high"
    assert await there.differs() == []


async def test_nothing_new_is_nothing_told(there):
    await writes(there)
    await there.sync()
    before = len(there.state.requests)
    await there.sync()
    assert len(there.state.requests) == before


async def test_an_answer_of_an_agent_is_told(there):
    await writes(there, at=now())
    await there.sync()
    at = there.home.workplace
    organisation, ticket = await listing.ticket_named(there.home.database, str((await there.home.ticket())["id"]))
    async with there.home.database.desk(organisation) as connection:
        await answer(connection, at.master, at.settings, organisation, ticket, "We can help you.", author="operator")
    await there.sync()
    assert there.state.hooked[str(ticket)]["messages"] == {"in": 1, "out": 1}
    assert await there.differs() == []


async def test_an_agents_action_that_is_undone_is_not_told(there):
    await writes(there)
    await there.sync()
    ticket = await there.home.ticket()
    with suppress(ZeroDivisionError):
        async with there.home.database.desk(organisation_uuid("shwe")) as connection:
            await case_sync.changed(connection, [(organisation_uuid("shwe"), ticket["id"])])
            raise ZeroDivisionError
    assert (await states(there))["hook"] == ("done", 1, 1)


async def eventually(question) -> None:
    """Ask again until something comes true, or fail after 20 seconds."""
    async with asyncio.timeout(20):
        while not question():  # noqa: ASYNC110 - another task's doing
            await asyncio.sleep(0.02)


# Placed elsewhere


@pytest.fixture
async def moving(database, valkey, tmp_path):
    """`hook` follows everybody, `ours` the network's own desk alone, `shwes` the Burmese desk alone."""
    make = (
        webhook,
        lambda url: primero(url, "ours", organisations=["lantern"]),
        lambda url: primero(url, "shwes", organisations=["shwe"]),
    )
    async with office(database, valkey, tmp_path, *make) as opened:
        yield opened


async def test_a_ticket_that_is_placed_elsewhere_is_withdrawn_where_it_was(moving):
    await writes(moving, "zzz")  # nobody knows the language: to be placed by hand
    await moving.sync()
    ticket = await moving.home.ticket()
    id_ = str(ticket["id"])
    assert ticket["organisation"] == "lantern"
    assert set(await states(moving)) == {"local", "hook", "ours"}
    await writes(moving, "လစာ ၂ လ မရသေးဘူး။", number=2)
    assert (await moving.home.ticket())["organisation"] == "shwe"
    assert await moving.held() == {}  # what was on file named the other place
    await moving.sync()
    assert moving.state.hooked[id_]["organisation"] == "shwe"  # one case goes on
    assert moving.state.hooked[id_]["version"] == 2
    ((organisation, _),) = await moving.held()
    assert organisation == organisation_uuid("shwe")
    assert {row["store"]: row["organisation"] for row in await moving.rows()} == {
        "local": "shwe", "hook": "shwe", "shwes": "shwe",
    }  # fmt: skip
    assert await audited(moving, "case.withdrawn") == [("ours", "2")]
    assert await moving.differs() == []


async def test_one_that_came_and_went_before_a_store_heard_of_it(moving):
    await writes(moving, "zzz")
    await writes(moving, "လစာ ၂ လ မရသေးဘူး။", number=2)
    await moving.sync()
    assert {row["store"] for row in await moving.rows()} == {"local", "hook", "shwes"}
    assert len(moving.state.cases) == 1
    assert await audited(moving, "case.withdrawn") == []


async def test_one_that_came_back(moving):
    await writes(moving, "zzz")
    await moving.sync()
    ticket = await moving.home.ticket()
    lantern, shwe = organisation_uuid("lantern"), organisation_uuid("shwe")
    for was, to in ((lantern, shwe), (shwe, lantern)):
        async with moving.home.database.intake() as connection:
            await connection.execute(
                "update ticket set organisation_id = %s where organisation_id = %s and id = %s", [to, was, ticket["id"]]
            )
            await case_sync.moved(connection, [(was, to, ticket["id"])])
            await case_sync.changed(connection, [(to, ticket["id"])])
        if to == shwe:
            await moving.turn(store="ours")
    await moving.sync()
    assert {row["store"]: row["organisation"] for row in await moving.rows()} == {
        "local": "lantern", "hook": "lantern", "ours": "lantern",
    }  # fmt: skip
    assert moving.state.cases[str(ticket["id"])]["status"] == "open"
    assert await moving.differs() == []


async def test_a_store_is_told_of_nobody_it_does_not_serve(moving):
    await writes(moving)
    await moving.sync()
    assert {(row["organisation"], row["store"]) for row in await moving.rows()} == {
        ("shwe", "local"), ("shwe", "hook"), ("shwe", "shwes"),
    }  # fmt: skip


async def test_a_store_that_no_longer_serves_somebody_is_sent_no_more_of_it(moving):
    await writes(moving)
    async with moving.home.database.intake() as connection:
        await connection.execute(
            "update case_store set organisations = %s where id = 'hook'", [[organisation_uuid("lantern")]]
        )
    await moving.sync()
    assert moving.state.hooked == {}


# What goes wrong


async def test_a_store_that_is_down_holds_up_nobody_and_is_not_hammered(there):
    fault = there.state.fault("primero", "503")
    for number in range(1, 30):
        await writes(there, who=person(f"p{number}", "my", "TH"), number=number)
    await there.sync()
    for _ in range(60):  # ten minutes
        there.pass_time(timedelta(seconds=10))
        await there.sync()
    assert len(there.state.hooked) == len(await there.held()) == 29
    assert {row["state"] for row in await there.rows() if row["store"] == "primero"} == {"due"}
    assert 3 < fault.struck < 40
    assert len(await there.differs()) == 29
    there.state.mend()
    await there.settle()
    assert len(there.state.cases) == 29
    assert await there.differs() == []


async def test_the_wait_that_a_store_asks_for_is_kept(there):
    await writes(there)
    there.state.fault("webhook", "429", seconds=600, count=1)
    await there.sync()
    there.pass_time(timedelta(seconds=590))
    await there.sync()
    assert (await there.row("hook"))["state"] == "due"
    assert (await there.row("hook"))["error"] == "busy: 429"
    there.pass_time(timedelta(seconds=20))
    await there.sync()
    assert await states(there) == {store: ("done", 1, 1) for store in ("local", "hook", "primero")}


@pytest.mark.parametrize(
    ("kind", "error"), [("422", "invalid: 422"), ("401", "credentials: 401"), ("403", "forbidden")]
)
async def test_what_only_a_person_can_mend_is_held_and_shown(there, kind, error):
    await writes(there)
    there.state.fault("webhook", kind)
    await there.settle()
    row = await there.row("hook")
    assert row["state"] == "held"
    assert row["error"].startswith(error)
    assert [why for why in await there.differs() if why.startswith("held, ")]
    there.pass_time(timedelta(days=3))
    await there.sync()
    assert (await there.row("hook"))["state"] == "held"  # it is not tried again by itself
    there.state.mend()
    async with there.home.database.intake() as connection:
        await case_sync.again(connection, [(organisation_uuid("shwe"), row["ticket"], "hook")])
    await there.settle()
    assert (await there.row("hook"))["state"] == "done"
    assert await there.differs() == []


async def test_a_change_lets_what_is_held_try_again(there):
    await writes(there)
    there.state.fault("primero", "422", method="GET", count=1)
    await there.settle()
    assert (await there.row("primero"))["state"] == "held"
    await there.change(await there.home.ticket(), urgency="U1")
    await there.settle()
    assert (await there.row("primero"))["state"] == "done"
    assert await there.differs() == []


async def test_a_change_while_it_is_being_sent_is_sent_after_it(there):
    await writes(there)
    await there.turn(store="local")
    there.state.fault("webhook", "slow", seconds=0.5, count=1)
    sending = asyncio.create_task(there.turn(store="hook"))
    await eventually(lambda: there.state.hooked)
    await there.change(await there.home.ticket(), urgency="U1")
    assert (await there.row("hook"))["state"] == "sending"
    assert await there.turn(there.other, store="hook") == 0  # nobody else may overtake it
    await sending
    assert (await there.row("hook"))["state"] == "due"
    await there.sync()
    assert [told["urgency"] for told in there.state.hooked.values()] == ["U1"]
    assert await there.differs() == []


async def test_a_worker_that_stood_still_does_not_leave_an_old_snapshot_behind(there):
    """Its lease ran out, somebody sent a newer one, and then its own request arrived after all."""
    await writes(there)
    await there.sync()
    ticket = await there.home.ticket()
    await there.change(ticket, urgency="U2")
    there.state.fault("primero", "lost_late", method="PATCH", seconds=0.5, count=1)
    old = asyncio.create_task(there.turn(store="primero"))
    await eventually(lambda: there.state.faults[0].struck)
    there.pass_time(timedelta(minutes=5))
    await there.change(ticket, urgency="U4")
    assert await there.turn(there.other, store="primero") == 1
    assert there.state.cases[str(ticket["id"])]["risk_level"] == "low"
    await old
    assert there.state.cases[str(ticket["id"])]["risk_level"] == "high"  # an older after a newer
    await there.settle()
    assert there.state.cases[str(ticket["id"])]["risk_level"] == "low"
    assert await there.differs() == []


async def test_a_ticket_that_cannot_be_told_holds_up_no_other(there):
    """Its organisation left config.yaml."""
    await writes(there)
    await there.home.put(telegram.text(there.home.accounts["telegram-my"], BO, "আমার মালিক দুই মাসের বেতন দেয়নি", NOON, 2))
    await there.home.take_in()
    at = there.home.workplace
    network = at.settings.network
    kept = {id_: organisation for id_, organisation in network.organisations.items() if id_ != "kampung-lima"}
    smaller = replace(
        network,
        organisations=kept,
        queues={id_: q for id_, q in network.queues.items() if q.organisation in kept},
        rules=tuple(r for r in network.rules if r.to == "previous" or network.queues[r.to].organisation in kept),
    )
    at.settings = replace(at.settings, network=smaller)
    await there.sync()
    found = {(row["organisation"], row["state"], row["error"]) for row in await there.rows()}
    assert found == {("shwe", "done", None), ("kampung-lima", "held", "mistake: KeyError")}


async def test_a_case_that_was_removed_is_made_anew_when_somebody_says_so(there):
    await writes(there)
    await there.sync()
    ticket = await there.home.ticket()
    there.state.cases.clear()
    assert await there.differs() == ["the store does not have it"]
    await there.change(ticket, urgency="U1")
    await there.settle()
    assert (await there.row("primero"))["error"] == "gone: 404"
    assert there.state.cases == {}
    async with there.home.database.intake() as connection:
        await case_sync.again(connection, [(organisation_uuid("shwe"), ticket["id"], "primero")])
    await there.settle()
    assert set(there.state.cases) == {str(ticket["id"])}
    assert await there.differs() == []


# The task of a worker


async def test_the_task_is_woken_by_what_is_taken_in_and_stops_when_told(there):
    running = asyncio.create_task(there.syncer.run())
    try:
        await writes(there)
        await eventually(lambda: there.state.hooked and there.state.cases)
        there.state.fault("webhook", "slow", seconds=0.5, count=1)
        await there.change(await there.home.ticket(), urgency="U1")
        there.home.workplace.wakes["sync_cases"].set()
        await eventually(lambda: there.state.faults[0].struck)
    finally:
        running.cancel()
        await asyncio.wait({running})
    assert (await there.row("hook"))["state"] == "done"  # what was under way was finished


async def test_the_task_survives_a_database_that_says_no(there):
    await writes(there)
    with psycopg.connect(there.home.owner, autocommit=True) as owner:
        owner.execute("alter table case_sync rename to away")
        running = asyncio.create_task(there.syncer.run())
        try:
            with structlog.testing.capture_logs() as logged:
                await eventually(lambda: len([x for x in logged if x["event"] == "cases.turn_failed"]) == 3)
            assert {x["error"] for x in logged} == {"UndefinedTable"}
            owner.execute("alter table away rename to case_sync")
            there.home.workplace.wakes["sync_cases"].set()
            await eventually(lambda: there.state.hooked and there.state.cases)
        finally:
            running.cancel()
            await asyncio.wait({running})
