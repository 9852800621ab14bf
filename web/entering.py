"""What signing in does: which step comes next, what a session is, and how fast anybody may guess."""

import ipaddress
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from aiohttp import web

from model.agents import Role, Stage, needs_second_factor
from storage import audit, sessions, sign_in
from storage.database import Connection
from storage.sign_in import Proofs
from web import cookies
from web.passwords import KNOWN
from web.site import SITE, VISITOR, Site, actor, session_hash

#: Tries that cost nothing; after them the wait doubles up to a quarter of an hour (the function try_sign_in).
FREE_TRIES = 5
_MINUTES: dict[Stage, int] = {"code": 10, "enrol": 30}


class Somebody(Protocol):
    """An agent, a candidate, an invited one: whoever has an account."""

    @property
    def id(self) -> UUID: ...
    @property
    def organisation(self) -> UUID: ...


class Wait(Exception):
    """Too many tries: none is taken for so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


def next_stage(roles: Sequence[Role], *, demo: bool, has_second_factor: bool) -> Stage:
    """What is due after a right password. A demo agent, whom only the sandbox lets in, is in at once."""
    if demo:
        return "full"
    if has_second_factor:
        return "code"
    return "enrol" if needs_second_factor(roles) else "full"


async def begin(request: web.Request, connection: Connection, who: Somebody, stage: Stage, *, how: str) -> str:
    """A new session for this browser, in place of the one it has; gives the new cookie's value.

    Always a new value: whoever knew the old one (session fixation) holds nothing. In a desk transaction.
    """
    site, before = request.app[SITE], request[VISITOR].session
    at, cookie = site.machine_clock(), cookies.new_value()
    if before and before.agent.organisation == who.organisation:
        await sessions.end(connection, before.id)
    ends_at = at + timedelta(minutes=_MINUTES.get(stage, site.settings.web.session_hours * 60))
    session = await sessions.begin(
        connection, who.organisation, who.id, hash_=session_hash(cookie), stage=stage, at=at, ends_at=ends_at
    )
    if stage == "full":
        await note(connection, who, "session.opened", session=str(session), how=how)
    return cookie


def hand_over(request: web.Request, answer: web.StreamResponse, cookie: str, who: Somebody, stage: Stage) -> None:
    """Give the browser its session; once its agent is in, the browser is known for the next time."""
    cookies.set_session(request, answer, cookie)
    if stage == "full":
        device = cookies.read(request, "device")
        cookies.set_device(request, answer, cookies.signed_device(request.app[SITE].master, who.id, device))


async def note(connection: Connection, who: Somebody, action: str, **detail: str) -> None:
    """A line of the audit trail about an agent's own account."""
    line = audit.Line(organisation=who.organisation, actor=actor(who.id), action=action, detail=detail)
    await audit.write(connection, [line])


def password_tries(request: web.Request, agent: UUID | None, handle: str) -> bytes:
    """Whose tries a password counts among.

    A browser that this agent got in with before has its own count. Any other counts with its network address and the
    name: whoever guesses from elsewhere uses up their own tries, and keeps nobody out.
    """
    site, known = request.app[SITE], _known(request, agent)
    who = f"device|{known}" if known else f"from|{_network(request, site.settings.web.proxies)}"
    return site.master.blind("tries", f"password|{handle}|{who}")


def line(request: web.Request, agent: UUID | None) -> str:
    """With whom a password waits to be looked at: a browser that got in before with its like, others by network."""
    return KNOWN if _known(request, agent) else f"from|{_network(request, request.app[SITE].settings.web.proxies)}"


def _known(request: web.Request, agent: UUID | None) -> str | None:
    return cookies.known_device(request.app[SITE].master, agent, request[VISITOR].device) if agent else None


def code_tries(request: web.Request, agent: UUID) -> bytes:
    """Whose tries a code counts among: one count for all unknown browsers, since they know the password already."""
    site = request.app[SITE]
    known = cookies.known_device(site.master, agent, request[VISITOR].device)
    return site.master.blind("tries", f"code|{agent}|{known or ''}")


async def proofs(request: web.Request) -> Proofs | None:
    """What the holder of this request's session can be asked for; None when the session has just ended."""
    site, visitor = request.app[SITE], request[VISITOR]
    if visitor.session is None:
        return None
    async with site.database.nobody() as connection:
        return await sign_in.proofs(connection, site.master, visitor.session, session_hash(visitor.session_cookie))


async def take_try(site: Site, key: bytes) -> None:
    """Count one try before anything is looked at, so that tries at the same moment are all counted. Raises Wait."""
    at = site.machine_clock()
    async with site.database.nobody() as connection:
        until = await sign_in.try_(connection, key, at, free=FREE_TRIES)
    if until:
        raise Wait(max(1, math.ceil((until - at).total_seconds())))


async def right(site: Site, key: bytes) -> None:
    """The try was right: those before it count no more."""
    async with site.database.nobody() as connection:
        await sign_in.forget_tries(connection, key)


def _network(request: web.Request, proxies: int) -> str:
    """Where a request comes from, as one house has it: an IPv4 address, or the first half of an IPv6 one."""
    seen = [part.strip() for line in request.headers.getall("X-Forwarded-For", ()) for part in line.split(",")]
    address = seen[-proxies] if 0 < proxies <= len(seen) else request.remote or ""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
