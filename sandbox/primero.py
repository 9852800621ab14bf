"""A Primero, as far as it is used: tokens, and cases that are made, changed, found and shown."""

import base64
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from aiohttp import web

from sandbox.kept_cases import STATE, CaseStores, no

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


async def token(request: web.Request) -> web.StreamResponse:
    """`POST /api/v2/tokens`: in the body and in a header, as its versions differ."""
    state, asked = request.app[STATE], json.loads(await request.read()).get("user", {})
    if state.user and (asked.get("user_name"), asked.get("password")) != (state.user, state.password):
        return web.json_response({"error": "Invalid User name or password."}, status=401)
    token = secrets.token_urlsafe(24)
    state.tokens.add(token)
    answer = {"id": 1, "user_name": asked.get("user_name"), "token": token}
    return web.json_response(answer, headers={"Authorization": f"Bearer {token}"})


def _known(request: web.Request) -> bool:
    state, sent = request.app[STATE], request.headers.get("Authorization", "")
    basic = "Basic " + base64.b64encode(f"{state.user}:{state.password}".encode()).decode()
    return sent.removeprefix("Bearer ") in state.tokens or (state.user != "" and hmac.compare_digest(sent, basic))


async def listed(request: web.Request) -> web.StreamResponse:
    """`GET /api/v2/cases`: a filter that is not known filters nothing."""
    state = request.app[STATE]
    if not _known(request):
        return no(request, 401)
    filters = {
        name: value
        for name, value in request.query.items()
        if name in state.fields and name not in state.not_searchable
    }
    found = [case for case in state.cases.values() if all(case.get(n) == v for n, v in filters.items())]
    per = int(request.query.get("per", 20))
    shown = request.query["fields"].split(",") if "fields" in request.query else None
    page = [{k: v for k, v in case.items() if shown is None or k in shown} for case in found[:per]]
    return web.json_response({"data": page, "metadata": {"total": len(found), "per": per, "page": 1}})


async def shown(request: web.Request) -> web.StreamResponse:
    """`GET /api/v2/cases/:id`."""
    case = request.app[STATE].cases.get(request.match_info["id"])
    if not _known(request):
        return no(request, 401)
    return web.json_response({"data": case}) if case else no(request, 404)


async def made(request: web.Request) -> web.StreamResponse:
    """`POST /api/v2/cases`: 204 where the id was given, 409 where that is taken."""
    state, data = request.app[STATE], json.loads(await request.read())["data"]
    if not _known(request):
        return no(request, 401)
    ident = str(UUID(data["id"])) if "id" in data else None
    if ident in state.cases:
        return no(request, 409)
    if wrong := _ill_typed(state, data):
        return no(request, 422, wrong)
    made = ident or secrets.token_hex(16)
    state.cases[made] = {"id": made, "case_id_display": made[-7:], **_permitted(state, data)}
    return web.Response(status=204) if ident else web.json_response({"data": state.cases[made]})


async def changed(request: web.Request) -> web.StreamResponse:
    """`PATCH /api/v2/cases/:id`: shows what it changed."""
    state, data = request.app[STATE], json.loads(await request.read())["data"]
    case = state.cases.get(request.match_info["id"])
    if not _known(request):
        return no(request, 401)
    if case is None:
        return no(request, 404)
    if wrong := _ill_typed(state, data):
        return no(request, 422, wrong)
    case |= _permitted(state, data)
    return web.json_response({"data": _permitted(state, data)})


def _permitted(state: CaseStores, data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name in state.fields}


def _ill_typed(state: CaseStores, data: Mapping[str, Any]) -> list[str]:
    fits: Mapping[str, Callable[[Any], bool]] = {
        "text": lambda value: isinstance(value, str),
        "number": lambda value: isinstance(value, int),
        "list": lambda value: isinstance(value, list),
        "any": lambda value: True,
        "date": lambda value: isinstance(value, str) and bool(_DAY.fullmatch(value)),
    }
    return [
        name
        for name, value in data.items()
        if value is not None and name in state.fields and not fits[state.fields[name]](value)
    ]
