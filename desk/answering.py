"""Answers: sent with a few seconds to call them back, held when the page was behind, and what may be done afterwards.

`send` opens its own transactions, since a refused answer must leave its words behind as a draft. All else is done in
the caller's.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from desk import drafts
from desk.seat import Cannot, Seat, seated
from model.agents import Agent
from outbound.answer import CannotAnswer, Newer, Said, answer
from runtime.keys import Master
from runtime.settings import Settings
from storage import desk_acts, tickets
from storage.database import Database
from storage.desk_acts import Sent
from storage.media import NewFile

UNDO = timedelta(seconds=5)  #: how long an answer can be called back


async def send(
    database: Database,
    master: Master,
    settings: Settings,
    agent: Agent,
    now: datetime,
    ticket: UUID,
    text: str,
    *,
    last_seen: UUID,
    language: str | None = None,
    to: tuple[str, UUID] | None = None,
    files: Sequence[NewFile] = (),
    choices: Sequence[str] = (),
    when_safe: bool = False,
    once: UUID | None = None,
) -> Said:
    """Answer a ticket. `last_seen`: what the page had (Thread.last_seen). `when_safe`: wait for the safe hours.

    `files`: what Attaching.kept gave for this ticket. `choices`: quick replies that the person can tap. `once`: the
    same mark twice is the same answer, and is said once.
    Raises BadText, NoTicket, and Newer or CannotAnswer: then nothing was sent, and the words are this agent's draft.
    """
    try:
        async with seated(database, master, settings, agent, now) as seat:
            if once and (said := await _before(seat, ticket, once)):
                return said
            said = await answer(
                seat.connection,
                master,
                settings,
                agent.organisation,
                ticket,
                text,
                author=seat.name,
                last_seen=last_seen,
                language=language,
                to=to,
                files=files,
                choices=choices,
                at=now,
                undo=UNDO,
                when_safe=when_safe,
                once=once,
            )
            await drafts.drop(seat, ticket, "reply")
            return said
    except (Newer, CannotAnswer):
        async with seated(database, master, settings, agent, now) as seat:
            await drafts.save(seat, ticket, "reply", text, language=language, to=to, last_seen=last_seen)
        raise


async def _before(seat: Seat, ticket: UUID, once: UUID) -> Said | None:
    """The same answer, when it was said already: its page heard nothing back and sends it again."""
    await seat.hold(ticket, closed_too=True)
    found = await desk_acts.said_before(seat.connection, ticket, once, author=seat.name)
    if found is None:
        return None
    return Said(message=found.message, delivery=found.id, account=found.account, due_at=found.due_at)


async def undo(seat: Seat, delivery: UUID) -> str:
    """Call an answer back before it leaves; its words are the draft again. Gives them.

    Raises NoTicket and Cannot (`no_such_message`, `not_yours`, `too_late`).
    """
    sent = await _held(seat, delivery)
    if sent.author != seat.name:
        raise Cannot("not_yours")
    if not await desk_acts.cancel(seat.connection, delivery):
        raise Cannot("too_late")
    text, written = await _words(seat, sent)
    await drafts.save(seat, sent.ticket, "reply", text, language=written, last_seen=sent.last_seen)
    await tickets.wait_again(seat.connection, [sent.ticket])
    await seat.wrote("ticket.answer_undone", sent.ticket, message=sent.message)
    return text


async def send_again(
    seat: Seat,
    delivery: UUID,
    *,
    last_seen: UUID,
    to: tuple[str, UUID] | None = None,
    files: Sequence[NewFile] = (),
) -> Said:
    """Say once more what did not arrive, or may not have; `to`: on another way. `files`: what Attaching.again gave.

    By default on the way it went before. What was said once more already, by whomever, is not said a third time.

    Raises NoTicket, Cannot (`no_such_message`, `too_late`, `said_again`), Newer and CannotAnswer.
    """
    sent = await _held(seat, delivery)
    if sent.state not in ("failed", "unknown"):
        raise Cannot("too_late")
    once = uuid5(delivery, "again")
    before = await desk_acts.said_before(seat.connection, sent.ticket, once)
    if before and before.state != "cancelled":
        raise Cannot("said_again")
    text, language = await _words(seat, sent)
    choices = (await seat.keys(sent.person)).open("delivery|choices", sent.id, sent.choices)
    return await answer(
        seat.connection,
        seat.master,
        seat.settings,
        seat.agent.organisation,
        sent.ticket,
        text,
        author=seat.name,
        last_seen=last_seen,
        language=language,
        to=to or (sent.account, sent.address),
        files=files,
        choices=json.loads(choices) if choices else (),
        at=seat.now,
        undo=UNDO,
        once=once,
    )


async def settle_unknown(seat: Seat, delivery: UUID, *, arrived: bool) -> None:
    """Say of an answer nobody knew of whether it arrived, as the person told. Raises NoTicket and Cannot."""
    sent = await _held(seat, delivery)
    becomes = "delivered" if arrived else "failed"
    if not await desk_acts.move_delivery(seat.connection, delivery, was="unknown", becomes=becomes):
        raise Cannot("too_late")
    if not arrived:
        await tickets.wait_again(seat.connection, [sent.ticket])
    await seat.wrote("ticket.delivery_settled", sent.ticket, message=sent.message, state=becomes)


async def _held(seat: Seat, delivery: UUID) -> Sent:
    sent = await desk_acts.delivery(seat.connection, delivery)
    if sent is None:
        raise Cannot("no_such_message")
    await seat.hold(sent.ticket, closed_too=True)
    return sent


async def _words(seat: Seat, sent: Sent) -> tuple[str, str | None]:
    """What was said, and in which language. Raises Cannot (`no_such_message`, `erased`)."""
    written = await desk_acts.message(seat.connection, sent.message)
    if written is None:
        raise Cannot("no_such_message")
    if written.text is None:  # a file alone
        return "", written.language
    text = (await seat.keys(written.person)).open("message|text", written.id, written.text)
    if text is None:
        raise Cannot("erased")
    return text, written.language
