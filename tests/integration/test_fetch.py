"""Fetching what people sent: from a scripted provider, through the workers' own code, into sealed files."""

import asyncio
import io
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from PIL import Image

from channels.contract import Fetch, NoFile
from model.network import organisation_uuid
from runtime.ids import now
from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_sms
from storage import erasure, feed, media, people
from tests import files
from tests.house import NOON, House
from tests.lines import Lines, fetcher
from tests.provider import HOSTS, provider
from workers_queue.fetch import MOST_TRIES, pause
from workers_queue.sweep import drop_orphans

AYE = person("aye", "my", "TH")


@pytest.fixture
async def far(tmp_path):
    async with provider(tmp_path) as found:
        found.gives("/photo", files.photo())
        yield found


@pytest.fixture
def lines(home, far) -> Lines:
    return Lines(home.workplace.settings.accounts, far.url("/photo"))


async def photos(home: House, count: int = 1) -> None:
    await home.put(*(line.image(home.accounts["line-th"], AYE, NOON, n) for n in range(1, 1 + count)))
    await home.take_in()


async def all_done(worker) -> int:
    """Do what is due now; gives how much."""
    done = 0
    while await worker.one():
        done += 1
    return done


async def hurry(home: House) -> None:
    """Whatever waits for its next try has waited long enough, and every lease has run out."""
    async with home.database.intake() as connection:
        await connection.execute("update attachment set due_at = now(), lease_until = now() where duty is not null")


async def attachments(home: House) -> list[dict]:
    async with home.database.intake() as connection:
        return await media.listed(connection, after=UUID(int=0), limit=1000)


async def the_one(home: House) -> dict:
    (found,) = await attachments(home)
    return found


async def bytes_of(home: House, attachment: UUID, form: str) -> bytes:
    async with home.database.intake() as connection:
        cursor = await connection.execute("select id, wrapped from person_key")
        keys = {id_: home.workplace.master.unwrap(id_, wrapped) for id_, wrapped in await cursor.fetchall()}
    return await home.workplace.files.load(attachment, form, keys)


async def on_disk(home: House) -> list[str]:
    return sorted([name async for name, _, _ in home.workplace.files.kept()])


async def test_a_photo_is_kept_as_it_came_and_made_anew(home, far, lines):
    await photos(home)
    assert [a["state"] for m in (await home.ticket())["messages"] for a in m["attachments"]] == ["due"]
    async with home.database.intake() as connection:
        before = await feed.start(connection)
    assert await all_done(fetcher(home, lines, far.downloads())) == 1

    found = await the_one(home)
    assert (found["state"], found["why"], found["mime"], found["size"]) == (
        "kept", None, "image/jpeg", len(files.photo()),
    )  # fmt: skip
    assert (found["due_at"], found["account"]) == (None, "line-th")
    ticket = await home.ticket()
    (shown,) = [a for m in ticket["messages"] for a in m["attachments"]]
    assert (shown["kind"], shown["mime"], shown["size"], shown["state"]) == (
        "image", "image/jpeg", len(files.photo()), "kept",
    )  # fmt: skip
    async with home.database.intake() as connection:
        told = await feed.read(connection, organisation_uuid(ticket["organisation"]), before)
    assert [change.ticket for change in told] == [ticket["id"]]

    assert await bytes_of(home, found["id"], "original") == files.photo()
    copy = await bytes_of(home, found["id"], "shown")
    assert files.GPS not in copy
    assert Image.open(io.BytesIO(copy)).size == (400, 640)
    for path in (home.data / "files").rglob("*.*"):
        assert files.GPS not in path.read_bytes()
        assert b"JFIF" not in path.read_bytes()
    assert [h["Authorization"] for _, _, h in far.asked] == ["Basic x"]


async def test_a_voice_note_has_a_length_and_plays(home, far, lines):
    lines.url = far.gives("/voice", files.voice())
    await home.put(telegram.voice(home.accounts["telegram-my"], AYE, 7, NOON, 1))
    await home.take_in()
    await all_done(fetcher(home, lines, far.downloads()))
    (shown,) = [a for m in (await home.ticket())["messages"] for a in m["attachments"]]
    assert (shown["kind"], shown["mime"], shown["seconds"], shown["state"]) == ("audio", "audio/ogg", 2, "kept")
    assert (await bytes_of(home, (await the_one(home))["id"], "shown"))[4:8] == b"ftyp"


