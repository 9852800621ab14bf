"""Stand-ins for the providers' APIs on one address: they take what we send, remember it, and hand out media.

Only success is imitated. No token is checked and nothing is logged; words are kept in memory until the process ends.
"""

import json
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from sandbox import media

MOST_KEPT = 10_000  #: sent messages remembered
_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message somebody sent through a stand-in API."""

    provider: str  #: twilio, line, facebook or telegram
    id: str  #: the id the sender was answered
    to: str
    text: str
    content: Any  #: the whole request, as the provider's API names things
    at: str  #: ISO 8601, UTC


SENT: web.AppKey[deque[Sent]] = web.AppKey("sent")
TAKEN: web.AppKey[dict[str, list[dict[str, str]]]] = web.AppKey("taken")  #: LINE's retry keys and their answers


def make_app() -> web.Application:
    """The whole stand-in; `GET /sandbox/sent` shows what was sent through it, oldest first."""
    app = web.Application(client_max_size=_LARGEST)
    app[SENT] = deque(maxlen=MOST_KEPT)
    app[TAKEN] = {}
    app.add_routes(
        [
            web.get("/health", _health),
            web.get("/sandbox/sent", _shown),
            web.delete("/sandbox/sent", _forget),
            web.post("/2010-04-01/Accounts/{account}/Messages.json", _twilio_message),
            web.get(r"/2010-04-01/Accounts/{account}/Recordings/{recording:RE\w+}{kind:(\.mp3)?}", _sound),
            web.delete("/2010-04-01/Accounts/{account}/Recordings/{recording}.json", _gone),
            web.get("/2010-04-01/Accounts/{account}/Messages/{message}/Media/{media}", _picture),
            web.delete("/2010-04-01/Accounts/{account}/Messages/{message}/Media/{media}.json", _gone),
            web.post("/v2/bot/message/{how:push|reply}", _line_message),
            web.get("/v2/bot/message/{message}/content", _picture),
            web.get("/v2/bot/profile/{user}", _line_profile),
            web.get("/media/{ident}/{name}", _graph_media),
            web.post(r"/{version:v\d+\.\d+}/{page}/messages", _graph_message),
            web.route("*", "/bot{token}/{method}", _telegram),
            web.get(r"/file/bot{token}/{path:.+}", _telegram_file),
        ]
    )
    return app


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def _shown(request: web.Request) -> web.Response:
    return web.json_response([asdict(sent) for sent in request.app[SENT]])


async def _forget(request: web.Request) -> web.Response:
    request.app[SENT].clear()
    return web.Response(status=204)


async def _gone(request: web.Request) -> web.Response:
    return web.Response(status=204)


async def _picture(request: web.Request) -> web.Response:
    return web.Response(body=media.jpeg(), content_type="image/jpeg")


async def _sound(request: web.Request) -> web.Response:
    return web.Response(body=media.mp3(), content_type="audio/mpeg")


async def _graph_media(request: web.Request) -> web.Response:
    return await (_sound if request.match_info["name"].endswith(".mp3") else _picture)(request)


async def _twilio_message(request: web.Request) -> web.Response:
    form = {key: str(value) for key, value in (await request.post()).items()}
    if not form.get("To") or not (form.get("Body") or form.get("MediaUrl") or form.get("ContentSid")):
        return _twilio_refusal(21211 if not form.get("To") else 21619)
    sid = f"{'MM' if 'MediaUrl' in form else 'SM'}{secrets.token_hex(16)}"
    _keep(request, "twilio", sid, form["To"], form.get("Body", ""), form)
    now, account = format_datetime(datetime.now(UTC)), request.match_info["account"]
    answer: dict[str, Any] = {
        "sid": sid, "account_sid": account, "messaging_service_sid": form.get("MessagingServiceSid"),
        "status": "queued", "to": form["To"], "from": form.get("From"), "body": form.get("Body", ""),
        "num_segments": "1", "num_media": "0", "direction": "outbound-api", "date_created": now, "date_updated": now,
        "date_sent": None, "price": None, "price_unit": "USD", "error_code": None, "error_message": None,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json", "subresource_uris": {},
        "api_version": "2010-04-01",
    }  # fmt: skip
    return web.json_response(answer, status=201)


def _twilio_refusal(code: int) -> web.Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return web.json_response({"code": code, "message": "not valid", "more_info": more, "status": 400}, status=400)


async def _line_message(request: web.Request) -> web.Response:
    content, key = await _json(request), request.headers.get("X-Line-Retry-Key", "")
    if key and key in request.app[TAKEN]:
        again = {"message": "The retry key is already accepted", "sentMessages": request.app[TAKEN][key]}
        return web.json_response(again, status=409, headers={"X-Line-Accepted-Request-Id": key})
    messages = content.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= 5:
        return web.json_response({"message": "The request body has 1 error(s)"}, status=400)
    answered: list[dict[str, str]] = []
    for message in messages:
        ident = str(10**17 + secrets.randbelow(9 * 10**17))
        text = str(message.get("text", "")) if isinstance(message, dict) else ""
        _keep(request, "line", ident, str(content.get("to", content.get("replyToken", ""))), text, message)
        answered.append({"id": ident, "quoteToken": secrets.token_urlsafe(8)})
    if key:
        request.app[TAKEN][key] = answered
        _forget_oldest(request.app[TAKEN])
    return web.json_response({"sentMessages": answered}, headers={"X-Line-Request-Id": secrets.token_hex(16)})


def _forget_oldest(taken: dict[str, list[dict[str, str]]]) -> None:
    while len(taken) > MOST_KEPT:
        del taken[next(iter(taken))]


async def _line_profile(request: web.Request) -> web.Response:
    return web.json_response({"userId": request.match_info["user"], "displayName": "Worker", "language": "en"})


async def _graph_message(request: web.Request) -> web.Response:
    content = await _json(request)
    to = _inside(content, "recipient").get("id")
    if not to:
        error = {"message": "(#100) No matching user found", "type": "OAuthException", "code": 100}
        return web.json_response({"error": error | {"error_subcode": 2018001}}, status=400)
    ident = "m_" + secrets.token_hex(30)
    _keep(request, "facebook", ident, str(to), str(_inside(content, "message").get("text", "")), content)
    return web.json_response({"recipient_id": str(to), "message_id": ident})


async def _telegram(request: web.Request) -> web.Response:
    method, said = request.match_info["method"].lower(), await _parameters(request)
    bot = {"id": _bot_id(request), "is_bot": True, "first_name": "Hotline", "username": "hotline_sandbox_bot"}
    if method == "getme":
        return _telegram_ok(bot | {"can_join_groups": True, "supports_inline_queries": False})
    if method == "getfile":
        ident = str(said.get("file_id", ""))
        path = f"voice/{ident}.mp3" if ident.startswith("voice") else f"photos/{ident}.jpg"
        return _telegram_ok({"file_id": ident, "file_unique_id": ident[-15:], "file_size": 1253, "file_path": path})
    if not method.startswith("send") or method == "sendchataction":
        return _telegram_ok(True)
    chat = str(said.get("chat_id", ""))
    if not chat:
        refusal = {"ok": False, "error_code": 400, "description": "Bad Request: chat_id is empty"}
        return web.json_response(refusal, status=400)
    number, text = secrets.randbelow(2**31), str(said.get("text", said.get("caption", "")))
    _keep(request, "telegram", str(number), chat, text, dict(said))
    now, where = int(datetime.now(UTC).timestamp()), {"id": int(chat) if chat.lstrip("-").isdigit() else 0}
    return _telegram_ok(
        {"message_id": number, "date": now, "chat": where | {"type": "private"}, "from": bot, "text": text}
    )


async def _telegram_file(request: web.Request) -> web.Response:
    return await (_sound if request.match_info["path"].startswith("voice/") else _picture)(request)


def _telegram_ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _bot_id(request: web.Request) -> int:
    own = request.match_info["token"].partition(":")[0]
    return int(own) if own.isdigit() else 1


async def _parameters(request: web.Request) -> Mapping[str, Any]:
    """A Bot API call may carry its parameters in the query, as a form or as JSON."""
    body = await _json(request) if request.content_type == "application/json" else await request.post()
    return {**request.query, **body}


async def _json(request: web.Request) -> Mapping[str, Any]:
    try:
        content = json.loads(await request.read())
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _inside(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _keep(request: web.Request, provider: str, ident: str, to: str, text: str, content: Any) -> None:
    at = datetime.now(UTC).isoformat()
    request.app[SENT].append(Sent(provider=provider, id=ident, to=to, text=text, content=content, at=at))
