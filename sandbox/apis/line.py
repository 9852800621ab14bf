"""LINE's Messaging API: developers.line.biz/en/reference/messaging-api."""

import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sandbox import refusals
from sandbox.accounts import Account
from sandbox.apis.answering import WORLD, Answer, Fate, inside, json_of, perform, secret_of
from sandbox.faults import Call
from sandbox.memory import Accepted
from sandbox.phones import Choice, Item, Media
from sandbox.refusals import Denied
from sandbox.world import World

KEY = "X-Line-Retry-Key"
_MOST, _MOST_TO, _LONGEST, _MOST_CHOICES = 5, 500, 5000, 13
_KINDS = {"textV2": "text"}  #: LINE's types that we call otherwise


def routes() -> list[web.RouteDef]:
    """What is said; `line_account` has what is asked."""
    return [
        web.post("/v2/bot/message/push", _push),
        web.post("/v2/bot/message/multicast", _push),
        web.post("/v2/bot/message/reply", _reply),
        web.post("/v2/bot/message/validate/{how}", _validate),
    ]


def caller(request: web.Request) -> Account | None:
    """The account behind the access token; None where the stand-in knows no accounts at all. Raises Denied."""
    world = request.app[WORLD]
    if not world.accounts:
        return None
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    for account in world.accounts:
        if account.channel == "line" and secret_of(account, "channel_access_token", token):
            return account
    raise Denied(refusals.refusal("line", "invalid_token"))


async def _push(request: web.Request) -> Answer:
    """To one person or, as multicast, to many."""
    account, content = caller(request), await json_of(request)
    to = content.get("to")
    people = [to] if isinstance(to, str) and to else to if isinstance(to, list) else []
    many = request.path.endswith("multicast")
    first = str(people[0]) if people else ""
    call = Call(provider="line", account=account.id if account else "", person=first)

    def take(fate: Fate) -> web.Response:
        if not people or len(people) > (_MOST_TO if many else 1) or not all(isinstance(to, str) for to in people):
            raise Denied(refusals.refusal("line", "bad_address"))
        return _pushed(request, account, people, content.get("messages"), fate)

    return await perform(request, call, take)


def _pushed(
    request: web.Request, account: Account | None, people: Sequence[str], messages: Any, fate: Fate
) -> web.Response:
    world, key, own = request.app[WORLD], _retry_key(request), account.id if account else ""
    if key and (before := world.memory.accepted(own, key, world.now())):
        again = refusals.line(409, "The retry key is already accepted", sentMessages=before.messages).body
        headers = {"X-Line-Request-Id": str(uuid.uuid4()), "X-Line-Accepted-Request-Id": before.request_id}
        return web.json_response(again, status=409, headers=headers)
    said = _checked(messages)
    limit, used = world.line_quota(own)
    if limit is not None and used + len(people) > limit:
        raise Denied(refusals.refusal("line", "quota"))
    world.quotas[own] = (limit, used + len(people))
    ids, request_id = _delivered(world, own, people, said, key, fate), str(uuid.uuid4())
    if key:
        world.memory.accept(own, key, Accepted(at=world.now(), request_id=request_id, messages=ids))
    return _sent({} if request.path.endswith("multicast") else {"sentMessages": ids}, request_id)


async def _reply(request: web.Request) -> Answer:
    """Free of charge, once for each event, and only while its token is fresh."""
    account, content = caller(request), await json_of(request)
    own, token = account.id if account else "", str(content.get("replyToken", ""))
    world = request.app[WORLD]
    call = Call(provider="line", account=own, person=world.memory.owner(token))

    def take(fate: Fate) -> web.Response:
        if KEY in request.headers:
            raise Denied(refusals.line(400, "The retry key is not supported by this API"))
        said = _checked(content.get("messages"))
        person = world.memory.use(token, own, world.now())
        if person is None:
            raise Denied(refusals.refusal("line", "invalid_reply_token"))
        return _sent({"sentMessages": _delivered(world, own, [person], said, "", fate)}, str(uuid.uuid4()))

    return await perform(request, call, take)


