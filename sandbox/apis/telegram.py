"""Telegram's Bot API: core.telegram.org/bots/api. Parameters come in the query, as a form, in parts or as JSON."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox import media, refusals
from sandbox.accounts import Account
from sandbox.apis.answering import WORLD, Answer, Fate, json_of, perform, secret_of
from sandbox.apis.telegram_html import BadHtml, shown
from sandbox.faults import Call
from sandbox.phones import Choice, Item, Media
from sandbox.refusals import Denied
from sandbox.webhook import digits
from sandbox.world import World

_LONGEST, _LONGEST_CAPTION = 4096, 1024  # UTF-16 units, after the tags are read
#: What a method sends, and the kind under which a phone shows it.
_FILES = {"sendphoto": ("photo", "image"), "sendvoice": ("voice", "audio"), "sendaudio": ("audio", "audio"),
          "senddocument": ("document", "file"), "sendvideo": ("video", "video")}  # fmt: skip
_QUESTIONS = ("getme", "getfile", "getwebhookinfo", "setwebhook", "deletewebhook", "answercallbackquery",
              "sendchataction", "setmycommands")  # fmt: skip


def routes() -> list[web.RouteDef]:
    """A bot's methods and its files."""
    return [
        web.route("*", "/bot{token}/{method}", _method),
        web.get(r"/file/bot{token}/{path:.+}", _file),
    ]


def _caller(request: web.Request) -> Account | None:
    """The bot's account; None where the stand-in knows no accounts at all. Raises Denied."""
    world, token = request.app[WORLD], request.match_info["token"]
    if not world.accounts:
        return None
    for account in world.accounts:
        if account.channel == "telegram" and secret_of(account, "bot_token", token):
            return account
    raise Denied(refusals.refusal("telegram", "invalid_token" if ":" in token else "404"))


async def _method(request: web.Request) -> Answer:
    method, account = request.match_info["method"].lower(), _caller(request)
    own, said = account.id if account else "", await _parameters(request)
    if method in _QUESTIONS:
        call = Call(provider="telegram", account=own, person=str(said.get("chat_id", "")), on="look")
        return await perform(request, call, lambda _: _ok(_answer(request, account, method, said)))
    if method != "sendmessage" and method not in _FILES:
        raise Denied(refusals.refusal("telegram", "404"))
    call = Call(provider="telegram", account=own, person=str(said.get("chat_id", "")))
    return await perform(request, call, lambda fate: _take(request, account, method, said, fate))


async def _parameters(request: web.Request) -> Mapping[str, Any]:
    if request.content_type == "application/json":
        return {**request.query, **await json_of(request)}
    return {**request.query, **await request.post()}


def _answer(request: web.Request, account: Account | None, method: str, said: Mapping[str, Any]) -> Any:
    hook = account.hook_url if account else ""
    match method:
        case "getme":
            more = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
            return _bot(request) | more
        case "getfile":
            ident = str(said.get("file_id", ""))
            file = media.told_by(ident, "ogg" if ident.startswith("voice") else "jpeg")
            path = f"{'voice' if file.kind == 'ogg' else 'files'}/{ident}.{file.ending}"
            return {"file_id": ident, "file_unique_id": ident[-15:], "file_size": 1253, "file_path": path}
        case "getwebhookinfo":
            updates = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
            counts = {"pending_update_count": 0, "max_connections": 40, "allowed_updates": updates}
            return {"url": hook, "has_custom_certificate": False, **counts}
    return True


def _bot(request: web.Request) -> dict[str, Any]:
    own = request.match_info["token"].partition(":")[0]
    ident = int(own) if own.isdigit() else int(digits(10, "bot", own))
    return {"id": ident, "is_bot": True, "first_name": "Hotline", "username": "hotline_sandbox_bot"}


