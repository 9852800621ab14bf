"""JSON to an address of the store's own, signed as Standard Webhooks describes (version 1.0.0).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import aiohttp
import orjson
from pydantic import AfterValidator, Field

from cases import http
from cases.contract import Content, Store
from model.cases import Code, Parcel, Refused, Result, Stored, Told, Unknown, as_json, moment
from runtime import config_words as words
from runtime.config_form import OneOrMore, StoreForm
from runtime.ids import now

_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key in a secret: 24 to 64 bytes, in base64 after `whsec_`. Raises ValueError."""
    if not secret.startswith(_PREFIX):
        raise ValueError(secret)
    key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError(secret)
    return key


def _secret(value: str) -> str:
    try:
        key_of(value)
    except (ValueError, binascii.Error):
        raise words.wrong(
            "is no signing secret", "write whsec_ and 24 to 64 random bytes in base64, by way of ${ENV_NAME}"
        ) from None
    return value


class WebhookForm(StoreForm):
    """A section of `cases.stores` of kind `webhook`."""

    url: Annotated[str, AfterValidator(words.endpoint)] = Field(repr=False)  #: may hold a token
    secret: Annotated[list[Annotated[str, AfterValidator(_secret)]], OneOrMore] = Field(repr=False)
    #: several while they are being changed: each request carries a signature of every one


def render(told: Told, settings: WebhookForm) -> Content:
    """The JSON as it is."""
    return as_json(told)


@dataclass(frozen=True, slots=True)
class Hook:
    """An open client and where it goes."""

    session: aiohttp.ClientSession
    settings: WebhookForm


@asynccontextmanager
async def connect(settings: WebhookForm, database: object) -> AsyncIterator[Hook]:
    """Connections are made when they are needed."""
    async with http.session(settings.timeout_seconds) as session:
        yield Hook(session, settings)


async def put(client: Hook, parcel: Parcel) -> Result:
    """Post one snapshot. Any 2xx means that the store has it."""
    kind = "case.withdrawn" if parcel.withdrawn else "case.changed"
    body = orjson.dumps({"type": kind, "timestamp": moment(parcel.changed_at), "data": parcel.content})
    headers = signed(client.settings, f"case_{parcel.id.hex}_{parcel.version}", now(), body)
    answer = await http.ask(client.session, "POST", client.settings.url, data=body, headers=headers)
    if isinstance(answer, Refused | Unknown):
        return answer
    return Stored() if answer.good else http.refusal(answer)


def signed(settings: WebhookForm, id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one attempt. The id stays the same when a version is sent again, the timestamp does not."""
    stamp = str(int(at.timestamp()))
    content = f"{id_}.{stamp}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(key_of(secret), content, hashlib.sha256)).decode()
        for secret in settings.secret
    ]
    return {
        "Content-Type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures),
    }


async def look(client: Hook) -> Code | None:
    """Whether anybody answers at all: a webhook cannot be tried without telling it something."""
    answer = await http.ask(client.session, "HEAD", client.settings.url)
    if isinstance(answer, Unknown):
        return "unsure"
    if isinstance(answer, Refused):
        return answer.code
    return "broken" if answer.status >= 500 else None


STORE = Store(kind="webhook", settings=WebhookForm, render=render, connect=connect, put=put, look=look)
