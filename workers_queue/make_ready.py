"""From a claimed row to requests that can be sent: unsealed, rendered, and paid for out of its account's bucket."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakSet

import structlog

from channels.contract import CannotSay, Part
from model.contact import Forbidden, allowed
from model.deliveries import BROADCAST, CONVERSATION, LANGUAGES, Choice, OutFile, Reason
from outbound.clients import Clients, Line, NoAccount
from outbound.outfiles import load
from outbound.pace import Draw, Pace
from outbound.said import outgoing
from runtime.keys import CannotOpen, Key, key_id
from storage import contact_rules
from storage.blobs import FilesAway
from storage.database import StoreError
from storage.outbox import Claimed
from translations.menu import choices
from workers_queue.workplace import Workplace

#: Seconds' worth of an account's rate that may be drawn at once: an answer never waits behind broadcasts.
_AHEAD = {CONVERSATION: 2.0, BROADCAST: 0.5}
_CARGO = 2  # deliveries with files that are in memory at a time
_A_MOMENT, _A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)
log = structlog.get_logger()


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
class NotSafeNow:
    """A delivery that waits for the person's safe hours."""

    row: Claimed
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class NotNow:
    """A delivery whose account has sent as much as it may for the moment."""

    row: Claimed
    due_at: datetime


Prospect = Ready | Impossible | NotNow | NotSafeNow


class _Cargo:
    """The files of one delivery, from before they are read until it is sent."""


class Rendering:
    """How one worker makes deliveries ready."""

    def __init__(self, at: Workplace, clients: Clients, pace: Pace) -> None:
        self._at, self._clients, self._pace = at, clients, pace
        self._cargo: WeakSet[_Cargo] = WeakSet()

    async def ready(self, rows: Sequence[Claimed], keys: Mapping[UUID, Key], now: datetime) -> Sequence[Prospect]:
        """What can be done with claimed deliveries. `keys`: those their sealed values name, without erased people's."""
        found = await asyncio.gather(*(self._ready_or_not(row, keys, now) for row in rows))
        able = [one for one in found if isinstance(one, Ready)]
        waits = await self._pace.take([_draw(one) for one in able])
        too_soon = {one.row.id: now + timedelta(seconds=wait) for one, wait in zip(able, waits, strict=True) if wait}
        return [NotNow(one.row, too_soon[one.row.id]) if one.row.id in too_soon else one for one in found]

    async def _ready_or_not(self, row: Claimed, keys: Mapping[UUID, Key], now: datetime) -> Prospect:
        """One that cannot be made ready must not hold up the others."""
        try:
            return await self._ready(row, keys, now)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours, in whatever it stumbled over
            log.error("deliver.not_made_ready", delivery=str(row.id), error=type(error).__name__)
            return Impossible(row, "mistake")

    async def _ready(self, row: Claimed, keys: Mapping[UUID, Key], now: datetime) -> Prospect:
        if row.files and len(self._cargo) >= _CARGO:
            return NotNow(row, now + _A_MOMENT)
        cargo = _Cargo() if row.files else None
        if cargo:
            self._cargo.add(cargo)
        try:
            line = await self._clients.line(row.account)
            if unsafe := _unsafe(row, keys, line.account.channel, now):
                return unsafe
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
            choices=self._choices(row, line, keys),
            now=now,
            reply_handle=_reply_handle(row, keys),
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

    def _choices(self, row: Claimed, line: Line, keys: Mapping[UUID, Key]) -> Sequence[Choice]:
        """What can be tapped under the words; a number typed as an answer counts in the same order."""
        if row.choices is not None:  # an agent's own: a tap says the same words back
            labels = json.loads(keys[key_id(row.choices)].open("delivery|choices", row.id, row.choices))
            return [Choice(label=label, value=label) for label in labels]
        if row.menu != LANGUAGES:
            return ()
        return choices(line.account.languages, unreviewed=self._at.settings.unreviewed_phrases)


def _reply_handle(row: Claimed, keys: Mapping[UUID, Key]) -> str | None:
    if row.reply_handle is None:
        return None
    message, sealed = row.reply_handle
    return keys[key_id(sealed)].open("message|reply_handle", message, sealed).decode()


def _draw(one: Ready) -> Draw:
    rate = one.line.account.per_second or one.line.out.limits.per_second
    units = sum(part.units for part in one.parts[one.row.parts_done :])
    return Draw(one.row.account, units, rate, _AHEAD[one.row.priority])


def _unsafe(row: Claimed, keys: Mapping[UUID, Key], channel: str, now: datetime) -> NotSafeNow | Impossible | None:
    """Why this may not be sent now by what the person told this organisation, whatever held when it was written.

    Raises KeyError where the person was erased.
    """
    rules = contact_rules.opened(keys, row.contact, row.rules, row.text_ok)
    verdict = allowed(rules, channel, "write", now, used=row.used)
    if not isinstance(verdict, Forbidden):
        return None
    return NotSafeNow(row, verdict.opens_at) if verdict.opens_at else Impossible(row, "not_safe")
