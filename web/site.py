"""What every page works with, put together once; and whose request one is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from aiohttp import web

from model.agents import Agent, Session
from model.network import Organisation
from runtime.keys import Master
from runtime.settings import Settings
from storage import sign_in
from storage.database import Database
from web.forgery import token
from web.local import Local
from web.pages import Pages
from web.passwords import Passwords
from web.static_files import StaticFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The agents' pages of one process."""

    settings: Settings
    master: Master
    database: Database
    passwords: Passwords
    pages: Pages
    files: StaticFiles
    organisations: Mapping[UUID, Organisation]
    sandbox: bool  #: invented people alone: demo agents may come in, with a password and nothing else
    clock: Callable[[], datetime]  #: the time people work by; the sandbox may play another one
    machine_clock: Callable[[], datetime]  #: of sessions and codes, which no played time may end

    @property
    def idle(self) -> timedelta:
        """After so long without an act of its agent a session is over."""
        return timedelta(minutes=self.settings.web.idle_minutes)

    async def session(self, cookie: str) -> Session | None:
        """The session of a cookie, None when it is over or never was."""
        if not cookie:
            return None
        async with self.database.nobody() as connection:
            found = await sign_in.session(connection, self.master, session_hash(cookie))
        return found if found and self._counts(found) else None

    def local(self, agent: Agent) -> Local:
        """How an agent's screen speaks."""
        return Local(agent.screen_language, self.organisations[agent.organisation].timezone)

    def _counts(self, found: Session) -> bool:
        if found.agent.demo and not self.sandbox:
            return False
        at = self.machine_clock()
        # one that left config.yaml while this process runs is retired in the database at the next start
        return at < found.ends_at and at < found.seen_at + self.idle and found.agent.organisation in self.organisations


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whose request this is, and what its cookies are."""

    session: Session | None
    local: Local
    secrets: tuple[str, ...]  #: cookies a page's token may be made of; the first is what new pages use
    session_cookie: str = ""
    device: str = ""

    @property
    def agent(self) -> Agent:
        """Whoever is signed in. Only where a route is for those who are."""
        if self.session is None:
            raise RuntimeError("this route is for anybody: nobody need be signed in here")
        return self.session.agent

    @property
    def csrf(self) -> str:
        return token(self.secrets[0]) if self.secrets else ""


_OURS = re.compile(r"/(?!/)[A-Za-z0-9/_.-]*(?:\?[A-Za-z0-9=&_.,:+-]*)?")
SITE = web.AppKey("site", Site)
VISITOR = web.RequestKey("visitor", Visitor)


def session_hash(cookie: str) -> bytes:
    """What is kept of a session's cookie."""
    return sha256(cookie.encode()).digest()


def actor(agent: UUID) -> str:
    """How the audit trail names an agent."""
    return f"agent:{agent}"


def page(request: web.Request, template: str, *, status: int = 200, **values: object) -> web.Response:
    """A page for whoever asked."""
    visitor = request[VISITOR]
    answer = request.app[SITE].pages.answer(
        template, visitor.local, visitor.session, csrf=visitor.csrf, path=request.path, status=status, **values
    )
    if wait := values.get("wait"):
        answer.headers["Retry-After"] = str(wait)
    return answer


def go(where: str) -> web.Response:
    """On to another page of ours, with GET."""
    return web.Response(status=303, headers={"Location": where})


def back(path: str | None) -> str:
    """Where to go after signing in: a page of our own, never another host's; the first page instead."""
    return path if path and _OURS.fullmatch(path) and not path.startswith("/sign-") else "/"
