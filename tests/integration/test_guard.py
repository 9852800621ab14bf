"""The guard before every page: headers, forgery, trouble; and the files that need no guard."""

import re

import pytest
import pytest_asyncio
from aiohttp import web

from storage.database import StoreAway
from tests.desk import PASSWORD, desk
from web.app import WHO
from web.guard import guarded
from web.headers import POLICY
from web.passwords import TooBusy
from web.routes import EVERYBODY, PUBLIC, Route
from web.site import SITE
from web.static_files import StaticFiles

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "what somebody wrote in confidence"


async def breaks(request: web.Request) -> web.StreamResponse:
    raise RuntimeError(SECRET)


async def away(request: web.Request) -> web.StreamResponse:
    raise StoreAway(SECRET)


async def busy(request: web.Request) -> web.StreamResponse:
    raise TooBusy


async def streams(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"as it comes")
    return answer


@pytest_asyncio.fixture(loop_scope="module")
async def at(same_home):
    more = [Route("GET", f"/{f.__name__}", f, EVERYBODY) for f in (breaks, away, busy, streams)]
    more.append(Route("GET", "/breaks-for-all", breaks, PUBLIC))
    async with desk(same_home, more=[(route, guarded(route)) for route in more]) as opened:
        yield opened


# Headers

EXACT = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def test_every_answer_of_every_page_has_them(at):
    for who in (at.browser(), await at.let_in(await at.agent())):
        for (method, path), _ in sorted(at.app[WHO].items()):
            if path.startswith("/static/") or path == "/sign-out" or "everywhere" in path:
                continue
            for page in (await who.get(path), await who.post(path, csrf="wrong"), await who.post(path)):
                assert {name: page.headers.get(name) for name in EXACT} == EXACT, (method, path, page.status)
                assert "Server" not in page.headers


@pytest.mark.parametrize(
    "path", ["/breaks", "/away", "/busy", "/streams", "/breaks-for-all", "/nowhere", "/a/b/c", "/static/x/y"]
)
async def test_so_has_every_answer_that_went_wrong(at, path):
    browser = await at.let_in(await at.agent())
    page = await browser.get(path)
    if path.startswith("/static"):
        assert page.status == 404
    else:
        assert {name: page.headers.get(name) for name in EXACT} == EXACT


async def test_no_page_names_another_server(at):
    browser = await at.let_in(await at.agent())
    for path in ("/", "/account", "/account/authenticator", "/nowhere"):
        page = await browser.get(path)
        assert not re.findall(r"(?:src|href|action|url)=[\"']?(?:https?:)?//", page.text)
        assert not re.findall(r"<script(?![^>]*(?:src=\"/static/|type=\"application/json\"))", page.text)
        assert not re.findall(r"\sstyle=|\son\w+=|<style", page.text)


# Forgery


async def test_a_form_without_its_token_does_nothing(at):
    browser = await at.let_in(await at.agent())
    for csrf in ("", "x", "ü", browser.page.csrf[:-1], browser.page.csrf + "A"):
        assert (await browser.post("/account/preferences", {"theme": "dark"}, csrf=csrf)).status == 403
    assert 'data-theme="system"' in (await browser.get("/account")).text
    assert (await browser.post("/account/preferences", {"theme": "dark"})).status == 303
    assert 'data-theme="dark"' in (await browser.get("/account")).text


async def test_the_token_may_come_in_a_header(at):
    browser = await at.let_in(await at.agent())
    token = browser.page.csrf
    sent = {"X-CSRF-Token": token, "HX-Request": "true"}
    assert (await browser.post("/account/preferences", {"theme": "dark"}, csrf="", **sent)).status == 204
    # and a wrong one there is not made up for by a right one in the form
    assert (await browser.post("/account/preferences", {}, csrf=token, **{"X-CSRF-Token": "x"})).status == 403


async def test_a_token_of_one_session_is_none_of_another(at):
    mine, other = await at.let_in(await at.agent()), await at.let_in(await at.agent("Noy"))
    assert (await other.post("/account/preferences", {}, csrf=mine.page.csrf)).status == 403


@pytest.mark.parametrize(
    "said",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
    ],
)
async def test_another_page_acts_in_nobodys_name_even_with_the_token(at, said):
    browser = await at.let_in(await at.agent())
    page = await browser.post("/account/sign-out-everywhere", **said)
    assert page.status == 403
    assert "in your name" in page.text
    assert (await browser.get("/account")).status == 200