async def test_what_expires_first_is_fetched_first(home, far, lines):
    """Twilio keeps files until it is told otherwise; its own may be oldest and still wait for the others."""
    at = home.accounts
    await home.put(twilio_sms.image(at["sms-np"], AYE, 1))
    await home.take_in()
    async with home.database.intake() as connection:  # as intake does once the channel can delete files
        await connection.execute("update attachment set duty = 1")
    await home.put(
        line.image(at["line-th"], AYE, NOON, 2),
        facebook.image(at["facebook-mm"], AYE, NOON, 3),
        telegram.photo(at["telegram-my"], AYE, NOON, 4),
    )
    await home.take_in()
    kinds = {a["account"]: a["id"] for a in await attachments(home)}
    order = []
    async with home.database.intake() as connection:
        while claimed := await media.claim(connection, slot="x", lasts=timedelta(minutes=1)):
            order.append(claimed.account)
    assert len(kinds) == 4
    assert order[-1] == "sms-np"


async def test_the_providers_copy_is_deleted_as_soon_as_it_can_be(home, far, lines):
    lines.keeps, lines.removes = True, False
    await photos(home)
    worker = fetcher(home, lines, far.downloads())
    assert await all_done(worker) == 2  # fetched; asked to delete, in vain
    found = await the_one(home)
    assert (found["state"], found["tries"], lines.removed) == ("kept", 1, [])
    assert found["due_at"] > now()
    for _ in range(MOST_TRIES + 3):  # however long it takes
        await hurry(home)
        await all_done(worker)
    assert (await the_one(home))["state"] == "kept"
    lines.removes = True
    await hurry(home)
    await all_done(worker)
    assert lines.removed == [lines.asked[0]]
    await hurry(home)
    assert await all_done(worker) == 0
    assert len(far.asked) == 1
    async with home.database.intake() as connection:
        cursor = await connection.execute("select removed_at is not null from attachment")
        assert await cursor.fetchall() == [(True,)]


async def test_what_the_provider_prepares_is_asked_for_again(home, far, lines):
    await photos(home)
    ref = await first_ref(home, lines, far)
    lines.where[ref] = NoFile("later", "202")
    worker = fetcher(home, lines, far.downloads())
    for tries in range(2, 5):
        await hurry(home)
        assert await all_done(worker) == 1
        found = await the_one(home)
        assert (found["state"], found["why"], found["tries"]) == ("due", "away", tries)
        assert found["due_at"] > now()
    del lines.where[ref]
    await hurry(home)
    await all_done(worker)
    assert (await the_one(home))["state"] == "kept"


async def first_ref(home, lines, far) -> str:
    """Let the first try fail, and tell what the channel was asked for."""
    lines.url, url = far.url("/nothing"), lines.url
    await all_done(fetcher(home, lines, far.downloads()))
    lines.url = url
    return lines.asked[0]


async def test_what_is_gone_says_so_on_the_ticket(home, far, lines):
    await photos(home)
    lines.where[await first_ref(home, lines, far)] = NoFile("gone", "404")
    await hurry(home)
    async with home.database.intake() as connection:
        before = await feed.start(connection)
    await all_done(fetcher(home, lines, far.downloads()))
    ticket = await home.ticket()
    (shown,) = [a for m in ticket["messages"] for a in m["attachments"]]
    assert (shown["state"], shown["why"]) == ("gone", "expired")
    async with home.database.intake() as connection:
        assert len(await feed.read(connection, organisation_uuid(ticket["organisation"]), before)) == 1
    assert await on_disk(home) == []


ENDS = [
    (b"<html>Please log in</html>", 200, 3, "refused", "web_page"), (b"", 200, 3, "refused", "empty"),
    (b"no", 404, 7, "gone", "not_there"), (b"no", 403, 7, "gone", "not_there"), (b"no", 410, 1, "gone", "expired"),
    (bytes(2 << 20), 200, 1, "refused", "too_large"), (b"no", 500, MOST_TRIES, "gone", "away"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "status", "tries", "state", "why"), ENDS, ids=[f"{e[1]} {e[4]}" for e in ENDS])
async def test_trying_has_an_end(home, far, lines, data, status, tries, state, why):
    lines.url = far.gives("/a", data, status=status)
    await photos(home)
    worker = fetcher(home, lines, far.downloads())
    for number in range(1, tries + 1):
        assert await all_done(worker) == 1
        await hurry(home)
        found = await the_one(home)
        assert found["state"] == (state if number == tries else "due")
    assert (found["why"], found["due_at"]) == (why, None)
    assert await all_done(worker) == 0
    assert len(far.asked) == tries


