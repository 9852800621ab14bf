"""Promise 9: a receipt that cannot be processed spoils nobody else's, is shown, and can be replayed once mended."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from gateway import look
from gateway.stores import Stores
from model.http import Request
from runtime.ids import new_id
from sandbox.people import person
from sandbox.providers import line
from storage import receipts
from tests.house import NOON, House

MANY = 300
REFUSE = """
create function refuse() returns trigger language plpgsql as $$ begin
    if new.provider_id = '{0}' then raise exception 'no room for %', new.provider_id; end if; return new; end $$;
create trigger refuse before insert on message for each row execute function refuse()"""


async def as_owner(home: House, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(home.owner, autocommit=True) as connection:
        await connection.execute(statement.encode())


async def refuse(home: House, webhook: Any) -> None:
    """From now on the store cannot take this message."""
    await as_owner(home, REFUSE.format(webhook.message_ids[0]))


async def mend(home: House) -> None:
    await as_owner(home, "drop trigger refuse on message")


async def time_passes(home: House) -> None:
    """Until every receipt that waits to be tried again is due."""
    async with home.database.intake() as connection:
        await connection.execute("update receipt set lease_until = 'epoch' where state = 'new'")


async def five_tries(home: House) -> None:
    for _ in range(5):
        await home.take_in()
        await time_passes(home)


def stores(home: House, valkey: str) -> Stores:
    at = home.workplace
    return Stores(settings=at.settings, master=at.master, data=home.data, owner=home.owner, redis_url=valkey)


async def shown_parked(home: House, valkey: str, capsys) -> list[dict]:
    capsys.readouterr()
    await look.show_receipts(stores(home, valkey), json=True, parked=True)
    return [json.loads(row) for row in capsys.readouterr().out.splitlines()]


@pytest.fixture
async def crowd(home):
    """Three hundred people write, and what the hundredth of each hundred sends cannot be processed."""
    account = home.accounts["line-th"]
    for number in range(1, MANY + 1):
        if number % 100:
            words = f"They owe me {number} days of wages"
            await home.put(line.text(account, person(f"p{number}", "en", "TH"), words, NOON, number))
    refused = line.text(account, person("refused", "en", "TH"), "They keep my passport", NOON, 1000)
    await home.put(refused)
    await refuse(home, refused)
    nonsense, id_ = b"[nonsense", new_id()
    sealed = home.workplace.day_keys.today().seal("receipt|sealed", id_, nonsense)
    elsewhere = home.sealed("line-th", Request(method="POST", url="https://hotline.example.org/x"), NOON)
    await home.keep([(id_, "line-th", NOON, sealed), (new_id(), *elsewhere[1:])])
    return home


async def test_everybody_else_is_taken_in_at_once(crowd):
    await crowd.take_in()
    states = [receipt["state"] for receipt in await crowd.receipts()]
    assert states.count("done") == MANY - 3
    assert len(await crowd.tickets()) == MANY - 3


async def test_the_poison_is_parked_after_five_tries_and_shown(crowd, valkey, capsys):
    await five_tries(crowd)
    parked = await shown_parked(crowd, valkey, capsys)
    assert sorted(row["tries"] for row in parked) == [1, 5, 5]
    assert {row["error"].split(":")[0] for row in parked} == {
        "gave up after 5 tries",
        "the key of this receipt is gone or does not open it",
    }
    assert not [row for row in parked if "passport" in row["error"] or "no room" in row["error"]]
    assert {receipt["state"] for receipt in await crowd.receipts()} == {"done", "parked"}


async def test_the_sixth_try_does_not_come_by_itself(crowd):
    await five_tries(crowd)
    await time_passes(crowd)
    assert await crowd.take_in() == 0


async def test_once_mended_a_replay_makes_the_message(crowd, valkey, capsys):
    await five_tries(crowd)
    (poison,) = [row for row in await shown_parked(crowd, valkey, capsys) if "RaiseException" in row["error"]]
    assert await look.replay(stores(crowd, valkey), poison["id"]) == 0
    await crowd.take_in()
    assert poison["id"] not in [row["id"] for row in await shown_parked(crowd, valkey, capsys)]  # it has tries again
    await five_tries(crowd)
    assert poison["id"] in [row["id"] for row in await shown_parked(crowd, valkey, capsys)]
    await mend(crowd)
    assert await look.replay(stores(crowd, valkey), poison["id"]) == 0
    await crowd.take_in()
    words = [message["text"] for ticket in await crowd.tickets() for message in ticket["messages"]]
    assert words.count("They keep my passport") == 1
    assert len(await shown_parked(crowd, valkey, capsys)) == 2
    assert await look.replay(stores(crowd, valkey), poison["id"]) == 1  # done: there is nothing to replay
    assert await look.replay(stores(crowd, valkey), "not-an-id") == 1


async def test_a_neighbour_in_the_same_request_does_not_share_the_fate(home):
    """One webhook, two people: after the last try each event is taken in alone, and the poison waits for a replay."""
    account = home.accounts["line-th"]
    one = line.text(account, person("a", "en", "TH"), "They keep my passport", NOON, 1)
    two = line.text(account, person("b", "en", "TH"), "No pay for two months", NOON, 2)
    await refuse(home, two)
    await home.put(line.batch(account, [one, two]))
    await five_tries(home)
    assert [m["text"] for m in (await home.ticket())["messages"]] == ["They keep my passport"]
    await mend(home)
    (parked,) = await home.receipts()
    assert "1 of its 2 events were taken in" in parked["error"]
    async with home.database.intake() as connection:
        assert await receipts.replay(connection, parked["id"])
    await home.take_in()
    assert len(await home.tickets()) == 2


async def test_a_parked_receipt_is_readable_for_thirty_days(home):
    """It is sealed again with a key that outlives those of the other receipts."""
    words = line.text(home.accounts["line-th"], person("a", "en", "TH"), "They keep my passport", NOON, 1)
    await home.put(words)
    await refuse(home, words)
    await five_tries(home)
    (parked,) = await home.receipts()
    async with home.database.intake() as connection:
        await connection.execute("delete from day_key where name like 'day %'")
        await home.workplace.day_keys.refresh(connection)
        await connection.execute("update receipt set done_at = done_at - make_interval(days => 29)")
        assert await receipts.remove_old(connection, days=7, parked_days=30) == 0
    await mend(home)
    async with home.database.intake() as connection:
        assert await receipts.replay(connection, parked["id"])
    await home.take_in()
    assert len(await home.tickets()) == 1
    async with home.database.intake() as connection:
        await connection.execute("update receipt set state = 'parked', done_at = now() - %s", [timedelta(days=31)])
        assert await receipts.remove_old(connection, days=7, parked_days=30) == 1
