"""By which account and to which address an answer goes: back the way the person came, where that is safe. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from channels import registry
from channels.contract import Limits
from model.contact import Forbidden, Rules, allowed
from model.deliveries import Reason
from runtime.settings import Account, Settings
from storage.answers import WayBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where an answer goes."""

    account: str
    address: UUID
    channel: str
    heard_at: datetime | None  #: when the person last wrote on it; None where they never did
    safe_from: datetime | None = None  #: not before then, by what the person told us


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWay:
    """Why no answer can go, and what it would take."""

    reason: Reason
    account: str | None = None  #: where it would have gone, as far as that is known
    address: UUID | None = None
    opens_at: datetime | None = None  #: from when on it is safe


def choose(ways: Sequence[WayBack], settings: Settings, rules: Rules, at: datetime) -> Route | NoWay:
    """The way of the person's newest words, `ways` being the newest first."""
    found = every(ways, settings, rules, at)
    return found[0] if found else NoWay(reason="bad_address")


def every(ways: Sequence[WayBack], settings: Settings, rules: Rules, at: datetime) -> list[Route | NoWay]:
    """All ways to a person, the newest first, each once.

    A caller is answered by SMS, and only where the person said that the number may be texted: who else reads that
    phone, nobody can hear from a call.
    """
    found: dict[tuple[str | None, UUID | None], Route | NoWay] = {}
    for way in ways:
        one = _way(way, settings)
        if isinstance(one, Route):
            one = _safe(_heard(one, ways, settings), rules, at)
        found.setdefault((one.account, one.address), one)
    return list(found.values())


def _way(way: WayBack, settings: Settings) -> Route | NoWay:
    if not way.answerable:
        return NoWay(reason="no_text", account=way.account, address=way.address_id)
    if way.left_how in ("blocked", "unfollowed"):
        return NoWay(reason="blocked", account=way.account, address=way.address_id)
    account = settings.accounts.get(way.account)
    if account is None:
        return NoWay(reason="account_gone", account=way.account, address=way.address_id)
    if can_write(account):
        return _unless_stopped(way, account)
    if way.scope != "phone":
        return NoWay(reason="no_text", account=way.account, address=way.address_id)
    texting = _texting(account, settings)
    if texting is None:
        return NoWay(reason="account_gone", account=way.account, address=way.address_id)
    return _unless_stopped(way, texting)


def _unless_stopped(way: WayBack, account: Account) -> Route | NoWay:
    """A stop word ends broadcasts, not conversations; but of a phone number the provider lets nothing through."""
    if way.left_how == "opted_out" and way.scope == "phone":
        return NoWay(reason="opted_out", account=account.id, address=way.address_id)
    return Route(account=account.id, address=way.address_id, channel=account.channel, heard_at=None)


def _heard(route: Route, ways: Sequence[WayBack], settings: Settings) -> Route:
    """The same with the last time the person wrote on this very channel: a call from a number is no text from it."""
    heard = [
        way.heard_at
        for way in ways
        if way.address_id == route.address
        and (account := settings.accounts.get(way.account))
        and account.channel == route.channel
    ]
    return Route(account=route.account, address=route.address, channel=route.channel, heard_at=max(heard, default=None))


def _safe(route: Route, rules: Rules, at: datetime) -> Route | NoWay:
    verdict = allowed(rules, route.channel, "write", at, used=route.heard_at is not None)
    if not isinstance(verdict, Forbidden):
        return route
    reason: Reason = "no_text" if verdict.why == "not_known" else "not_safe"
    return NoWay(reason=reason, account=route.account, address=route.address, opens_at=verdict.opens_at)


def closes_at(limits: Limits | None, heard_at: datetime | None) -> datetime | None:
    """When the provider's time to answer is over; None where it never is.

    What a person of the organisation writes may go for longer than what a machine does.
    """
    hours = (limits.human_window_hours or limits.window_hours) if limits else None
    return heard_at + timedelta(hours=hours) if hours and heard_at else None


def too_late(route: Route, at: datetime) -> bool:
    """Whether an answer that goes at a moment would come after the provider's time for it."""
    out = registry.load(route.channel).out
    closed = closes_at(out.limits if out else None, route.heard_at)
    return closed is not None and closed <= at


def can_write(account: Account) -> bool:
    """Whether words can be sent through an account at all."""
    out = registry.load(account.channel).out
    return out is not None and out.limits.text > 0


def _texting(near: Account, settings: Settings) -> Account | None:
    """The account that sends SMS where a phone line is: one that serves the same country, else none."""
    for account in settings.accounts.values():
        if account.channel == "sms" and set(account.countries) & set(near.countries):
            return account
    return None
