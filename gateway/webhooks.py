"""One handler for all webhooks: read, verify, keep, answer. Nothing else happens while the provider waits."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from aiohttp import web
from prometheus_client import Counter

from channels import registry
from channels.contract import Channel, NotAuthentic
from gateway import metrics
from model.http import KEPT_HEADERS, Request, Response
from model.receipts import SealedReceipt
from runtime.envelope import pack
from runtime.ids import new_id, now
from runtime.settings import Settings
from storage.day_keys import DayKeys
from storage.door import Door, DoorFull
from workers_queue.nudge import Nudger


class Hook:
    """One account's webhook, with its counters looked up once."""

    def __init__(self, account: str, channel: Channel[Any], settings: Any) -> None:
        self.account, self.channel, self.settings = account, channel, settings
        self.headers = (channel.proof, *KEPT_HEADERS)
        self.seconds = metrics.SECONDS.labels(channel.name)
        self._counters: dict[str, Counter] = {}

    def count(self, outcome: str) -> None:
        if outcome not in self._counters:
            self._counters[outcome] = metrics.WEBHOOKS.labels(self.channel.name, outcome)
        self._counters[outcome].inc()


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """The door of one process."""

    hooks: Mapping[str, Hook]
    public_url: str
    read_seconds: float
    door: Door
    day_keys: DayKeys
    nudger: Nudger

    async def handle(self, request: web.Request) -> web.Response:
        """`/hooks/{account}` and `/hooks/{account}/{step}`.

        404 for an unknown account, 403 without the account's signature, 408 for a body that drips, 413 for one that is
        too large, 503 when neither database nor spool can take more; else whatever the channel answers.
        """
        hook = self.hooks.get(request.match_info["account"])
        if hook is None:
            return web.Response(status=404, text="No such account.\n")
        started = perf_counter()
        given = await self._read(request, hook)
        if isinstance(given, web.Response):
            return given
        answer = await self._take(given, hook)
        hook.seconds.observe(perf_counter() - started)
        return answer

    async def _read(self, request: web.Request, hook: Hook) -> Request | web.Response:
        try:
            if request.content.is_eof():  # it came with the headers, as nearly all do: no timer needed
                body = await request.read()
            else:
                async with asyncio.timeout(self.read_seconds):
                    body = await request.read()
        except TimeoutError:
            hook.count("too_slow")
            return _closing(408, "The body took too long to arrive.\n")
        except web.HTTPRequestEntityTooLarge:
            hook.count("too_large")
            return _closing(413, "The body is larger than any webhook.\n")
        except (web.RequestPayloadError, ValueError, OSError):
            hook.count("broken")
            return _closing(400, "The body could not be read as it was sent.\n")
        return Request(
            method=request.method,
            url=self.public_url + request.raw_path,
            step=request.match_info.get("step", ""),
            headers=[(name, value) for name in hook.headers for value in request.headers.getall(name, ())],
            body=body,
        )

    async def _take(self, request: Request, hook: Hook) -> web.Response:
        try:
            hello = hook.channel.hello(request, hook.settings)
            if hello is not None:
                hook.count("hello")
                return _sent(hello)
            hook.channel.verify(request, hook.settings)
        except NotAuthentic:
            hook.count("forged")
            return web.Response(status=403, text="This request does not carry the account's signature.\n")
        try:
            await self._keep(request, hook)
        except DoorFull:
            hook.count("full")
            return web.Response(status=503, headers={"Retry-After": "5"}, text="Try again in a few seconds.\n")
        hook.count("kept")
        self.nudger.nudge("take_in")
        return _sent(hook.channel.answer(request, hook.settings))

    async def _keep(self, request: Request, hook: Hook) -> None:
        id_ = new_id()
        try:
            key = self.day_keys.today()
        except KeyError:
            raise DoorFull from None  # the database was away for days: nothing can be sealed any more
        sealed = key.seal("receipt|sealed", id_, pack(request))
        await self.door.keep(SealedReceipt(id=id_, account=hook.account, received_at=now(), sealed=sealed))


def hooks(settings: Settings) -> dict[str, Hook]:
    """Every account's webhook, by account id."""
    return {a.id: Hook(a.id, registry.load(a.channel), a.settings) for a in settings.accounts.values()}


def _sent(response: Response) -> web.Response:
    headers = {"Content-Type": response.content_type, **dict(response.headers)}
    return web.Response(status=response.status, body=response.body, headers=headers)


def _closing(status: int, text: str) -> web.Response:
    answer = web.Response(status=status, text=text)
    answer.force_close()  # what is left of the body is not worth reading
    return answer
