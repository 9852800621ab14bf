"""What is known of reaching a person without harm, and writing it down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from desk.seat import Cannot, Seat
from model.contact import Rules
from outbound.words import BadText
from storage import contact_rules
from storage.answers import Held
from storage.contact_rules import Version

_LONGEST = 500  #: characters of each of the free words


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The rules that count, and which version they are."""

    rules: Rules
    version: UUID | None  #: None: nobody has written any down


async def known(seat: Seat, ticket: UUID) -> Known:
    """What this organisation knows of reaching the person of a ticket. Raises NoTicket and Cannot (`erased`)."""
    held = await seat.look(ticket)
    return Known(rules=await rules_of(seat, held), version=held.contact)


async def rules_of(seat: Seat, held: Held) -> Rules:
    """The same, of a ticket that is held."""
    try:
        return contact_rules.opened((await seat.keys(held.person)).keys, held.contact, held.rules, held.text_ok)
    except KeyError:
        raise Cannot("erased") from None


async def write(seat: Seat, ticket: UUID, rules: Rules, *, was: UUID | None) -> UUID:
    """Write down new rules. `was`: the version the screen showed; gives the new one.

    They count at once, also for what waits to be sent. Raises NoTicket, BadText and Cannot (`changed`, `erased`).
    """
    if max(map(len, (rules.whose, rules.check, rules.remark))) > _LONGEST:
        raise BadText(
            f"Each of these has at most {_LONGEST} characters: shorten it, or write a note.",
            "field_long",
            most=_LONGEST,
        )
    held = await seat.hold(ticket, closed_too=True)
    if held.contact != was:
        raise Cannot("changed")
    key = await seat.key(held.person)
    version = await contact_rules.write(
        seat.connection, seat.agent.organisation, held.person, key, rules, author=seat.name, at=seat.now
    )
    await seat.wrote("contact.rules_changed", ticket, version=version, **_codes(rules))
    return version


async def history(seat: Seat, ticket: UUID, *, limit: int = 20) -> Sequence[Version]:
    """The latest versions, the newest first: who wrote which, and when. Raises NoTicket."""
    held = await seat.look(ticket)
    return await contact_rules.history(seat.connection, (await seat.keys(held.person)).keys, held.person, limit=limit)


def _codes(rules: Rules) -> Mapping[str, str]:
    """What the audit trail may say of rules: answers, no words."""
    return {
        "write": rules.write,
        "on": " ".join(f"{channel}:{answer}" for channel, answer in sorted(rules.on.items())),
        "call": rules.call,
        "voicemail": rules.voicemail,
        "name": rules.name,
        "phone": rules.phone,
        "hours": "yes" if rules.hours else "",
        "until": rules.until.isoformat() if rules.until else "",
    }


def asked(rules: Rules, at: datetime) -> bool:
    """Whether the safety questions have been answered, and the answers still hold: their clock stops."""
    now = rules.in_force(at)
    return now.write != "unknown" or any(answer != "unknown" for answer in now.on.values())
