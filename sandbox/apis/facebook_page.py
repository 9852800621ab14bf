"""What the Graph API can be asked about a Page, its app and the people who wrote to it; and Messenger's media."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox import media
from sandbox.accounts import Account
from sandbox.apis.answering import WORLD, Answer, Fate, perform
from sandbox.apis.facebook import VERSION, caller
from sandbox.faults import Call

APP_ID = "1517776481860111"
_FIELDS = ["messages", "messaging_postbacks", "message_deliveries", "message_reads", "message_echoes", "message_edits",
           "message_reactions", "messaging_referrals"]  # fmt: skip
_RIGHTS = ["pages_messaging", "pages_manage_metadata", "pages_show_list", "human_agent"]


def routes() -> list[web.RouteDef]:
    """Of the Graph API and of the hosts where media lie."""
    return [
        web.get(VERSION + "/debug_token", _token),
        web.get(VERSION + "/{page}/subscribed_apps", _subscribed),
        web.post(VERSION + "/{page}/subscribed_apps", _subscribe),
        web.get(VERSION + "/{page}", _node),
        web.get("/media/{ident}/{name}", _media),
    ]


async def _look(request: web.Request, body: Callable[[Account | None], Any], page: str = "me") -> Answer:
    account = caller(request, {}, page)
    call = Call(provider="facebook", account=account.id if account else "", on="look")
    return await perform(request, call, lambda _: web.json_response(body(account)))


async def _token(request: web.Request) -> Answer:
    def body(account: Account | None) -> Any:
        page = account.key("page_id") if account else "me"
        about = {"app_id": APP_ID, "type": "PAGE", "application": "Hotline", "expires_at": 0, "profile_id": page}
        return {"data": {**about, "is_valid": True, "scopes": _RIGHTS}}

    return await _look(request, body)


async def _subscribed(request: web.Request) -> Answer:
    def body(account: Account | None) -> Any:
        app = account.key("app_id", APP_ID) if account else APP_ID
        return {"data": [{"id": app, "name": "Hotline", "subscribed_fields": _FIELDS}]}

    return await _look(request, body, request.match_info["page"])


async def _subscribe(request: web.Request) -> Answer:
    return await _look(request, lambda _: {"success": True}, request.match_info["page"])


async def _node(request: web.Request) -> Answer:
    """The Page (`me`, or its id), else a person who wrote to it."""
    ident, world = request.match_info["page"], request.app[WORLD]

    def body(account: Account | None) -> Any:
        page = account.key("page_id") if account else "100000000000000"
        if ident in ("me", page):
            return {"id": page, "name": "Hotline page", "category": "Nonprofit organisation"}
        first, _, last = world.person("facebook", ident).name.partition(" ")
        return {"id": ident, "first_name": first, "last_name": last}

    return await _look(request, body)


async def _media(request: web.Request) -> Answer:
    """A signed address needs no token."""
    name = request.match_info["name"]
    file = media.told_by(request.match_info["ident"], "mp3" if name.endswith(".mp3") else "jpeg")

    def take(fate: Fate) -> web.Response:
        return media.response(file)

    return await perform(request, Call(provider="facebook", on="media"), take)
