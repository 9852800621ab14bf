"""What a person agreed that is done with what they told, and writing it down."""

from collections.abc import Mapping
from uuid import UUID

from desk.seat import Cannot, Seat
from model.consent import HOWS, Answer, Consent, How, Purpose
from storage import consents


async def of(seat: Seat, ticket: UUID) -> Mapping[Purpose, Consent]:
    """The answer that counts for each purpose; what is missing nobody has asked. Raises NoTicket."""
    held = await seat.look(ticket)
    return {one.purpose: one for one in await consents.of(seat.connection, held.person)}


async def write(seat: Seat, ticket: UUID, answers: Mapping[Purpose, Answer], *, how: How) -> None:
    """Write down the answers that are other than before. Raises NoTicket and Cannot (`no_such_reason`, `erased`)."""
    if how not in HOWS:
        raise Cannot("no_such_reason")
    held = await seat.hold(ticket, closed_too=True)
    await seat.key(held.person)  # nothing is written of somebody who was erased
    before = await of(seat, ticket)
    new = {
        purpose: answer
        for purpose, answer in answers.items()
        if purpose not in before or before[purpose].answer != answer
    }
    told = [
        Consent(purpose=purpose, answer=answer, how=how, language=held.language, author=seat.name, at=seat.now)
        for purpose, answer in new.items()
    ]
    await consents.add(seat.connection, seat.agent.organisation, held.person, told)
    if new:
        await seat.wrote("contact.consent_changed", ticket, how=how, **new)