@pytest.mark.parametrize(
    ("origin", "status"), [(None, 403), ("null", 403), ("https://evil.example", 403), ("", 403), ("own", 303)]
)
async def test_browsers_that_do_not_say_from_where_say_the_origin(at, origin, status):
    browser = await at.let_in(await at.agent())
    headers = {} if origin is None else {"Origin": at.base if origin == "own" else origin}
    async with browser.session.post(
        at.base + "/account/preferences", data={"csrf": browser.page.csrf}, headers=headers, allow_redirects=False
    ) as answer:
        assert answer.status == status


async def test_nobody_is_signed_in_by_another_page(at):
    """Login CSRF: a page of somebody else's signs a browser in as somebody else."""
    await at.agent()
    fields = {"name": "mya@shwe", "password": PASSWORD, "next": ""}
    browser = at.browser()
    assert (await browser.post("/sign-in", fields, csrf="x")).status == 403  # never opened the page
    await browser.get("/sign-in")
    attacker = at.browser()
    token = (await attacker.get("/sign-in")).csrf
    assert (await browser.post("/sign-in", fields, csrf=token)).status == 403
    assert (await browser.post("/sign-in", fields, **{"Sec-Fetch-Site": "cross-site"})).status == 403


# Trouble


@pytest.mark.parametrize(("path", "status"), [("/breaks", 500), ("/away", 503), ("/busy", 503)])
async def test_what_goes_wrong_tells_nobody_what_was_written(at, path, status, capsys):
    browser = await at.let_in(await at.agent())
    page = await browser.get(path)
    assert page.status == status
    assert page.headers["Content-Type"].startswith("text/html")
    assert SECRET not in page.text
    logged = capsys.readouterr()
    assert SECRET not in logged.out + logged.err
    if status == 500:
        assert "RuntimeError" in logged.out + logged.err
        assert "test_guard.py:" in logged.out + logged.err


async def test_with_the_store_away_the_page_says_so(at):
    browser = await at.let_in(await at.agent())
    await at.app[SITE].database.close()
    page = await browser.get("/account")
    assert page.status == 503
    assert page.headers["Retry-After"] == "5"
    assert (await at.browser().get("/sign-in")).status == 200


async def test_what_is_not_there_is_not_there_for_anybody(at):
    stranger, agent = at.browser(), await at.let_in(await at.agent())
    pages = [await who.get("/tickets/1") for who in (stranger, agent)]
    assert {page.status for page in pages} == {404}
    assert pages[0].text == pages[1].text


async def test_a_page_can_be_asked_for_without_its_body(at):
    browser = await at.let_in(await at.agent())
    async with browser.session.head(at.base + "/account", allow_redirects=False) as answer:
        assert answer.status == 200
        assert await answer.read() == b""


# Languages


@pytest.mark.parametrize(
    ("asked", "language"),
    [("th", "th"), ("my-MM,en;q=0.8", "my"), ("fr,de", "en"), ("", "en"), ("xx;q=1, th", "th"), ("km-KH", "en")],
)
async def test_a_stranger_is_spoken_to_as_the_browser_asks(at, asked, language):
    page = await at.browser().get("/sign-in", **{"Accept-Language": asked})
    assert f'<html lang="{language}"' in page.text


async def test_a_strangers_choice_comes_first(at):
    page = await at.browser().get("/sign-in?language=my", **{"Accept-Language": "th"})
    assert '<html lang="my"' in page.text
    assert "မူကြမ်း" in page.text  # and says that it is a draft


# Files


@pytest.fixture(scope="module")
def files():
    return StaticFiles()


async def test_files_are_kept_by_browsers_under_a_name_that_changes_with_them(at, files):
    for name in files.sizes():
        page_url = files.url(name)
        assert re.fullmatch(r"/static/[0-9a-f]{12}/" + re.escape(name), page_url)
        async with at.browser().session.get(at.base + page_url) as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize(
    "path",
    ["/static/000000000000/base.css", "/static/../pyproject.toml", "/static/{}/../app.py", "/static/{}/%2e%2e/app.py"],
)
async def test_nothing_else_is_a_file(at, files, path):
    hash_ = files.url("base.css").split("/")[2]
    page = await at.browser().get(path.format(hash_))
    assert page.status == 404


async def test_texts_go_over_the_line_compressed(at, files):
    async with at.browser().session.get(at.base + files.url("base.css"), headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) == files.sizes()["base.css"]
    async with at.browser().session.get(
        at.base + files.url("base.css"), headers={"Accept-Encoding": "identity"}
    ) as answer:
        assert "Content-Encoding" not in answer.headers
        assert await answer.read() == files.body("base.css")