def _take(
    request: web.Request, account: Account | None, method: str, said: Mapping[str, Any], fate: Fate
) -> web.Response:
    world, chat = request.app[WORLD], str(said.get("chat_id", ""))
    if not chat:
        raise Denied(refusals.telegram(400, "Bad Request: chat_id is empty"))
    if account and world.memory.has_left(account.id, "telegram", chat):
        raise Denied(refusals.refusal("telegram", "blocked"))
    text, choices = _text(method, said), _choices(said.get("reply_markup"))
    sent = _sent_file(world, method, said)
    number = 10**9 + secrets.randbelow(10**9)
    if fate.reaches:
        world.phones.keep(
            Item(
                channel="telegram",
                person=chat,
                account=account.id if account else "",
                id=str(number),
                kind=sent.kind if sent else "text",
                text=text,
                media=(sent,) if sent else (),
                choices=choices,
                at=world.now().isoformat(),
                provider="telegram",
                content={name: value for name, value in said.items() if not isinstance(value, web.FileField)},
            )
        )
    where = {"id": int(chat) if chat.lstrip("-").isdigit() else 0, "type": "private", "first_name": "Worker"}
    about = {"message_id": number, "date": int(world.now().timestamp()), "chat": where, "from": _bot(request)}
    return _ok(about | _content(method, text, sent))


def _text(method: str, said: Mapping[str, Any]) -> str:
    """The words as the person reads them. Raises Denied."""
    text = str(said.get("text", "") if method == "sendmessage" else said.get("caption", ""))
    if str(said.get("parse_mode", "")).upper() == "HTML":
        try:
            text = shown(text)
        except BadHtml as bad:
            raise Denied(refusals.telegram(400, f"Bad Request: can't parse entities: {bad}")) from None
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if method == "sendmessage" and not text.strip():
        raise Denied(refusals.telegram(400, "Bad Request: message text is empty"))
    if units > (_LONGEST if method == "sendmessage" else _LONGEST_CAPTION):
        what = "message is too long" if method == "sendmessage" else "message caption is too long"
        raise Denied(refusals.telegram(400, f"Bad Request: {what}"))
    return text


def _sent_file(world: World, method: str, said: Mapping[str, Any]) -> Media | None:
    """An upload, or what an address or a file id names. Raises Denied."""
    if method not in _FILES:
        return None
    name, kind = _FILES[method]
    given = said.get(name)
    if isinstance(given, str) and given.startswith("attach://"):
        given = said.get(given.removeprefix("attach://"))
    if isinstance(given, web.FileField):
        return world.files.keep(kind, given.filename, given.content_type, given.file.read())
    if not given:
        raise Denied(refusals.telegram(400, f"Bad Request: there is no {name} in the request"))
    return Media(kind=kind, url=str(given))


def _choices(markup: Any) -> tuple[Choice, ...]:
    """The buttons under a message, or those in place of the keyboard."""
    try:
        content = json.loads(markup) if isinstance(markup, str) else markup
        inline, keyboard = content.get("inline_keyboard", []), content.get("keyboard", [])
        return tuple(_choice(button) for row in [*inline, *keyboard] for button in row)
    except (ValueError, AttributeError, TypeError):
        return ()


def _choice(button: Any) -> Choice:
    if isinstance(button, str):
        return Choice(label=button, value=button, how="text")
    label = str(button.get("text", ""))
    if "callback_data" in button:
        return Choice(label=label, value=str(button["callback_data"]))
    return Choice(label=label, value=str(button.get("url", label)), how="link" if "url" in button else "text")


def _content(method: str, text: str, sent: Media | None) -> dict[str, Any]:
    """The message as Telegram tells it back."""
    if sent is None:
        return {"text": text}
    name, ident = _FILES[method][0], secrets.token_hex(20)
    file: dict[str, Any] = {"file_id": ident, "file_unique_id": ident[:15], "file_size": sent.size}
    caption = {"caption": text} if text else {}
    match name:
        case "photo":
            return {"photo": [file | {"width": 640, "height": 480}], **caption}
        case "voice" | "audio":
            return {name: file | {"duration": 1, "mime_type": sent.mime}, **caption}
        case "video":
            return {"video": file | {"duration": 1, "width": 640, "height": 480}, **caption}
    return {"document": file | {"file_name": sent.name, "mime_type": sent.mime}, **caption}


async def _file(request: web.Request) -> Answer:
    account, path = _caller(request), request.match_info["path"]
    ident = path.rpartition("/")[2].partition(".")[0]
    file = media.told_by(ident, "mp3" if path.startswith("voice/") and path.endswith(".mp3") else "jpeg")
    call = Call(provider="telegram", account=account.id if account else "", on="media")
    return await perform(request, call, lambda _: media.response(file))


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})
