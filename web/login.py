"""Signing in and out: name and password, then the second factor where one is set up."""

from asyncio import gather
from urllib.parse import quote

from aiohttp import web

from model.agents import Session, read_handle
from storage import agents, sessions, sign_in
from storage.sign_in import Candidate
from web import cookies, entering, second_factor
from web.entering import Wait
from web.guard import STAGES
from web.routes import PUBLIC, SIGNING_IN, Route
from web.site import SITE, VISITOR, back, go, page

#: What the sign-in page is told by the page that leads to it.
_WHY = frozenset(("ended", "out", "everywhere", "password"))


async def form(request: web.Request) -> web.StreamResponse:
    """`GET /sign-in`."""
    session = request[VISITOR].session
    if session:
        return go(STAGES[session.stage] if session.stage != "full" else back(request.query.get("next")))
    why = request.query.get("why", "")
    return _form(request, next_=back(request.query.get("next")), why=why if why in _WHY else "")


async def enter(request: web.Request) -> web.StreamResponse:
    """`POST /sign-in`: a right password leads in, or to the second factor."""
    site, given = request.app[SITE], await request.post()
    typed, password = str(given.get("name", "")), str(given.get("password", ""))
    next_, handle = back(str(given.get("next", ""))), read_handle(typed)
    if handle is None:
        return _form(request, status=422, next_=next_, name=typed, wrong="sign_in.bad_name")
    async with site.database.nobody() as connection:
        found = await sign_in.candidate(connection, site.master, handle)
    if found and found.demo and not site.sandbox:
        found = None
    agent = found.id if found else None
    tries, line = entering.password_tries(request, agent, handle), entering.line(request, agent)
    site.passwords.need_room(line)  # before the try is counted: a flood must not fill the store either
    try:
        await entering.take_try(site, tries)
    except Wait as wait:
        return _form(request, status=429, next_=next_, name=typed, wrong="sign_in.wait", wait=wait.seconds)
    # written down beside the hashing, so that a name nobody has takes no less time than one somebody has
    hash_ = found.password if found else None
    fits, _ = await gather(site.passwords.fits(hash_, password, line=line), _tried(request, found))
    if not fits or found is None:
        return _form(request, status=422, next_=next_, name=typed, wrong="sign_in.wrong")
    await entering.right(site, tries)
    return await _in(request, found, next_)


async def _in(request: web.Request, found: Candidate, next_: str) -> web.StreamResponse:
    stage = entering.next_stage(found.roles, demo=found.demo, has_second_factor=found.has_second_factor)
    async with request.app[SITE].database.desk(found.organisation) as connection:
        cookie = await entering.begin(request, connection, found, stage, how="password")
    step = STAGES.get(stage, "")
    answer = go(f"{step}?next={quote(next_)}" if step and next_ != "/" else step or next_)
    entering.hand_over(request, answer, cookie, found, stage)
    return answer


async def _tried(request: web.Request, found: Candidate | None) -> None:
    if found:
        async with request.app[SITE].database.desk(found.organisation) as connection:
            await entering.note(connection, found, "agent.sign_in_tried")


def _form(request: web.Request, *, next_: str, status: int = 200, **values: object) -> web.Response:
    shown: dict[str, object] = {"name": "", "wrong": "", "why": "", "wait": 0} | values
    return page(request, "sign_in.html", status=status, next=next_, **shown)


async def code_form(request: web.Request) -> web.StreamResponse:
    """`GET /sign-in/code`: six digits, or with `?recovery` a recovery code."""
    return _code_form(request)


async def code(request: web.Request) -> web.StreamResponse:
    """`POST /sign-in/code`: the second factor; a right one opens a new session."""
    site, session = request.app[SITE], held(request)
    if session.stage != "code":
        return go(STAGES[session.stage])
    given = await request.post()
    typed = str(given.get("code", ""))
    tries = entering.code_tries(request, session.agent.id)
    try:
        await entering.take_try(site, tries)
    except Wait as wait:
        return _code_form(request, status=429, wrong="code.wait", wait=wait.seconds)
    how = await _second_factor(request, session, typed)
    if how is None:
        return _code_form(request, status=422, wrong="code.wrong")
    await entering.right(site, tries)
    async with site.database.desk(session.agent.organisation) as connection:
        cookie = await entering.begin(request, connection, session.agent, "full", how=how)
    answer = go(back(str(given.get("next", ""))))
    entering.hand_over(request, answer, cookie, session.agent, "full")
    return answer


async def _second_factor(request: web.Request, session: Session, typed: str) -> str | None:
    """Which second factor this was, `totp` or `recovery_code`; None when it was none. Each counts once."""
    site, agent = request.app[SITE], session.agent
    proofs = await entering.proofs(request)
    step = second_factor.step_of(proofs.secret, typed, site.machine_clock()) if proofs and proofs.secret else None
    async with site.database.desk(agent.organisation) as connection:
        if step is not None and await agents.use_step(connection, agent.id, step):
            return "totp"
        if await agents.use_recovery_code(
            connection, agent.id, second_factor.recovery_hash(site.master, agent.id, typed)
        ):
            return "recovery_code"
        await entering.note(connection, agent, "agent.code_refused")
    return None


def _code_form(request: web.Request, *, status: int = 200, **values: object) -> web.Response:
    shown: dict[str, object] = {"wrong": "", "wait": 0} | values
    next_ = back(request.query.get("next"))
    return page(request, "code.html", status=status, recovery="recovery" in request.query, next=next_, **shown)


async def leave(request: web.Request) -> web.StreamResponse:
    """`POST /sign-out`: also half-way through signing in."""
    session = request[VISITOR].session
    if session:
        async with request.app[SITE].database.desk(session.agent.organisation) as connection:
            await sessions.end(connection, session.id)
            if session.stage == "full":
                await entering.note(connection, session.agent, "session.ended")
    return gone(request, "out")


def gone(request: web.Request, why: str) -> web.StreamResponse:
    """The way out: the session's cookie is taken back, and what the browser kept of our pages is thrown away."""
    answer = go(f"/sign-in?why={why}")
    cookies.drop_session(request, answer)
    # not "cookies": that would also forget the device, and cookies of other programs on the same domain
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def held(request: web.Request) -> Session:
    """The session of whoever is signed in or signing in."""
    session = request[VISITOR].session
    if session is None:
        raise RuntimeError("the guard lets nobody here without a session")
    return session


ROUTES = (
    Route("GET", "/sign-in", form, PUBLIC),
    Route("POST", "/sign-in", enter, PUBLIC),
    Route("GET", "/sign-in/code", code_form, SIGNING_IN),
    Route("POST", "/sign-in/code", code, SIGNING_IN),
    Route("POST", "/sign-out", leave, PUBLIC),
)
