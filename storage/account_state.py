"""How each account does: what is wrong with it, since when, and when it is tried again. No words, no people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """One account; all is well where `failing_since` is None."""

    account: str
    failing_since: datetime | None = None
    failures: int = 0  #: in a row
    open_until: datetime | None = None  #: nothing is sent through it before then
    reason: str | None = None
    code: str | None = None
    quota_limit: int | None = None
    quota_used: int | None = None
    quota_at: datetime | None = None
    quota_told: int = 0  #: percent that somebody was last warned of

    @property
    def quota_left(self) -> int | None:
        """Messages left this month; None where there is no limit, or nobody asked."""
        return _left(self.quota_limit, self.quota_used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What desks may know of an account."""

    account: str
    failing_since: datetime | None
    reason: str | None
    quota_limit: int | None
    quota_used: int | None

    @property
    def quota_left(self) -> int | None:
        """Messages left this month; None where there is no limit, or nobody asked."""
        return _left(self.quota_limit, self.quota_used)


_COLUMNS = "account, failing_since, failures, open_until, reason, code, quota_limit, quota_used, quota_at, quota_told"


async def states(connection: Connection) -> dict[str, AccountState]:
    """Every account of which something is known, by id."""
    async with connection.cursor(row_factory=class_row(AccountState)) as cursor:
        await cursor.execute(f"select {_COLUMNS} from account_state".encode())  # noqa: S608 - a constant
        return {row.account: row for row in await cursor.fetchall()}


async def told(connection: Connection) -> dict[str, Told]:
    """The same as far as desks may know it."""
    async with connection.cursor(row_factory=class_row(Told)) as cursor:
        await cursor.execute("select account, failing_since, reason, quota_limit, quota_used from account_state")
        return {row.account: row for row in await cursor.fetchall()}


def _left(limit: int | None, used: int | None) -> int | None:
    return None if limit is None or used is None else max(0, limit - used)


async def failing(connection: Connection, state: AccountState, at: datetime) -> None:
    """Write down that an account fails; the first failure of a row says since when.

    A pause that lasts is not made shorter: the provider asked for it, or another worker found it needful.
    """
    await connection.execute(
        "insert into account_state (account, failing_since, failures, open_until, reason, code) "
        "values (%b, %b, %b, %b, %b, %b) on conflict (account) do update set "
        "failing_since = coalesce(account_state.failing_since, excluded.failing_since), "
        "failures = greatest(account_state.failures + 1, excluded.failures), "
        "open_until = greatest(excluded.open_until, "
        "case when account_state.open_until > excluded.failing_since then account_state.open_until end), "
        "reason = excluded.reason, code = excluded.code",
        [state.account, at, state.failures, state.open_until, state.reason, state.code],
    )


async def slow_down(connection: Connection, account: str, until: datetime) -> None:
    """The provider asks for a pause; that is no failure."""
    await connection.execute(
        "insert into account_state (account, open_until) values (%b, %b) on conflict (account) do update set "
        "open_until = greatest(account_state.open_until, excluded.open_until)",
        [account, until],
    )


async def well(connection: Connection, account: str, at: datetime) -> None:
    """It works again; a pause that lasts is kept."""
    await connection.execute(
        "update account_state set failing_since = null, failures = 0, reason = null, code = null, "
        "open_until = case when open_until > %b then open_until end where account = %b",
        [at, account],
    )


async def spent(connection: Connection, units: Mapping[str, int]) -> None:
    """Count what was sent since the provider was last asked; its own word replaces ours."""
    for account, count in sorted(units.items()):
        await connection.execute(
            "update account_state set quota_used = quota_used + %b where account = %b", [count, account]
        )


async def quota(connection: Connection, account: str, *, limit: int | None, used: int, at: datetime, told: int) -> None:
    """What the provider says of this month's messages."""
    await connection.execute(
        "insert into account_state (account, quota_limit, quota_used, quota_at, quota_told) "
        "values (%b, %b, %b, %b, %b) on conflict (account) do update set "
        "quota_limit = excluded.quota_limit, quota_used = excluded.quota_used, "
        "quota_at = excluded.quota_at, quota_told = excluded.quota_told",
        [account, limit, used, at, told],
    )
