"""`GET /files/{token}`: what a link opens, how it is given out, and what it never opens."""

import asyncio
from datetime import timedelta
from urllib.parse import unquote
from uuid import UUID

import pytest
from aiohttp import ClientError, ClientSession

from model.network import organisation_uuid
from runtime.ids import new_id, now
from runtime.keys import Master
from runtime.links import Link, Links
from sandbox.people import person
from sandbox.providers import line
from storage import audit, media
from tests import files
from tests.gate import gate
from tests.house import NOON
from tests.lines import Lines, fetcher
from tests.provider import provider

AYE = person("aye", "my", "TH")
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


@pytest.fixture
async def far(tmp_path):
    async with provider(tmp_path) as found:
        yield found


class Reader:
    """Whoever holds links, and has a browser."""

    def __init__(self, home, port: int, session: ClientSession, lines: Lines, far) -> None:
        self.home, self.port, self.session, self.lines, self.far = home, port, session, lines, far
        self.links, self._number = Links(home.workplace.master), 0

    async def sent(self, data: bytes, kind: str = "image") -> tuple[UUID, UUID]:
        """Somebody sends a file: its organisation and its id, once it is kept."""
        self._number += 1
        self.lines.url = self.far.gives(f"/{self._number}", data)
        made = line.audio(self.home.accounts["line-th"], AYE, 2, NOON, self._number)
        if kind == "image":
            made = line.image(self.home.accounts["line-th"], AYE, NOON, self._number)
        await self.home.put(made)
        await self.home.take_in()
        worker = fetcher(self.home, self.lines, self.far.downloads(largest=32 << 20))
        while await worker.one():
            pass
        async with self.home.database.intake() as connection:
            id_ = (await media.listed(connection, after=UUID(int=0), limit=1000))[-1]["id"]
        return organisation_uuid((await self.home.ticket())["organisation"]), id_

    def token(self, of: tuple[UUID, UUID], purpose: str = "show", hours: float = 1) -> str:
        until = now() + timedelta(hours=hours)
        return self.links.token(Link(purpose=purpose, organisation=of[0], attachment=of[1], until=until))

    async def get(self, token: str, method: str = "GET", **headers: str):
        url = f"http://127.0.0.1:{self.port}/files/{token}"
        async with self.session.request(method, url, headers=headers) as answer:
            return answer.status, answer.headers, await answer.read()


@pytest.fixture
async def reader(home, valkey, far):
    lines = Lines(home.workplace.settings.accounts, "")
    async with gate(home, valkey) as door, ClientSession() as session:
        yield Reader(home, door.port, session, lines, far)


async def test_a_picture_is_shown_as_the_copy_and_nothing_else(reader):
    of = await reader.sent(files.photo())
    status, headers, body = await reader.get(reader.token(of))
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert headers["Content-Disposition"].startswith("inline; ")
    assert files.GPS not in body
    assert {name: headers[name] for name in SAFE} == SAFE
    assert "Set-Cookie" not in headers
    assert int(headers["Content-Length"]) == len(body)


async def test_the_original_is_only_taken_away(reader):
    of = await reader.sent(files.photo())
    status, headers, body = await reader.get(reader.token(of, "download"))
    assert (status, body) == (200, files.photo())
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert {name: headers[name] for name in SAFE} == SAFE


async def test_a_provider_gets_what_a_page_would(reader):
    of = await reader.sent(files.photo())
    assert (await reader.get(reader.token(of, "send")))[2] == (await reader.get(reader.token(of, "show")))[2]


HOSTILE = [files.SVG, files.PDF, files.zip_bomb(), files.bomb(), b"MZ\x90\0" + bytes(60), files.picture("GIF", "L")]


@pytest.mark.parametrize("data", HOSTILE, ids=["svg", "pdf", "zip", "bomb", "program", "gif"])
@pytest.mark.parametrize("purpose", ["show", "download", "send"])
async def test_what_was_not_made_anew_is_never_inline(reader, data, purpose):
    of = await reader.sent(data)
    status, headers, body = await reader.get(reader.token(of, purpose))
    assert (status, body) == (200, data)
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert headers["Content-Type"] in ("application/octet-stream", "application/pdf", "image/png")
    assert {name: headers[name] for name in SAFE} == SAFE


async def test_names_cannot_write_headers(reader, home):
    of = await reader.sent(files.photo())
    key = await _key(home)
    name = key.seal("attachment|name", of[1], 'x"\r\nSet-Cookie: a=b\r\n\u202egpj.exe'.encode())
    async with home.database.intake() as connection:
        await connection.execute("update attachment set name = %b where id = %b", [name, of[1]])
    _, headers, _ = await reader.get(reader.token(of, "download"))
    assert "Set-Cookie" not in headers
    shown = unquote(headers["Content-Disposition"].partition("filename*=UTF-8''")[2])
    assert shown == "xSet-Cookie a=bgpj.exe.jpg"


async def _key(home):
    async with home.database.intake() as connection:
        cursor = await connection.execute("select id, wrapped from person_key")
        ((id_, wrapped),) = await cursor.fetchall()
    return home.workplace.master.unwrap(id_, wrapped)


