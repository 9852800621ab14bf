"""Messenger's side of the Graph API: developers.facebook.com/docs/messenger-platform/reference/send-api."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from sandbox import refusals
from sandbox.accounts import Account
from sandbox.apis.answering import WORLD, Answer, Fate, inside, json_of, perform, secret_of
from sandbox.faults import Call
from sandbox.phones import Choice, Item, Media
from sandbox.refusals import Denied
from sandbox.world import World

VERSION = r"/{version:v\d+\.\d+}"
WINDOW, HUMAN_WINDOW = timedelta(hours=24), timedelta(days=7)  #: after the person's last words
_LONGEST, _MOST_CHOICES, _LONGEST_TITLE = 2000, 13, 20
_TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG")
_TAGS = ("HUMAN_AGENT",)  # the others were retired on 27 April 2026


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in the request itself."""

    name: str
    mime: str
    data: bytes


def routes() -> list[web.RouteDef]:
    """What is said; `facebook_page` has what is asked."""
    return [web.post(VERSION + "/{page}/messages", _send)]


def caller(request: web.Request, content: Mapping[str, Any], page: str = "me") -> Account | None:
    """The Page's account behind the access token; None where the stand-in knows no accounts at all.

    Raises Denied, also for an `appsecret_proof` that does not fit the token.
    """
    world = request.app[WORLD]
    if not world.accounts:
        return None
    header = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = header or request.query.get("access_token") or str(content.get("access_token", ""))
    known = [a for a in world.accounts if a.channel == "facebook" and secret_of(a, "page_access_token", token)]
    account = next((a for a in known if page in ("me", a.key("page_id"))), None)
    if account is None:
        raise Denied(refusals.refusal("facebook", "invalid_token" if not known else "permission"))
    proof = request.query.get("appsecret_proof") or str(content.get("appsecret_proof", ""))
    if proof and proof != hmac.new(account.key("app_secret").encode(), token.encode(), hashlib.sha256).hexdigest():
        raise Denied(refusals.facebook(100, "Invalid appsecret_proof provided in the API argument"))
    return account


async def _send(request: web.Request) -> Answer:
    content, upload = await _read(request)
    account = caller(request, content, request.match_info["page"])
    to = str(inside(content, "recipient").get("id", ""))
    call = Call(provider="facebook", account=account.id if account else "", person=to)
    return await perform(request, call, lambda fate: _take(request, account, to, content, upload, fate))


async def _read(request: web.Request) -> tuple[Mapping[str, Any], Upload | None]:
    """JSON, or a form whose fields are JSON, with or without a file."""
    if request.content_type == "application/json":
        return await json_of(request), None
    content: dict[str, Any] = {}
    upload = None
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            upload = Upload(value.filename, value.content_type, value.file.read())
        else:
            content[name] = _value(str(value))
    return content, upload


def _value(written: str) -> Any:
    try:
        return json.loads(written) if written[:1] in "{[" else written
    except ValueError:
        return written


def _take(
    request: web.Request,
    account: Account | None,
    to: str,
    content: Mapping[str, Any],
    upload: Upload | None,
    fate: Fate,
) -> web.Response:
    world = request.app[WORLD]
    if not to:
        raise Denied(refusals.refusal("facebook", "bad_address"))
    if "sender_action" in content:
        return web.json_response({"recipient_id": to})
    message = inside(content, "message")
    if wrong := _wrong(content, message, upload):
        raise Denied(refusals.facebook(100, f"(#100) {wrong}"))
    if _too_late(world, to, content):
        raise Denied(refusals.refusal("facebook", "window_closed"))
    mid = "m_" + secrets.token_hex(30)
    item = _item(world, account, to, mid, content, upload)
    if fate.reaches:
        item = world.phones.keep(item)
        if account:
            world.receipts.messenger(account, item)
    return web.json_response({"recipient_id": to, "message_id": mid})


def _wrong(content: Mapping[str, Any], message: Mapping[str, Any], upload: Upload | None) -> str:
    """What the Send API would refuse, in its way of saying so; empty when all is well."""
    text, attachment = message.get("text"), inside(message, "attachment")
    if content.get("messaging_type", "RESPONSE") not in _TYPES:
        return "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}"
    if (content.get("tag") or content.get("messaging_type") == "MESSAGE_TAG") and content.get("tag") not in _TAGS:
        return "Invalid parameter"
    if text and attachment:
        return "Param message cannot have both text and attachment"
    if not text and not attachment:
        return "Param message[text] must be a non-empty UTF-8 encoded string"
    if text and len(str(text)) > _LONGEST:
        return f"Length of param message[text] must be less than or equal to {_LONGEST}"
    if attachment and not upload and not _payload(attachment):
        return "Param message[attachment][payload] must have a url, an attachment_id or filedata"
    replies = _replies(message)
    if len(replies) > _MOST_CHOICES or any(len(str(reply.get("title", ""))) > _LONGEST_TITLE for reply in replies):
        return "Invalid keys were found in param message[quick_replies]"
    return "Length of param message[metadata] is too long" if len(str(message.get("metadata", ""))) > 1000 else ""


def _payload(attachment: Mapping[str, Any]) -> bool:
    payload = inside(attachment, "payload")
    return any(payload.get(key) for key in ("url", "attachment_id", "template_type"))


def _too_late(world: World, to: str, content: Mapping[str, Any]) -> bool:
    """Whether the person's last words are too old; somebody never heard here may be written to."""
    heard = world.memory.last_words("facebook", to)
    window = HUMAN_WINDOW if content.get("tag") == "HUMAN_AGENT" else WINDOW
    return heard is not None and world.now() - heard > window


def _item(
    world: World, account: Account | None, to: str, mid: str, content: Mapping[str, Any], upload: Upload | None
) -> Item:
    message = inside(content, "message")
    attachment, metadata = inside(message, "attachment"), message.get("metadata")
    payload = inside(attachment, "payload")
    return Item(
        channel="facebook",
        person=to,
        account=account.id if account else "",
        id=mid,
        kind=str(attachment.get("type", "text")),
        text=str(message.get("text") or payload.get("text") or ""),
        media=(_media(world, attachment, payload, upload),) if attachment.get("type") not in (None, "template") else (),
        choices=tuple(_choice(reply) for reply in [*_replies(message), *_buttons(payload)]),
        mark=str(metadata) if metadata else "",
        at=world.now().isoformat(),
        provider="facebook",
        content=content,
    )


def _media(world: World, attachment: Mapping[str, Any], payload: Mapping[str, Any], upload: Upload | None) -> Media:
    kind = str(attachment["type"])
    if upload:
        return world.files.keep(kind, upload.name, upload.mime, upload.data)
    return Media(kind=kind, url=str(payload.get("url", payload.get("attachment_id", ""))))


def _replies(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = message.get("quick_replies", ())
    return [reply for reply in found if isinstance(reply, dict)] if isinstance(found, list) else []


def _buttons(payload: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = payload.get("buttons", ())
    return [button for button in found if isinstance(button, dict)] if isinstance(found, list) else []


def _choice(reply: Mapping[str, Any]) -> Choice:
    if reply.get("type") == "web_url":
        return Choice(label=str(reply.get("title", "")), value=str(reply.get("url", "")), how="link")
    return Choice(label=str(reply.get("title", "")), value=str(reply.get("payload", "")))
