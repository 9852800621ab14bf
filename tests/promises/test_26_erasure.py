"""Promise 26: who is erased is gone. What they wrote, spoke and sent can be read nowhere any more, from no copy either.

Backups of the database are another matter (docs/privacy.md says which); here an old copy of every row and every file is
tried with every key that is left.
"""

import asyncio
import random
import shutil
from uuid import UUID

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from gateway.forget import forget
from gateway.stores import Stores
from model.network import organisation_uuid
from outbound.answer import keep
from outbound.clients import Clients
from outbound.fetch import Downloads
from outbound.outfiles import prepare
from outbound.remake import Remaker
from runtime.ids import now
from runtime.keys import CannotOpen, key_id
from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from storage import audit, erasure, listing, people, search
from storage.blobs import Disk
from storage.files import Files
from tests import files
from tests.answering import Desk, desk
from workers_queue.erase import erase
from workers_queue.fetch import Fetcher

AYE, DARA = person("+66987650001", "my", "TH"), person("+66987650002", "km", "TH")
WORDS = "quixotrope passport"
BLOBS = """
select table_name, column_name from information_schema.columns
where table_schema = 'public' and data_type = 'bytea' order by 1, 2"""


@pytest.fixture
async def out(home, valkey):
    async with desk(home, valkey) as there:
        yield there


def said_by(out: Desk, who, first: int) -> list:
    """One person on every channel: words, a photo, a voice note, a call with a voicemail."""
    of, at = out.sandbox.accounts, now()
    return [
        telegram.text(of["telegram-my"], who, WORDS, at, first),
        telegram.edit(of["telegram-my"], who, WORDS + " again", first, at, first + 1),
        telegram.photo(of["telegram-my"], who, at, first + 2, WORDS),
        line.text(of["line-th"], who, WORDS, at, first),
        line.image(of["line-th"], who, at, first + 1),
        facebook.audio(of["facebook-mm"], who, at, first),
        twilio_sms.text(of["sms-np"], who, WORDS, first),
        twilio_sms.image(of["sms-np"], who, first + 1),
        *twilio_voice.whole_call(twilio_voice.call(of["voice-th"], who, at, first), "1", 20),
    ]


async def sends(out: Desk, *webhooks) -> None:
    out.sandbox.notice(*webhooks)
    await out.home.put(*webhooks, at=out.home.workplace.clock())
    await out.home.take_in()


async def work(out: Desk) -> None:
    """All that workers do beside taking in."""
    at = out.home.workplace
    await out.home.give_up_waiting()
    clients = Clients(at.settings)
    worker = Fetcher(at, clients, Downloads(largest=25 << 20), Remaker())
    while await worker.one():
        pass
    await clients.close()
    async with at.database.intake() as connection:
        while await search.index(connection, at.master):
            pass
    await out.deliver()


async def answers(out: Desk, ticket) -> None:
    at = out.home.workplace
    organisation, id_ = await listing.ticket_named(at.database, str(ticket["id"]))
    photo = await prepare("office.jpg", files.photo(), largest=25 << 20, remaker=Remaker())
    kept = await keep(at.database, at.master, at.files, organisation, id_, [photo])
    await out.say(WORDS, ticket, files=kept)


def every_blob(owner: str) -> list[tuple[str, bytes]]:
    """All that is in a column of bytes anywhere in the database, as a thief who passes every wall sees it."""
    found = []
    with psycopg.connect(owner, autocommit=True) as connection:
        tables = connection.execute(BLOBS).fetchall()
        for table in {t for t, _ in tables}:
            connection.execute(SQL("alter table {} disable row level security").format(Identifier(table)))
        for table, column in tables:
            query = SQL("select {} from {} where {} is not null").format(*map(Identifier, (column, table, column)))
            found += [(f"{table}.{column}", bytes(blob)) for (blob,) in connection.execute(query).fetchall()]
    return found


