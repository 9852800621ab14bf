"""What all stand-in APIs share: a request is struck by a fault or taken, and answered after the usual time."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.accounts import Account
from sandbox.faults import Call, Fault
from sandbox.refusals import Denied
from sandbox.world import World

WORLD: web.AppKey[World] = web.AppKey("world", World)
_FOREVER = 3600.0
_OUT_OF_REACH = 30003  # Twilio: the phone is off or has no network
_PAGE = "<!doctype html><title>Wi-Fi</title><p>Please accept the terms of this network."
_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

Answer = web.StreamResponse


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a message that is taken."""

    reaches: bool = True  #: False: answered as a success, and no phone gets it
    code: int | None = None  #: with which it is reported as undelivered


Take = Callable[[Fate], web.Response]


@web.middleware
async def refusing(request: web.Request, handler: Callable[[web.Request], Awaitable[Answer]]) -> Answer:
    """Turns Denied into the provider's own answer."""
    try:
        return await handler(request)
    except Denied as denied:
        return denied.refusal.response()


async def perform(request: web.Request, call: Call, take: Take) -> Answer:
    """Answer one request to a provider: `take` does what it asks for, unless a fault strikes. May raise Denied."""
    world = request.app[WORLD]
    fault = world.faults.strike(call)
    if fault is None:
        answer: Answer = take(Fate())
    elif fault.after_body:
        take(Fate())
        answer = await _inflict(request, call, fault, take)
    else:
        answer = await _inflict(request, call, fault, take)
    await world.pause(world.manners.latency)
    return answer


async def _inflict(request: web.Request, call: Call, fault: Fault, take: Take) -> Answer:
    world = request.app[WORLD]
    match fault.kind:
        case "drop":
            return hang_up(request)
        case "hang":
            await world.pause(fault.seconds or _FOREVER)
            return hang_up(request)
        case "slow":
            answer = take(Fate())
            await world.pause(fault.seconds or 0)
            return answer
        case "undelivered":
            return take(Fate(code=fault.code or _OUT_OF_REACH))
        case "swallowed":
            return take(Fate(reaches=False))
        case "blocked" if call.provider == "line":
            return take(Fate(reaches=False))
    if make := _STRANGE.get(fault.kind):
        return make()
    return fault.refusal(call.provider).response()


_STRANGE: Mapping[str, Callable[[], web.Response]] = {
    "preparing": lambda: web.Response(status=202),
    "500_no_body": lambda: web.Response(status=500),
    "502_html": lambda: web.Response(status=502, text=_BAD_GATEWAY, content_type="text/html"),
    "html_200": lambda: web.Response(text=_PAGE, content_type="text/html"),
    "garbled_200": lambda: web.Response(body=b'{"sid": "SM', content_type="application/json"),
}


def hang_up(request: web.Request) -> web.Response:
    """Close the connection: the answer given here reaches nobody."""
    if request.transport:
        request.transport.close()
    return web.Response()


async def json_of(request: web.Request) -> Mapping[str, Any]:
    """The JSON object in the body; empty where it is something else."""
    try:
        content = json.loads(await request.read())
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def inside(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under a key; empty where there is none."""
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def secret_of(account: Account, name: str, given: str) -> bool:
    """Whether this is one of the account's secrets of that name: of several all are good while they rotate."""
    values = account.keys.get(name)
    return given != "" and given in (values if isinstance(values, list) else [values])
