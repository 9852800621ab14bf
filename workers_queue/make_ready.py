"""From a claimed row to requests that can be sent: unsealed, rendered, and paid for out of its account's bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakSet

from channels.contract import CannotSay, Part
from model.deliveries import BROADCAST, CONVERSATION, LANGUAGES, Choice, OutFile, Reason
from outbound.clients import Clients, Line, NoAccount
from outbound.outfiles import load
from outbound.pace import Pace
from outbound.said import outgoing
from runtime.keys import CannotOpen, Key, key_id
from storage import outbox, people
from storage.blobs import FilesAway
from storage.outbox import Claimed
from translations.menu import choices
from workers_queue.workplace import Workplace

#: Seconds' worth of an account's rate that may be drawn at once: an answer never waits behind broadcasts.
_AHEAD = {CONVERSATION: 2.0, BROADCAST: 0.5}
_CARGO = 2  # deliveries with files that are in memory at a time
_A_MOMENT, _A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A delivery that may go."""

    row: Claimed
    line: Line
    parts: Sequence[Part]  #: all of them; those before `row.parts_done` are through
    cargo: object = None  #: lives as long as the files in `parts` are in memory


@dataclass(frozen=True, slots=True)
class Impossible:
    """A delivery that is not even tried."""

    row: Claimed
    reason: Reason


@dataclass(frozen=True, slots=True)
class NotNow:
    """A delivery whose account has sent as much as it may for the moment."""

    row: Claimed
    due_at: datetime


class _Cargo:
    """The files of one delivery, from before they are read until it is sent."""


class Rendering:
    """How one worker makes deliveries ready."""

    def __init__(self, at: Workplace, clients: Clients, pace: Pace) -> None:
        self._at, self._clients, self._pace = at, clients, pace
        self._cargo: WeakSet[_Cargo] = WeakSet()

    async def ready(self, row: Claimed, keys: Mapping[UUID, Key], now: datetime) -> Ready | Impossible | NotNow:
        """What can be done with a claimed delivery. `keys`: those its sealed values name, without erased people's."""
        if row.files and len(self._cargo) >= _CARGO:
            return NotNow(row, now + _A_MOMENT)
        cargo = _Cargo() if row.files else None
        if cargo:
            self._cargo.add(cargo)
        try:
            line = await self._clients.line(row.account)
            parts = await self._rendered(row, line, keys, now)
        except NoAccount:
            return Impossible(row, "account_gone")
        except CannotSay as error:
            return Impossible(row, error.reason)
        except FileNotFoundError:
            return Impossible(row, "file")
        except FilesAway:
            return NotNow(row, now + _A_MINUTE)
        except (KeyError, CannotOpen):  # the person was erased: there is nobody to write to
            return Impossible(row, "bad_address")
        rate = line.account.per_second or line.out.limits.per_second
        units = sum(part.units for part in parts[row.parts_done :])
        wait = await self._pace.take(row.account, units, rate, ahead=_AHEAD[row.priority])
        if wait > 0:
            return NotNow(row, now + timedelta(seconds=wait))
        return Ready(row=row, line=line, parts=parts, cargo=cargo)

    async def _rendered(self, row: Claimed, line: Line, keys: Mapping[UUID, Key], now: datetime) -> Sequence[Part]:
        if row.left_how in ("blocked", "unfollowed"):
            raise CannotSay("blocked")
        if row.left_how and row.priority == BROADCAST:
            raise CannotSay("opted_out")
        said = outgoing(
            row,
            address_key=keys[key_id(row.to)],
            key=keys[key_id(row.text or row.to)],
            files=await self._files(row, now),
            choices=self._choices(row, line),
            now=now,
            reply_handle=await self._reply_handle(row, line, now),
        )
        return line.out.render(said, line.account.settings)

    async def _files(self, row: Claimed, now: datetime) -> Sequence[OutFile]:
        if not row.files:
            return ()
        at, url = self._at, self._at.settings.network.public_url
        return await load(
            at.database,
            at.master,
            at.files,
            organisation=row.organisation,
            message=row.message,
            public_url=url,
            now=now,
        )

    def _choices(self, row: Claimed, line: Line) -> Sequence[Choice]:
        """What can be tapped under the words; a number typed as an answer counts in the same order."""
        if row.menu != LANGUAGES:
            return ()
        return choices(line.account.languages, unreviewed=self._at.settings.unreviewed_phrases)

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
