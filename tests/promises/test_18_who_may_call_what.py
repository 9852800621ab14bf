"""Promise 18: every route declares who may call it, everything else is refused, and the whole table is written down."""

import re
from uuid import UUID

import pytest
from aiohttp import web

from gateway.app import opened
from model.agents import ROLES
from tests.desk import Browser, desk
from tests.house import CONFIG
from web.app import WHO
from web.guard import guarded
from web.routes import COLUMNS, EVERYBODY, PUBLIC, SIGNING_IN, Route, table

WRITTEN = CONFIG.parent / "web" / "routes.txt"
#: What a refusal looks like: a page that says so, or the way to the sign-in page.
REFUSED = {401, 403}


async def hello(request: web.Request) -> web.StreamResponse:
    return web.Response(text="hello")


@pytest.fixture
async def app(home, valkey):
    at = home.workplace
    async with opened(at.settings, at.master, home.data, home.owner, valkey) as application:
        yield application


@pytest.fixture
async def at(home):
    only = [Route("GET", f"/only/{role}", hello, frozenset((role,))) for role in ROLES]
    only += [Route("POST", f"/only/{role}", hello, frozenset((role,))) for role in ROLES]
    async with desk(home, more=[(route, guarded(route)) for route in only]) as pages:
        yield pages


async def test_the_written_table_is_what_answers(app, tmp_path):
    # HEAD goes with its GET
    answering = [(route.method, route.resource.canonical) for route in app.router.routes() if route.method != "HEAD"]
    rows = [(method, path, app[WHO].get((method, path), ())) for method, path in answering]
    now = tmp_path / "routes.txt"
    now.write_text(table(rows))
    assert now.read_text() == WRITTEN.read_text(), (
        f"what may be called has changed; if that is meant: cp {now} {WRITTEN}"
    )
    assert [row for row in rows if not row[2]] == []


@pytest.mark.parametrize("who", [(), ("nobody",), ("public", "agent")])
def test_a_route_that_does_not_say_for_whom_is_no_route(who):
    with pytest.raises(ValueError, match="/x"):
        Route("GET", "/x", hello, frozenset(who))


def test_the_table_has_a_column_for_everybody():
    assert set(COLUMNS) == EVERYBODY | PUBLIC | SIGNING_IN


@pytest.mark.parametrize("mine", ROLES)
async def test_a_role_opens_its_own_routes_and_no_others(at, mine):
    browser = await at.let_in(await at.agent("Mya", "shwe", mine))
    for role in ROLES:
        for page in (await browser.get(f"/only/{role}"), await browser.post(f"/only/{role}")):
            assert (page.status, page.text == "hello") == ((200, True) if role == mine else (403, False)), role


async def test_several_roles_open_what_each_opens(at):
    browser = await at.let_in(await at.agent("Mya", "shwe", "agent", "supervisor"))
    assert [(await browser.get(f"/only/{role}")).status for role in ROLES] == [200, 200, 403, 403, 403, 403]


async def test_nobody_opens_what_is_for_somebody(at):
    for who in (at.browser(), await at.let_in(await at.agent(), stage="code"), await forged(at)):
        for (method, path), roles in at.app[WHO].items():
            if roles & EVERYBODY and method in ("GET", "POST"):
                at_ = re.sub(r"{\w+}", str(UUID(int=1)), path)
                page = await (who.get(at_) if method == "GET" else who.post(at_))
                assert page.status in REFUSED or page.to.startswith("/sign-in"), (method, path)


async def test_only_whoever_is_signing_in_opens_the_second_step(at):
    for who in (at.browser(), await at.let_in(await at.agent())):
        for (method, path), roles in at.app[WHO].items():
            if roles == SIGNING_IN:
                page = await (who.get(path) if method == "GET" else who.post(path))
                assert page.status == 303, (method, path)
                assert page.to in ("/", "/sign-in") or page.to.startswith("/sign-in?"), (method, path)


async def forged(at) -> Browser:
    """A browser with a cookie that nobody was given."""
    browser = at.browser()
    browser.set_cookie("session", "A" * 43)
    return browser
