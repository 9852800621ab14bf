"""The providers' whole side in one value: accounts, people, phones, what is broken, and how fast it answers."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import aiohttp

from sandbox.accounts import Account
from sandbox.courier import MOST_OPEN, Courier
from sandbox.faults import Faults
from sandbox.files import Files
from sandbox.heard import heard
from sandbox.memory import Memory
from sandbox.people import Person, known_as
from sandbox.phones import Item, Media, Phones
from sandbox.receipts import Receipts
from sandbox.webhook import Webhook

_A_MOMENT = 0.5  # seconds
_BY_HAND, _ROOM = 2_000_000_000, 100_000_000  # above the ids of all runs (see casting), and within 31 bits


@dataclass(slots=True)
class Manners:
    """How the stand-in behaves when nothing is broken; may be changed while it runs."""

    receipts: bool = False  #: whether delivery and read receipts are sent
    gap: tuple[float, float] = (0.02, 0.3)  #: seconds between two receipts of one message, at least and at most
    latency: float = 0.0  #: seconds after which everything is answered
    ahead: timedelta = timedelta()  #: how far its clock is ahead of the machine's


class World:
    """One sandbox. `gateway` is where webhooks go; None: nothing can be sent there."""

    def __init__(
        self, accounts: Sequence[Account] = (), gateway: str | None = None, *, seed: int = 1, receipts: bool = False
    ) -> None:
        self.accounts, self.gateway, self.rng = tuple(accounts), gateway, Random(f"world {seed}")
        self.manners = Manners(receipts=receipts)
        self.phones, self.files, self.faults, self.memory = Phones(), Files(), Faults(), Memory()
        self.quotas: dict[str, tuple[int | None, int]] = {}  #: LINE's messages a month, and those used, by account
        self.closing = asyncio.Event()
        self.courier: Courier | None = None  #: while a session is open, and there is a gateway
        self.receipts = Receipts(self)
        self._numbers = itertools.count(_BY_HAND + secrets.randbelow(_ROOM))

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Webhooks can be sent during the block; what waits at its end is let go."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=MOST_OPEN)) as session:
            if self.gateway:
                self.courier = Courier(session, self.gateway, notice=self.notice)
            try:
                yield
            finally:
                self.closing.set()
                self.courier = None
                await self.receipts.close()

    def now(self) -> datetime:
        """The providers' clock, UTC."""
        return datetime.now(UTC) + self.manners.ahead

    def number(self) -> int:
        """A number for the ids of a new message, which the simulation does not use, nor a sandbox started later."""
        return next(self._numbers)

    def notice(self, webhook: Webhook) -> None:
        """Take in what a webhook says of people, as the provider knows it before the gateway does."""
        for said in heard(webhook):
            if not self.memory.new(said):
                continue
            now = self.now()
            self.memory.hear(said, now)
            if said.kind:
                self.phones.keep(
                    Item(
                        channel=said.channel,
                        person=said.person,
                        account=said.account,
                        by="person",
                        id=said.id,
                        kind=said.kind,
                        text=said.text,
                        media=(Media(kind=said.kind, url=f"/sandbox/media/{said.ref}"),) if said.ref else (),
                        at=(said.at or now).isoformat(),
                    )
                )

    def person(self, channel: str, ident: str) -> Person:
        """The person of an id; a nameless one where nobody introduced them."""
        return self.memory.person(channel, ident) or known_as(channel, ident)

    def meet(self, channel: str, person: Person) -> None:
        """Know by name whom a channel knows by an id."""
        self.memory.meet(channel, person.id_on(channel), person)

    def line_quota(self, account: str) -> tuple[int | None, int]:
        """Messages a month that LINE lets this account push (None: any number), and how many went."""
        return self.quotas.get(account, (None, 0))

    async def pause(self, seconds: float) -> None:
        """Let time pass; more than a moment only until the sandbox ends."""
        if seconds <= _A_MOMENT:
            await asyncio.sleep(max(0.0, seconds))
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.closing.wait()