async def test_an_operator_may_try_again(home, far, lines):
    lines.url = far.gives("/a", b"", status=410)
    await photos(home)
    worker = fetcher(home, lines, far.downloads())
    await all_done(worker)
    id_ = (await the_one(home))["id"]
    lines.url = far.url("/photo")
    async with home.database.intake() as connection:
        assert await media.retry(connection, id_)
    await all_done(worker)
    assert (await the_one(home))["state"] == "kept"
    async with home.database.intake() as connection:
        assert not await media.retry(connection, id_)
        assert not await media.retry(connection, UUID(int=5))


async def test_what_is_not_the_files_fault_never_ends_it(home, far, lines):
    await photos(home)
    lines.away.add("line-th")
    worker = fetcher(home, lines, far.downloads())
    for _ in range(MOST_TRIES + 5):
        assert await all_done(worker) == 1
        await hurry(home)
    found = await the_one(home)
    assert (found["state"], found["why"], found["tries"]) == ("due", "account", 0)
    lines.away.clear()
    await all_done(worker)
    assert (await the_one(home))["state"] == "kept"


async def test_a_file_that_ends_its_workers_is_given_up(home, far, lines):
    await photos(home)
    for _ in range(MOST_TRIES):
        async with home.database.intake() as connection:
            assert await media.claim(connection, slot="that died", lasts=timedelta(0))
    await all_done(fetcher(home, lines, far.downloads()))
    found = await the_one(home)
    assert (found["state"], found["why"], far.asked) == ("gone", "gave_up", [])


async def test_a_channel_that_breaks_breaks_nothing(home, far, lines):
    async def broken():
        raise KeyError("of an SDK")

    await photos(home, 2)
    ref = await first_ref(home, lines, far)
    lines.where[ref] = broken
    await hurry(home)
    await all_done(fetcher(home, lines, far.downloads()))
    assert sorted((a["state"], a["why"]) for a in await attachments(home)) == [("due", "away"), ("kept", None)]


async def test_many_hands_fetch_each_file_once(home, far, lines):
    await photos(home, 24)
    workers = [fetcher(home, lines, far.downloads(), f"w{n}") for n in range(6)]
    done = await asyncio.gather(*map(all_done, workers))
    assert sum(done) == 24
    assert max(done) < 24
    assert len(far.asked) == 24
    assert {a["state"] for a in await attachments(home)} == {"kept"}


