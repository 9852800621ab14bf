"""Stand-ins for two case stores: a receiver of signed webhooks, and a Primero.

    /webhook            takes what Standard Webhooks describes, checks the signature, keeps the newest version
    /primero/api/v2     tokens and cases, as far as they are used: made, changed, found and shown
    /faults             POST {"store": "primero", "kind": "down", "count": 3} breaks something, DELETE mends it all
    /cases              what both hold

`CaseStores` is the same from inside, for tests. It is written from the documents of both, a second time.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from sandbox import primero
from sandbox.kept_cases import STATE, CaseStores, Fault, no

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_TOLERANCE = 300  # seconds a webhook's timestamp may be off


def make_app(state: CaseStores | None = None) -> web.Application:
    """An application of its own, or to be mounted in another one."""
    app = web.Application(client_max_size=4 * 2**20)
    app[STATE] = state or CaseStores()
    app.on_shutdown.append(_close)
    app.add_routes(
        [
            web.post("/webhook", _struck("webhook", _hook)),
            web.head("/webhook", _struck("webhook", _nothing)),
            web.post("/primero/api/v2/tokens", _struck("primero", primero.token)),
            web.get("/primero/api/v2/cases", _struck("primero", primero.listed)),
            web.post("/primero/api/v2/cases", _struck("primero", primero.made)),
            web.get("/primero/api/v2/cases/{id}", _struck("primero", primero.shown)),
            web.patch("/primero/api/v2/cases/{id}", _struck("primero", primero.changed)),
            web.post("/faults", _add_fault),
            web.delete("/faults", _mend),
            web.get("/cases", _all),
        ]
    )
    return app


async def _close(app: web.Application) -> None:
    app[STATE].closing.set()


def _struck(store: str, take: Handler) -> Handler:
    """The handler, unless a fault strikes."""

    async def handle(request: web.Request) -> web.StreamResponse:
        state = request.app[STATE]
        state.requests.append((request.method, request.path))
        heads = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        state.received.append(f"{request.raw_path}\n{heads}\n".encode() + await request.read())
        fault = state.strike(store, request.method)
        if fault is None:
            return await take(request)
        if fault.kind in ("slow", "late", "lost", "lost_late"):
            if fault.kind in ("late", "lost_late"):  # somebody else may be quicker
                await _pause(state, fault.seconds)
            answer = await take(request)
            if fault.kind == "slow":
                await _pause(state, fault.seconds)
            return _hang_up(request) if fault.kind in ("lost", "lost_late") else answer
        return await _refused(request, state, fault)

    return handle


async def _refused(request: web.Request, state: CaseStores, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case "down":
            return _hang_up(request)
        case "hang":
            await _pause(state, fault.seconds or 3600)
            return _hang_up(request)
        case "html":
            return web.Response(text="<!doctype html><p>Please accept the terms.", content_type="text/html")
        case "redirect":
            return web.Response(status=302, headers={"Location": "https://elsewhere.invalid/"})
    status = int(fault.kind)
    if status == 401:
        state.tokens.clear()
    headers = {"Retry-After": str(int(fault.seconds))} if status in (429, 503) and fault.seconds else {}
    return no(request, status, detail=["risk_level"] if status == 422 else None, headers=headers)


async def _pause(state: CaseStores, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await state.closing.wait()
    except TimeoutError:
        return


def _hang_up(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.close()
    return web.Response()


# The webhook


async def _nothing(request: web.Request) -> web.StreamResponse:
    return web.Response(status=405)


async def _hook(request: web.Request) -> web.StreamResponse:
    state, body = request.app[STATE], await request.read()
    if state.secrets and not any(_authentic(request.headers, body, secret) for secret in state.secrets):
        return no(request, 401)
    event = json.loads(body)
    data = event["data"]
    newest = max(state.hooked.get(data["id"], {}).get("version", 0), state.withdrawn.get(data["id"], 0))
    if data["version"] < newest:
        return web.Response(status=200)  # an old one: we know better
    if event["type"] == "case.withdrawn":
        state.hooked.pop(data["id"], None)
        state.withdrawn[data["id"]] = data["version"]
    else:
        state.withdrawn.pop(data["id"], None)
        state.hooked[data["id"]] = data
    return web.Response(status=204)


def _authentic(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    ident, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > _TOLERANCE or "." in ident:
        return False
    key = base64.b64decode(secret.split("_", 1)[1])
    mac = hmac.new(key, b".".join([ident.encode(), stamp.encode(), body]), hashlib.sha256).digest()
    ours = b"v1," + base64.b64encode(mac)
    return any(hmac.compare_digest(ours, sent.encode()) for sent in headers.get("webhook-signature", "").split(" "))


# What only a sandbox has


async def _add_fault(request: web.Request) -> web.Response:
    try:
        fault = request.app[STATE].fault(**json.loads(await request.read()))
    except (ValueError, TypeError) as bad:
        return web.json_response({"error": str(bad)}, status=400)
    return web.json_response({"store": fault.store, "kind": fault.kind}, status=201)


async def _mend(request: web.Request) -> web.Response:
    request.app[STATE].mend()
    return web.Response(status=204)


async def _all(request: web.Request) -> web.Response:
    state = request.app[STATE]
    return web.json_response({"webhook": list(state.hooked.values()), "primero": list(state.cases.values())})
