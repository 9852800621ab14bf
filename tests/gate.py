"""The real web application on a free port, for tests that knock on it as providers do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web
from yarl import URL

from gateway.app import opened
from runtime.settings import Settings
from tests.house import House

Pairs = list[tuple[str, str]]


class Gate:
    """Whoever knows a path may knock."""

    def __init__(self, port: int, session: ClientSession) -> None:
        self.port, self._session = port, session

    async def post(self, path: str, headers: Any, body: bytes, method: str = "POST") -> int:
        """The status of the answer. `path` is sent as it stands."""
        url = URL(f"http://127.0.0.1:{self.port}{path}", encoded=True)
        async with self._session.request(method, url, headers=headers, data=body) as answer:
            await answer.read()
            return answer.status

    async def send(self, webhook: Any) -> int:
        """A webhook of the sandbox, delivered; the status of the answer."""
        return await self.post(webhook.path, list(webhook.headers), webhook.body, webhook.method)


@asynccontextmanager
async def gate(home: House, redis_url: str, settings: Settings | None = None) -> AsyncIterator[Gate]:
    """The door of a house, open."""
    at = home.workplace
    async with opened(settings or at.settings, at.master, home.data, home.owner, redis_url) as app:
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with ClientSession(skip_auto_headers=["Content-Type"]) as session:
                yield Gate(runner.addresses[0][1], session)
        finally:
            await runner.cleanup()