async def keys(out: Desk) -> dict:
    async with out.home.database.intake() as connection:
        cursor = await connection.execute("select id, wrapped from person_key")
        return {id_: out.home.workplace.master.unwrap(id_, wrapped) for id_, wrapped in await cursor.fetchall()}


async def forgets(out: Desk, tickets, redis_url: str) -> None:
    """What the operator types, for each of a person's tickets: every channel knows them as somebody else."""
    at = out.home.workplace
    stores = Stores(
        settings=at.settings, master=at.master, data=out.home.data, owner=out.home.owner, redis_url=redis_url
    )
    for ticket in tickets:
        assert await forget(stores, str(ticket["number"]), yes=True) == 0


class Before:
    """A day with two people, answered and worked off, and a copy of the files as they were."""

    def __init__(self, hers: list, theirs: list, keys: dict, files: dict[UUID, UUID]) -> None:
        self.hers, self.theirs, self.keys = hers, theirs, keys
        people = {ticket["person"] for ticket in hers}
        self.her_files = {id_ for id_, who in files.items() if who in people}
        self.their_files = files.keys() - self.her_files


@pytest.fixture
async def day(out, valkey, tmp_path):
    """What was before, once the first of the two has been erased."""
    await sends(out, *said_by(out, AYE, 100))
    hers = await out.home.tickets()
    await sends(out, *said_by(out, DARA, 200))
    theirs = [t for t in await out.home.tickets() if t["id"] not in {t["id"] for t in hers}]
    for ticket in (hers[0], theirs[0]):
        await answers(out, ticket)
    await work(out)
    async with out.home.database.intake() as connection:
        of = "select a.id, m.person_id from attachment a join message m on m.id = a.message_id"
        before = Before(hers, theirs, await keys(out), dict(await _rows(connection, of)))
    assert len(before.her_files) == len(before.their_files) == 6
    shutil.copytree(out.home.data / "files", tmp_path / "copy of the files")
    await forgets(out, hers, valkey)
    return before


async def test_their_keys_are_gone_and_nothing_names_one(out, day):
    left = await keys(out)
    gone = day.keys.keys() - left.keys()
    assert len(gone) == len(day.hers) == len(left)
    for place, blob in every_blob(out.home.owner):
        try:
            assert key_id(blob) not in gone, place
        except CannotOpen:
            continue  # a hash or a wrapped key, not a sealed value


async def test_no_request_that_is_kept_holds_their_words(out, day):
    requests = [await _opened(out, row) for row in await _receipts(out)]
    for mark in (AYE.phone.lstrip("+"), str(AYE.telegram_id), AYE.line_id, AYE.facebook_id):
        assert not any(mark.encode() in request for request in requests)
    for mark in (DARA.phone.lstrip("+"), str(DARA.telegram_id), DARA.line_id, DARA.facebook_id):
        assert any(mark.encode() in request for request in requests), "the other's are still there"


async def test_their_files_are_gone_and_a_copy_of_them_stays_shut(out, day, tmp_path):
    here = {name.partition(".")[0] async for name, _, _ in out.home.workplace.files.kept()}
    assert here == {str(id_) for id_ in day.their_files}
    stolen, left = Files(Disk(tmp_path / "copy of the files")), await keys(out)
    for id_ in day.her_files:
        with pytest.raises(CannotOpen):
            await stolen.load(id_, "original", left)
    for id_ in day.their_files:
        assert await stolen.load(id_, "original", left)


async def test_search_does_not_find_them(out, day):
    at = out.home.workplace
    found = set()
    for organisation in {organisation_uuid(t["organisation"]) for t in (*day.hers, *day.theirs)}:
        async with at.database.desk(organisation) as connection:
            hits = await search.find(connection, at.master, organisation, "quixotrope")
            found |= {
                p for (p,) in await _rows(connection, "select person_id from message where id = any (%b)", [hits])
            }
    assert found
    assert not found & {t["person"] for t in day.hers}


