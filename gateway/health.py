"""Is this process alive, can it take messages, and what does it count."""

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway import metrics
from storage.database import Database, StoreError
from storage.door import Door
from storage.gauges import ask

_PATIENCE = 1.0  # seconds a question to the store may take


class Health:
    """The three pages a monitor asks for. None of them needs the database to answer."""

    def __init__(self, door: Door, database: Database, *, spool_limit: int) -> None:
        self._door, self._database, self._spool_limit = door, database, spool_limit

    async def alive(self, request: web.Request) -> web.Response:
        """`/healthz`: 200 while the process answers at all."""
        return web.Response(text="ok\n")

    async def ready(self, request: web.Request) -> web.Response:
        """`/readyz`: 200 while a webhook would be kept, in the database or on local disk; 503 otherwise."""
        spool = self._door.spool_bytes()
        room = spool < self._spool_limit
        shown = {
            "ready": self._door.healthy or room,
            "database": "up" if self._door.healthy else "away: webhooks go to the spool",
            "spool_bytes": spool,
            "spool": "has room" if room else "full: free the disk or bring the database back",
        }
        return web.json_response(shown, status=200 if shown["ready"] else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """`/metrics`, in Prometheus' text format."""
        metrics.DATABASE.set(self._door.healthy)
        metrics.SPOOL.set(self._door.spool_bytes())
        metrics.STORED.labels("database").set(self._door.stored)
        metrics.STORED.labels("spool").set(self._door.spooled)
        metrics.STORED.labels("refused").set(self._door.refused)
        await self._ask_the_store()
        return web.Response(body=generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ask_the_store(self) -> None:
        if not self._door.healthy:
            return
        try:
            async with asyncio.timeout(_PATIENCE), self._database.plain() as connection:
                for what, value in (await ask(connection)).items():
                    metrics.STORE.labels(what).set(value)
        except (StoreError, TimeoutError):
            metrics.DATABASE.set(0)