async def _validate(request: web.Request) -> Answer:
    caller(request)
    content = await json_of(request)

    def take(fate: Fate) -> web.Response:
        _checked(content.get("messages"))
        return web.json_response({})

    return await perform(request, Call(provider="line", on="look"), take)


def _retry_key(request: web.Request) -> str:
    key = request.headers.get(KEY, "")
    try:
        return str(uuid.UUID(key)) if key else ""
    except ValueError:
        raise Denied(refusals.line(400, f"The value of {KEY} is not a UUID")) from None


def _checked(messages: Any) -> Sequence[dict[str, Any]]:
    """The messages of a request, if LINE would take them. Raises Denied."""
    if not isinstance(messages, list) or not 1 <= len(messages) <= _MOST:
        raise Denied(refusals.line(400, "The request body has 1 error(s)", "messages"))
    for number, message in enumerate(messages):
        if wrong := _wrong(message):
            raise Denied(refusals.line(400, "The request body has 1 error(s)", f"messages[{number}].{wrong}"))
    return messages


def _wrong(message: Any) -> str:
    """The first property of a message that LINE would refuse."""
    if not isinstance(message, dict) or not message.get("type"):
        return "type"
    text = message.get("text", "")
    if message["type"] == "text" and (not text or len(str(text).encode("utf-16-le", "surrogatepass")) // 2 > _LONGEST):
        return "text"
    needed = {"image": ("originalContentUrl", "previewImageUrl"), "audio": ("originalContentUrl", "duration"),
              "video": ("originalContentUrl", "previewImageUrl")}.get(message["type"], ())  # fmt: skip
    if missing := next((name for name in needed if not message.get(name)), None):
        return missing
    return "quickReply.items" if len(_choices(message)) > _MOST_CHOICES else ""


def _delivered(
    world: World, account: str, people: Sequence[str], messages: Sequence[dict[str, Any]], key: str, fate: Fate
) -> list[dict[str, str]]:
    """Put the messages on phones, and give what LINE answers for them. Who blocked the account gets nothing."""
    ids = [str(10**17 + secrets.randbelow(9 * 10**17)) for _ in messages]
    for person in people:
        if fate.reaches and not world.memory.has_left(account, "line", person):
            for ident, message in zip(ids, messages, strict=True):
                world.phones.keep(_item(world, account, person, ident, message, key))
    return [{"id": ident, "quoteToken": secrets.token_urlsafe(8)} for ident in ids]


def _item(world: World, account: str, person: str, ident: str, message: dict[str, Any], key: str) -> Item:
    kind, url = str(message["type"]), str(message.get("originalContentUrl", ""))
    return Item(
        channel="line",
        person=person,
        account=account,
        id=ident,
        kind=_KINDS.get(kind, kind),
        text=str(message.get("text", message.get("altText", ""))),
        media=(Media(kind=kind, url=url),) if url else (),
        choices=tuple(_choices(message)),
        mark=key,
        at=world.now().isoformat(),
        provider="line",
        content=message,
    )


def _choices(message: dict[str, Any]) -> list[Choice]:
    """Quick replies, and the buttons of a template."""
    items = inside(message, "quickReply").get("items", [])
    actions = [inside(item, "action") for item in items if isinstance(item, dict)]
    actions += [action for action in inside(message, "template").get("actions", []) if isinstance(action, dict)]
    return [_choice(action) for action in actions]


def _choice(action: Any) -> Choice:
    label = str(action.get("label", ""))
    match action.get("type"):
        case "postback":
            return Choice(label=label, value=str(action.get("data", "")))
        case "uri":
            return Choice(label=label, value=str(action.get("uri", "")), how="link")
    return Choice(label=label, value=str(action.get("text", "")), how="text")


def _sent(body: dict[str, Any], request_id: str) -> web.Response:
    return web.json_response(body, headers={"X-Line-Request-Id": request_id})
