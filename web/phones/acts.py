"""What a worker does: write, send, tap, ring, press, speak, hang up. All of it goes through signed webhooks."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from web.phones.asked import asks, back, by_script, refused
from web.phones.samples import samples
from web.phones.stand_in import STAND_IN, StandIn
from web.phones.workers import NoSuchWorker, Worker, account, find
from web.routes import EVERYBODY, Route
from web.site import page

#: How something is delivered, and what the sandbox is told.
DELIVERED: Mapping[str, Mapping[str, int]] = {"once": {}, "twice": {"copies": 2}, "late": {"late_seconds": 3 * 3600}}
SENT = ("image", "audio", "sticker", "location")  #: what has a button of its own
_NOTE_SECONDS, _VOICEMAIL_SECONDS = 12, 20


@asks
async def say(request: web.Request) -> web.StreamResponse:
    """`POST /phones/{who}/say`: `channel`, and `text`, `kind` or `tap`; or a `sample`. `how`: one of DELIVERED."""
    stand_in, given = request.app[STAND_IN], await _given(request)
    worker = await find(stand_in, request.match_info["who"])
    channel, lines = given.get("channel", ""), [_line(given)]
    if "sample" in given:
        chosen = next((one for one in await samples(stand_in, worker) if one.id == given["sample"]), None)
        if chosen is None:
            return refused(request, worker.key, "empty")
        channel, lines = chosen.channel, list(chosen.lines)
    for line in lines:
        if not line:
            return refused(request, worker.key, "empty")
        about = await _about(stand_in, worker, channel)
        await stand_in.post(f"{worker.phone(channel)}/say", {**about, **line, **_how(given)})
    return web.Response(status=204) if by_script(request) else back(worker.key)


@asks
async def call(request: web.Request) -> web.StreamResponse:
    """`POST /phones/{who}/call`: `do` is ring, press (with `key`), speak or hang_up; `call` is the one that is open."""
    stand_in, given = request.app[STAND_IN], await _given(request)
    worker, sid = await find(stand_in, request.match_info["who"]), given.get("call", "")
    if given.get("do") == "ring":
        about = await _about(stand_in, worker, "voice")
        state = await stand_in.post(f"{worker.phone('voice')}/call", {**about, "open": True})
    elif sid.isalnum() and (step := _step(given)):
        state = await stand_in.post(f"calls/{sid}", step)
    else:
        raise NoSuchWorker
    if by_script(request):
        return page(request, "phones/call.html", worker=worker, call=state)
    return back(worker.key, call=state["call"])


def _step(given: Mapping[str, str]) -> dict[str, Any]:
    match given.get("do"):
        case "press":
            return {"press": given.get("key", "")}
        case "speak":
            return {"speak": _VOICEMAIL_SECONDS}
        case "hang_up":
            return {"hang_up": True}
    return {}


def _line(given: Mapping[str, str]) -> dict[str, Any]:
    """What is said, as the sandbox is told it; empty where nothing is."""
    if tap := given.get("tap"):
        return {"quick_reply": tap}
    if (kind := given.get("kind")) in SENT:
        return {"kind": kind, "seconds": _NOTE_SECONDS}
    text = given.get("text", "").strip()
    return {"text": text} if text else {}


def _how(given: Mapping[str, str]) -> Mapping[str, int]:
    return DELIVERED.get(given.get("how", "once"), {})


async def _about(stand_in: StandIn, worker: Worker, channel: str) -> dict[str, str]:
    named = await account(stand_in, worker, channel)
    return {"account": named} if named else {}


async def _given(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


ROUTES = (
    Route("POST", "/phones/{who}/say", say, EVERYBODY),
    Route("POST", "/phones/{who}/call", call, EVERYBODY),
)
