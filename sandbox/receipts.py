"""What becomes of a message after it was taken, told to the gateway as each provider tells it.

Twilio calls the address it was given with each message; Messenger sends an echo, a delivery and a read mark. LINE and
Telegram tell nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.accounts import Account
from sandbox.phones import Item
from sandbox.providers import facebook, twilio_sms
from sandbox.webhook import Webhook

if TYPE_CHECKING:
    from sandbox.world import World

SWAPPED = 0.1  #: chance that two of them come in the wrong order
Step = Callable[[], Webhook]


class Receipts:
    """Of one sandbox; nothing is told while its manners say so, or without a gateway."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._order, self._gaps = Random(world.rng.random()), Random(world.rng.random())
        self._tasks: set[asyncio.Task[None]] = set()

    def twilio(self, account: Account, message: dict[str, Any], url: str, code: int | None) -> None:
        """Tell how a text message fares: queued, sent, delivered; or undelivered with a code."""

        def step(fate: str) -> Step:
            def make() -> Webhook:
                message["status"], message["error_code"] = fate, code if fate == "undelivered" else None
                return twilio_sms.status(account, message["sid"], message["to"], fate, message["error_code"], url=url)

            return make

        fates = ("queued", "sent", "undelivered" if code else "delivered")
        self._begin([step(fate) for fate in fates])

    def messenger(self, account: Account, item: Item) -> None:
        """Tell what the Page said, that it arrived, and that it was read.

        Messenger's watermark is the moment it took the message: earlier than the sender heard of it.
        """
        person, taken = self._world.person("facebook", item.person), datetime.fromisoformat(item.at)
        attachment = _attachment(item)
        now = self._world.now
        self._begin(
            [
                lambda: facebook.echo(
                    account, person, item.text, item.id, taken, metadata=item.mark or None, attachment=attachment
                ),
                lambda: facebook.delivery(account, person, [item.id], now(), watermark=taken),
                lambda: facebook.read(account, person, now(), watermark=taken),
            ]
        )

    async def settle(self) -> None:
        """Wait until everything is told."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Tell nothing more."""
        for task in self._tasks:
            task.cancel()
        await self.settle()

    def _begin(self, steps: Sequence[Step]) -> None:
        if self._world.manners.receipts and self._world.courier:
            self._start(self._tell(self._shuffled(steps)))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _shuffled(self, steps: Sequence[Step]) -> Sequence[Step]:
        """Now and then two neighbours change places."""
        if self._order.random() >= SWAPPED:
            return steps
        at = self._order.randrange(len(steps) - 1)
        return [*steps[:at], steps[at + 1], steps[at], *steps[at + 2 :]]

    async def _tell(self, steps: Sequence[Step]) -> None:
        for step in steps:
            await self._world.pause(self._gaps.uniform(*self._world.manners.gap))
            if self._world.courier:
                await self._world.courier.deliver(step())


def _attachment(item: Item) -> dict[str, Any] | None:
    if not item.media:
        return None
    return {"type": item.kind, "payload": {"url": item.media[0].url}}
