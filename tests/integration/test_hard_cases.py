"""What a receipt, an event or a key may do to us at its worst."""

import threading

import pytest

from channels.telegram.receive import message_ref
from gateway.stores import account_rows
from runtime.keys import BadMasterKey, Master
from sandbox.people import person
from sandbox.providers import telegram
from storage import receipts
from storage.migrate import migrate
from storage.spool import Spool, next_segment
from tests.house import NOON
from tests.unit.test_spool import receipt

AYE = person("aye", "my", "TH")


async def test_a_receipt_that_ends_its_worker_again_and_again_is_parked(home):
    """No error is ever seen: the worker is simply gone, and its lease is released when it starts again."""
    await home.put(telegram.text(home.accounts["telegram-my"], AYE, "They keep my passport", NOON, 1))
    for _ in range(5):
        async with home.database.intake() as connection:
            lease = await receipts.claim(connection, slot=home.workplace.slot, seconds=60, limit=10)
        assert len(lease.receipts) == 1
        await home.release()
    await home.take_in()
    (parked,) = await home.receipts()
    assert (parked["state"], parked["tries"]) == ("parked", 6)
    assert "never finished" in parked["error"]


async def test_receipts_tried_before_have_their_turn_beside_a_backlog(home):
    account = home.accounts["telegram-my"]
    await home.put(*(telegram.text(account, AYE, "no pay", NOON, n) for n in range(1, 6)))
    async with home.database.intake() as connection:
        await receipts.claim(connection, slot="gone", seconds=60, limit=1)
        await receipts.release(connection, slot="gone")
        first = await receipts.claim(connection, slot="x", seconds=60, limit=2, tried_first=True)
        second = await receipts.claim(connection, slot="x", seconds=60, limit=2)
    assert [r.tries for r in first.receipts] == [2]
    assert [r.tries for r in second.receipts] == [1, 1]


async def test_ids_made_of_a_persons_are_keyed_hashes(home):
    await home.put(telegram.text(home.accounts["telegram-my"], AYE, "They keep my passport", NOON, 1))
    await home.take_in()
    (message,) = (await home.ticket())["messages"]
    bare = message_ref(AYE.telegram_id, 1)
    assert message["provider_id"] == home.workplace.master.veil(bare)
    assert message["provider_id"] != bare


async def test_an_original_that_comes_after_its_edit_was_given_up_is_kept(home):
    account = home.accounts["telegram-my"]
    await home.put(telegram.edit(account, AYE, "They owe me three months", 1, NOON, 2))
    await home.take_in()
    await home.give_up_waiting()
    await home.put(telegram.photo(account, AYE, NOON, 1, caption="They owe me a month"))
    await home.take_in()
    messages = (await home.ticket())["messages"]
    assert sorted(m["text"] for m in messages) == ["They owe me a month", "They owe me three months"]
    assert [a["kind"] for m in messages for a in m["attachments"]] == ["image"]


async def test_a_late_event_that_cannot_be_taken_in_holds_nobody_up(home):
    """An edit waits for its original, and breaks when it is taken in: the original is stored all the same."""
    account = home.accounts["telegram-my"]
    await home.put(telegram.edit(account, AYE, "They owe me three months", 1, NOON, 2))
    await home.take_in()
    async with home.database.intake() as connection:
        await connection.execute("update receipt set sealed = sealed || 'x'")
    await home.put(telegram.text(account, AYE, "They owe me a month", NOON, 1))
    await home.take_in()
    assert [m["text"] for m in (await home.ticket())["messages"]] == ["They owe me a month"]


async def test_another_master_key_does_not_take_a_database_over(home):
    settings, stranger = home.workplace.settings, Master(bytes(32))
    with pytest.raises(BadMasterKey, match="begun with the master key"):
        migrate(home.owner, stranger, settings.network, account_rows(settings))
    await home.put(telegram.text(home.accounts["telegram-my"], AYE, "no pay", NOON, 1))
    assert await home.take_in() == 1


def test_a_drainer_and_a_writer_never_meet_in_one_segment(tmp_path):
    """Everything that `append` answered for is found, however the two interleave."""
    spool, found, stop = Spool(tmp_path, limit_bytes=1 << 30), [], threading.Event()

    def drain() -> None:
        while not stop.is_set() or list(tmp_path.glob("*.seg")):
            if segment := next_segment(tmp_path):
                found.extend(r.id for r in segment.receipts)
                segment.done()

    drainer = threading.Thread(target=drain)
    drainer.start()
    kept = []
    for number in range(1500):
        one = receipt(number)
        spool.append([one])
        kept.append(one.id)
        spool.rotate()
        spool.size()
    stop.set()
    drainer.join(30)
    assert sorted(found) == sorted(kept)
