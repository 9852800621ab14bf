"""The agents' pages for tests: the real ones, with a clock that can be set, and browsers without scripts."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from html import unescape
from typing import Any

import pyotp
from aiohttp import ClientSession, CookieJar, web
from multidict import CIMultiDictProxy
from yarl import URL

from model.agents import Agent, Role, Stage, handle
from model.network import organisation_uuid
from runtime.ids import new_id
from runtime.keys import Master
from storage import agents, sessions
from storage.database import Database
from tests.house import NOON, House
from web.app import set_up
from web.cookies import new_value
from web.inbox.list import COUNTING
from web.passwords import Passwords
from web.routes import Handler, Route
from web.site import SITE, session_hash

PASSWORD = "four words nobody joins"
_FIELD = re.compile(r'<input[^>]*name="(\w+)"[^>]*>')
_VALUE = re.compile(r'value="([^"]*)"')


class Clock:
    """The time, as the pages have it."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **of: float) -> None:
        self.at += timedelta(**of)


@dataclass(frozen=True)
class Page:
    """An answer, read whole."""

    status: int
    path: str
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def fields(self) -> dict[str, str]:
        """What the page's forms would send by themselves."""
        found = {}
        for tag in re.finditer(_FIELD, self.text):
            value = re.search(_VALUE, tag[0])
            found[tag[1]] = unescape(value[1]) if value else ""
        return found

    @property
    def csrf(self) -> str:
        return self.fields.get("csrf", "")

    @property
    def to(self) -> str:
        """Where it leads on to; empty when it does not."""
        return self.headers.get("Location", "")


