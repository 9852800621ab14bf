"""Who somebody is: masked for everybody, open for who gives a reason, and the name for who holds the ticket."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import phonenumbers

from desk.keyring import Keyring
from desk.saying import note
from desk.seat import Cannot, Seat
from outbound.words import BadText, fit
from runtime.keys import CannotOpen
from storage import desk_people
from storage.answers import Held, WayBack, ways_back
from storage.desk_people import SealedAddress

Reason = Literal["tell_apart", "call_back", "rescue", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)
_LONGEST_NAME = 100
_HIDDEN = "••••"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One number or account a person has written from."""

    address: UUID
    scope: str
    accounts: Sequence[str]  #: of ours, on which they wrote from it
    shown: str  #: masked, or open where it was revealed
    left_how: str | None  #: blocked, unfollowed or opted_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is shown of a person beside the words."""

    pseudonym: str
    name: str | None  #: open for whoever holds the ticket
    has_name: bool
    first_at: datetime  #: when they first wrote to this organisation
    reached: Sequence[Reached]


async def card(seat: Seat, ticket: UUID) -> Card:
    """The person of a ticket, masked; their name, if they gave one, for whoever holds the ticket. Raises NoTicket."""
    held = await seat.look(ticket)
    return await _card(seat, held, open_name=held.assignee == seat.agent.id, mask_numbers=True)


async def reveal(seat: Seat, ticket: UUID, reason: Reason, *, words: str = "") -> Card:
    """Numbers and name, open. Written down with the reason; `words` become a note, and `other` needs them.

    Raises NoTicket, BadText and Cannot (`no_such_reason`, `say_why`).
    """
    if reason not in REASONS:
        raise Cannot("no_such_reason")
    if reason == "other" and not words.strip():
        raise Cannot("say_why")
    held = await seat.hold(ticket, closed_too=True)
    written = await note(seat, ticket, words) if words.strip() else None
    await seat.wrote("person.revealed", ticket, reason=reason, note=written)
    return await _card(seat, held, open_name=True, mask_numbers=False)


async def set_name(seat: Seat, ticket: UUID, name: str) -> None:
    """Write down, or with nothing take away, the name a person gave. For whoever holds the ticket, or a supervisor.

    Raises NoTicket, BadText and Cannot (`not_yours`, `erased`).
    """
    held = await seat.hold(ticket, closed_too=True)
    if held.assignee != seat.agent.id and not seat.supervises:
        raise Cannot("not_yours", by=held.assignee)
    sealed = None
    if name.strip():
        name = " ".join(fit(name).split())
        if len(name) > _LONGEST_NAME:
            raise BadText(f"A name has at most {_LONGEST_NAME} characters here.", "name_long", most=_LONGEST_NAME)
        sealed = (await seat.key(held.person)).seal(_name_of(seat), held.person, name.encode())
    await desk_people.set_name(seat.connection, held.person, sealed)
    await seat.wrote("person.named", ticket, given="yes" if sealed else "no")


async def _card(seat: Seat, held: Held, *, open_name: bool, mask_numbers: bool) -> Card:
    pseudonym, sealed, first_at = await desk_people.card(seat.connection, held.person)
    keys = await seat.keys(held.person)
    ways = await ways_back(seat.connection, held.person)
    addresses = await desk_people.addresses(seat.connection, held.person)
    return Card(
        pseudonym=pseudonym,
        name=keys.open(_name_of(seat), held.person, sealed) if open_name else None,
        has_name=sealed is not None,
        first_at=first_at,
        reached=[_reached(seat, address, ways, mask=mask_numbers) for address in addresses],
    )


def _name_of(seat: Seat) -> str:
    """Both organisations that serve somebody seal with the person's key: a name must not open on the other's card."""
    return f"person_card|name|{seat.agent.organisation}"


def _reached(seat: Seat, address: SealedAddress, ways: Sequence[WayBack], *, mask: bool) -> Reached:
    value = _value(seat, address)
    return Reached(
        address=address.id,
        scope=address.scope,
        accounts=[way.account for way in ways if way.address_id == address.id],
        shown=masked(address.scope, value) if mask else value or _HIDDEN,
        left_how=address.left_how,
    )


def _value(seat: Seat, address: SealedAddress) -> str | None:
    """A number or handle; None where whoever was first met on it has been erased, or nobody can be reached there."""
    if address.key_id is None or address.wrapped is None or not address.answerable:
        return None
    try:
        keys = Keyring({address.key_id: seat.master.unwrap(address.key_id, address.wrapped)})
    except CannotOpen:
        return None
    return keys.open("address|sealed", address.id, address.sealed)


def masked(scope: str, value: str | None) -> str:
    """As much of a number as tells two apart: its country and the last two digits. Of a handle nothing."""
    if scope != "phone" or value is None:
        return _HIDDEN
    try:
        country = phonenumbers.parse(value).country_code
    except phonenumbers.NumberParseException:
        return _HIDDEN
    return f"+{country} •• ••• ••{value[-2:]}"
