"""How fast an account may send, over all workers: a token bucket in Redis, and one of our own while Redis is away.

The bucket is kept as one number, the moment at which it would be full again (GCRA: ITU-T I.371, the virtual scheduling
algorithm). Conversations may draw it further down than broadcasts, so that an answer never waits behind those.
"""

import time
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = full - now - tonumber(ARGV[2])
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', full + ARGV[1]), 'PX', math.ceil((full + ARGV[1] - now) * 1000) + 1000)
return '0'
"""
_ALONE_SECONDS = 5.0  # after Redis failed it is not asked for a while
log = structlog.get_logger()


class Pace:
    """Belongs to one event loop. `workers`: how many share an account's rate while nobody can count for all."""

    def __init__(self, client: "Redis", workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._workers, self._clock = client, workers, clock
        self._take = client.register_script(_TAKE)
        self._full: dict[str, float] = {}
        self._alone_until = 0.0

    async def take(self, account: str, units: int, per_second: float, *, ahead: float) -> float:
        """Take `units` from an account's bucket: 0.0 when they may be sent now, else the seconds until they may.

        `ahead`: how many seconds' worth may be drawn beyond what has flowed in.
        """
        if self._clock() >= self._alone_until:
            try:
                return float(await self._take(keys=[f"pace:{account}"], args=[units / per_second, ahead]))
            except RedisError as error:
                log.warning("pace.alone", error=type(error).__name__)
                self._alone_until = self._clock() + _ALONE_SECONDS
        return self._take_alone(account, units * self._workers / per_second, ahead)

    def _take_alone(self, account: str, seconds: float, ahead: float) -> float:
        now = self._clock()
        full = max(self._full.get(account, 0.0), now)
        if (wait := full - now - ahead) > 0:
            return wait
        self._full[account] = full + seconds
        return 0.0

    async def close(self) -> None:
        await self._client.aclose()
