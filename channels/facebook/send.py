"""Speaking to Meta's Graph API, which has no SDK for this.

Facts: developers.facebook.com/docs/messenger-platform/reference/send-api.
"""

import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from channels.contract import Fetch, NoFile, Part
from channels.facebook.refusals import AWAY, refusal
from channels.facebook.settings import Settings
from channels.reading import ident, read_object
from model.deliveries import Refused, Result, Sent, Unknown

TIMEOUT = 10.0  #: seconds for a request, half of them for the connection; an upload has one more for each megabyte

_GRAPH = "https://graph.facebook.com"
_MEDIA = (".fbcdn.net", ".fbsbx.com")


@dataclass(frozen=True, slots=True)
class Client:
    """An open line for one Page."""

    session: aiohttp.ClientSession
    settings: Settings
    base: str  #: with the version
    hosts: tuple[str, ...]  #: that have what people sent


@dataclass(frozen=True, slots=True)
class Answer:
    """What Meta answered, or why it did not."""

    status: int = 0  #: 0: nothing
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    why: str = ""  #: a class of error
    written: bool = True  #: whether Meta may have read the request


@asynccontextmanager
async def connect(settings: Settings, api_base: str | None) -> AsyncIterator[Client]:
    """A line to Meta, or to whoever stands in for it."""
    async with aiohttp.ClientSession(trust_env=True) as session:
        own = (urlsplit(api_base).hostname or "",) if api_base else ()
        yield Client(session, settings, f"{api_base or _GRAPH}/{settings.graph_version}", (*_MEDIA, *own))


async def ask(
    client: Client,
    method: str,
    path: str,
    *,
    token: str = "",
    query: Mapping[str, str] | None = None,
    patience: float = 0,
    **body: Any,
) -> Answer:
    """One request with `json`, `data` or nothing; raises nothing.

    The token, the Page's where none is given, stands in a header, not in the URL. `patience` are more seconds.
    """
    token = token or client.settings.page_access_token
    timeout = aiohttp.ClientTimeout(total=TIMEOUT + patience, connect=TIMEOUT / 2, sock_read=TIMEOUT)
    try:
        async with client.session.request(
            method,
            f"{client.base}/{path}",
            params={**(query or {}), "appsecret_proof": _proof(client.settings, token)},
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            allow_redirects=False,
            **body,
        ) as answer:
            return Answer(answer.status, read_object(await answer.read()), answer.headers, why=str(answer.status))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return Answer(why=type(error).__name__, written=False)
    except Exception as error:  # noqa: BLE001 - the line broke; what was written may have been taken
        return Answer(why=type(error).__name__)


def _proof(settings: Settings, token: str) -> str:
    """That we know the app's secret: a stolen token is of no use without it."""
    return hmac.digest(settings.app_secret[0].encode(), token.encode(), "sha256").hex()


async def send(client: Client, part: Part) -> Result:
    """Send one message. There is no key: what may have been taken is never repeated."""
    path = f"{client.settings.page_id}/{part.call}"
    if part.data is None:
        answer = await ask(client, "POST", path, json=dict(part.content))
    else:
        answer = await ask(client, "POST", path, data=_form(part.content, part.data), patience=len(part.data) / 1e6)
    message = ident(answer.body.get("message_id"))
    if answer.status == 200 and message:
        return Sent(ids=(message,), units=part.units)
    if not answer.written:
        return Refused(meaning=AWAY, code=answer.why)
    return refusal(answer.status, answer.body, answer.headers) or Unknown(why=answer.why)


def _form(content: Mapping[str, Any], data: bytes) -> aiohttp.FormData:
    """A message with its file: everything else is JSON in fields."""
    form = aiohttp.FormData(quote_fields=False)  # the file's name as browsers send it, in UTF-8
    for name, value in content.items():
        if name == "filedata":
            form.add_field(name, BytesIO(data), filename=value["name"], content_type=value["type"])
        else:
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    return form


async def locate(client: Client, ref: str, settings: Settings) -> Fetch | NoFile:
    """The address came with the message, is signed, and expires."""
    return Fetch(url=ref, hosts=client.hosts)
