"""A small store that speaks S3's own protocol: PUT, GET with ranges, HEAD, DELETE and list, in memory."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web

from runtime.settings import Files

KEYS = {"access_key_id": "AKIDINVENTED", "secret_access_key": "invented-secret"}


@dataclass
class S3:
    """`held`: key → bytes. `refuses`: the status every request is answered with, if any."""

    port: int = 0
    held: dict[str, bytes] = field(default_factory=dict)
    refuses: int | None = None

    def settings(self) -> Files:
        url = f"s3://hotline/some/prefix?endpoint=http://127.0.0.1:{self.port}&region=ap-southeast-1"
        return Files(url=url, **KEYS)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        proof = request.headers.get("Authorization", "")
        if f"Credential={KEYS['access_key_id']}/" not in proof or "/ap-southeast-1/s3/" not in proof:
            return web.Response(status=403)
        if self.refuses:
            return web.Response(status=self.refuses)
        bucket, _, key = request.path.removeprefix("/").partition("/")
        assert bucket == "hotline"
        if request.method == "GET" and "list-type" in request.query:
            return self._listed(request.query.get("prefix", ""))
        return await getattr(self, f"_{request.method.lower()}")(request, key)

    async def _put(self, request: web.Request, key: str) -> web.Response:
        self.held[key] = await request.read()
        return web.Response(headers={"ETag": '"1"'})

    async def _get(self, request: web.Request, key: str) -> web.Response:
        if key not in self.held:
            return web.Response(status=404)
        data, about = self.held[key], {"ETag": '"1"', "Last-Modified": format_datetime(datetime.now(UTC), usegmt=True)}
        asked = request.http_range
        if request.method == "GET" and asked.start is not None:
            part = data[asked]
            about["Content-Range"] = f"bytes {asked.start}-{asked.start + len(part) - 1}/{len(data)}"
            return web.Response(status=206, body=part, headers=about)
        return web.Response(body=data, headers=about)

    _head = _get

    async def _delete(self, request: web.Request, key: str) -> web.Response:
        self.held.pop(key, None)
        return web.Response(status=204)

    async def _post(self, request: web.Request, key: str) -> web.Response:
        """`POST /bucket?delete`: several at once, which some clients use for one too."""
        assert "delete" in request.query
        names = re.findall(r"<Key>([^<]*)</Key>", await request.text())
        for name in names:
            self.held.pop(name, None)
        told = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
        return web.Response(text=f"<DeleteResult>{told}</DeleteResult>", content_type="application/xml")

    def _listed(self, prefix: str) -> web.Response:
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size><ETag>1</ETag>"
            f"<LastModified>{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for key, data in sorted(self.held.items())
            if key.startswith(prefix)
        )
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
        return web.Response(text=text, content_type="application/xml")


@asynccontextmanager
async def bucket() -> AsyncIterator[S3]:
    """The store, on a free port."""
    store = S3()
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", store.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    store.port = runner.addresses[0][1]
    try:
        yield store
    finally:
        await runner.cleanup()
