"""Downloads that cannot be led astray: from the provider's own hosts, never into a private network, never for ever.

`https` alone, but for an `api_base` that config.yaml names. Every hop of a redirect is looked at like the first, what
proves us to the provider goes nowhere but to the first, and no cookie, proxy or compression is used.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver
from yarl import URL

from channels.contract import Fetch
from model.media import Why
from outbound.addresses import Closed, Guard, guarded, is_open

_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 5
_SECONDS = 10.0
_SLOWEST = 128 * 1024  # bytes a second that must come after that time
_PIECE = 1 << 16
_OURS = {"Accept-Encoding": "identity", "User-Agent": "worker-voice"}
_REFUSALS: Mapping[int, Why] = {202: "preparing", 204: "empty", 401: "credentials", 403: "not_there", 404: "not_there"}


When = Literal["later", "gone", "refused"]


class NotFetched(Exception):
    """It was not fetched now, or (`gone`, `refused`) never will be from there."""

    def __init__(self, why: Why, when: When = "later", *, code: str = "") -> None:
        super().__init__(why)
        self.why, self.when = why, when
        self.code = code  #: a status or a class of error, for the log


@dataclass(frozen=True, slots=True)
class Found:
    """A file whose bytes wait to be read."""

    _answer: ClientResponse
    _largest: int
    _seconds: float

    @property
    def size(self) -> int | None:
        """Bytes, as the provider says."""
        return self._answer.content_length

    async def read(self) -> bytes:
        """All of it; raises NotFetched."""
        clock = asyncio.get_running_loop().time
        started, data = clock(), bytearray()
        with _told():
            async for piece in self._answer.content.iter_chunked(_PIECE):
                data += piece
                if len(data) > self._largest:
                    raise NotFetched("too_large", "refused")
                if clock() - started > self._seconds + len(data) / _SLOWEST:
                    raise NotFetched("away", code="drips")
        if not data:
            raise NotFetched("empty")
        return bytes(data)


class Downloads:
    """How files are fetched.

    `largest`: bytes. `seconds`: to connect, to answer, and without another byte. The others are for tests, whose
    providers live on this machine.
    """

    def __init__(
        self,
        *,
        largest: int,
        seconds: float = _SECONDS,
        guard: Guard = is_open,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | Literal[True] = True,
    ) -> None:
        self._largest, self._seconds = largest, seconds
        self._guard, self._resolver, self._tls = guard, resolver, tls

    @asynccontextmanager
    async def found(self, fetch: Fetch, api_base: str | None = None) -> AsyncIterator[Found]:
        """Follow it to its end; raises NotFetched. `api_base`: the one place beside its hosts that it may come from."""
        url, own, headers = _url(fetch.url), _url(api_base) if api_base else None, fetch.headers
        for _ in range(_HOPS + 1):
            trusted = own is not None and url.origin() == own.origin()
            if not trusted and not _named(url, fetch.hosts):
                raise NotFetched("host", "refused")
            async with self._answer(url, headers, trusted=trusted) as answer:
                if answer.status not in _REDIRECTS:
                    yield Found(_checked(answer, self._largest), self._largest, self._seconds)
                    return
                to = _joined(url, answer.headers.get("Location", ""))
            url, headers = to, {}  # an address that is sent on to proves itself; our secret goes to the first alone
        raise NotFetched("host", "refused", code="redirects")

    @asynccontextmanager
    async def _answer(self, url: URL, headers: Mapping[str, str], *, trusted: bool) -> AsyncIterator[ClientResponse]:
        connector = TCPConnector(
            socket_factory=guarded((lambda _: True) if trusted else self._guard),
            resolver=self._resolver,
            ssl=self._tls,
            use_dns_cache=False,
            force_close=True,
        )
        most = self._seconds
        patience = ClientTimeout(total=None, connect=most, sock_connect=most, sock_read=most)
        async with ClientSession(
            connector=connector, timeout=patience, cookie_jar=DummyCookieJar(), trust_env=False, auto_decompress=False
        ) as session:
            with _told():
                async with asyncio.timeout(2 * most):
                    answer = await session.get(url, headers={**headers, **_OURS}, allow_redirects=False)
            async with answer:
                yield answer


@contextmanager
def _told() -> Iterator[None]:
    """The network's errors as ours. Their texts hold addresses, so only their kind is told."""
    try:
        yield
    except ClientConnectorError as error:
        if isinstance(error.os_error, Closed) or isinstance(error.__cause__, Closed):
            raise NotFetched("address") from None
        raise NotFetched("away", code=type(error).__name__) from None
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        raise NotFetched("away", code=type(error).__name__) from None


def _url(text: str) -> URL:
    """An address as it was given, since some are signed; raises NotFetched for what is none."""
    try:
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError
        url = URL(text, encoded=True)
        if not url.absolute or not url.host or url.user is not None or url.scheme not in ("http", "https"):
            raise ValueError
        url.origin()
    except ValueError:
        raise NotFetched("host", "refused", code="url") from None
    return url


def _joined(url: URL, location: str) -> URL:
    try:
        return _url(str(url.join(URL(location, encoded=True))) if location else "")
    except ValueError:
        raise NotFetched("host", "refused", code="location") from None


def _named(url: URL, hosts: tuple[str, ...]) -> bool:
    """Whether this is one of the provider's hosts: `api.twilio.com`, or `.fbcdn.net` for all below it."""
    host = (url.raw_host or "").lower().rstrip(".")
    return url.scheme == "https" and any(host.endswith(h) if h.startswith(".") else host == h for h in hosts)


def _checked(answer: ClientResponse, largest: int) -> ClientResponse:
    """An answer that carries a file; raises NotFetched for any other."""
    code = str(answer.status)
    if answer.status == 410:
        raise NotFetched("expired", "gone", code=code)
    if answer.status in _REFUSALS:
        raise NotFetched(_REFUSALS[answer.status], code=code)
    if answer.status != 200 or answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotFetched("away", code=code)
    if (answer.content_length or 0) > largest:
        raise NotFetched("too_large", "refused", code=code)
    return answer
