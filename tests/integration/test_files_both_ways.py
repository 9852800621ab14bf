"""Files in and out of every channel: the channels' own ways to their providers, against the providers' stand-ins."""

import hashlib
import io
from datetime import timedelta
from uuid import UUID

import pytest
from aiohttp import ClientSession
from PIL import Image

from model.network import organisation_uuid
from outbound.answer import CannotAnswer, keep
from outbound.clients import Clients
from outbound.fetch import Downloads
from outbound.outfiles import prepare
from outbound.remake import Remaker
from runtime.ids import now
from sandbox.media import File
from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from storage import listing, media
from tests import files
from tests.answering import desk
from tests.gate import gate
from workers_queue.fetch import Fetcher

AYE = person("aye", "my", "TH")


@pytest.fixture
async def out(home, valkey):
    async with desk(home, valkey) as there:
        yield there


async def sends(out, *webhooks) -> None:
    out.sandbox.notice(*webhooks)
    await out.home.put(*webhooks, at=out.home.workplace.clock())
    await out.home.take_in()


async def fetched(out) -> list[dict]:
    """Fetch all that is due, with the channels' own clients; what is known of each attachment."""
    at = out.home.workplace
    clients = Clients(at.settings)
    worker = Fetcher(at, clients, Downloads(largest=at.settings.files.largest_mb << 20), Remaker())
    try:
        while await worker.one():
            pass
    finally:
        await clients.close()
    async with out.home.database.intake() as connection:
        return await media.listed(connection, after=UUID(int=0), limit=100)


async def test_what_is_sent_on_each_channel_is_kept(out):
    of, at = out.sandbox.accounts, now()
    call = twilio_voice.call(of["voice-th"], AYE, at, 5)
    await sends(
        out,
        line.image(of["line-th"], AYE, at, 1),
        line.audio(of["line-th"], AYE, 3, at, 2),
        facebook.image(of["facebook-mm"], AYE, at, 3),
        facebook.audio(of["facebook-mm"], AYE, at, 4),
        telegram.photo(of["telegram-my"], AYE, at, 6),
        telegram.voice(of["telegram-my"], AYE, 3, at, 7),
        twilio_sms.image(of["sms-np"], AYE, 8),
        *twilio_voice.whole_call(call, "1", 20),
    )
    found = await fetched(out)
    assert {(a["account"], a["kind"], a["state"], a["why"]) for a in found} == {
        ("line-th", "image", "kept", None),
        ("line-th", "audio", "kept", None),
        ("facebook-mm", "image", "kept", None),
        ("facebook-mm", "audio", "kept", None),
        ("telegram-my", "image", "kept", None),
        ("telegram-my", "audio", "kept", None),
        ("sms-np", "image", "kept", None),
        ("voice-th", "audio", "kept", None),
    }
    assert {a["mime"] for a in found if a["kind"] == "image"} == {"image/jpeg"}
    # Twilio's copies are deleted at the source; the others delete theirs by themselves
    assert len(out.sandbox.deleted) == 2
    async with out.home.database.intake() as connection:
        cursor = await connection.execute("select count(*) from attachment where removed_at is not null")
        assert await cursor.fetchall() == [(2,)]


async def sent_file(out, name: str, data: bytes, text: str = ""):
    """An agent sends a file with an answer, and it is delivered."""
    at = out.home.workplace
    one = await prepare(name, data, largest=25 << 20, remaker=Remaker())
    organisation, ticket = await listing.ticket_named(at.database, str((await out.home.ticket())["id"]))
    kept = await keep(at.database, at.master, at.files, organisation, ticket, [one])
    said = await out.say(text, files=kept)
    await out.deliver()
    return one, said


async def test_a_photo_arrives_on_telegram_without_its_place(out):
    await sends(out, telegram.text(out.sandbox.accounts["telegram-my"], AYE, "hello", now(), 1))
    one, _ = await sent_file(out, "office.jpg", files.photo(), "Come here.")
    await out.sandbox.phone("telegram", AYE).awaits(1)
    (item,) = [i for i in out.sandbox.phone("telegram", AYE).received if i.media]
    assert (item.media[0].sha256, item.media[0].size) == (hashlib.sha256(one.data).hexdigest(), len(one.data))
    assert files.GPS not in one.data
    said = (await out.home.ticket())["messages"][-1]
    assert (said["direction"], said["kind"], said["text"]) == ("out", "image", "Come here.")
    (shown,) = said["attachments"]
    assert (shown["name"], shown["mime"], shown["size"], shown["state"]) == (
        "office.jpg", "image/jpeg", len(one.data), "kept",
    )  # fmt: skip


async def test_line_is_given_a_link_that_opens_for_a_day(out, valkey):
    await sends(out, line.text(out.sandbox.accounts["line-th"], AYE, "hello", now(), 1))
    one, _ = await sent_file(out, "office.jpg", files.photo())
    (item,) = [i for i in out.sandbox.phone("line", AYE).received if "originalContentUrl" in str(i.content)]
    url = item.content["originalContentUrl"]
    assert url.startswith("https://hotline.example.org/files/")
    async with gate(out.home, valkey) as door, ClientSession() as session:
        path = url.removeprefix("https://hotline.example.org")
        async with session.get(f"http://127.0.0.1:{door.port}{path}") as answer:
            assert (answer.status, await answer.read()) == (200, one.data)
            assert answer.headers["Content-Type"] == "image/jpeg"


