"""Setting up an account by invitation: the code of the link, then a password.

The code stands behind the `#` of the link, which no browser sends, so it is in no log and no Referer; a script puts it
into the form, and whoever has no script types it.
"""

import secrets
from base64 import b32encode
from hashlib import sha256

from aiohttp import web

from storage import agents, sign_in
from storage.sign_in import Invited
from web import entering
from web.guard import STAGES
from web.passwords import problem
from web.routes import PUBLIC, Route
from web.second_factor import plain
from web.site import SITE, go, page

PATH = "/invitation"
_BYTES = 16  # 128 bits


def new_code() -> str:
    """A code nobody can guess, in letters and digits that can be read out."""
    code = b32encode(secrets.token_bytes(_BYTES)).decode().rstrip("=").lower()
    return "-".join(code[at : at + 5] for at in range(0, len(code), 5))


def code_hash(typed: str) -> bytes:
    """What is kept of a code, however it was typed."""
    return sha256(plain(typed).encode()).digest()


async def form(request: web.Request) -> web.StreamResponse:
    """`GET /invitation`: asks for the code."""
    return page(request, "invitation.html", code="", wrong="")


async def accept(request: web.Request) -> web.StreamResponse:
    """`POST /invitation`: with a code alone it asks for a password; with both the account is set up."""
    site, given = request.app[SITE], await request.post()
    code, password = str(given.get("code", "")), given.get("password")
    async with site.database.nobody() as connection:
        found = await sign_in.invited(connection, site.master, code_hash(code), site.machine_clock())
    if found is None or (found.demo and not site.sandbox) or found.organisation not in site.organisations:
        return page(request, "invitation.html", status=422, code=code, wrong="invitation.unknown")
    if not isinstance(password, str):
        return _password_form(request, found, code)
    if wrong := problem(password, found.handle):
        return _password_form(request, found, code, wrong=wrong)
    answer = await _set_up(request, found, code, await site.passwords.hashed(password))
    return answer or page(request, "invitation.html", status=422, code=code, wrong="invitation.unknown")


async def _set_up(request: web.Request, found: Invited, code: str, password: str) -> web.StreamResponse | None:
    """The account, set up; None when somebody else was a moment faster."""
    site = request.app[SITE]
    stage = entering.next_stage(found.roles, demo=found.demo, has_second_factor=False)
    async with site.database.desk(found.organisation) as connection:
        if not await agents.use_invitation(connection, found.id, code_hash(code)):
            return None
        await agents.begin_afresh(connection, found.organisation, found.id, password=password, at=site.machine_clock())
        await entering.note(connection, found, "agent.set_up")
        cookie = await entering.begin(request, connection, found, stage, how="invitation")
    answer = go("/" if stage == "full" else STAGES[stage])
    entering.hand_over(request, answer, cookie, found, stage)
    return answer


def _password_form(request: web.Request, found: Invited, code: str, wrong: str = "") -> web.Response:
    organisation = request.app[SITE].organisations[found.organisation].name
    return page(
        request,
        "set_up.html",
        status=422 if wrong else 200,
        code=code,
        wrong=wrong,
        handle=found.handle,
        name=found.name,
        organisation=organisation,
    )


ROUTES = (Route("GET", PATH, form, PUBLIC), Route("POST", PATH, accept, PUBLIC))
