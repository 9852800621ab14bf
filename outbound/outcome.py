"""What each answer of a provider means for the delivery and for its account. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from model.deliveries import Reason, Refused, Result, Sent, Unknown
from storage.account_state import AccountState
from storage.outbox import Claimed, Outcome

GIVE_UP = timedelta(hours=24)  #: an answer that could not leave for so long helps nobody any more
_LONGEST_WAIT = 600.0
_PATIENCE = 5  #: failures in a row before an account is left alone for a while
_LONGEST_PAUSE = 60.0
_BROKEN_PAUSE = timedelta(seconds=60)  #: between two looks whether somebody has mended an account
INVALID_REPLY = "invalid_reply_token"
#: What somebody will mend: the words wait for it. Used-up messages come back next month, which helps nobody who waits.
_MENDABLE = frozenset({"credentials", "permission", "suspended"})


def backoff(tries: int, chance: Random) -> timedelta:
    """How long to wait after so many tries: twice as long each time, ten minutes at most, never in step with others."""
    return timedelta(seconds=min(2.0 ** min(tries, 20), _LONGEST_WAIT) * chance.uniform(0.5, 1.5))


def settle(
    result: Result, row: Claimed, *, at: datetime, ended: datetime, ids: tuple[str, ...], chance: Random
) -> Outcome:
    """The delivery after one attempt, begun at `at`: what is to wait waits from its end on, which may be much later.

    `ids`: the provider's, as they may be stored.
    """
    match result:
        case Sent():
            return _outcome(row, at, state="sent", units=result.units, ids=ids)
        case Unknown():
            return _outcome(row, at, state="unknown", code=result.why)
        case Refused():
            return _refused(result, row, at, ended, chance)


def _refused(refused: Refused, row: Claimed, at: datetime, ended: datetime, chance: Random) -> Outcome:
    meaning, reason, code = refused.meaning, refused.meaning.reason, refused.code
    if not (meaning.retry or (reason in _MENDABLE and meaning.scope == "account")):
        return _outcome(row, at, state="failed", reason=reason, code=code)
    if ended - max(row.created_at, row.held_until or row.created_at) > GIVE_UP:
        return _outcome(row, at, state="failed", reason="gave_up", code=code or reason)
    wait = timedelta() if code == INVALID_REPLY else meaning.after or backoff(row.tries, chance)
    return _outcome(row, at, state="queued", due_at=ended + wait, reason=reason, code=code)


def cannot(row: Claimed, reason: Reason, at: datetime) -> Outcome:
    """A delivery that is not even tried."""
    return _outcome(row, at, state="failed", reason=reason)


def _outcome(row: Claimed, at: datetime, **more: object) -> Outcome:
    return Outcome(row=row, at=at, **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Trouble:
    """An account is to be left alone until `state.open_until`; `fails`: something is wrong with it, not just haste."""

    state: AccountState
    fails: bool


def trouble(result: Result, account: str, failures: int, *, at: datetime, chance: Random) -> Trouble | None:
    """What an answer that came at `at` tells of its account, after `failures` in a row; None where all is well."""
    if isinstance(result, Unknown):
        return _away(account, failures, result.why, at, chance)
    if not isinstance(result, Refused):
        return None
    meaning = result.meaning
    if meaning.reason == "too_fast":
        until = at + (meaning.after or timedelta(seconds=chance.uniform(0.5, 1.5)))
        return Trouble(AccountState(account=account, open_until=until), fails=False)
    if meaning.reason == "away":
        return _away(account, failures, result.code, at, chance)
    if meaning.scope != "account":
        return None
    pause = at + _BROKEN_PAUSE if meaning.reason in _MENDABLE else None  # free answers go out without a quota
    state = AccountState(
        account=account, failures=failures + 1, open_until=pause, reason=meaning.reason, code=result.code
    )
    return Trouble(state, fails=True)


def _away(account: str, failures: int, code: str, at: datetime, chance: Random) -> Trouble:
    """The first failures cost nobody a pause: one bad connection is no outage."""
    failures += 1
    pause = (
        min(2.0 ** (failures - _PATIENCE), _LONGEST_PAUSE) * chance.uniform(0.5, 1.5) if failures >= _PATIENCE else 0
    )
    until = at + timedelta(seconds=pause) if pause else None
    return Trouble(
        AccountState(account=account, failures=failures, open_until=until, reason="away", code=code), fails=True
    )
