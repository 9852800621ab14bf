"""The floors: as little as could possibly be done on this machine with the same parts, and nothing of ours.

`python -m bench.floor PORT SECRET` serves webhooks that are read and verified, and then forgotten.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import sys
import time
from datetime import UTC, datetime
from itertools import count as numbers
from itertools import islice
from uuid import UUID

import orjson
import psycopg
import uvloop
from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BATCH = 200
_TABLES = """
create table bare_receipt (id uuid primary key, state text not null default 'new', sealed bytea not null);
create index on bare_receipt (id) where state = 'new';
create table bare_message (id uuid primary key, at timestamptz not null, sealed bytea not null)
"""
_CLAIM = """
update bare_receipt set state = 'taken' where id in (
    select id from bare_receipt where state = 'new' order by id for update skip locked limit %s) returning id, sealed
"""
_STORE = "insert into bare_message select * from unnest(%b::uuid[], %b::timestamptz[], %b::bytea[])"
_DONE = "update bare_receipt set state = 'done' where id = any (%b)"


async def _serve(port: int, secret: bytes) -> None:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        signed = base64.b64encode(hmac.digest(secret, body, hashlib.sha256))
        genuine = hmac.compare_digest(signed, request.headers["X-Line-Signature"].encode())
        return web.Response(status=200 if genuine else 403)

    app = web.Application()
    app.router.add_post("/hooks/{account}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()  # until it is ended


class BareTakeIn:
    """Sealed receipts claimed, opened, read, sealed again and stored in batches; nothing is understood or decided."""

    def __init__(self, url: str, body: bytes, count: int) -> None:
        """Makes two tables of its own and fills one with `count` receipts of that body."""
        self._connection = psycopg.connect(url, autocommit=True)
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._count = count
        self._connection.execute(_TABLES)
        self._ids = (UUID(int=n) for n in numbers())  # in order, as ours are
        rows = [(id_, self._sealed(id_, body)) for id_ in islice(self._ids, count)]
        self._connection.execute(
            "insert into bare_receipt (id, sealed) select * from unnest(%b::uuid[], %b::bytea[])",
            [[id_ for id_, _ in rows], [sealed for _, sealed in rows]],
        )

    def per_second(self) -> float:
        """Take all of them in."""
        began = time.perf_counter()
        for _ in range(-(-self._count // BATCH)):
            self._batch()
        seconds = time.perf_counter() - began
        self._connection.close()
        return self._count / seconds

    def _batch(self) -> None:
        claimed = self._connection.execute(_CLAIM, [BATCH], binary=True).fetchall()
        texts = [(next(self._ids), self._text(id_, sealed)) for id_, sealed in claimed]
        ids, now = [id_ for id_, _ in texts], datetime.now(UTC)
        with self._connection.transaction():
            self._connection.execute(_STORE, [ids, [now] * len(ids), [self._sealed(i, t) for i, t in texts]])
            self._connection.execute(_DONE, [[id_ for id_, _ in claimed]])

    def _text(self, id_: UUID, sealed: bytes) -> bytes:
        opened = self._cipher.decrypt(sealed[:12], sealed[12:], id_.bytes)
        return str(orjson.loads(opened)["events"][0]["message"]["text"]).encode()

    def _sealed(self, id_: UUID, data: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, data, id_.bytes)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2].encode()))
