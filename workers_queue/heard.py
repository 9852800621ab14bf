"""From a sealed receipt back to the events it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from channels import registry
from channels.contract import Channel, Unreadable
from channels.reading import MADE_UP
from intake.prepare import Prepared, as_message, prepare
from model.events import Event
from runtime.envelope import unpack
from runtime.keys import Master
from runtime.settings import Account, Settings
from storage.day_keys import DayKeys
from storage.receipts import Claimed

_IDS = ("event_id", "provider_id", "reply_to", "in_call")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event, where it stands, and when it happened."""

    receipt: UUID
    position: int  #: in the receipt; reading it again gives the same
    account: Account
    event: Event
    at: datetime  #: the provider's time; never later than the arrival, since clocks of phones may be wrong
    arrived_at: datetime
    prepared: Prepared | None  #: what its words mean, for events that have any; made before any lock is taken


def read(claimed: Claimed, keys: DayKeys, settings: Settings, master: Master) -> list[Heard]:
    """The events of a receipt, in their order.

    Raises Unreadable (park it), or KeyError and CannotOpen when its key is gone.
    """
    request = unpack(keys.of(claimed.sealed).open("receipt|sealed", claimed.id, claimed.sealed))
    account = settings.accounts.get(claimed.account)
    if account is None or account.settings is None:
        raise Unreadable(f"no account {claimed.account} in config.yaml: add it again and replay this receipt")
    channel = registry.load(account.channel)
    events = [_veiled(event, channel, master) for event in channel.parse(request, account.settings)]
    return [_heard(claimed, n, _meant_for(account, event, settings.accounts), event) for n, event in enumerate(events)]


def _veiled(event: Event, channel: Channel[Any], master: Master) -> Event:
    """The event with ids that tell nothing: those made of a person's id, or of what was said, become keyed hashes.

    They stand unsealed in the store, and a bare hash of a small number can be guessed by whoever steals the disk.
    """
    veiled: dict[str, Any] = {}
    for name in _IDS:
        value = getattr(event, name, None)
        if value and (value.startswith(MADE_UP) or (channel.private_ids and name != "event_id")):
            veiled[name] = master.veil(value)
    return replace(event, **veiled) if veiled else event


def _heard(claimed: Claimed, position: int, account: Account, event: Event) -> Heard:
    at = min(event.occurred_at or claimed.received_at, claimed.received_at)
    empty = Heard(
        receipt=claimed.id,
        position=position,
        account=account,
        event=event,
        at=at,
        arrived_at=claimed.received_at,
        prepared=None,
    )
    return taken_for(empty, event)


def taken_for(heard: Heard, event: Event) -> Heard:
    """The same place in the same receipt, with another event standing there."""
    said, account, prepared = as_message(event), heard.account, None
    try:
        if said:
            prepared = prepare(said, heard.at, account=account.id, channel=account.channel, languages=account.languages)
    except Exception as error:  # noqa: BLE001 - its neighbours in the receipt are understood; it fails where it is heard
        log.error("heard.not_understood", receipt=str(heard.receipt), error=type(error).__name__)
    return replace(heard, event=event, prepared=prepared)


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
