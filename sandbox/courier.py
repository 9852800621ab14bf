"""Carries webhooks to a gateway as the providers do: their patience, their retries, one chat in order."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from math import inf
from time import monotonic

import aiohttp
from yarl import URL

from sandbox.webhook import Webhook

MOST_OPEN = 64  #: requests at a time
#: Seconds each provider waits for an answer.
PATIENCE: Mapping[str, float] = {"voice": 15, "sms": 15, "line": 2, "facebook": 20, "telegram": 60}
#: Seconds before each further try after anything but a 2xx. LINE and Twilio do not come back.
RETRIES: Mapping[str, tuple[float, ...]] = {"telegram": (1, 2, 4, 8, 16), "facebook": (0, 5, 15, 30)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one request. Holds no words of anybody."""

    account_id: str
    channel: str
    step: str
    note: str
    message_ids: tuple[str, ...]
    status: int | None  #: None: no answer in time, or no connection
    seconds: float  #: from the first byte sent to the last byte answered
    attempt: int  #: 0 for the first

    @property
    def accepted(self) -> bool:
        """Whether the gateway took it."""
        return self.status is not None and 200 <= self.status < 300


def _nothing(said: object) -> None:
    return None


class Courier:
    """Sends webhooks to one gateway; `tell` hears of every request, `notice` of every webhook before it leaves."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        gateway: str,
        *,
        tell: Callable[[Result], None] = _nothing,
        notice: Callable[[Webhook], None] = _nothing,
        hurry: float = 1.0,
        until: float = inf,
    ) -> None:
        """`hurry` multiplies the pauses before retries (1: as the providers); after `until` nothing is retried."""
        self._session, self._gateway = session, gateway.rstrip("/")
        self._tell, self._notice = tell, notice
        self._hurry, self._until = hurry, until
        self._chats: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def deliver(self, webhook: Webhook) -> bytes:
        """Send it until it is taken or the provider gives up. The answer's body, empty when it was not taken."""
        turn = self._chats[webhook.queue] if webhook.queue else contextlib.nullcontext()
        async with turn:
            for attempt, pause in enumerate((0.0, *RETRIES.get(webhook.channel, ()))):
                if attempt and monotonic() + pause * self._hurry > self._until:
                    break
                await asyncio.sleep(pause * self._hurry)
                result, body = await self.ask(webhook, attempt)
                if result.accepted:
                    return body
            return b""

    async def call(self, steps: Generator[Webhook, bytes, None]) -> None:
        """Make a phone call: each answer decides the next request."""
        webhook = next(steps)
        with contextlib.suppress(StopIteration):
            while True:
                webhook = steps.send(await self.deliver(webhook))

    async def ask(self, webhook: Webhook, attempt: int = 0) -> tuple[Result, bytes]:
        """Send it once: what became of it, and the answer's body."""
        if not attempt:
            self._notice(webhook)  # the gateway may answer the person before it answers the provider
        status, body, began = None, b"", monotonic()
        try:
            async with self._session.request(
                webhook.method,
                URL(self._gateway + webhook.path, encoded=True),
                data=webhook.body,
                headers=webhook.headers,
                timeout=aiohttp.ClientTimeout(total=PATIENCE[webhook.channel]),
                allow_redirects=False,
            ) as answer:
                body, status = await answer.read(), answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = None
        result = _result(webhook, status, monotonic() - began, attempt)
        self._tell(result)
        return result, body


def _result(webhook: Webhook, status: int | None, seconds: float, attempt: int) -> Result:
    return Result(
        account_id=webhook.account_id,
        channel=webhook.channel,
        step=webhook.step,
        note=webhook.note,
        message_ids=webhook.message_ids,
        status=status,
        seconds=seconds,
        attempt=attempt,
    )