async def test_the_first_of_two_comes_late_and_spoils_nothing(home, far, lines):
    """Its lease ran out while it waited: the second has stored the file, and the first must not touch it."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def page(request: web.Request) -> web.Response:
        if len(far.asked) == 1:
            arrived.set()
            await go_on.wait()
        return web.Response(body=files.photo())

    far.pages["/slow"] = page
    lines.url = far.url("/slow")
    await photos(home)
    first = asyncio.create_task(fetcher(home, lines, far.downloads(seconds=30), "first").one())
    await arrived.wait()
    await hurry(home)
    assert await all_done(fetcher(home, lines, far.downloads(), "second")) == 1
    go_on.set()
    assert await first
    found = await the_one(home)
    assert (found["state"], found["tries"], len(far.asked)) == ("kept", 0, 2)
    assert await bytes_of(home, found["id"], "original") == files.photo()
    assert await bytes_of(home, found["id"], "shown")


async def test_a_restarted_worker_takes_up_what_it_had_in_hands(home):
    await photos(home)
    async with home.database.intake() as connection:
        assert await media.claim(connection, slot="w1", lasts=timedelta(minutes=10))
    async with home.database.intake() as connection:
        assert await media.claim(connection, slot="w1", lasts=timedelta(minutes=10)) is None
        assert await media.release(connection, slot="w2") == 0
        assert await media.release(connection, slot="w1") == 1
        assert await media.claim(connection, slot="w1", lasts=timedelta(minutes=10))


async def test_a_ticket_that_moves_takes_its_files_along(home, far, lines):
    """Routed anew while its photo is on the way: the row is found wherever it is by now."""

    async def page(request: web.Request) -> web.Response:
        async with home.database.intake() as connection:
            await connection.execute("update ticket set organisation_id = %s", [organisation_uuid("kampung-lima")])
        return web.Response(body=files.photo())

    far.pages["/slow"] = page
    lines.url = far.url("/slow")
    await photos(home)
    await all_done(fetcher(home, lines, far.downloads()))
    assert (await the_one(home))["state"] == "kept"
    assert (await home.ticket())["organisation"] == "kampung-lima"


async def test_somebody_erased_meanwhile_leaves_nothing(home, far, lines):
    async def page(request: web.Request) -> web.Response:
        async with home.database.intake() as connection:
            who = await erasure.person_of(connection, (await home.ticket())["number"])
            await erasure.erase(connection, home.workplace.master, who)
        return web.Response(body=files.photo())

    far.pages["/slow"] = page
    lines.url = far.url("/slow")
    await photos(home)
    await all_done(fetcher(home, lines, far.downloads()))
    found = await the_one(home)
    assert (found["state"], found["why"]) == ("gone", "erased")
    assert await on_disk(home) == []


async def test_somebody_erased_after_the_file_was_written_leaves_nothing(home, far, lines):
    """Between the file and its row lies the one moment in which a file is there without right."""
    await photos(home)
    worker, keep = fetcher(home, lines, far.downloads()), home.workplace.files.keep

    async def keep_and_erase(*what) -> None:
        await keep(*what)
        async with home.database.intake() as connection:
            await connection.execute("delete from person_key")

    home.workplace.files.keep = keep_and_erase
    await all_done(worker)
    assert await on_disk(home) == []


async def test_files_that_no_row_speaks_for_are_swept(home, far, lines):
    await photos(home, 2)
    await all_done(fetcher(home, lines, far.downloads()))
    kept = await on_disk(home)
    key = home.workplace.master.new_key(UUID(int=1))[0]
    await home.workplace.files.keep(UUID(int=7), "original", key, b"of an answer that was never sent")
    beside = next((home.data / "files").rglob("*.shown"))
    beside.with_name(beside.name + ".1234.part").write_bytes(b"half")
    assert await drop_orphans(home.workplace) == 0  # they may be on their way
    old = (now() - timedelta(hours=2)).timestamp()
    for path in (home.data / "files").rglob("*.*"):
        if path.is_file():
            _age(path, old)
    assert await drop_orphans(home.workplace) == 2
    assert await on_disk(home) == kept


def _age(path: Path, at: float) -> None:
    import os

    os.utime(path, (at, at))


async def test_a_bell_wakes_it_at_once(home, far, lines):
    worker = fetcher(home, lines, far.downloads())
    running = asyncio.create_task(worker.run())
    try:
        await asyncio.sleep(0.2)  # it has looked, found nothing, and would look again in five seconds
        await photos(home, 3)
        home.workplace.wakes["fetch"].set()
        async with asyncio.timeout(3):
            while len(far.asked) < 3:  # noqa: ASYNC110 - the provider tells nobody
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_taking_in_rings_for_the_fetcher(home, valkey):
    import redis

    await home.put(line.text(home.accounts["line-th"], AYE, "hello", NOON, 9))
    await home.take_in()
    await home.workplace.nudger.close()
    with redis.Redis.from_url(valkey) as client:
        assert not any(b"fetch" in key for key in client.keys("rq:job:*"))
        await photos(home)
        await home.workplace.nudger.close()
        assert any(key.startswith(b"rq:job:fetch-") for key in client.keys("rq:job:*"))


async def test_gauges_count_what_is_due(home, far, lines):
    from storage.gauges import gauges

    await photos(home, 3)
    counts = gauges(home.owner, home.workplace.master)
    assert (counts["media_due"], counts["media_disk_full"], counts["media_to_remove"]) == (3, 0, 0)
    lines.keeps, lines.removes = True, False
    await all_done(fetcher(home, lines, far.downloads()))
    counts = gauges(home.owner, home.workplace.master)
    assert (counts["media_due"], counts["media_overdue_seconds"], counts["media_to_remove"]) == (0, 0, 3)


async def test_a_hostile_address_is_never_asked(home, far, lines):
    await photos(home)
    lines.where[await first_ref(home, lines, far)] = Fetch(url="https://[::ffff:10.0.0.1]/x", hosts=HOSTS)
    await hurry(home)
    await all_done(fetcher(home, lines, far.downloads()))
    found = await the_one(home)
    assert (found["state"], found["why"], len(far.asked)) == ("refused", "host", 1)


def test_waiting_grows_to_an_hour():
    waits = [pause(n).total_seconds() for n in range(1, MOST_TRIES + 1)]
    assert waits[:5] == [5, 15, 45, 135, 405]
    assert max(waits) == 3600
    assert timedelta(hours=20) < sum((pause(n) for n in range(1, MOST_TRIES)), timedelta()) < timedelta(hours=30)


async def test_keys_are_read_by_those_who_may(home):
    await photos(home)
    ticket = await home.ticket()
    async with home.database.desk(organisation_uuid(ticket["organisation"])) as connection:
        cursor = await connection.execute("select person_id from message limit 1")
        ((who,),) = await cursor.fetchall()
        assert len(await people.keys_of(connection, home.workplace.master, who)) == 1
    async with home.database.desk(organisation_uuid("kampung-lima")) as connection:
        assert await people.keys_of(connection, home.workplace.master, who) == {}
