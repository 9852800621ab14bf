"""What LINE can be asked: content, profiles, the month's messages, the webhook, the account itself."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox import media, refusals
from sandbox.accounts import Account
from sandbox.apis.answering import WORLD, Answer, Fate, json_of, perform
from sandbox.apis.line import caller
from sandbox.faults import Call
from sandbox.providers import line as webhooks
from sandbox.refusals import Denied
from sandbox.webhook import hexes


def routes() -> list[web.RouteDef]:
    """Of both of LINE's hosts, which stand on one here."""
    return [
        web.get("/v2/bot/message/{id:\\d+}/content", _content),
        web.get("/v2/bot/message/{id:\\d+}/content/preview", _content),
        web.get("/v2/bot/message/{id:\\d+}/content/transcoding", _transcoding),
        web.get("/v2/bot/message/quota", _quota),
        web.get("/v2/bot/message/quota/consumption", _consumption),
        web.get("/v2/bot/profile/{user}", _profile),
        web.get("/v2/bot/channel/webhook/endpoint", _endpoint),
        web.put("/v2/bot/channel/webhook/endpoint", _set_endpoint),
        web.post("/v2/bot/channel/webhook/test", _test_endpoint),
        web.get("/v2/bot/info", _info),
        web.post("/v2/bot/chat/loading/start", _loading),
        web.post("/v2/bot/chat/markAsRead", _nothing),
    ]


async def _look(request: web.Request, body: Any, person: str = "", status: int = 200) -> Answer:
    account = caller(request)
    call = Call(provider="line", account=account.id if account else "", person=person, on="look")
    return await perform(request, call, lambda _: web.json_response(body, status=status))


async def _content(request: web.Request) -> Answer:
    account, file = caller(request), media.told_by(request.match_info["id"], "jpeg")
    call = Call(provider="line", account=account.id if account else "", on="media")
    return await perform(request, call, lambda _: media.response(file))


async def _transcoding(request: web.Request) -> Answer:
    """Whether a file that is being prepared is ready; while a fault says 202, it is not."""
    caller(request)
    faults = request.app[WORLD].faults.all()
    waits = any(fault.kind == "preparing" and fault.count != 0 for fault in faults)
    return await _look(request, {"status": "processing" if waits else "succeeded"})


async def _quota(request: web.Request) -> Answer:
    limit, _ = request.app[WORLD].line_quota(_own(request))
    return await _look(request, {"type": "none"} if limit is None else {"type": "limited", "value": limit})


async def _consumption(request: web.Request) -> Answer:
    return await _look(request, {"totalUsage": request.app[WORLD].line_quota(_own(request))[1]})


def _own(request: web.Request) -> str:
    account = caller(request)
    return account.id if account else ""


async def _profile(request: web.Request) -> Answer:
    """Only of people who are friends of the account."""
    user, world, own = request.match_info["user"], request.app[WORLD], _own(request)
    if world.memory.has_left(own, "line", user):
        raise Denied(refusals.refusal("line", "404"))
    person = world.person("line", user)
    language = {"language": person.app_language} if person.app_language else {}
    return await _look(request, {"userId": user, "displayName": person.name, **language}, user)


async def _endpoint(request: web.Request) -> Answer:
    account = caller(request)
    hook = account.hook_url if account else "https://hotline.example.org/hooks/line"
    return await _look(request, {"endpoint": hook, "active": True})


async def _set_endpoint(request: web.Request) -> Answer:
    """Taken, and not followed: webhooks go on to the gateway the sandbox was started with."""
    content = await json_of(request)

    def take(fate: Fate) -> web.Response:
        if not str(content.get("endpoint", "")).startswith("https://"):
            raise Denied(refusals.line(400, "Invalid webhook endpoint URL"))
        return web.json_response({})

    caller(request)
    return await perform(request, Call(provider="line", on="look"), take)


async def _test_endpoint(request: web.Request) -> Answer:
    """Really asks the gateway, with an empty list of events as the console's Verify button does."""
    account, world = caller(request), request.app[WORLD]
    status, detail = await _asked(request, account)
    answer: dict[str, Any] = {"success": status == 200, "timestamp": _iso(world.now()), "statusCode": status}
    return await _look(request, answer | {"reason": "OK" if status == 200 else "ERROR_STATUS_CODE", "detail": detail})


async def _asked(request: web.Request, account: Account | None) -> tuple[int, str]:
    world = request.app[WORLD]
    if account is None or world.courier is None:
        return 0, "the stand-in was started without accounts or without a gateway"
    result, _ = await world.courier.ask(webhooks.ping(account))
    return result.status or 0, str(result.status or "Connection failed")


async def _info(request: web.Request) -> Answer:
    account = caller(request)
    own = account.id if account else "line"
    user = account.key("bot_user_id", "U" + hexes(32, "line bot", own)) if account else "U" + hexes(32, "line bot")
    names = {"basicId": f"@{hexes(8, 'basic', own)}", "displayName": "Hotline"}
    return await _look(request, {"userId": user, **names, "chatMode": "bot", "markAsReadMode": "auto"})


async def _loading(request: web.Request) -> Answer:
    return await _look(request, {}, status=202)


async def _nothing(request: web.Request) -> Answer:
    return await _look(request, {})


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
