"""A small gateway for the sandbox's own tests, and what it answers to calls."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.test_utils import TestServer

MENU = (
    b'<?xml version="1.0"?><Response><Gather action="/hooks/voice-1/language?try=1" actionOnEmptyResult="true"'
    b' numDigits="1"><Say>hi</Say></Gather></Response>'
)
TAKE = (
    b'<?xml version="1.0"?><Response><Play>x</Play>'
    b'<Record action="https://gw.example.org/hooks/voice-1/voicemail" recordingStatusCallback="recording"'
    b' recordingStatusCallbackEvent="completed absent"/><Redirect>/hooks/voice-1/silence</Redirect></Response>'
)
BYE = b"<Response><Hangup/></Response>"
ANSWERS = {"": MENU, "language": TAKE, "voicemail": BYE, "silence": BYE, "recording": b"", "status": b""}


@dataclass(frozen=True)
class Heard:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Gateway:
    """A small gateway that keeps what it got; `refuse` names the answers to the first tries of each body."""

    def __init__(self, *refuse):
        self.got, self.tries, self.refuse = [], Counter(), refuse
        self.webhooks: list[Heard] = []
        self.open = self.most_open = 0
        self.first = asyncio.Event()

    async def hook(self, request):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        body = await request.read()
        self.open -= 1
        self.webhooks.append(Heard(request.path_qs, request.headers, body))
        account, step = request.match_info["account"], request.match_info.get("step", "")
        self.got.append((account, step, body))
        self.first.set()
        self.tries[body] += 1
        if self.tries[body] <= len(self.refuse):
            return web.Response(status=self.refuse[self.tries[body] - 1])
        return web.Response(body=ANSWERS[step] if account == "voice-1" else b"", content_type="text/xml")

    async def ready(self, request):
        return web.Response()

    def app(self):
        app = web.Application()
        app.add_routes([web.get("/readyz", self.ready), web.post("/hooks/{account}", self.hook)])
        app.add_routes([web.post("/hooks/{account}/{step}", self.hook)])
        return app


@asynccontextmanager
async def gateway(*refuse: int) -> AsyncIterator[tuple[str, Gateway]]:
    """A running one: its address, and what it hears."""
    heard = Gateway(*refuse)
    async with TestServer(heard.app()) as server:
        yield str(server.make_url("")).rstrip("/"), heard
