"""`GET /files/{token}`: the one file a link is for, made harmless by how it is given out. No session, no cookie."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

import structlog
from aiohttp import web

from model.media import INLINE, SENDABLE, UNKNOWN, safe_name
from runtime.ids import now
from runtime.keys import CannotOpen, Key, Master, key_id
from runtime.links import Link, Links
from storage import audit, media, people
from storage.blobs import FilesAway
from storage.database import Database, StoreError
from storage.files import Files, Form
from storage.media import Stored

_SECONDS = 60.0  # for one piece of a file: whoever reads more slowly is cut
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What is given out, and how."""

    id: UUID
    form: Form
    mime: str
    inline: bool
    name: str
    keys: Mapping[UUID, Key]

    def headers(self) -> dict[str, str]:
        how, plain = ("inline" if self.inline else "attachment"), safe_name(None, self.mime, "file")
        named = f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(self.name, safe='')}"
        return {**_SAFE, "Content-Type": self.mime, "Content-Disposition": named, "Accept-Ranges": "bytes"}


class FileDoor:
    """Gives files out to whoever holds a link."""

    def __init__(self, *, master: Master, database: Database, files: Files) -> None:
        self._master, self._links, self._database, self._files = master, Links(master), database, files

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The file; the same 404 for a link that is altered, too old, or whose file is not there (any more)."""
        link = self._links.read(request.match_info["token"], now())
        try:
            given = await self._given(link, request) if link else None
            return await self._give(request, given) if given else _nothing()
        except (FileNotFoundError, CannotOpen):
            log.error("files.missing", attachment=str(link.attachment) if link else None)
            return _nothing()
        except (StoreError, FilesAway, TimeoutError) as error:
            log.warning("files.away", error=type(error).__name__)
            return web.Response(status=503, headers={**_SAFE, "Retry-After": "10"}, text="Try again in a moment.\n")

    async def _given(self, link: Link, request: web.Request) -> _Given | None:
        """Behind the wall of the organisation the link was made for; that it was opened is written down."""
        async with self._database.desk(link.organisation) as connection:
            stored = await media.stored(connection, link.organisation, link.attachment)
            keys = await people.keys_of(connection, self._master, stored.person) if stored else {}
            if stored is None or not keys:
                return None
            if _from_the_start(request):
                await audit.write(connection, [_opened(link, stored)])
        return _chosen(stored, link, keys)

    async def _give(self, request: web.Request, given: _Given) -> web.StreamResponse:
        size = await self._files.size(given.id, given.form)
        start, stop = _range(request, size)
        if start >= stop:
            return web.Response(status=416, headers={**_SAFE, "Content-Range": f"bytes */{size}"})
        answer = web.StreamResponse(status=206 if (start, stop) != (0, size) else 200, headers=given.headers())
        answer.content_length = stop - start
        if answer.status == 206:
            answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        pieces = self._files.read(given.id, given.form, given.keys, start=start, stop=stop)
        async with aclosing(pieces):
            first = await anext(pieces)  # before anything is sent: it may not be there, or not open
            await answer.prepare(request)
            if request.method != "HEAD":
                await _send(answer, request, first, pieces)
        return answer


async def _send(
    answer: web.StreamResponse, request: web.Request, first: bytes, more: AsyncGenerator[bytes, None]
) -> None:
    """All of it, or a connection that breaks off: half a file must not look whole."""
    try:
        async with asyncio.timeout(_SECONDS):
            await answer.write(first)
        async for piece in more:
            async with asyncio.timeout(_SECONDS):
                await answer.write(piece)
        await answer.write_eof()
    except (FileNotFoundError, CannotOpen, FilesAway, TimeoutError, ConnectionError) as error:
        log.warning("files.broken_off", error=type(error).__name__)
        if request.transport:
            request.transport.abort()


def _chosen(stored: Stored, link: Link, keys: Mapping[UUID, Key]) -> _Given:
    copy = stored.shown_mime if link.purpose != "download" else None
    mime, inline = copy or stored.mime, stored.inline and link.purpose != "download"
    name = keys[key_id(stored.name)].open("attachment|name", stored.id, stored.name) if stored.name else b""
    return _Given(
        id=stored.id,
        form="shown" if copy else "original",
        mime=mime if mime in SENDABLE or mime.startswith(("audio/", "video/")) else UNKNOWN,
        inline=inline and mime in INLINE,
        name=safe_name(name.decode(), mime, stored.kind),
        keys=keys,
    )


def _opened(link: Link, stored: Stored) -> audit.Line:
    detail = {"attachment": str(stored.id)}
    return audit.Line(
        organisation=link.organisation,
        actor="link",
        action=f"file.{link.purpose}",
        ticket=stored.ticket,
        detail=detail,
    )


def _from_the_start(request: web.Request) -> bool:
    """Whether this is the first of what may be many requests: players ask for a film piece by piece."""
    return request.headers.get("Range", "bytes=0-").startswith("bytes=0")


def _range(request: web.Request, size: int) -> tuple[int, int]:
    try:
        start, stop, _ = request.http_range.indices(size)
    except ValueError:  # several ranges, or none that can be read: all of it
        return 0, size
    return start, stop


def _nothing() -> web.Response:
    text = "There is no such file, or its link has had its time: open the ticket again.\n"
    return web.Response(status=404, headers=_SAFE, text=text)
