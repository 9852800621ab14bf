"""A provider's side of the wire: a server on 127.0.0.1 that answers as it was told and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

Answer = Mapping[str, Any]  #: {status, headers, body}, {"drop": true}, {"cut": true} or {"hang": true}


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str  #: percent-decoded, without the query
    query: list[tuple[str, str]]
    headers: Mapping[str, str]  #: names in any case
    body: bytes

    @property
    def kind(self) -> str:
        """`json`, `form`, `multipart`; empty where there is no body."""
        if not self.body:
            return ""
        kinds = {"application/json": "json", "application/x-www-form-urlencoded": "form"}
        return kinds.get(self.headers.get("Content-Type", "").split(";")[0], "multipart")

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, Any]:
        """The fields; one that stands several times is a list."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True)
        values = {name: [value for other, value in pairs if other == name] for name, _ in pairs}
        return {name: found[0] if len(found) == 1 else found for name, found in values.items()}

    def multipart(self) -> dict[str, Any]:
        """The fields; of a file its name, type and bytes."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        return dict(_field(part) for part in BytesParser(policy=HTTP).parsebytes(head + self.body).iter_parts())


def _field(part: Any) -> tuple[str, Any]:
    name, data = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
    file = (part.get_filename() or "").encode("utf-8", "surrogateescape").decode()
    return name, {"name": file, "type": part.get_content_type(), "data": data} if file else data.decode()


@dataclass
class Provider:
    """What it will answer, and what it was asked so far."""

    answers: list[Answer]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        query = list(request.query.items())
        self.asked.append(Asked(request.method, request.path, query, request.headers.copy(), body))
        answer = self.answers.pop(0) if self.answers else {"status": 599, "body": "nothing more was expected"}
        if answer.get("hang"):
            await self.over.wait()
        if answer.get("drop") or answer.get("hang"):
            request.transport.abort()
            return web.Response()
        if answer.get("cut"):
            return await _cut(request)
        told = answer.get("body", b"")
        sent = (
            told.encode() if isinstance(told, str) else told if isinstance(told, bytes) else json.dumps(told).encode()
        )
        kind = "text/plain" if isinstance(told, str | bytes) else "application/json"
        headers = {"Content-Type": kind} | answer.get("headers", {})
        return web.Response(status=answer["status"], headers=headers, body=sent)


async def _cut(request: web.Request) -> web.StreamResponse:
    """The beginning of a good answer, and then nothing."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"ok"')
    request.transport.abort()
    return response


@asynccontextmanager
async def provider(answers: Iterable[Answer] = ()) -> AsyncIterator[Provider]:
    """A provider that listens, until the end of the block."""
    there = Provider(list(answers))
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", there.answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield there
    finally:
        there.over.set()
        await runner.cleanup()