async def test_a_voice_note_and_a_film_arrive(out):
    await sends(out, telegram.text(out.sandbox.accounts["telegram-my"], AYE, "hello", now(), 1))
    sound, _ = await sent_file(out, "note.ogg", files.voice())
    film, _ = await sent_file(out, "film.mov", files.film(1, place="+13.7+100.5/"))
    got = {i.media[0].sha256 for i in out.sandbox.phone("telegram", AYE).received if i.media}
    assert got == {hashlib.sha256(one.data).hexdigest() for one in (sound, film)}


async def test_what_a_channel_cannot_take_is_known_before_it_is_tried(out):
    await sends(out, facebook.text(out.sandbox.accounts["facebook-mm"], AYE, "hello", now(), 1))
    at = out.home.workplace
    one = await prepare("a.pdf", files.PDF, largest=25 << 20, remaker=Remaker())
    organisation, ticket = await listing.ticket_named(at.database, str((await out.home.ticket())["id"]))
    (kept,) = await keep(at.database, at.master, at.files, organisation, ticket, [one])
    from dataclasses import replace

    with pytest.raises(CannotAnswer, match="file"):
        await out.say("", files=[replace(kept, size=100 << 20)])
    assert not [row for row in await out.deliveries() if row["purpose"] == "reply"]


async def test_a_file_that_was_lost_is_told_and_holds_nobody_up(out):
    await sends(out, telegram.text(out.sandbox.accounts["telegram-my"], AYE, "hello", now(), 1))
    at = out.home.workplace
    one = await prepare("a.pdf", files.PDF, largest=25 << 20, remaker=Remaker())
    organisation, ticket = await listing.ticket_named(at.database, str((await out.home.ticket())["id"]))
    (kept,) = await keep(at.database, at.master, at.files, organisation, ticket, [one])
    await out.say("", files=[kept])
    await at.files.delete([kept.id])
    await out.say("and words")
    await out.deliver()
    states = [(row["state"], row["reason"]) for row in await out.deliveries() if row["purpose"] == "reply"]
    assert states == [("failed", "file"), ("sent", None)]


async def test_many_files_are_not_in_memory_at_once(out):
    """Two at a time: the others wait a moment, and all arrive."""
    for number in range(1, 7):
        who = person(f"w{number}", "my", "MY")
        await sends(out, telegram.text(out.sandbox.accounts["telegram-my"], who, "hello", now(), number))
    at = out.home.workplace
    one = await prepare("a.pdf", files.PDF, largest=25 << 20, remaker=Remaker())
    for ticket in await out.home.tickets():
        organisation, id_ = await listing.ticket_named(at.database, str(ticket["id"]))
        kept = await keep(at.database, at.master, at.files, organisation, id_, [one])
        await out.say("", ticket, files=kept)
    for _ in range(6):
        await out.deliver()
        out.pass_time(timedelta(seconds=2))
    states = [row["state"] for row in await out.deliveries() if row["purpose"] == "reply"]
    assert states == ["sent"] * 6


HOSTILE = {
    "html": ("refused", "web_page"),
    "zip_bomb": ("kept", "not_what_it_says"),
    "pixels": ("kept", "bomb"),
    "svg": ("kept", None),
    "endless": ("refused", "too_large"),
    "empty": ("refused", "empty"),
    "broken": ("kept", "broken"),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_what_no_friend_sends_is_kept_from_agents(out, kind):
    await sends(out, line.image(out.sandbox.accounts["line-th"], AYE, now(), 1, file=File(kind)))
    for _ in range(4):
        found = await fetched(out)
        async with out.home.database.intake() as connection:
            await connection.execute("update attachment set due_at = now() where duty is not null")
    (one,) = found
    assert (one["state"], one["why"]) == HOSTILE[kind]
    async with out.home.database.intake() as connection:
        cursor = await connection.execute("select inline, shown_mime from attachment")
        assert await cursor.fetchall() == [(False, None)]


async def test_the_copy_of_a_photo_is_drawn_anew(out):
    await sends(out, line.image(out.sandbox.accounts["line-th"], AYE, now(), 1))
    (one,) = await fetched(out)
    async with out.home.database.intake() as connection:
        stored = await media.stored(connection, organisation_uuid((await out.home.ticket())["organisation"]), one["id"])
        cursor = await connection.execute("select id, wrapped from person_key")
        keys = {i: out.home.workplace.master.unwrap(i, w) for i, w in await cursor.fetchall()}
    original = await out.home.workplace.files.load(one["id"], "original", keys)
    copy = await out.home.workplace.files.load(one["id"], "shown", keys)
    assert Image.open(io.BytesIO(original)).getexif().get_ifd(0x8825)
    assert not dict(Image.open(io.BytesIO(copy)).getexif())
    assert stored.shown_mime == "image/jpeg"
