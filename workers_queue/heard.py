"""From a sealed receipt back to the events it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from channels import registry
from channels.contract import Unreadable
from model.events import Event
from model.http import unpack
from runtime.settings import Account, Settings
from storage.day_keys import DayKeys
from storage.receipts import Claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event, where it stands, and when it happened."""

    receipt: UUID
    position: int  #: in the receipt; reading it again gives the same
    account: Account
    event: Event
    at: datetime  #: the provider's time; never later than the arrival, since clocks of phones may be wrong
    arrived_at: datetime


def read(claimed: Claimed, keys: DayKeys, settings: Settings) -> list[Heard]:
    """The events of a receipt, in their order.

    Raises Unreadable (park it), or KeyError and CannotOpen when its key is gone.
    """
    request = unpack(keys.of(claimed.sealed).open("receipt|sealed", claimed.id, claimed.sealed))
    account = settings.accounts.get(claimed.account)
    if account is None or account.settings is None:
        raise Unreadable(f"no account {claimed.account} in config.yaml: add it again and replay this receipt")
    events = registry.load(account.channel).parse(request, account.settings)
    return [_heard(claimed, n, _meant_for(account, event, settings.accounts), event) for n, event in enumerate(events)]


def _heard(claimed: Claimed, position: int, account: Account, event: Event) -> Heard:
    return Heard(
        receipt=claimed.id,
        position=position,
        account=account,
        event=event,
        at=min(event.occurred_at or claimed.received_at, claimed.received_at),
        arrived_at=claimed.received_at,
    )


def _meant_for(account: Account, event: Event, accounts: Mapping[str, Account]) -> Account:
    """One webhook may serve several accounts (Pages of one app): which of them an event is for."""
    channel = registry.load(account.channel)
    own = channel.own_id(account.settings)
    if event.addressed_to is None or event.addressed_to == own:
        return account
    door = channel.door(account.settings)
    for other in accounts.values():
        same_door = other.channel == account.channel and other.settings and channel.door(other.settings) == door
        if same_door and channel.own_id(other.settings) == event.addressed_to:
            return other
    return account  # a Page nobody configured: better seen at this one than by nobody
