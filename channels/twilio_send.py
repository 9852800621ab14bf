"""Speaking to Twilio, about messages and about calls, through its SDK."""

import asyncio
import importlib
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp

from channels.contract import Fetch
from channels.reading import ident, whole
from channels.twilio_codes import AWAY, meaning_of
from model.deliveries import Refused, Unknown

TIMEOUT = 10.0  #: seconds for a request; half of them for the connection

_API = "https://api.twilio.com"
_MOST_AT_ONCE = 40  # connections; Twilio answers 429 from about fifty requests at once on
_LONGEST_WAIT = 86_400  # seconds
_FILES = (".twilio.com", ".twiliocdn.com", "s3-external-1.amazonaws.com")  # where its API sends on who asks for a file
_NO_ENVIRONMENT = {"TWILIO_EDGE": "", "TWILIO_REGION": ""}  # config.yaml says where the API is, not the environment


class Keys(Protocol):
    """What opens an account: settings of either channel."""

    @property
    def account_sid(self) -> str:
        """The account's id."""

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """Several while they rotate."""


@dataclass(frozen=True, slots=True)
class Client:
    """An open line."""

    rest: Any  #: the SDK's
    api: str  #: where the API is


@dataclass(frozen=True, slots=True)
class Failed:
    """No good answer: what there was instead."""

    status: int = 0  #: 0: none at all
    code: str = ""  #: Twilio's own; empty where it gave none
    why: str = ""  #: a class of error
    written: bool = True  #: whether Twilio may have read the request
    after: timedelta | None = None  #: when to come back, where it said so

    @property
    def result(self) -> Refused | Unknown:
        """What became of a message. An error of theirs without a code may be a proxy's: then nobody can tell."""
        if not self.written:
            return Refused(meaning=AWAY, code=self.why)
        if not self.status or (self.status >= 500 and not self.code):
            return Unknown(why=self.why)
        meaning = meaning_of(self.code, self.status)
        return Refused(meaning=replace(meaning, after=self.after or meaning.after), code=self.code or str(self.status))


@asynccontextmanager
async def connect(settings: Keys, api_base: str | None) -> AsyncIterator[Client]:
    """A line to Twilio."""
    sdk = await asyncio.to_thread(importlib.import_module, "twilio.rest")
    await asyncio.to_thread(importlib.import_module, "twilio.rest.api")  # the SDK would load it at the first message
    timeout = aiohttp.ClientTimeout(total=TIMEOUT, connect=TIMEOUT / 2)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=_MOST_AT_ONCE)) as session:
        http, (token, *_) = _Http(session, api_base), settings.auth_tokens
        rest = sdk.Client(settings.account_sid, token, http_client=http, environment=_NO_ENVIRONMENT)
        yield Client(rest, api_base or _API)


class _ComeBack(Exception):
    """Twilio asks to be asked again after some seconds. The SDK's own error does not tell when."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.after = timedelta(seconds=min(seconds, _LONGEST_WAIT))


@dataclass(frozen=True, slots=True)
class _Http:
    """What the SDK speaks HTTP through. Its own waits for ever for an answer, and cannot be pointed at another host."""

    session: aiohttp.ClientSession
    api_base: str | None
    is_async: bool = field(default=True, init=False)  #: asked by the SDK

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] = ("", ""),
        timeout: None = None,  # noqa: ASYNC109 - the SDK names it and leaves it empty; the session has one
        allow_redirects: bool = False,
    ) -> Any:
        """One request, as the SDK asks for it."""
        from twilio.http.response import Response

        given = {**(headers or {}), "Authorization": _basic(*auth)}
        async with self.session.request(
            method, self._rebased(url), params=params, data=data, headers=given, allow_redirects=allow_redirects
        ) as answer:
            if answer.status == 429 and (seconds := whole(answer.headers.get("Retry-After"))):
                raise _ComeBack(seconds)
            return Response(answer.status, await answer.text(errors="replace"), answer.headers)

    def _rebased(self, url: str) -> str:
        if not self.api_base:
            return url
        parts = urlsplit(url)
        return self.api_base + parts.path + (f"?{parts.query}" if parts.query else "")


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


async def ask(call: Callable[..., Awaitable[Any]], **named: Any) -> Any | Failed:
    """What Twilio answers to one call of the SDK; raises nothing."""
    from twilio.base.exceptions import TwilioRestException, TwilioServiceException

    try:
        return await call(**named)
    except (TwilioRestException, TwilioServiceException) as error:
        own = ident(error.code) if error.code != error.status else ""  # the SDK fills in the status for a missing code
        return Failed(status=whole(error.status) or 0, code=own, why=ident(error.status))
    except _ComeBack as error:
        return Failed(status=429, why="429", after=error.after)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return Failed(why=type(error).__name__, written=False)
    except Exception as error:  # noqa: BLE001 - the line broke, or the SDK could not read what it was answered
        return Failed(why=type(error).__name__)


def fetch(client: Client, settings: Keys, path: str) -> Fetch:
    """Where one of the account's files is. The address is made here, so that the token goes to Twilio's API alone."""
    return Fetch(
        url=f"{client.api}/2010-04-01/Accounts/{settings.account_sid}/{path}",
        headers={"Authorization": _basic(settings.account_sid, settings.auth_tokens[0])},
        hosts=(urlsplit(client.api).hostname or "", *_FILES),
    )


async def gone(delete: Callable[[], Awaitable[Any]]) -> bool:
    """Delete something at Twilio's; True when it is gone, also if it was before."""
    answer = await ask(delete)
    return answer.status == 404 if isinstance(answer, Failed) else answer is True
