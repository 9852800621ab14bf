"""Did this request come from one of our own pages? Two questions, and both must be answered well.

The browser says where a request comes from (Sec-Fetch-Site, or Origin in browsers that do not send it). And the page
sends back a token that only our page with this very cookie could have been given.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web

FIELD, HEADER = "csrf", "X-CSRF-Token"
SAFE = frozenset(("GET", "HEAD"))


def token(secret: str) -> str:
    """What a page sends back; made of the cookie, so that it ends with it."""
    return urlsafe_b64encode(hmac.digest(secret.encode(), b"worker-voice|csrf", "sha256")).decode().rstrip("=")


def from_here(request: web.Request) -> bool:
    """Whether the browser says that one of our own pages sent this."""
    told = request.headers.get("Sec-Fetch-Site")
    if told is not None:
        return told == "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.host


async def carries_token(request: web.Request, secrets: Sequence[str]) -> bool:
    """Whether the token in the header, or else in the form, was made of one of these cookies."""
    given = request.headers.get(HEADER)
    if given is None:
        field = (await request.post()).get(FIELD)
        given = field if isinstance(field, str) else ""
    # all are looked at, whichever fits
    return any([hmac.compare_digest(given.encode(), token(secret).encode()) for secret in secrets if secret])