async def test_everything_that_opens_nothing_looks_the_same(reader, home):
    of = await reader.sent(files.photo())
    good = reader.token(of)
    other = organisation_uuid("kampung-lima")
    nothing = {
        "altered": good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        "cut": good[:-1],
        "invented": "A" * 87,
        "empty dots": "...",
        "too old": reader.token(of, hours=-0.01),
        "another organisation": reader.token((other, of[1])),
        "unknown file": reader.token((of[0], new_id())),
        "another master": Links(Master(bytes(32))).token(
            Link(purpose="show", organisation=of[0], attachment=of[1], until=now() + timedelta(hours=1))
        ),
    }
    seen = {name: await reader.get(token) for name, token in nothing.items()}
    bodies = {body for _, _, body in seen.values()}
    assert {status for status, _, _ in seen.values()} == {404}
    assert len(bodies) == 1
    alike = [{k: v for k, v in headers.items() if k != "Date"} for _, headers, _ in seen.values()]
    assert all(headers == alike[0] for headers in alike)
    assert (await reader.get(good))[0] == 200
    await home.workplace.files.delete([of[1]])
    lost = await reader.get(good)
    assert (lost[0], lost[2]) == (404, bodies.pop())


async def test_a_file_that_is_not_here_yet_opens_nothing(reader, home):
    await home.put(line.image(home.accounts["line-th"], AYE, NOON, 1))
    await home.take_in()
    async with home.database.intake() as connection:
        id_ = (await media.listed(connection, after=UUID(int=0), limit=1))[0]["id"]
    of = organisation_uuid((await home.ticket())["organisation"]), id_
    assert (await reader.get(reader.token(of)))[0] == 404


RANGES = [
    ("bytes=0-0", 206, (0, 1)), ("bytes=0-", 200, (0, None)), ("bytes=10-19", 206, (10, 20)),
    ("bytes=-5", 206, (-5, None)),
    ("bytes=1048570-1048585", 206, (1048570, 1048586)), ("bytes=2000000-99999999999", 206, (2000000, None)),
    ("bytes=0-1,5-6", 200, (0, None)), ("bytes=x", 200, (0, None)), ("lines=1-2", 200, (0, None)),
]  # fmt: skip


async def test_players_may_ask_for_a_piece(reader, home):
    """Safari plays nothing that cannot be asked for in pieces."""
    data = files.film() + bytes(2_500_000)
    of = await reader.sent(data, "audio")
    token = reader.token(of, "download")
    for asked, expected, (start, stop) in RANGES:
        status, headers, body = await reader.get(token, Range=asked)
        assert (status, body) == (expected, data[start:stop]), asked
        assert headers["Accept-Ranges"] == "bytes"
        if status == 206:
            first = start % len(data)
            assert headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(data)}"
    status, headers, body = await reader.get(token, Range=f"bytes={len(data)}-")
    assert (status, headers["Content-Range"], body) == (416, f"bytes */{len(data)}", b"")
    status, headers, body = await reader.get(token, "HEAD")
    assert (status, int(headers["Content-Length"]), body) == (200, len(data), b"")


async def test_every_opening_is_written_down_once(reader, home):
    of = await reader.sent(files.photo())
    await reader.get(reader.token(of))
    for piece in ("bytes=0-9", "bytes=10-19", "bytes=20-"):
        await reader.get(reader.token(of, "download"), Range=piece)
    await reader.get(reader.token(of, hours=-1))
    async with home.database.intake() as connection:
        cursor = await connection.execute(
            "select actor, action, ticket_id is not null, detail from audit where action like 'file.%%' order by id"
        )
        assert await cursor.fetchall() == [
            ("link", f"file.{what}", True, {"attachment": str(of[1])}) for what in ("show", "download")
        ]
        await audit.chain(connection)


async def test_an_altered_file_is_not_given_out(reader, home):
    data = files.film() + bytes(3 << 20)
    of = await reader.sent(data, "audio")
    (path,) = (home.data / "files").rglob("*.original")
    whole = bytearray(path.read_bytes())
    whole[2 << 20] ^= 1  # in the third frame: the first two are good
    path.write_bytes(whole)
    with pytest.raises(ClientError):
        await reader.get(reader.token(of, "download"))
    whole[100] ^= 1
    path.write_bytes(whole)
    assert (await reader.get(reader.token(of, "download")))[0] == 404


async def test_many_readers_need_little_memory(reader, home):
    """Thirty people take twenty-four megabytes each at once, and read them slowly."""
    import resource

    data = files.film() + bytes(24 << 20)
    of = await reader.sent(data, "audio")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def slowly() -> int:
        url = f"http://127.0.0.1:{reader.port}/files/{reader.token(of, 'download')}"
        count = 0
        async with reader.session.get(url) as answer:
            async for piece in answer.content.iter_chunked(1 << 18):
                count += len(piece)
                await asyncio.sleep(0)
        return count

    assert set(await asyncio.gather(*(slowly() for _ in range(30)))) == {len(data)}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250 * 1024
