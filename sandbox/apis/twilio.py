"""Twilio's API as far as text messages go: twilio.com/docs/messaging/api."""

import base64
import re
import secrets
from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from sandbox import refusals
from sandbox.accounts import Account
from sandbox.apis.answering import WORLD, Answer, Fate, perform, secret_of
from sandbox.faults import Call
from sandbox.memory import put
from sandbox.phones import Item, Media
from sandbox.providers.twilio_sms import segments
from sandbox.refusals import Denied
from sandbox.world import World

ROOT = "/2010-04-01/Accounts/{account}"
_LONGEST = 1600
#: Twilio's own numbers for trying out its refusals: twilio.com/docs/iam/test-credentials
_MAGIC = {"+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610,
          "+15005550009": 21614}  # fmt: skip
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_NO_SUCH = refusals.refusal("twilio", "404")


def routes() -> list[web.RouteDef]:
    """Messages; `twilio_calls` has calls and files, `twilio_account` what is asked."""
    return [
        web.post(ROOT + "/Messages.json", _send),
        web.get(ROOT + "/Messages/{sid}.json", _resource),
    ]


def caller(request: web.Request) -> Sequence[Account]:
    """The accounts of config.yaml behind the credentials; none where the stand-in knows no accounts at all.

    Raises Denied for credentials that nobody has.
    """
    known = [a for a in request.app[WORLD].accounts if a.channel in ("voice", "sms")]
    if not request.app[WORLD].accounts:
        return []
    sid, token = _basic(request.headers.get("Authorization", ""))
    found = [a for a in known if secret_of(a, "account_sid", sid) and secret_of(a, "auth_token", token)]
    if not found or request.match_info.get("account", sid) != sid:
        raise Denied(refusals.refusal("twilio", "invalid_token"))
    return found


def _basic(header: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret


async def look(request: web.Request, body: Any) -> Answer:
    """A question that changes nothing, with its answer; None: there is no such thing."""
    if body is None:
        raise Denied(_NO_SUCH)
    return await perform(request, Call(provider="twilio", on="look"), lambda _: web.json_response(body))


async def _send(request: web.Request) -> Answer:
    accounts, posted = caller(request), await request.post()
    form = {name: str(value) for name, value in posted.items()}
    media = [str(url) for url in posted.getall("MediaUrl", [])]
    account = _sender(accounts, form)
    to = form.get("To", "")
    call = Call(provider="twilio", account=account.id if account else "", person=to)
    return await perform(request, call, lambda fate: _take(request, account, form, media, fate))


def _sender(accounts: Sequence[Account], form: dict[str, str]) -> Account | None:
    """The account that sends, text accounts first; None where none are known. Raises Denied for a foreign sender."""
    if not accounts:
        return None
    own = ("messaging_service_sid", form.get("MessagingServiceSid")), ("number", form.get("From"))
    texts_first = sorted(accounts, key=lambda account: account.channel != "sms")
    for name, value in own:
        if value and (found := next((a for a in texts_first if a.keys.get(name) == value), None)):
            return found
    code = 21701 if form.get("MessagingServiceSid") else 21606
    raise Denied(refusals.twilio(code, message="The sender is not one of this account's"))


def _take(
    request: web.Request, account: Account | None, form: dict[str, str], media: list[str], fate: Fate
) -> web.Response:
    world = request.app[WORLD]
    _check(world, account, form, media)
    sid = f"{'MM' if media else 'SM'}{secrets.token_hex(16)}"
    message = _message(request, form, media, sid)
    put(world.memory.resources, sid, message)
    if fate.reaches and not fate.code:
        _keep(world, account, form, media, sid)
    if account and form.get("StatusCallback"):
        world.receipts.twilio(account, message, form["StatusCallback"], fate.code)
    return web.json_response(message, status=201)


def _check(world: World, account: Account | None, form: dict[str, str], media: list[str]) -> None:
    """What Twilio finds before it takes a message. Raises Denied."""
    to, words = form.get("To", ""), form.get("Body", "")
    if to in _MAGIC or not to:
        raise Denied(refusals.twilio(_MAGIC.get(to, 21604)))
    if not _E164.fullmatch(to):
        raise Denied(refusals.refusal("twilio", "bad_address"))
    if not (words or media or form.get("ContentSid")):
        raise Denied(refusals.twilio(21619, message="A text message body or media urls must be specified."))
    if len(words) > _LONGEST:
        raise Denied(refusals.refusal("twilio", "content"))
    if account and world.memory.has_left(account.id, "sms", to):
        raise Denied(refusals.refusal("twilio", "opted_out"))


def _message(request: web.Request, form: dict[str, str], media: list[str], sid: str) -> dict[str, Any]:
    now, account = format_datetime(request.app[WORLD].now()), request.match_info["account"]
    return {
        "sid": sid, "account_sid": account, "messaging_service_sid": form.get("MessagingServiceSid"),
        "status": "queued", "to": form["To"], "from": form.get("From"), "body": form.get("Body", ""),
        "num_segments": str(segments(form.get("Body", ""))), "num_media": str(len(media)),
        "direction": "outbound-api", "date_created": now, "date_updated": now,
        "date_sent": None, "price": None, "price_unit": "USD", "error_code": None, "error_message": None,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json", "subresource_uris": {},
        "api_version": "2010-04-01",
    }  # fmt: skip


def _keep(world: World, account: Account | None, form: dict[str, str], media: list[str], sid: str) -> None:
    world.phones.keep(
        Item(
            channel="sms",
            person=form["To"],
            account=account.id if account else "",
            id=sid,
            kind="file" if media and not form.get("Body") else "text",
            text=form.get("Body", ""),
            media=tuple(Media(kind="file", url=url) for url in media),
            mark=form.get("StatusCallback", ""),
            at=world.now().isoformat(),
            provider="twilio",
            content={**form, **({"MediaUrl": media} if media else {})},
        )
    )


async def _resource(request: web.Request) -> Answer:
    caller(request)
    return await look(request, request.app[WORLD].memory.resources.get(request.match_info["sid"]))
