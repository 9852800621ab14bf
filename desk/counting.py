"""How many tickets each view and queue of an organisation holds.

Counting is a walk over all that are open, and every open page asks: an organisation is walked once in two seconds.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from desk.listing import View
from desk.seat import Seat
from storage import desk_list

_NAMES: Sequence[View] = ("waiting", "unassigned", "danger", "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many tickets each view and queue holds."""

    views: Mapping[View, int]  #: `mentions`: those not read yet; no number of closed ones
    queues: Mapping[str, int]  #: who waits, by queue


@dataclass(slots=True)
class _Known:
    """What one organisation was last counted to have. Nothing of it is ever another organisation's."""

    asking: asyncio.Lock
    until: float = 0.0
    by_queue: Mapping[str, Sequence[int]] | None = None
    snoozed: int = 0


class Counting:
    """The counts of one process."""

    def __init__(self, *, seconds: float = 2.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self._clock = seconds, clock
        self._known: dict[UUID, _Known] = defaultdict(lambda: _Known(asyncio.Lock()))

    async def counts(self, seat: Seat) -> Counts:
        """What there is, as it was at most two seconds ago; the agent's own as it is."""
        by_queue, snoozed = await self._shared(seat)
        mine, mentioned = await desk_list.own_counts(seat.connection, seat.agent.id, seat.now)
        totals: dict[View, int] = {name: sum(row[n] for row in by_queue.values()) for n, name in enumerate(_NAMES)}
        return Counts(
            views=totals | {"mine": mine, "snoozed": snoozed, "mentions": mentioned},
            queues={queue: numbers[0] for queue, numbers in by_queue.items()},
        )

    async def _shared(self, seat: Seat) -> tuple[Mapping[str, Sequence[int]], int]:
        known = self._known[seat.agent.organisation]
        async with known.asking:  # many pages ask at once: one of them counts
            if known.by_queue is None or self._clock() >= known.until:
                known.by_queue, known.snoozed = await desk_list.counts(seat.connection, seat.now)
                known.until = self._clock() + self.seconds
            return known.by_queue, known.snoozed
