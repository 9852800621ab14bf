"""A store that is down is left alone for a while, and then asked by one request whether it is well again."""

from datetime import datetime, timedelta
from random import Random

from model.cases import Refused, Result, Stored, Unknown

_PATIENCE = 3  #: failures in a row before a store is left alone
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0  # seconds
_LONGEST_WAIT = 3600.0
#: What is wrong with the store as a whole, and not with one case.
_ITS_OWN = frozenset({"away", "broken", "odd"})
_CLOSED_DOOR = frozenset({"credentials", "moved"})  #: nothing gets through until somebody mends it


def backoff(tries: int, chance: Random) -> timedelta:
    """How long a case waits after so many tries: doubled each time, an hour at most, never in step with others."""
    return timedelta(seconds=min(2.0 ** min(tries, 20), _LONGEST_WAIT) * chance.uniform(0.5, 1.5))


class Breaker:
    """Of one store in one worker. `chance` decides jitter alone."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.failures = 0  #: in a row
        self.open_until: datetime | None = None

    def room(self, now: datetime, most: int) -> int:
        """How many requests may go to the store at once: none while it is left alone, one to see how it is."""
        if self.open_until is None:
            return most
        return 1 if now >= self.open_until else 0

    def note(self, result: Result, now: datetime) -> bool:
        """Learn from an answer; True when the store is left alone from now on, or longer."""
        if isinstance(result, Refused) and result.code == "busy":
            self.open_until = now + (result.after or timedelta(seconds=self._chance.uniform(1, 3)))
            return True
        if not _fails(result):
            if isinstance(result, Stored):
                self.failures, self.open_until = 0, None
            return False
        self.failures += 1
        closed_door = isinstance(result, Refused) and result.code in _CLOSED_DOOR
        if self.failures < _PATIENCE and not closed_door and self.open_until is None:
            return False
        doubled = min(_FIRST_PAUSE * 2.0 ** min(self.failures - 1, 10), _LONGEST_PAUSE)
        pause = timedelta(seconds=doubled * self._chance.uniform(0.5, 1.5))
        hint = result.after if isinstance(result, Refused) and result.after else timedelta()
        self.open_until = now + max(pause, hint)
        return True


def _fails(result: Result) -> bool:
    return isinstance(result, Unknown) or (isinstance(result, Refused) and result.code in _ITS_OWN | _CLOSED_DOOR)
