"""Speaking to LINE, through its SDK."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from channels.contract import Fetch, NoFile, Part, Quota
from channels.line.refusals import AWAY, refusal
from channels.line.settings import Settings
from channels.reading import ident, items, mapping, read_object
from model.deliveries import Meaning, Refused, Result, Sent, Unknown

TIMEOUT = 10.0  #: seconds for a request; half of them for the connection

_CONTENT = "https://api-data.line.me"
_GONE = NoFile("gone", "not an https address")


@dataclass(frozen=True, slots=True)
class Client:
    """An open line: the SDK's two halves."""

    api: Any
    blob: Any
    content: str  #: the host that has what people sent


@dataclass(frozen=True, slots=True)
class Failed:
    """No good answer: what there was instead."""

    status: int = 0  #: 0: none at all
    body: str = field(default="", repr=False)
    why: str = ""  #: a class of error
    written: bool = True  #: whether LINE may have read the request


@asynccontextmanager
async def connect(settings: Settings, api_base: str | None) -> AsyncIterator[Client]:
    """A line to LINE. The SDK takes more than a second to load: in a thread, so that others are served meanwhile."""
    sdk = await asyncio.to_thread(importlib.import_module, "linebot.v3.messaging")
    configuration = sdk.Configuration(host=api_base, access_token=settings.channel_access_token)
    async with sdk.AsyncApiClient(configuration) as opened:
        yield Client(sdk.AsyncMessagingApi(opened), sdk.AsyncMessagingApiBlob(opened), api_base or _CONTENT)


async def ask(call: Callable[..., Awaitable[Any]], *values: Any, **named: Any) -> Any | Failed:
    """What LINE answers to one call of the SDK; raises nothing."""
    from linebot.v3.messaging import ApiException

    timeout = aiohttp.ClientTimeout(total=TIMEOUT, connect=TIMEOUT / 2)
    try:
        answer = await call(*values, **named, _request_timeout=timeout)
    except ApiException as error:
        return Failed(status=error.status, body=error.body or "", why=str(error.status))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return Failed(why=type(error).__name__, written=False)
    except Exception as error:  # noqa: BLE001 - the line broke, or the SDK could not read what it was answered
        return Failed(why=type(error).__name__)
    return Failed(why="no content") if answer is None else answer


async def send(client: Client, part: Part) -> Result:
    """Push or reply. Repeating a push is harmless, so one that may have arrived may be tried again.

    Not so a reply; and one that LINE answered with an error of its own may have arrived, too
    (developers.line.biz/en/docs/messaging-api/retrying-api-request).
    """
    from linebot.v3.messaging import PushMessageRequest, ReplyMessageRequest

    push, content = part.call == "push", dict(part.content)
    try:
        request = (PushMessageRequest if push else ReplyMessageRequest).from_dict(content)
    except ValueError:
        return Refused(meaning=Meaning("content"), code="not_valid")
    if push:
        answer = await ask(client.api.push_message, request, x_line_retry_key=part.key)
    else:
        answer = await ask(client.api.reply_message, request)
    if not isinstance(answer, Failed):
        return Sent(ids=tuple(message.id for message in answer.sent_messages), units=part.units)
    return _outcome(part, answer)


def _outcome(part: Part, failed: Failed) -> Result:
    if failed.status == 409 and part.key:  # the same key was accepted before
        said = items(read_object(failed.body.encode()).get("sentMessages"))
        return Sent(ids=tuple(ident(mapping(message).get("id")) for message in said), units=part.units)
    if 0 < failed.status < 500:
        return refusal(failed.status, failed.body)
    if part.key or not failed.written:
        return Refused(meaning=AWAY, code=failed.why)
    return Unknown(why=failed.why)


async def quota(client: Client) -> Quota | None:
    """Pushes of this month, as LINE counts them: not to the minute."""
    limit, used = await ask(client.api.get_message_quota), await ask(client.api.get_message_quota_consumption)
    if isinstance(limit, Failed) or isinstance(used, Failed):
        return None
    return Quota(limit=limit.value if limit.type == "limited" else None, used=used.total_usage)


async def locate(client: Client, ref: str, settings: Settings) -> Fetch | NoFile:
    """A message's file, or the address at which an app inside LINE keeps it.

    LINE prepares long videos and voice notes for a while. It is asked about every file, because an id does not say
    what it is of; where it does not understand the question, the file itself answers it: 404 and 410 are `gone`.
    """
    if ":" in ref:
        address = urlsplit(ref)
        return Fetch(url=ref, hosts=(address.hostname,)) if address.scheme == "https" and address.hostname else _GONE
    answer = await ask(client.blob.get_message_content_transcoding_by_message_id, ref)
    if isinstance(answer, Failed):
        if answer.status in (0, 401, 403, 429) or answer.status >= 500:
            return NoFile("later", answer.why)
        if answer.status == 410:
            return NoFile("gone", answer.why)
    elif answer.status != "succeeded":
        return NoFile("later" if answer.status == "processing" else "gone", answer.status)
    return Fetch(
        url=f"{client.content}/v2/bot/message/{quote(ref, safe='')}/content",
        headers={"Authorization": f"Bearer {settings.channel_access_token}"},
        hosts=(urlsplit(client.content).hostname or "",),
    )
