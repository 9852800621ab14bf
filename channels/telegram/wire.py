"""Telegram's SDK, speaking through aiohttp as the others do: through its httpx a message costs four times the work.

Imported where a line is opened: the SDK takes a while to load.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import aiohttp
from telegram import Bot
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from channels.reading import mapping, one_line, read_object, whole

#: Nothing was written: Telegram cannot have read the request.
NOT_WRITTEN = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Declined(TelegramError):
    """Telegram answered with an error. The SDK's own errors do not tell all that it said."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(str(status))
        said = read_object(body)
        self.status = status
        self.words = one_line(said.get("description"))  #: empty where the answer is not one of Telegram's
        self.retry_after = whole(mapping(said.get("parameters")).get("retry_after"))  #: seconds


class _Request(BaseRequest):
    """How the SDK asks. Every error of Telegram's is Declined, and no body is quoted in a log."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds; the SDK adds them to the time of a long poll, which we never make."""
        return self._seconds

    async def initialize(self) -> None:
        """Called by the SDK, and by `async with`."""
        self._session = self._session or aiohttp.ClientSession()

    async def shutdown(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session:
            await session.close()

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_timeouts: Any, **_named: Any
    ) -> tuple[int, bytes]:
        """One request. Its time is ours, whatever the SDK would like."""
        if self._session is None:
            raise RuntimeError("closed")
        files: Mapping[str, Any] = request_data.multipart_data if request_data else {}
        given = request_data.json_parameters if request_data else {}
        try:
            async with self._session.request(
                method,
                url,
                data=_form(given, files) if files else given,
                timeout=self._timeout(files),
                allow_redirects=False,
            ) as answer:
                status, body = answer.status, await answer.read()
        except TimeoutError as error:
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from error
        if not 200 <= status < 300:
            raise Declined(status, body)
        return status, body

    def _timeout(self, files: Mapping[str, Any]) -> aiohttp.ClientTimeout:
        """One more second for each megabyte of a file."""
        more = sum(len(content) for _, content, _ in files.values()) / 1e6
        return aiohttp.ClientTimeout(total=self._seconds + more, connect=self._seconds / 2, sock_read=self._seconds)


def _form(given: Mapping[str, str], files: Mapping[str, Any]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)  # a file's name as browsers send it, in UTF-8
    for name, value in given.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in files.items():
        form.add_field(name, BytesIO(content), filename=filename, content_type=kind)
    return form


def bot(token: str, api: str, seconds: float) -> tuple[Bot, BaseRequest]:
    """A bot, and what it speaks through, which is to be opened and closed. Nothing is asked of Telegram yet."""
    request = _Request(seconds)
    at = (f"{api}/bot", f"{api}/file/bot")
    return Bot(token, *at, request=request, get_updates_request=request), request
