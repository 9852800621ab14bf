"""By which account and to which address an answer goes: back the way the person came. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from channels import registry
from model.deliveries import Reason
from runtime.settings import Account, Settings
from storage.answers import WayBack


@dataclass(frozen=True, slots=True)
class Route:
    """Where an answer goes."""

    account: str
    address: UUID


@dataclass(frozen=True, slots=True)
class NoWay:
    """Why no answer can go, and what it would take."""

    reason: Reason


def choose(ways: Sequence[WayBack], settings: Settings, *, may_text: bool) -> Route | NoWay:
    """The way of the person's newest words, `ways` being the newest first.

    A caller is answered by SMS, and only where the organisation knows that the number may be texted (`may_text`): who
    else reads that phone, nobody can hear from a call.
    """
    if not ways:
        return NoWay("bad_address")
    way = ways[0]
    if not way.answerable:
        return NoWay("no_text")
    if way.left_how in ("blocked", "unfollowed"):
        return NoWay("blocked")
    account = settings.accounts.get(way.account)
    if account is None:
        return NoWay("account_gone")
    if _can_write(account):
        return _unless_stopped(way, account)
    if way.scope != "phone" or not may_text:
        return NoWay("no_text")
    texting = _texting(account, settings)
    return _unless_stopped(way, texting) if texting else NoWay("account_gone")


def _unless_stopped(way: WayBack, account: Account) -> Route | NoWay:
    """A stop word ends broadcasts, not conversations; but of a phone number the provider lets nothing through."""
    if way.left_how == "opted_out" and way.scope == "phone":
        return NoWay("opted_out")
    return Route(account.id, way.address_id)


def _can_write(account: Account) -> bool:
    out = registry.load(account.channel).out
    return out is not None and out.limits.text > 0


def _texting(near: Account, settings: Settings) -> Account | None:
    """The account that sends SMS where a phone line is: one that serves the same country, else none."""
    for account in settings.accounts.values():
        if account.channel == "sms" and set(account.countries) & set(near.countries):
            return account
    return None
