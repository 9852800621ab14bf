"""What the composer knows before a word is sent: where it can go, until when, how much fits, what is in the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from channels import registry
from channels.contract import Limits
from desk.contact import rules_of
from desk.drafts import Draft, Kind, load
from desk.seat import Seat
from model.deliveries import Reason
from outbound.way_back import NoWay, Route, closes_at, every
from storage import account_state, answers
from storage.account_state import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """How many letters one text message holds, alone and as one of several (3GPP TS 23.040, 23.038)."""

    gsm_alone: int = 160  #: septets: letters of the Latin alphabet, two for each of ^{}\\[~]|€
    gsm_joined: int = 153
    ucs2_alone: int = 70  #: UTF-16 units, as soon as one letter is not in that alphabet
    ucs2_joined: int = 67
    most: int = 10  #: segments that go as one message; longer texts are split


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to the person."""

    account: str | None
    address: UUID | None
    channel: str | None
    reason: Reason | None  #: why nothing can go there now (`refused.<reason>`); None: it can
    opens_at: datetime | None  #: from when on it is safe, where time alone is in the way
    limits: Limits | None
    segments: Segments | None  #: where the length is counted in text messages
    closes_at: datetime | None  #: when the provider's time to answer is over; None: it never is
    free_until: datetime | None  #: until then an answer costs none of the month's messages
    pushes_left: int | None  #: of the month's messages; None: without limit, or not known
    failing_since: datetime | None  #: the account has trouble: what is written waits
    failing: str | None  #: which (`refused.<reason>`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """All a page needs to let somebody write."""

    ways: Sequence[Way]  #: the first is where the newest words came from
    language: str | None
    last_at: datetime | None  #: when the person last wrote, anywhere
    drafts: Mapping[Kind, Draft]


async def composing(seat: Seat, ticket: UUID) -> Composer:
    """What can be written to the person of a ticket. Raises NoTicket and Cannot (`erased`)."""
    held = await seat.look(ticket)
    ways = await answers.ways_back(seat.connection, held.person)
    found = every(ways, seat.settings, await rules_of(seat, held), seat.now)
    told = await account_state.told(seat.connection)
    return Composer(
        ways=[_way(seat, one, told.get(one.account or "")) for one in found],
        language=held.language,
        last_at=ways[0].heard_at if ways else None,
        drafts=await load(seat, ticket),
    )


def _way(seat: Seat, one: Route | NoWay, told: Told | None) -> Way:
    account = seat.settings.accounts.get(one.account or "")
    out = registry.load(account.channel).out if account else None
    limits, heard_at = out.limits if out else None, one.heard_at if isinstance(one, Route) else None
    closes = closes_at(limits, heard_at)
    reason = one.reason if isinstance(one, NoWay) else "window_closed" if closes and closes <= seat.now else None
    return Way(
        account=one.account,
        address=one.address,
        channel=account.channel if account else None,
        reason=reason,
        opens_at=one.opens_at if isinstance(one, NoWay) else None,
        limits=limits,
        segments=Segments() if limits and limits.unit == "segments" else None,
        closes_at=closes,
        free_until=_free(limits, heard_at, seat.now),
        pushes_left=told.quota_left if told else None,
        failing_since=told.failing_since if told else None,
        failing=told.reason if told and told.failing_since else None,
    )


def _free(limits: Limits | None, heard_at: datetime | None, now: datetime) -> datetime | None:
    if limits is None or not limits.reply_seconds or heard_at is None:
        return None
    until = heard_at + timedelta(seconds=limits.reply_seconds)
    return until if until > now else None
