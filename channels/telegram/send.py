"""Speaking to Telegram, through python-telegram-bot."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from channels.contract import Fetch, NoFile, Part
from channels.telegram.receive import message_ref
from channels.telegram.refusals import AWAY, refusal
from channels.telegram.render import STOP_SPINNING
from channels.telegram.settings import Settings
from model.deliveries import Refused, Result, Sent, Unknown

TIMEOUT = 10.0  #: seconds for a request, longer only while a file moves; half of them for the connection

_API = "https://api.telegram.org"


@dataclass(frozen=True, slots=True)
class Client:
    """An open line."""

    bot: Any = field(repr=False)  #: the SDK's; shows the token
    api: str  #: where the API is


@dataclass(frozen=True, slots=True)
class Failed:
    """No good answer: what there was instead."""

    status: int = 0  #: 0: none at all
    words: str = ""  #: Telegram's description of the error
    retry_after: int | None = None  #: seconds
    why: str = ""  #: a class of error
    written: bool = True  #: whether Telegram may have read the request

    @property
    def result(self) -> Refused | Unknown:
        """What became of a message."""
        if not self.written:
            return Refused(meaning=AWAY, code=self.why)
        return refusal(self.status, self.words, self.retry_after) if self.status else Unknown(why=self.why)


@asynccontextmanager
async def connect(settings: Settings, api_base: str | None) -> AsyncIterator[Client]:
    """A line to Telegram. Nothing is asked yet: it may be away."""
    wire = await asyncio.to_thread(importlib.import_module, "channels.telegram.wire")
    api = api_base or _API
    bot, request = wire.bot(settings.bot_token, api, TIMEOUT)
    async with request:
        yield Client(bot, api)


async def ask(call: Callable[..., Awaitable[Any]], **named: Any) -> Any | Failed:
    """What Telegram answers to one call of the SDK; raises nothing."""
    from telegram.error import TelegramError

    from channels.telegram.wire import NOT_WRITTEN, Declined

    try:
        return await call(**named)
    except Declined as error:
        return Failed(error.status, error.words, error.retry_after, why=str(error.status))
    except TelegramError as error:
        cause = error.__cause__ or error
        return Failed(why=type(cause).__name__, written=not isinstance(cause, NOT_WRITTEN))
    except Exception as error:  # noqa: BLE001 - the SDK could not read what it was answered
        return Failed(why=type(error).__name__)


async def send(client: Client, part: Part) -> Result:
    """One message. Telegram knows no idempotency key: one that may have arrived is not sent again."""
    content = dict(part.content)
    if part.data is not None:
        content[part.call.removeprefix("send").lower()] = part.data  # sendPhoto takes a `photo`
    answer = await ask(getattr(client.bot, part.call), **content)
    if part.call == STOP_SPINNING:  # the message is out; a button that goes on turning is no reason to doubt it
        return Sent(units=part.units)
    if isinstance(answer, Failed):
        return answer.result
    if not hasattr(answer, "message_id"):
        return Unknown(why="no message")
    return Sent(ids=(message_ref(answer.chat.id, answer.message_id),), units=part.units)


async def locate(client: Client, ref: str, settings: Settings) -> Fetch | NoFile:
    """A file, for an hour; its address holds the token. Telegram gives bots no file of more than 20 MB."""
    file = await ask(client.bot.get_file, file_id=ref)
    if isinstance(file, Failed):
        return _no_file(file)
    files = f"{client.api}/file/bot{settings.bot_token}/"
    if not (file.file_path or "").startswith(files):
        return NoFile("gone", "no path")
    return Fetch(url=file.file_path, hosts=(urlsplit(client.api).hostname or "",))


def _no_file(failed: Failed) -> NoFile:
    words = failed.words.lower()
    if failed.status != 400 or "temporarily unavailable" in words:
        return NoFile("later", failed.why)
    return NoFile("gone", "too large" if "too big" in words else failed.why)
