"""Meta's webhook: entries of Pages in, a flat list of events out."""

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels.contract import NotAuthentic, Unreadable, matches
from channels.facebook.messaging import read_item
from channels.facebook.settings import Settings
from channels.reading import ident, items, made_up_id, mapping, one_line, read_json
from model.events import Event, Unsupported
from model.http import Request, Response

_ABOUT_ENTRY = ("id", "time", "hop_context")


def verify(request: Request, settings: Settings) -> None:
    """Check the HMAC-SHA256 of the raw body; raises NotAuthentic."""
    expected = ["sha256=" + hmac.digest(key.encode(), request.body, "sha256").hex() for key in settings.app_secret]
    if not matches(request.header("x-hub-signature-256"), *expected):
        raise NotAuthentic("the signature is missing or not made with this app's app_secret")


def hello(request: Request, settings: Settings) -> Response | None:
    """Meta's GET when the webhook is set up: the challenge back for whoever knows our verify_token, else 403.

    Only digits are sent back, so that nobody can make this address show a text of theirs.
    """
    if request.method != "GET":
        return None
    query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    token, challenge = _once(query, "hub.verify_token"), _once(query, "hub.challenge") or ""
    known = matches(token, *settings.verify_token) and _once(query, "hub.mode") == "subscribe"
    if known and challenge.isascii() and challenge.isdigit():
        return Response(body=challenge.encode())
    return Response(status=403)


def _once(query: list[tuple[str, str]], name: str) -> str | None:
    values = [value for key, value in query if key == name]
    return values[0] if len(values) == 1 else None


def answer(request: Request, settings: Settings) -> Response:
    """200; an hour without it and Meta takes the app off the Page."""
    return Response()


def parse(request: Request, settings: Settings) -> list[Event]:
    """All events of all Pages, people and kinds in this request, in its order.

    Raises Unreadable where the body is no JSON object with a list of entries.
    """
    body = read_json(request.body)
    if not isinstance(body, dict) or not isinstance(body.get("entry"), list):
        raise Unreadable("a Messenger webhook is a JSON object with a list of entries, this body is something else")
    return [event for raw in body["entry"] for event in _entry(raw, settings)]


def _entry(raw: Any, settings: Settings) -> list[Event]:
    """`messaging` are our conversations, `standby` those another app leads at the moment: people wrote in both."""
    entry = mapping(raw)
    page = ident(entry.get("id"))
    events: list[Event] = []
    for name in entry:
        if name in ("messaging", "standby") and isinstance(entry[name], list):
            for item in entry[name]:
                events += read_item(item, page, settings)
        elif name not in _ABOUT_ENTRY:
            events += _others(name, entry, page)
    return events or [_unsupported(raw, "entry without content", page)]


def _others(name: str, entry: Mapping[str, Any], page: str) -> list[Event]:
    """`changes` tell of the Page's public side; anything else is new to us."""
    changes = [change for change in items(entry[name]) if name == "changes"] or [entry]
    return [
        _unsupported(raw, one_line(ident(name), ident(mapping(raw).get("field")), between=" "), page) for raw in changes
    ]


def _unsupported(raw: Any, what: str, page: str) -> Unsupported:
    return Unsupported(event_id=made_up_id(raw), addressed_to=page or None, what=what[:80])
