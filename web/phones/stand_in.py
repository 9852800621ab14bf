"""The sandbox's own interface (sandbox/README.md), asked by the web process: browsers speak to nobody but us."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web

_PATIENCE = aiohttp.ClientTimeout(total=45)  # a webhook may be waited for, and so may news


class Away(Exception):
    """The sandbox does not answer."""


class Refused(Exception):
    """The sandbox cannot do this, or the gateway did not take it; the text says why and holds nobody's words."""


class StandIn:
    """One sandbox. Every method raises Away, and Refused where something was asked that cannot be."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session, self._address = session, address

    async def get(self, path: str, **query: str | int | float) -> Any:
        """What is at a path below `/sandbox/`."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, asked: Mapping[str, Any]) -> Any:
        return await self._ask("POST", path, json=asked)

    async def set_ahead(self, by: timedelta) -> None:
        """Set the providers' clock; our own processes follow it."""
        await self._ask("PUT", "manners", json={"ahead_seconds": by.total_seconds()})

    @asynccontextmanager
    async def file(self, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """A file at a path of the sandbox."""
        try:
            async with self._session.get(self._address + path, allow_redirects=False) as answer:
                yield answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Away from error

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            async with self._session.request(method, f"{self._address}/sandbox/{path}", **more) as answer:
                said = await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Away from error
        if answer.status >= 400:
            raise Refused(said.get("error") or f"the gateway answered {', '.join(map(str, said.get('answers', ())))}")
        return said


STAND_IN = web.AppKey("stand_in", StandIn)


def attach(app: web.Application, address: str) -> None:
    """Let the pages of this application ask the sandbox at that address."""

    async def opened(app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            app[STAND_IN] = StandIn(session, address)
            yield

    app.cleanup_ctx.append(opened)
