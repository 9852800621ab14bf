"""People moved over HTTP: what a page of phones and tests use to let somebody write, tap and ring."""

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox import hand
from sandbox.accounts import CHANNELS
from sandbox.apis.answering import WORLD, json_of
from sandbox.calls import OngoingCall
from sandbox.control import wrong
from sandbox.memory import put
from sandbox.people import person
from sandbox.script import own_conversations
from sandbox.world import World

CALLS: web.AppKey[dict[str, OngoingCall]] = web.AppKey("calls")


def routes() -> list[web.RouteDef]:
    """Below `/sandbox`, beside those of `control`."""
    return [
        web.get("/sandbox/accounts", _accounts),
        web.get("/sandbox/samples", _samples),
        web.post("/sandbox/people", _invent),
        web.post("/sandbox/phones/{channel}/{person}/say", _say),
        web.post("/sandbox/phones/{channel}/{person}/call", _call),
        web.get("/sandbox/calls/{sid}", _shown),
        web.post("/sandbox/calls/{sid}", _go_on),
    ]


async def _accounts(request: web.Request) -> web.Response:
    """The accounts people can write to and call, without secrets."""
    return web.json_response(
        [
            {"id": a.id, "channel": a.channel, "countries": a.countries, "languages": a.languages,
             "inbound": a.inbound, "number": a.keys.get("number")}
            for a in request.app[WORLD].accounts
        ]
    )  # fmt: skip


async def _samples(request: web.Request) -> web.Response:
    """Things people say, in all languages: the conversations of messages.json."""
    return web.json_response(
        [
            {"id": told.id, "language": told.language, "channel": told.channel, "country": told.country,
             "urgency": told.urgency, "encoding": told.encoding,
             "lines": [{"kind": line.kind, "text": line.text, "seconds": line.seconds} for line in told.lines]}
            for told in own_conversations()
        ]
    )  # fmt: skip


async def _invent(request: web.Request) -> web.Response:
    """Somebody new, or by a `key` somebody known, with an id on every channel."""
    asked = await json_of(request)
    key = str(asked.get("key") or secrets.token_hex(8))
    who = person(key, str(asked.get("language", "en")), str(asked.get("country", "TH")))
    for channel in CHANNELS:
        request.app[WORLD].meet(channel, who)
    ids = {channel: who.id_on(channel) for channel in CHANNELS}
    about = {"key": key, "name": who.name, "language": who.language, "country": who.country, "ids": ids}
    return web.json_response(about, status=201)


async def _say(request: web.Request) -> web.Response:
    """202 when the gateway took it, 502 when it did not."""
    try:
        result = await hand.say(*_who(request), await json_of(request))
    except hand.BadHand as bad:
        return wrong(str(bad))
    return web.json_response(result, status=202 if result["accepted"] else 502)


async def _call(request: web.Request) -> web.Response:
    """A whole call, or with `open` one that goes on below `/sandbox/calls/`."""
    world, channel, ident = _who(request)
    asked = await json_of(request)
    if channel != "voice":
        return wrong("only a phone of the channel voice can ring")
    try:
        if asked.get("open") is not True:
            return web.json_response((await hand.whole_call(world, ident, asked)).shown())
        call = await hand.ring(world, ident, asked)
    except hand.BadHand as bad:
        return wrong(str(bad))
    put(request.app[CALLS], call.shown()["call"], call)
    return web.json_response(call.shown(), status=201)


async def _shown(request: web.Request) -> web.Response:
    call = request.app[CALLS].get(request.match_info["sid"])
    return web.json_response(call.shown()) if call else wrong("there is no such call", 404)


async def _go_on(request: web.Request) -> web.Response:
    """One thing the caller does: `{"press": "1"}`, `{"speak": 12}` or `{"hang_up": true}`."""
    call, asked = request.app[CALLS].get(request.match_info["sid"]), await json_of(request)
    if call is None:
        return wrong("there is no such call", 404)
    if not await _done(call, asked):
        return wrong(f"the call wants {call.shown()['wants'] or 'nothing'}: write press, speak or hang_up", 409)
    return web.json_response(call.shown())


async def _done(call: OngoingCall, asked: Mapping[str, Any]) -> bool:
    match asked:
        case {"press": str(keys)}:
            return await call.press(keys)
        case {"speak": int(seconds)} if seconds >= 0:
            return await call.speak(seconds)
        case {"hang_up": True}:
            await call.hang_up()
            return True
    return False


def _who(request: web.Request) -> tuple[World, str, str]:
    return request.app[WORLD], request.match_info["channel"], request.match_info["person"]
