"""Answers with files: made bare, kept sealed, refused before they fill the memory, sent again with all they had."""

import asyncio
import resource
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientError, FormData

from storage import people
from tests import files
from tests.conversation import PART, Inbox, Sitting

_MB = 1 << 20


async def send(sitting: Sitting, ticket: UUID, body: FormData, **fields: str) -> tuple[int, str]:
    """Post an answer as the composer's script does."""
    browser = sitting.browser
    for name, value in {"last_seen": sitting.seen, **fields}.items():
        body.add_field(name, value)
    headers = PART | {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": browser.page.csrf}
    path = f"{browser.base}/inbox/{ticket}/answer"
    async with browser.session.post(path, data=body, headers=headers) as answer:
        return answer.status, await answer.text()


def with_file(data: bytes, name: str, mime: str = "application/octet-stream", text: str = "") -> FormData:
    body = FormData()
    body.add_field("text", text)
    body.add_field("files", data, filename=name, content_type=mime)
    return body


async def kept(room: Inbox) -> list[bytes]:
    """What is kept of the files that went out."""
    rows = await room.at.rows(
        "select a.id, m.person_id from attachment a join message m on m.id = a.message_id "
        "where m.direction = 'out' order by a.message_id, a.position"
    )
    at = room.home.workplace
    async with at.database.desk((await room.at.rows("select organisation_id from ticket"))[0][0]) as connection:
        keys = await people.keys_of(connection, at.master, {person for _, person in rows})
    return [await at.files.load(id_, "original", keys) for id_, _ in rows]


@pytest.fixture
async def mya(room):
    _, sitting = await room.agent("Mya", organisation=await room.organisation())
    await sitting.open(await room.ticket())
    return sitting


async def test_a_picture_goes_without_the_place_it_was_taken(room, mya):
    assert files.GPS in files.photo()
    status, page = await send(mya, await room.ticket(), with_file(files.photo(), "../office.jpg"))
    assert (status, "Sending in 5 seconds" in page) == (200, True)
    (data,) = await kept(room)
    assert data.startswith(b"\xff\xd8")
    assert files.GPS not in data


async def test_files_alone_and_words_with_quick_replies_go_and_go_again(room, mya):
    ticket = await room.ticket()
    body = with_file(files.photo(), "a.jpg", text="Are you safe?")
    body.add_field("choice", "Yes")
    body.add_field("choice", " ")
    body.add_field("choice", "No")
    status, page = await send(mya, ticket, body)
    assert (status, "Yes · No" in page) == (200, True)
    async with room.home.database.intake() as connection:
        await connection.execute("update delivery set state = 'failed', failed_at = now() where purpose = 'reply'")
    ((first,),) = await room.at.rows("select id from delivery where purpose = 'reply'")
    await mya.open(ticket)
    assert (await mya.do(ticket, "again", delivery=str(first), last_seen=mya.seen)).status == 200
    one, two = await kept(room)
    assert one == two
    assert (await mya.open(ticket)).text.count("Yes · No") == 2


async def test_a_program_and_a_broken_picture_are_refused_in_a_sentence(room, mya):
    for data, name in ((b"MZ" + bytes(200), "run.exe"), (files.photo()[:300], "torn.jpg")):
        status, page = await send(mya, await room.ticket(), with_file(data, name, text="look"))
        assert (status, name in page) == (422, True)
    assert await room.at.rows("select 1 from delivery where purpose = 'reply'") == []


async def test_more_files_than_one_answer_takes(room, mya):
    body = FormData()
    for n in range(11):
        body.add_field("files", b"x", filename=f"{n}.txt")
    status, page = await send(mya, await room.ticket(), body)
    assert (status, "one answer takes 10 files" in page) == (413, True)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_gigabyte_is_refused_without_being_kept_in_memory(room, mya, announced):
    ticket, size = await room.ticket(), 1 << 30
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="film.mp4"\r\n\r\n'
    pieces = []

    async def film():
        yield head
        for _ in range(size // _MB):
            pieces.append(1)
            yield bytes(_MB)
            await asyncio.sleep(0)

    browser = mya.browser
    headers = PART | {
        "Sec-Fetch-Site": "same-origin",
        "X-CSRF-Token": browser.page.csrf,
        "Content-Type": "multipart/form-data; boundary=x",
    }
    if announced:
        headers["Content-Length"] = str(size)
    try:
        async with browser.session.post(
            f"{browser.base}/inbox/{ticket}/answer", data=film(), headers=headers
        ) as answer:
            assert (answer.status, "together may have 25 MB" in await answer.text()) == (413, True)
    except ClientError:
        assert len(pieces) > 25  # it was cut off while it still sent: the answer went under with the line
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 120 * 1024  # kilobytes; the test sends from the same process
    assert await room.at.rows("select 1 from delivery where purpose = 'reply'") == []


async def test_the_same_mark_is_the_same_answer(room, mya):
    ticket, once = await room.ticket(), uuid4().hex
    for _ in range(2):
        status, _ = await send(mya, ticket, with_file(files.photo(), "a.jpg", text="hello"), once=once)
        assert status == 200
    assert len(await room.at.rows("select 1 from delivery where purpose = 'reply'")) == 1
    await asyncio.gather(*(mya.do(ticket, "note", note="seen", once=once) for _ in range(3)))
    assert await room.at.rows("select count(*) from message where direction = 'note'") == [(1,)]


async def test_another_organisation_can_attach_nothing(room):
    _, stranger = await room.agent("Else", organisation="lantern")
    await stranger.browser.follow("/account")
    ticket = await room.ticket()
    status, page = await send(stranger, ticket, with_file(files.photo(), "a.jpg"))
    assert status == 404
    assert "office" not in page
