"""Asking another system over HTTP, and what its answer, or its silence, means for a case."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson
from multidict import CIMultiDictProxy

from model.cases import Code, Refused, Unknown
from runtime.ids import now

_LARGEST = 2 * 1024 * 1024  # bytes of an answer that are read
_LONGEST_HINT = timedelta(days=1)
#: What a status means, and whether the same may be taken later.
_MEANING: Mapping[int, tuple[Code, bool]] = {
    400: ("invalid", False),
    401: ("credentials", False),
    403: ("forbidden", False),
    404: ("gone", False),
    408: ("broken", True),
    409: ("conflict", True),
    410: ("gone", False),
    413: ("invalid", False),
    422: ("invalid", False),
    423: ("conflict", True),
    425: ("busy", True),
    429: ("busy", True),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: CIMultiDictProxy[str]

    @property
    def good(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    def json(self) -> Mapping[str, Any]:
        """The object in the body; empty where it holds something else."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


@asynccontextmanager
async def session(seconds: float) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that keeps no cookies and gives up after so many seconds."""
    limits = aiohttp.ClientTimeout(total=seconds, connect=min(seconds, 10.0))
    async with aiohttp.ClientSession(
        timeout=limits, cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "worker-voice"}
    ) as opened:
        yield opened


async def ask(client: aiohttp.ClientSession, method: str, url: str, **more: Any) -> Answer | Refused | Unknown:
    """One request. Redirects are not followed: what we send is for this address alone."""
    try:
        async with client.request(method, url, allow_redirects=False, **more) as response:
            return Answer(response.status, await _body(response), response.headers)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ssl.SSLError, aiohttp.InvalidURL) as error:
        return Refused(code="away", detail=type(error).__name__, retry=True)  # no connection: nothing was sent
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Unknown(why=type(error).__name__)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST:
            return b""  # whatever it is, it is no answer to us
    return bytes(body)


def refusal(answer: Answer, detail: str = "") -> Refused:
    """What an answer that is no success means."""
    code, retry = _meaning(answer.status)
    hint = _hint(answer) if retry else None
    return Refused(code=code, detail=detail or str(answer.status), retry=retry, after=hint)


def _meaning(status: int) -> tuple[Code, bool]:
    if status >= 500:
        return "broken", True
    if 300 <= status < 400:
        return "moved", False
    return _MEANING.get(status, ("refused", False))


def _hint(answer: Answer) -> timedelta | None:
    """Retry-After (RFC 9110, 10.2.3): seconds, or a date; at most a day."""
    written = answer.headers.get("Retry-After", "").strip()
    if written.isascii() and written.isdigit():
        return min(timedelta(seconds=min(int(written[:9]), 10**6)), _LONGEST_HINT)
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now(), timedelta()), _LONGEST_HINT)
