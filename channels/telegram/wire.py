"""Telegram's SDK, with two things changed. Imported where a line is opened: the SDK takes a while to load."""

from typing import Any

import httpx
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from channels.reading import mapping, one_line, read_object, whole

#: Nothing was written: Telegram cannot have read the request.
NOT_WRITTEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
)


class Declined(TelegramError):
    """Telegram answered with an error. The SDK's own errors do not tell all that it said."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(str(status))
        said = read_object(body)
        self.status = status
        self.words = one_line(said.get("description"))  #: empty where the answer is not one of Telegram's
        self.retry_after = whole(mapping(said.get("parameters")).get("retry_after"))  #: seconds


class _Request(HTTPXRequest):
    """As the SDK's, but every error is Declined, and no body is quoted in a log."""

    async def do_request(self, *given: Any, **named: Any) -> tuple[int, bytes]:
        status, body = await super().do_request(*given, **named)
        if not 200 <= status < 300:
            raise Declined(status, body)
        return status, body


def bot(token: str, api: str, seconds: float) -> tuple[Bot, HTTPXRequest]:
    """A bot, and what it speaks through, which is to be closed. Nothing is asked of Telegram yet."""
    request = _Request(
        read_timeout=seconds,
        write_timeout=seconds,
        media_write_timeout=seconds,
        connect_timeout=seconds / 2,
        pool_timeout=seconds / 2,
        httpx_kwargs={"trust_env": False},
    )
    at = (f"{api}/bot", f"{api}/file/bot")
    return Bot(token, *at, request=request, get_updates_request=request), request
