"""Setting up an authenticator app: while signing in where the role asks for it, later from one's own page."""

from typing import Any

from aiohttp import web

from model.agents import Session
from storage import agents, sessions
from storage.database import Connection
from web import entering, second_factor
from web.entering import Wait
from web.login import held
from web.routes import EVERYBODY, SIGNING_IN, Route
from web.site import SITE, Site, back, go, page


async def form(request: web.Request) -> web.StreamResponse:
    """The QR code of a new secret. Until a code of it was typed, whatever was set up before counts."""
    site, session = request.app[SITE], held(request)
    if session.stage == "code":  # whoever has a second factor does not set up another before having used it
        return go("/sign-in/code")
    secret = await _pending(request)
    if secret is None:
        secret = second_factor.new_secret()
        async with site.database.desk(session.agent.organisation) as connection:
            await sessions.keep_pending(connection, site.master, session, secret)
    return _form(request, secret)


async def confirm(request: web.Request) -> web.StreamResponse:
    """A first right code sets the authenticator up; recovery codes are shown, this once."""
    site, session = request.app[SITE], held(request)
    secret = await _pending(request)
    if session.stage == "code" or secret is None:
        return go(request.path)
    given = await request.post()
    if session.stage == "full" and (refusal := await password_wrong(request, str(given.get("password", "")))):
        return _form(request, secret, **refusal)
    step = second_factor.step_of(secret, str(given.get("code", "")), site.machine_clock())
    if step is None:
        return _form(request, secret, status=422, wrong="authenticator.wrong")
    async with site.database.desk(session.agent.organisation) as connection:
        await agents.set_second_factor(connection, site.master, session.agent.id, secret=secret, step=step)
        codes = await new_recovery_codes(site, connection, session)
        await entering.note(connection, session.agent, "agent.second_factor_set_up")
        # more may be done from now on: a new session, and none of before
        await sessions.end_all(connection, session.agent.id)
        cookie = await entering.begin(request, connection, session.agent, "full", how="authenticator")
    answer = page(request, "recovery_codes.html", codes=codes, next=back(str(given.get("next", ""))))
    entering.hand_over(request, answer, cookie, session.agent, "full")
    return answer


async def new_recovery_codes(site: Site, connection: Connection, session: Session) -> list[str]:
    """Ten new codes as they are shown; the old ones count no more."""
    codes = second_factor.new_recovery_codes()
    hashes = [second_factor.recovery_hash(site.master, session.agent.id, code) for code in codes]
    await agents.set_recovery_codes(connection, session.agent.organisation, session.agent.id, hashes)
    return [second_factor.spaced(code) for code in codes]


async def password_wrong(request: web.Request, password: str) -> dict[str, Any] | None:
    """Why what was typed does not prove that the agent themself sits there; None when it does.

    A session left open in an office is not enough to change what keeps others out.
    """
    site, session = request.app[SITE], held(request)
    tries = site.master.blind("tries", f"confirm|{session.agent.id}")
    try:
        await entering.take_try(site, tries)
    except Wait as wait:
        return {"status": 429, "wrong": "password.wait", "wait": wait.seconds}
    proofs = await entering.proofs(request)
    if not await site.passwords.fits(proofs.password if proofs else None, password):
        return {"status": 422, "wrong": "password.wrong"}
    await entering.right(site, tries)
    return None


async def _pending(request: web.Request) -> str | None:
    proofs = await entering.proofs(request)
    return proofs.pending if proofs else None


def _form(request: web.Request, secret: str, *, status: int = 200, **values: object) -> web.Response:
    agent, network = held(request).agent, request.app[SITE].settings.network.name
    shown: dict[str, object] = {"wrong": "", "wait": 0} | values
    return page(
        request,
        "authenticator.html",
        status=status,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        picture=second_factor.picture(second_factor.address(secret, agent.handle, network)),
        ask_password=held(request).stage == "full",
        next=back(request.query.get("next")),
        **shown,
    )


ROUTES = (
    Route("GET", "/sign-in/authenticator", form, SIGNING_IN),
    Route("POST", "/sign-in/authenticator", confirm, SIGNING_IN),
    Route("GET", "/account/authenticator", form, EVERYBODY),
    Route("POST", "/account/authenticator", confirm, EVERYBODY),
)
