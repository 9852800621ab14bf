"""How fast an account may send, over all workers: a token bucket in Redis, and one of our own while Redis is away.

The bucket is kept as one number, the moment at which it would be full again (GCRA: ITU-T I.371, the virtual scheduling
algorithm). Conversations may draw it further down than broadcasts, so that an answer never waits behind those.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local waits = {}
for i, key in ipairs(KEYS) do
    local cost, ahead = ARGV[2 * i - 1], ARGV[2 * i]
    local full = math.max(tonumber(redis.call('GET', key) or '0'), now)
    local wait = full - now - tonumber(ahead)
    if wait <= 0 then
        local life = math.ceil((full + cost - now) * 1000) + 1000
        redis.call('SET', key, string.format('%.6f', full + cost), 'PX', life)
    end
    waits[i] = tostring(math.max(wait, 0))
end
return waits
"""
_ALONE_SECONDS = 5.0  # after Redis failed it is not asked for a while
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Draw:
    """What a delivery takes from its account's bucket."""

    account: str
    units: int
    per_second: float
    ahead: float  #: how many seconds' worth may be drawn beyond what has flowed in


class Pace:
    """Belongs to one event loop. `workers`: how many share an account's rate while nobody can count for all."""

    def __init__(self, client: "Redis", workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._workers, self._clock = client, workers, clock
        self._take = client.register_script(_TAKE)
        self._full: dict[str, float] = {}
        self._alone_until = 0.0

    async def take(self, draws: Sequence[Draw]) -> list[float]:
        """For each: 0.0 where it was taken and may be sent now, else the seconds until it may be asked for again."""
        if draws and self._clock() >= self._alone_until:
            keys = [f"pace:{draw.account}" for draw in draws]
            args = [number for draw in draws for number in (draw.units / draw.per_second, draw.ahead)]
            try:
                return [float(wait) for wait in await self._take(keys=keys, args=args)]
            except RedisError as error:
                log.warning("pace.alone", error=type(error).__name__)
                self._alone_until = self._clock() + _ALONE_SECONDS
        return [self._take_alone(draw) for draw in draws]

    def _take_alone(self, draw: Draw) -> float:
        now = self._clock()
        full = max(self._full.get(draw.account, 0.0), now)
        if (wait := full - now - draw.ahead) > 0:
            return wait
        self._full[draw.account] = full + draw.units * self._workers / draw.per_second
        return 0.0

    async def close(self) -> None:
        await self._client.aclose()
