"""One's own account: how the screen looks, password, second factor, and where one is signed in."""

from typing import Any

from aiohttp import web

from model.agents import DENSITIES, THEMES, Agent
from storage import agents, sessions
from translations import screens
from web import entering
from web.authenticator import new_recovery_codes, password_wrong
from web.login import gone, held
from web.passwords import problem
from web.routes import EVERYBODY, Route
from web.site import SITE, VISITOR, go, page


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /account`."""
    return await _account(request)


async def _account(request: web.Request, *, status: int = 200, **values: object) -> web.Response:
    site, session = request.app[SITE], held(request)
    async with site.database.desk(session.agent.organisation) as connection:
        open_ = await sessions.of(connection, session.agent.id, seen_after=site.machine_clock() - site.idle)
        has_app = await agents.has_second_factor(connection, session.agent.id)
        left = await agents.recovery_codes_left(connection, session.agent.id)
    shown: dict[str, object] = {"wrong": "", "wait": 0, "about": ""} | values
    organisation = site.organisations[session.agent.organisation]
    return page(
        request,
        "account.html",
        status=status,
        sessions=open_,
        this=session.id,
        has_app=has_app,
        codes_left=left,
        organisation=organisation.name,
        done=request.query.get("done") == "password",
        **shown,
    )


async def prefer(request: web.Request) -> web.StreamResponse:
    """`POST /account/preferences`: only what was sent changes; a value nobody offered changes nothing."""
    site, agent = request.app[SITE], request[VISITOR].agent
    async with site.database.desk(agent.organisation) as connection:
        await agents.set_preferences(connection, agent.id, **_preferences(await request.post(), agent))
    if "HX-Request" in request.headers:
        return web.Response(status=204)
    return go("/account")


def _preferences(given: Any, agent: Agent) -> dict[str, Any]:
    # a checkbox that is off sends nothing: a hidden field of the same name stands before it, and the last one counts
    sent = {name: str(given.getall(name)[-1]) for name in given}
    offered = {"screen_language": tuple(screens.LANGUAGES), "theme": THEMES, "density": DENSITIES}
    chosen: dict[str, Any] = {
        name: sent[name] if sent.get(name) in values else getattr(agent, name) for name, values in offered.items()
    }
    keys = {"on": True, "off": False}.get(sent.get("single_keys", ""), agent.single_keys)
    return chosen | {"single_keys": keys}


async def change_password(request: web.Request) -> web.StreamResponse:
    """`POST /account/password`: every other session ends, and this one gets a new cookie."""
    site, session, given = request.app[SITE], held(request), await request.post()
    old, new = str(given.get("old", "")), str(given.get("new", ""))
    if wrong := problem(new, session.agent.handle):
        return await _account(request, status=422, about="password", wrong=wrong)
    if refusal := await password_wrong(request, old):
        return await _account(request, about="password", **refusal)
    hashed = await site.passwords.hashed(new)
    async with site.database.desk(session.agent.organisation) as connection:
        await agents.set_password(connection, session.agent.id, password=hashed, at=site.machine_clock())
        await sessions.end_all(connection, session.agent.id)
        await entering.note(connection, session.agent, "agent.password_changed")
        cookie = await entering.begin(request, connection, session.agent, "full", how="password_changed")
    answer = go("/account?done=password")
    entering.hand_over(request, answer, cookie, session.agent, "full")
    return answer


async def change_recovery_codes(request: web.Request) -> web.StreamResponse:
    """`POST /account/recovery-codes`: new ones, shown this once."""
    site, session, given = request.app[SITE], held(request), await request.post()
    if refusal := await password_wrong(request, str(given.get("password", ""))):
        return await _account(request, about="recovery", **refusal)
    async with site.database.desk(session.agent.organisation) as connection:
        codes = await new_recovery_codes(site, connection, session)
        await entering.note(connection, session.agent, "agent.recovery_codes_changed")
    return page(request, "recovery_codes.html", codes=codes, next="/account")


async def leave_everywhere(request: web.Request) -> web.StreamResponse:
    """`POST /account/sign-out-everywhere`: this browser too."""
    session = held(request)
    async with request.app[SITE].database.desk(session.agent.organisation) as connection:
        ended = await sessions.end_all(connection, session.agent.id)
        await entering.note(connection, session.agent, "sessions.ended", count=str(ended))
    return gone(request, "everywhere")


ROUTES = (
    Route("GET", "/account", show, EVERYBODY),
    Route("POST", "/account/preferences", prefer, EVERYBODY),
    Route("POST", "/account/password", change_password, EVERYBODY),
    Route("POST", "/account/recovery-codes", change_recovery_codes, EVERYBODY),
    Route("POST", "/account/sign-out-everywhere", leave_everywhere, EVERYBODY),
)