async def test_nothing_of_them_is_seen_and_all_of_the_other(out, day):
    tickets = {t["id"]: t for t in await out.home.tickets()}
    for ticket in (tickets[t["id"]] for t in day.hers):
        said = ticket["messages"]
        assert ticket["status"] == "closed"
        assert {(m["text"], m["text_original"], m["provider_id"]) for m in said} == {(None, None, None)}
        seen = {(a["state"], a["why"], a["name"]) for m in said for a in m["attachments"]}
        assert seen <= {("gone", "erased", None)}
    words = [m["text"] or "" for t in day.theirs for m in tickets[t["id"]]["messages"]]
    assert any(WORDS in text for text in words)


async def test_it_is_written_down_without_a_name(out, day):
    async with out.home.database.intake() as connection:
        lines = await _rows(connection, "select ticket_id, actor from audit where action = 'person.erased'")
        assert {t for t, _ in lines} == {t["id"] for t in day.hers} | {None}
        await audit.chain(connection)
        assert (await audit.verify(connection))[1] is None


async def _rows(connection, statement: str, values=()) -> list:
    return await (await connection.execute(statement.encode(), values)).fetchall()


async def _receipts(out: Desk) -> list:
    async with out.home.database.intake() as connection:
        return await _rows(connection, "select id, sealed from receipt")


async def _opened(out: Desk, row) -> bytes:
    id_, sealed = row
    return out.home.workplace.day_keys.of(sealed).open("receipt|sealed", id_, sealed)


async def test_a_redelivery_brings_nobody_back_and_new_words_are_somebody_new(out):
    said = said_by(out, AYE, 1)
    await sends(out, *said)
    await work(out)
    before = await out.home.tickets()
    for ticket in before:
        await erased(out, ticket["person"])
    await sends(out, *said)
    after = await out.home.tickets()
    assert [t["id"] for t in after] == [t["id"] for t in before]
    assert {m["text"] for t in after for m in t["messages"]} == {None}
    await sends(out, telegram.text(out.sandbox.accounts["telegram-my"], AYE, "it is me again", now(), 900))
    (new,) = [t for t in await out.home.tickets() if t["id"] not in {t["id"] for t in before}]
    assert new["person"] not in {t["person"] for t in before}
    assert [m["text"] for m in new["messages"]] == ["it is me again"]


async def erased(out: Desk, who: UUID):
    at, clients = out.home.workplace, Clients(out.home.workplace.settings)
    try:
        return await erase(at, clients, who)
    finally:
        await clients.close()


async def test_what_speaks_of_erased_words_harms_nobody(out):
    """An edit, an unsend, a recording: they come late, and their original is nobody's any more."""
    of, at = out.sandbox.accounts, now()
    call = twilio_voice.call(of["voice-th"], AYE, at, 1)
    first, *rest = twilio_voice.whole_call(call, "1", 20)
    await sends(
        out, telegram.text(of["telegram-my"], AYE, WORDS, at, 1), line.text(of["line-th"], AYE, WORDS, at, 2), first
    )
    before = await out.home.tickets()
    for ticket in before:
        await erased(out, ticket["person"])
    await sends(
        out,
        telegram.edit(of["telegram-my"], AYE, "never mind", 1, at, 3),
        line.unsend(of["line-th"], AYE, 2, at, 4),
        *rest,
    )
    await out.home.give_up_waiting()
    assert {r["state"] for r in await out.home.receipts()} == {"done"}
    old = [t for t in await out.home.tickets() if t["id"] in {t["id"] for t in before}]
    assert len(old) == 3
    assert {m["text"] for t in old for m in t["messages"]} == {None}


async def test_twilio_deletes_what_we_had_not_fetched(out):
    await sends(out, twilio_sms.image(out.sandbox.accounts["sms-np"], AYE, 1))
    assert out.sandbox.deleted == set()
    report = await erased(out, (await out.home.ticket())["person"])
    assert (report.files, report.copies_removed, report.copies_left) == (1, 1, 0)
    assert len(out.sandbox.deleted) == 1


