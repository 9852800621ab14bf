"""Twilio's API as far as calls and files go: calls we place, recordings, and media of messages."""

import secrets
from typing import Any

from aiohttp import web

from sandbox import media, refusals
from sandbox.apis.answering import WORLD, Answer, Fate, perform
from sandbox.apis.twilio import ROOT, caller, look
from sandbox.faults import Call
from sandbox.memory import put
from sandbox.phones import Item
from sandbox.refusals import Denied

_GONE = refusals.refusal("twilio", "404")


def routes() -> list[web.RouteDef]:
    """The paths of calls, recordings and media."""
    recording, one = ROOT + r"/Recordings/{sid:RE\w+}", ROOT + "/Messages/{message}/Media/{sid}"
    return [
        web.post(ROOT + "/Calls.json", _place),
        web.get(ROOT + "/Calls/{sid}.json", _call),
        web.post(ROOT + "/Calls/{sid}.json", _change),
        web.get(recording + ".json", _recording),
        web.get(recording + r"{form:(\.mp3|\.wav)?}", _sound),
        web.delete(recording + ".json", _delete),
        web.delete(one + ".json", _delete),
        web.get(one, _elsewhere),
        web.get("/sandbox/cdn/{sid}", _cdn),
    ]


async def _place(request: web.Request) -> Answer:
    accounts, posted = caller(request), await request.post()
    form = {name: str(value) for name, value in posted.items()}
    account = next((a.id for a in accounts if a.keys.get("number") == form.get("From")), "")
    call = Call(provider="twilio", account=account, person=form.get("To", ""))
    return await perform(request, call, lambda fate: _ring(request, account, form, fate))


def _ring(request: web.Request, account: str, form: dict[str, str], fate: Fate) -> web.Response:
    if not form.get("To"):
        raise Denied(refusals.twilio(21201, message="No 'To' number is specified"))
    world, sid = request.app[WORLD], "CA" + secrets.token_hex(16)
    shown: dict[str, Any] = {
        "sid": sid, "account_sid": request.match_info["account"], "to": form["To"], "from": form.get("From"),
        "status": "queued", "direction": "outbound-api", "duration": None, "api_version": "2010-04-01",
    }  # fmt: skip
    put(world.memory.resources, sid, shown)
    if fate.reaches:
        world.phones.keep(
            Item(
                channel="voice",
                person=form["To"],
                account=account,
                id=sid,
                kind="call",
                mark=form.get("Url", ""),
                at=world.now().isoformat(),
                provider="twilio",
                content=form,
            )
        )
    return web.json_response(shown, status=201)


async def _call(request: web.Request) -> Answer:
    caller(request)
    return await look(request, request.app[WORLD].memory.resources.get(request.match_info["sid"]))


async def _change(request: web.Request) -> Answer:
    caller(request)
    shown, form = request.app[WORLD].memory.resources.get(request.match_info["sid"]), await request.post()
    if shown:
        shown["status"] = str(form.get("Status", shown["status"]))
    return await look(request, shown)


async def _recording(request: web.Request) -> Answer:
    caller(request)
    sid, account = request.match_info["sid"], request.match_info["account"]
    seconds = media.told_by(sid, "mp3").seconds
    shown = {"sid": sid, "account_sid": account, "status": "completed", "duration": str(seconds), "channels": 1}
    return await look(request, None if sid in request.app[WORLD].memory.deleted else shown)


async def _sound(request: web.Request) -> Answer:
    caller(request)
    file = media.told_by(request.match_info["sid"], "mp3")
    if file.kind == "mp3" and request.match_info["form"] != ".mp3":
        file = media.File("wav", file.seconds)
    return await _hand_out(request, lambda: media.response(file))


async def _elsewhere(request: web.Request) -> Answer:
    """The file itself lies on another host: whoever goes there must leave the credentials behind."""
    caller(request)
    there = f"/sandbox/cdn/{request.match_info['sid']}?Signature={secrets.token_hex(8)}"
    return await _hand_out(request, lambda: web.Response(status=307, headers={"Location": there}))


async def _cdn(request: web.Request) -> Answer:
    if "Authorization" in request.headers:
        return web.Response(status=400, text="Only one auth mechanism allowed", content_type="text/plain")
    return media.response(media.told_by(request.match_info["sid"], "jpeg"))


async def _hand_out(request: web.Request, make: Any) -> Answer:
    if request.match_info["sid"] in request.app[WORLD].memory.deleted:
        raise Denied(_GONE)
    return await perform(request, Call(provider="twilio", on="media"), lambda _: make())


async def _delete(request: web.Request) -> Answer:
    """The file is gone for good; deleting it again finds nothing."""
    caller(request)
    world, sid = request.app[WORLD], request.match_info["sid"]

    def take(fate: Fate) -> web.Response:
        if sid in world.memory.deleted:
            raise Denied(_GONE)
        world.memory.delete(sid, world.now())
        return web.Response(status=204)

    return await perform(request, Call(provider="twilio", on="media"), take)
