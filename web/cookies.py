"""Two cookies. `session` proves who somebody is; `device` remembers that somebody got in with this browser before.

Both are HttpOnly, and `__Host-` wherever the browser came by https: no other host, no subdomain and no script can set
or read them. Only on this very machine (a loopback address) they go without, since there is no https.

SameSite=Strict: no other page can make a browser send them, so no other page can act, or even load anything, in an
agent's name. The price is that a link from a mail or a chat opens without them; the guard then answers with a page that
asks again from our own side (web/guard.py).
"""

import secrets
from hmac import compare_digest
from uuid import UUID

from aiohttp import web

from runtime.config_words import loopback
from runtime.keys import Master

_AGENTS = 12  # that share a computer, and are each known on it
_DEVICE_SECONDS = 400 * 24 * 3600  # as long as browsers keep any cookie


def encrypted(request: web.Request) -> bool:
    """Whether the browser came by https, as it must from anywhere but this machine."""
    return not loopback(request.url.host)


def new_value() -> str:
    """A value nobody can guess: 256 bits."""
    return secrets.token_urlsafe(32)


def read(request: web.Request, name: str) -> str:
    """The value of one of our cookies, empty when it is missing."""
    return request.cookies.get(_named(request, name), "")


def set_session(request: web.Request, response: web.StreamResponse, value: str) -> None:
    """Hand over a session; it lives no longer than the browser does."""
    _set(request, response, "session", value, None)


def set_device(request: web.Request, response: web.StreamResponse, value: str) -> None:
    """Let a browser be known again; it says nothing but that somebody used it."""
    _set(request, response, "device", value, _DEVICE_SECONDS)


def drop_session(request: web.Request, response: web.StreamResponse) -> None:
    """Take the session back."""
    _set(request, response, "session", "", 0)


def signed_device(master: Master, agent: UUID, value: str) -> str:
    """The device cookie of a browser with which this agent got in, beside those who did before."""
    nonce, *proofs = (value or new_value()).split(".")
    mine = _proof(master, agent, nonce)
    others = [proof for proof in proofs if proof != mine][1 - _AGENTS :]
    return ".".join([nonce, *others, mine])


def known_device(master: Master, agent: UUID, value: str) -> str | None:
    """What a browser is known by if this agent got in with it before; None otherwise."""
    nonce, *proofs = value.split(".")
    mine = _proof(master, agent, nonce).encode()
    return nonce if any(compare_digest(proof.encode(), mine) for proof in proofs) else None


def _proof(master: Master, agent: UUID, nonce: str) -> str:
    return master.blind("device", f"{agent}|{nonce}").hex()[:32]


def _named(request: web.Request, name: str) -> str:
    return f"__Host-{name}" if encrypted(request) else name


def _set(request: web.Request, response: web.StreamResponse, name: str, value: str, seconds: int | None) -> None:
    response.set_cookie(
        _named(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=encrypted(request),
        httponly=True,
        samesite="Strict",
    )
