"""Who has which ticket open, and who writes: ids in Valkey for half a minute, nothing that outlives it.

Without Valkey nobody is seen to be there, and nothing else changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from runtime.ids import now

STAYS = timedelta(seconds=30)  #: after the last sign of life; pages give one every `BEAT`
BEAT = timedelta(seconds=12)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Looker:
    """Somebody who has a ticket open."""

    agent: UUID
    writes: bool


class Presence:
    """Belongs to one event loop, on the caller's connection. Every key names its organisation."""

    def __init__(self, client: "Redis") -> None:
        self._client = client

    async def here(self, organisation: UUID, ticket: UUID, agent: UUID, *, writes: bool = False) -> None:
        """This agent has this ticket open, and perhaps writes. What changed is told to `channel`."""
        key, until = _key(organisation, ticket), (now() + STAYS).timestamp()
        await self._do(
            ("hset", key, str(agent), f"{until:.0f} {int(writes)}"),
            ("pexpire", key, int(STAYS.total_seconds() * 1000)),
            ("publish", channel(organisation), str(ticket)),
        )

    async def left(self, organisation: UUID, ticket: UUID, agent: UUID) -> None:
        """This agent has closed it."""
        await self._do(
            ("hdel", _key(organisation, ticket), str(agent)), ("publish", channel(organisation), str(ticket))
        )

    async def lookers(self, organisation: UUID, tickets: Sequence[UUID]) -> dict[UUID, list[Looker]]:
        """Who has these tickets open, those who write first; tickets nobody looks at are missing."""
        answers = await self._do(*(("hgetall", _key(organisation, ticket)) for ticket in tickets))
        found = {ticket: _lookers(held, now()) for ticket, held in zip(tickets, answers, strict=False)}
        return {ticket: lookers for ticket, lookers in found.items() if lookers}

    async def _do(self, *commands: tuple[str | int, ...]) -> list[dict[bytes, bytes]]:
        if not commands:
            return []
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for name, *values in commands:
                    pipe.execute_command(str(name), *values)
                return await pipe.execute()
        except RedisError as error:
            log.warning("presence.away", error=type(error).__name__)
            return []


def channel(organisation: UUID) -> str:
    """Where it is published that the lookers of a ticket changed; the message is the ticket's id."""
    return f"presence:{organisation}"


def _key(organisation: UUID, ticket: UUID) -> str:
    return f"presence:{organisation}:{ticket}"


def _lookers(held: dict[bytes, bytes], at: datetime) -> list[Looker]:
    found = []
    for agent, value in held.items():
        until, _, writes = value.partition(b" ")
        if float(until) > at.timestamp():
            found.append(Looker(UUID(agent.decode()), writes == b"1"))
    return sorted(found, key=lambda looker: (not looker.writes, looker.agent))