class Browser:
    """One browser with its cookies. It says where its requests come from, as all browsers do."""

    def __init__(self, base: str, session: ClientSession) -> None:
        self.base, self.session = base, session
        self.page: Page | None = None

    async def get(self, path: str, **headers: str) -> Page:
        """Open an address, as typed; redirects are not followed."""
        return await self._ask("GET", path, {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"} | headers)

    async def follow(self, path: str) -> Page:
        """Open an address and go wherever it leads."""
        page = await self.get(path)
        while page.to:
            page = await self.get(page.to)
        return page

    async def post(
        self, path: str, fields: Mapping[str, str] | None = None, *, csrf: str | None = None, **headers: str
    ) -> Page:
        """Send a form of the page that is open."""
        token = csrf if csrf is not None else (self.page.csrf if self.page else "")
        from_here = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Origin": self.base}
        return await self._ask("POST", path, from_here | headers, {"csrf": token, **(fields or {})})

    async def sign_in(self, name: str, password: str = PASSWORD, **headers: str) -> Page:
        """Name and password, typed into the sign-in page."""
        await self.get("/sign-in", **headers)
        return await self.post("/sign-in", {"name": name, "password": password, "next": ""}, **headers)

    async def in_(self, name: str, totp: pyotp.TOTP | None = None, at: datetime | None = None) -> None:
        """Signed in, with the second factor where there is one."""
        page = await self.sign_in(name)
        assert page.status == 303, page.text
        if totp and at:
            await self.get(page.to)
            page = await self.post("/sign-in/code", {"code": totp.at(at)})
        assert page.to == "/", page.text
        await self.get("/account")

    def cookie(self, name: str) -> str:
        """The value of a cookie, empty when there is none."""
        found = self.session.cookie_jar.filter_cookies(URL(self.base)).get(name)
        return found.value if found else ""

    def set_cookie(self, name: str, value: str) -> None:
        """Put a cookie there by hand."""
        self.session.cookie_jar.update_cookies({name: value}, URL(self.base))

    async def _ask(self, method: str, path: str, headers: dict[str, str], fields: Any = None) -> Page:
        async with self.session.request(
            method, self.base + path, headers=headers, data=fields, allow_redirects=False
        ) as answer:
            endless = answer.content_type == "text/event-stream"
            page = Page(answer.status, path, answer.headers, "" if endless else await answer.text())
        if "csrf" in page.fields or "<html" in page.text:
            self.page = page
        return page


@lru_cache(maxsize=1)
def _hashed(master: Master) -> str:
    """Every house of the tests has the same key: a tenth of a second saved for each."""
    return Passwords(master).hash(PASSWORD)


class Desk:
    """The pages of one house."""

    def __init__(self, home: House, app: web.Application, port: int, clock: Clock, opened: list[ClientSession]) -> None:
        self.home, self.app, self.clock, self._opened = home, app, clock, opened
        self.base = f"http://127.0.0.1:{port}"

    @property
    def database(self) -> Database:
        return self.app[SITE].database

    def browser(self) -> Browser:
        """A fresh one, without cookies."""
        session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self._opened.append(session)
        return Browser(self.base, session)

    async def agent(
        self, name: str = "Mya", organisation: str = "shwe", *roles: Role, demo: bool = False, language: str = "en"
    ) -> Agent:
        """Somebody with a password, who may sign in."""
        agent = Agent(
            id=new_id(),
            organisation=organisation_uuid(organisation),
            handle=handle(name, organisation) or "",
            name=name,
            roles=roles or ("agent",),
            languages=("my", "shn"),
            screen_language=language,
            demo=demo,
        )
        async with self.database.desk(agent.organisation) as connection:
            await agents.add(connection, self.home.workplace.master, agent, self.clock())
            await agents.begin_afresh(
                connection, agent.organisation, agent.id, password=_hashed(self.home.workplace.master), at=self.clock()
            )
        return agent

    async def authenticator(self, agent: Agent) -> pyotp.TOTP:
        """Give somebody a second factor."""
        secret = pyotp.random_base32()
        async with self.database.desk(agent.organisation) as connection:
            await agents.set_second_factor(connection, self.home.workplace.master, agent.id, secret=secret, step=1)
        return pyotp.TOTP(secret)

    async def let_in(self, agent: Agent, stage: Stage = "full") -> Browser:
        """A browser with a session of theirs, made without the sign-in page; the account page is open."""
        browser, cookie, at = self.browser(), new_value(), self.clock()
        async with self.database.desk(agent.organisation) as connection:
            await sessions.begin(
                connection, agent.organisation, agent.id, hash_=session_hash(cookie), stage=stage, at=at,
                ends_at=at + timedelta(hours=12),
            )  # fmt: skip
        browser.set_cookie("session", cookie)
        await browser.follow("/account")
        return browser

    async def signed_in(self, name: str = "Mya", organisation: str = "shwe", *roles: Role) -> Browser:
        """A browser somebody is signed in with, on their account page."""
        agent = await self.agent(name, organisation, *roles)
        browser = self.browser()
        await browser.in_(agent.handle)
        return browser

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database's owner of secrets would see: asked as a superuser would, past the wall."""
        async with self.home.database.intake() as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()


@asynccontextmanager
async def desk(
    home: House,
    *,
    sandbox: bool = False,
    more: Sequence[tuple[Route, Handler]] = (),
    connections: int = 4,
    **settings: int,
) -> AsyncIterator[Desk]:
    """The pages of a house, open, with routes of the test's own. `settings` are of `web:` in config.yaml."""
    at, clock, opened = home.workplace, Clock(), []
    given = replace(at.settings, web=at.settings.web.model_copy(update=settings))
    database = Database(home.owner, "web", at.master, most=connections)
    app = web.Application()
    for route, handler in more:
        app.router.add_route(route.method, route.path, handler)
    set_up(app, given, at.master, database, at.files, home.redis_url, sandbox=sandbox, clock=clock)
    app[COUNTING].seconds = 0  # what a test does shows at once
    await database.open()
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Desk(home, app, runner.addresses[0][1], clock, opened)
    finally:
        await asyncio.gather(*(session.close() for session in opened))
        await runner.cleanup()
        await database.close()
