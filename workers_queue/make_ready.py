"""From a claimed row to requests that can be sent: unsealed, rendered, and paid for out of its account's bucket."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from channels.contract import CannotSay, Part
from model.contact import Forbidden, Verdict, allowed
from model.deliveries import BROADCAST, CONVERSATION, Choice, Reason
from outbound.clients import Clients, Line, NoAccount
from outbound.pace import Pace
from outbound.said import outgoing
from runtime.keys import CannotOpen, Key, key_id
from storage import contact_rules, outbox, people
from storage.outbox import Claimed
from workers_queue.workplace import Workplace

#: Seconds' worth of an account's rate that may be drawn at once: an answer never waits behind broadcasts.
_AHEAD = {CONVERSATION: 2.0, BROADCAST: 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A delivery that may go."""

    row: Claimed
    line: Line
    parts: Sequence[Part]  #: all of them; those before `row.parts_done` are through


@dataclass(frozen=True, slots=True)
class Impossible:
    """A delivery that is not even tried."""

    row: Claimed
    reason: Reason


@dataclass(frozen=True, slots=True)
class NotSafeNow:
    """A delivery that waits for the person's safe hours."""

    row: Claimed
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class NotNow:
    """A delivery whose account has sent as much as it may for the moment."""

    row: Claimed
    due_at: datetime


class Rendering:
    """How one worker makes deliveries ready."""

    def __init__(self, at: Workplace, clients: Clients, pace: Pace) -> None:
        self._at, self._clients, self._pace = at, clients, pace

    async def ready(
        self, row: Claimed, keys: Mapping[UUID, Key], now: datetime
    ) -> Ready | Impossible | NotNow | NotSafeNow:
        """What can be done with a claimed delivery. `keys`: those its sealed values name, without erased people's."""
        try:
            line = await self._clients.line(row.account)
            verdict = safe(row, keys, line.account.channel, now)
            if isinstance(verdict, Forbidden) and verdict.opens_at:
                return NotSafeNow(row, verdict.opens_at)
            if isinstance(verdict, Forbidden):
                return Impossible(row, "not_safe")
            parts = await self._rendered(row, line, keys, now)
        except NoAccount:
            return Impossible(row, "account_gone")
        except CannotSay as error:
            return Impossible(row, error.reason)
        except (KeyError, CannotOpen):  # the person was erased: there is nobody to write to
            return Impossible(row, "bad_address")
        rate = line.account.per_second or line.out.limits.per_second
        units = sum(part.units for part in parts[row.parts_done :])
        wait = await self._pace.take(row.account, units, rate, ahead=_AHEAD[row.priority])
        return NotNow(row, now + timedelta(seconds=wait)) if wait > 0 else Ready(row=row, line=line, parts=parts)

    async def _rendered(self, row: Claimed, line: Line, keys: Mapping[UUID, Key], now: datetime) -> Sequence[Part]:
        if row.left_how in ("blocked", "unfollowed"):
            raise CannotSay("blocked")
        if row.left_how == "opted_out" and row.priority == BROADCAST:
            raise CannotSay("opted_out")
        said = outgoing(
            row,
            address_key=keys[key_id(row.to)],
            key=keys[key_id(row.text or row.to)],
            files=(),
            choices=_choices(row, keys),
            now=now,
            reply_handle=await self._reply_handle(row, line, now),
        )
        return line.out.render(said, line.account.settings)

    async def _reply_handle(self, row: Claimed, line: Line, now: datetime) -> str | None:
        """A fresh one, at the first try alone: later the same words must go by the same calls, under the same keys."""
        fresh = timedelta(seconds=line.out.limits.reply_seconds)
        if not fresh or row.tries or row.heard_at is None or now - row.heard_at > fresh:
            return None
        async with self._at.database.intake() as connection:
            taken = await outbox.take_reply_handle(connection, row.address, row.account, since=now - fresh)
            if taken is None:
                return None
            message, sealed = taken
            keys = await people.keys_by_id(connection, self._at.master, {key_id(sealed)})
        return keys[key_id(sealed)].open("message|reply_handle", message, sealed).decode()


def _choices(row: Claimed, keys: Mapping[UUID, Key]) -> list[Choice]:
    """What an agent offers to tap; a tap says the same words back."""
    if row.choices is None:
        return []
    labels = json.loads(keys[key_id(row.choices)].open("delivery|choices", row.id, row.choices))
    return [Choice(label=label, value=label) for label in labels]


def safe(row: Claimed, keys: Mapping[UUID, Key], channel: str, now: datetime) -> Verdict:
    """Whether this may be sent now by what the person told this organisation. Whatever was allowed when it was written.

    Raises KeyError where the person was erased.
    """
    return allowed(
        contact_rules.opened(keys, row.contact, row.rules, row.text_ok), channel, "write", now, used=row.used
    )
