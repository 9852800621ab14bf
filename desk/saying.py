"""What agents write beside the words: notes, translations, who has listened, and repairs that were none."""

from collections.abc import Sequence
from uuid import UUID

from desk.seat import Cannot, NoTicket, Seat
from model.tickets import Message
from outbound.words import fit
from runtime.ids import new_id
from storage import desk_acts, messages
from storage.desk_acts import Written
from translations import languages

_PREVIEW = 160  # characters
_UNHEARD = "not_heard_yet"


async def note(seat: Seat, ticket: UUID, text: str, *, mentions: Sequence[UUID] = (), once: UUID | None = None) -> UUID:
    """Write a note that only the organisation sees; `mentions` are the agents it calls. Gives the note's message.

    `once`: the same mark twice is the same note, and is written once.
    Raises NoTicket, BadText and Cannot (`no_such_agent`, `erased`).
    """
    words = fit(text)
    held = await seat.hold(ticket, closed_too=True)
    if once and (before := await desk_acts.noted_before(seat.connection, ticket, seat.name, once)):
        return before
    key, id_, called = await seat.key(held.person), new_id(), set(mentions)
    if called - await desk_acts.answers_tickets(seat.connection, called):
        raise Cannot("no_such_agent")
    message = Message(
        id=id_,
        ticket=ticket,
        person=held.person,
        account=held.account,
        direction="note",
        kind="text",
        text=key.seal("message|text", id_, words.encode()),
        occurred_at=seat.now,
        arrived_at=seat.now,
        author=seat.name,
    )
    organisation = seat.agent.organisation
    await messages.insert(seat.connection, [(organisation, message)])
    await messages.insert_gram_due(seat.connection, [(organisation, id_)])
    await desk_acts.mention(seat.connection, [(organisation, id_, agent, ticket) for agent in sorted(called)], seat.now)
    await desk_acts.change(seat.connection, ticket)
    await seat.wrote("ticket.noted", ticket, message=id_, once=once)
    return id_


async def translate(seat: Seat, message: UUID, language: str, text: str) -> None:
    """Write under a message what it says in another language, or what a recording says.

    Raises NoTicket, BadText and Cannot (`no_such_message`, `no_such_language`, `erased`).
    """
    words = fit(text)
    if language not in languages.CODES:
        raise Cannot("no_such_language")
    written = await _written(seat, message)
    key, id_ = await seat.key(written.person), new_id()
    sealed = key.seal("translation|text", id_, words.encode())
    await desk_acts.add_translation(
        seat.connection, seat.agent.organisation, id_, message, language, sealed, seat.agent.id, seat.now
    )
    await desk_acts.change(seat.connection, written.ticket)
    await seat.wrote("message.translated", written.ticket, message=message, language=language)


async def heard(seat: Seat, attachment: UUID) -> None:
    """Write down that this agent has listened to, or looked at, what came along. Raises NoTicket and Cannot."""
    message = await desk_acts.message_of(seat.connection, attachment)
    if message is None:
        raise Cannot("no_such_message")
    written = await _written(seat, message)
    if not await desk_acts.mark_heard(seat.connection, seat.agent.organisation, attachment, seat.agent.id, seat.now):
        return
    held = await seat.hold(written.ticket, closed_too=True)
    reasons = list(held.reasons)
    if _UNHEARD in reasons and not await desk_acts.unheard(seat.connection, held.id):
        reasons.remove(_UNHEARD)
    await desk_acts.change(seat.connection, held.id, urgency_reasons=reasons)
    await seat.wrote("media.heard", held.id, attachment=attachment)


async def undo_repair(seat: Seat, message: UUID) -> None:
    """The words were not Zawgyi: show them as they were written. Raises NoTicket and Cannot (`nothing_to_repair`)."""
    written = await _written(seat, message)
    if written.encoding != "zawgyi" or written.text_original is None:
        raise Cannot("nothing_to_repair")
    await _swap(seat, written, encoding="unicode", undone=True)


async def redo_repair(seat: Seat, message: UUID) -> None:
    """They were Zawgyi after all. Raises NoTicket and Cannot (`nothing_to_repair`)."""
    written = await _written(seat, message)
    if not written.repair_undone:
        raise Cannot("nothing_to_repair")
    await _swap(seat, written, encoding="zawgyi", undone=False)


async def _written(seat: Seat, message: UUID) -> Written:
    """A message, its person held: read again, since it may have changed before they were."""
    found = await desk_acts.message(seat.connection, message)
    if found is None:
        raise Cannot("no_such_message")
    await seat.hold(found.ticket, closed_too=True)
    again = await desk_acts.message(seat.connection, message)
    if again is None:
        raise NoTicket
    return again


async def _swap(seat: Seat, written: Written, *, encoding: str, undone: bool) -> None:
    keys = await seat.keys(written.person)
    text = keys.open("message|text", written.id, written.text)
    original = keys.open("message|text_original", written.id, written.text_original)
    if text is None or original is None:
        raise Cannot("erased")
    key = await seat.key(written.person)
    await desk_acts.swap_texts(
        seat.connection,
        written.id,
        text=key.seal("message|text", written.id, original.encode()),
        original=key.seal("message|text_original", written.id, text.encode()),
        encoding=encoding,
        undone=undone,
    )
    await messages.insert_gram_due(seat.connection, [(seat.agent.organisation, written.id)])
    held = await seat.hold(written.ticket, closed_too=True)
    shown = {}
    if held.last_by == written.provider_id:
        shown["preview"] = key.seal("ticket|preview", held.id, original[:_PREVIEW].encode())
    await desk_acts.change(seat.connection, held.id, **shown)
    action = "message.repair_undone" if undone else "message.repaired"
    await seat.wrote(action, written.ticket, message=written.id)
