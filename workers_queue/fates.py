"""What attempts came to, written down: the deliveries, the open pages, the people who left, the accounts' health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import structlog

from model.deliveries import Refused, Result, Sent, State
from outbound.outcome import trouble
from storage import account_state, feed, outbox, people, tickets
from storage.account_state import AccountState
from storage.database import Connection
from storage.outbox import Claimed, Outcome

_LEFT = {"blocked": "blocked", "opted_out": "opted_out"}  #: reasons that say that the person has left, and how
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One delivery after it was tried, or found impossible to try (`result` None)."""

    row: Claimed
    outcome: Outcome
    ended: datetime  #: when the last answer came, or did not; pauses begin here
    result: Result | None = None
    pause: timedelta = timedelta()  #: nothing more to this address for so long


async def write_down(
    connection: Connection, attempts: Sequence[Attempt], states: Mapping[str, AccountState], chance: Random
) -> None:
    """Everything that these attempts change, in one transaction.

    People whom our words did not reach are held still first, as intake does: nobody may write over their clock.
    """
    failed = {a.row.person for a in attempts if a.outcome.state == "failed"}
    if attempts:
        failed |= await outbox.feared(connection, [a.row.id for a in attempts])
    await people.lock_people(connection, failed)
    await tell(connection, await outbox.finish(connection, [a.outcome for a in attempts]))
    await outbox.pause_address(
        connection, [(a.row.address, a.ended + a.pause) for a in attempts if a.pause and a.outcome.state == "sent"]
    )
    await people.set_left(
        connection, {a.row.address: (how, a.outcome.at) for a in attempts if (how := _how_they_left(a.result))}
    )
    await account_state.spent(connection, _units(attempts, states))
    for attempt in attempts:
        if attempt.result is not None:
            await _health(connection, attempt, states.get(attempt.row.account), chance)


def _units(attempts: Sequence[Attempt], states: Mapping[str, AccountState]) -> dict[str, int]:
    """Units of accounts whose month is counted."""
    counted = {account for account, state in states.items() if state.quota_limit is not None}
    units: dict[str, int] = {}
    for attempt in attempts:
        if attempt.outcome.units and attempt.row.account in counted:
            units[attempt.row.account] = units.get(attempt.row.account, 0) + attempt.outcome.units
    return units


def _how_they_left(result: Result | None) -> str | None:
    if isinstance(result, Refused) and result.meaning.scope == "address":
        return _LEFT.get(result.meaning.reason)
    return None


async def _health(connection: Connection, attempt: Attempt, state: AccountState | None, chance: Random) -> None:
    account, at = attempt.row.account, attempt.ended
    if attempt.result is None:
        return
    found = trouble(attempt.result, account, state.failures if state else 0, at=at, chance=chance)
    if found is None:
        if isinstance(attempt.result, Sent) and state and state.failing_since:
            await account_state.well(connection, account, at)
            log.info("account.well", account=account)
    elif found.fails:
        await account_state.failing(connection, found.state, at)
        log.warning("account.failing", account=account, reason=found.state.reason, code=found.state.code)
    elif found.state.open_until:
        await account_state.slow_down(connection, account, found.state.open_until)


async def tell(connection: Connection, changed: Sequence[tuple[UUID, UUID, State]]) -> None:
    """Open pages learn of deliveries that changed; where an answer did not arrive the worker waits again."""
    failed = {ticket for _, ticket, state in changed if state == "failed"}
    if failed:
        await tickets.wait_again(connection, failed)
    await feed.tell(connection, [(o, t, "changed") for o, t in {(o, t) for o, t, _ in changed}])