async def test_somebody_who_shares_the_phone_can_still_be_reached(out):
    await sends(out, telegram.text(out.sandbox.accounts["telegram-my"], AYE, WORDS, now(), 1))
    await sends(out, telegram.text(out.sandbox.accounts["telegram-my"], DARA, WORDS, now(), 2))
    async with out.home.database.intake() as connection:
        aye, dara = [
            p for (p,) in await _rows(connection, "select person_id from address_person order by since, person_id")
        ]
        blind = out.home.workplace.master.blind("telegram", str(AYE.telegram_id))
        found = (await people.addresses(connection, [blind]))[blind]
        aye, dara = found.person, dara if found.person == aye else aye
        await connection.execute(
            "insert into address_person (address_id, person_id, since, until) values (%b, %b, now(), now())",
            [found.id, dara],
        )
    await erased(out, aye)
    async with out.home.database.intake() as connection:
        ((sealed, id_),) = await _rows(connection, "select sealed, id from address where blind = %b", [blind])
        key = (await people.keys(connection, out.home.workplace.master, [dara]))[dara]
        assert key.open("address|sealed", id_, sealed) == str(AYE.telegram_id).encode()


async def test_nobody_writes_with_a_key_that_is_gone(out):
    """Twenty times words come in while their writer is erased: each message has a living key, or is blank."""
    chance = random.Random(26)
    for number in range(20):
        who = person(f"+6698766{number:04d}", "my", "TH")
        of = out.sandbox.accounts["telegram-my"]
        await sends(out, telegram.text(of, who, WORDS, now(), 10 * number + 1))
        (ticket,) = [t for t in await out.home.tickets() if t["status"] == "open"]
        await out.home.put(*(telegram.text(of, who, f"{WORDS} {n}", now(), 10 * number + n) for n in range(2, 6)))

        async def later(job) -> None:
            await asyncio.sleep(chance.uniform(0, 0.03))
            await job

        async def index() -> None:
            async with out.home.database.intake() as connection:
                await search.index(connection, out.home.workplace.master)

        async def wiped(who: UUID = ticket["person"]) -> None:
            async with out.home.database.intake() as connection:
                await erasure.erase(connection, out.home.workplace.master, who)

        await asyncio.gather(later(out.home.take_in()), later(wiped()), later(index()))
        await out.home.take_in()
        living = await keys(out)
        async with out.home.database.intake() as connection:
            texts = await _rows(connection, "select text from message where text is not null")
            assert all(key_id(text) in living for (text,) in texts)
            grams = await _rows(
                connection,
                "select 1 from message_grams g join message m on m.id = g.message_id where m.text is null",
            )
            assert grams == []
        for open_ticket in [t for t in await out.home.tickets() if t["status"] == "open"]:
            await wiped(open_ticket["person"])


async def test_the_operator_is_asked_first(out, valkey, monkeypatch, capsys):
    await sends(out, telegram.text(out.sandbox.accounts["telegram-my"], AYE, WORDS, now(), 1))
    ticket, at = await out.home.ticket(), out.home.workplace
    stores = Stores(settings=at.settings, master=at.master, data=out.home.data, owner=out.home.owner, redis_url=valkey)
    asked = []
    monkeypatch.setattr("typer.confirm", lambda question: asked.append(question) or False)
    assert await forget(stores, f"#{ticket['number']}", yes=False) == 1
    assert len(asked) == 1
    assert "cannot be undone" in capsys.readouterr().out
    assert (await out.home.ticket())["messages"][0]["text"] == WORDS
    for wrong in ("999999", "nonsense", str(UUID(int=1)), "", "#"):
        assert await forget(stores, wrong, yes=True) == 1
        assert "No ticket" in capsys.readouterr().err
    assert await forget(stores, str(ticket["id"]), yes=True) == 0
