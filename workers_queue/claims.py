"""Which deliveries a worker takes next: answers first, a share for each account, nothing of those that are resting."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from channels import registry
from model.deliveries import BROADCAST, CONVERSATION
from runtime.keys import key_id
from storage import account_state, outbox
from storage.account_state import AccountState
from storage.database import Connection
from storage.outbox import Claimed
from workers_queue.workplace import Workplace

AT_ONCE = 24  #: sends under way in one worker
LEASE = timedelta(seconds=60)  #: after it somebody else may take what was claimed
_FOR_CONVERSATIONS = 4  # of the sends under way, broadcasts may not have
_OF_ONE_ACCOUNT = 16  # of them: one provider that hangs must not take all


class Claims:
    """What one worker knows of the accounts, and takes."""

    def __init__(self, at: Workplace) -> None:
        self._at = at
        self.states: Mapping[str, AccountState] = {}
        self.no_broadcasts: Collection[str] = ()  #: accounts whose month is used up, but for answers
        self.more = False  #: whether others may be due, behind those that their account's share kept out

    async def claim(self, connection: Connection, sending: Sequence[Claimed], now: datetime) -> list[Claimed]:
        """The next to send, beside those under way, with fresh reply handles where there are any."""
        self.states = await account_state.states(connection)
        rows: list[Claimed] = []
        for priority, kept_free in ((CONVERSATION, 0), (BROADCAST, _FOR_CONVERSATIONS)):
            room = AT_ONCE - kept_free - len(sending) - len(rows)
            if room > 0:
                rows += await outbox.claim(
                    connection,
                    slot=self._at.slot,
                    now=now,
                    limit=room,
                    lease=LEASE,
                    priority=priority,
                    paused=self._paused(now, (*sending, *rows)).union(
                        self.no_broadcasts if priority == BROADCAST else ()
                    ),
                )
        kept, spare = self._within_shares(rows, sending)
        for row in spare:
            await outbox.give_back(connection, row.lease, [(row.id, now)])
        self.more = bool(spare)
        return await self._with_reply_handles(connection, kept, now)

    def _paused(self, now: datetime, under_way: Iterable[Claimed]) -> set[str]:
        resting = {account for account, s in self.states.items() if s.open_until and s.open_until > now}
        counts = Counter(row.account for row in under_way)
        return resting | {account for account, count in counts.items() if count >= self._most(account)}

    def _most(self, account: str) -> int:
        """Sends under way through one account: one alone where it keeps failing, to see whether it is well again."""
        state = self.states.get(account)
        return 1 if state and state.failing_since and state.open_until else _OF_ONE_ACCOUNT

    def _within_shares(
        self, rows: Sequence[Claimed], sending: Sequence[Claimed]
    ) -> tuple[list[Claimed], list[Claimed]]:
        under_way = Counter(row.account for row in sending)
        kept: list[Claimed] = []
        spare: list[Claimed] = []
        for row in rows:
            (kept if under_way[row.account] < self._most(row.account) else spare).append(row)
            under_way[row.account] += 1
        return kept, spare

    async def _with_reply_handles(
        self, connection: Connection, rows: Sequence[Claimed], now: datetime
    ) -> list[Claimed]:
        """At the first try alone: later the same words must go by the same calls, under the same keys."""
        asked = []
        for row in rows:
            fresh = timedelta(seconds=self._reply_seconds(row.account))
            if fresh and not row.tries and row.heard_at and now - row.heard_at <= fresh:
                asked.append((row.address, row.account, now - fresh))
        taken = await outbox.take_reply_handles(connection, asked)
        return [replace(row, reply_handle=taken.get(row.address)) for row in rows]

    def _reply_seconds(self, account_id: str) -> int:
        account = self._at.settings.accounts.get(account_id)
        out = registry.load(account.channel).out if account else None
        return out.limits.reply_seconds if out else 0


def key_ids(rows: Sequence[Claimed]) -> set[UUID]:
    """The keys of everything sealed in these rows."""
    handles = [row.reply_handle[1] for row in rows if row.reply_handle]
    sealed = [blob for row in rows for blob in (row.to, row.text, row.rules, row.choices)]
    return {key_id(blob) for blob in (*sealed, *handles) if blob}
