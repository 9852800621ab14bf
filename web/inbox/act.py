"""What can be done with a ticket beside answering it: each act is a form, and gives the conversation as it then is."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from aiohttp import web

from channels import registry
from desk import consent, contact, drafts, ending, holding, people, saying, triage
from desk.ending import Where
from desk.language import Offer, correct, reroute, set_spoken
from desk.seat import Cannot, Seat
from model.consent import ANSWERS, PURPOSES, Answer, How
from model.hours import BadHours
from model.taxonomy import Urgency
from model.tickets import Outcome
from outbound.words import BadText
from storage import agents
from web.inbox.contact_form import changed
from web.inbox.mentions import called
from web.inbox.seats import (
    back,
    can_be_called,
    for_desk,
    id_of,
    moment_of,
    names_of,
    refusal,
    seat_of,
    ticket_of,
    unfit,
    wants_part,
)
from web.inbox.thread import shown
from web.routes import DESK, Handler, Route


@dataclass(frozen=True, slots=True)
class Given:
    """What a form sent."""

    one: Mapping[str, str]
    days: Sequence[str]

    def id(self, name: str) -> UUID | None:
        """An id; None for anything else."""
        return id_of(self.one.get(name))

    def message(self) -> UUID:
        """The message an act is about. Raises Cannot."""
        found = self.id("message")
        if found is None:
            raise Cannot("no_such_message")
        return found

    def text(self, name: str = "text") -> str:
        return self.one.get(name, "")


Act = Callable[[Seat, UUID, Given], Awaitable[Offer | None]]


async def take(seat: Seat, ticket: UUID, given: Given) -> None:
    await holding.take(seat, ticket)


async def release(seat: Seat, ticket: UUID, given: Given) -> None:
    await holding.release(seat, ticket)


async def assign(seat: Seat, ticket: UUID, given: Given) -> None:
    to = given.id("to")
    if to is None:
        raise Cannot("no_such_agent")
    await holding.assign(seat, ticket, to, was=given.id("was"))


async def note(seat: Seat, ticket: UUID, given: Given) -> None:
    """Names behind an @ call colleagues; the longest name that fits counts."""
    text = given.text("note")
    await saying.note(seat, ticket, text, mentions=await _called(seat, text), once=given.id("once"))
    await drafts.drop(seat, ticket, "note")


async def _called(seat: Seat, text: str) -> list[UUID]:
    if "@" not in text:
        return []
    there = [one for one in await agents.colleagues(seat.connection, seat.master) if can_be_called(one)]
    names = called(text, {one.name for one in there})
    return [one.id for one in there if one.name in names]


async def urgency(seat: Seat, ticket: UUID, given: Given) -> None:
    """Up for everybody, down for supervisors, who say why."""
    held = await seat.hold(ticket)
    to = given.text("to")
    if to not in ("U1", "U2", "U3", "U4"):
        raise Cannot("not_more_urgent")
    level = cast(Urgency, to)
    if level > held.urgency:
        await triage.lower_urgency(seat, ticket, level, why=given.text("why"))
    else:
        await triage.raise_urgency(seat, ticket, level)


async def tag(seat: Seat, ticket: UUID, given: Given) -> None:
    await triage.add_tag(seat, ticket, given.text("name"))


async def untag(seat: Seat, ticket: UUID, given: Given) -> None:
    found = given.id("tag")
    if found is None:
        raise Cannot("no_such_tag")
    await triage.remove_tag(seat, ticket, found)


async def issue(seat: Seat, ticket: UUID, given: Given) -> None:
    said = triage.confirm_issue if given.text("said") == "yes" else triage.drop_issue
    await said(seat, ticket, given.text("code"))


async def language(seat: Seat, ticket: UUID, given: Given) -> Offer | None:
    """What the person writes and, where it is another, speaks; gives a desk that fits better."""
    spoken = given.text("spoken") or None
    offer = await correct(seat, ticket, given.text("language"))
    await set_spoken(seat, ticket, spoken if spoken != given.text("language") else None)
    return offer


async def move(seat: Seat, ticket: UUID, given: Given) -> None:
    await reroute(seat, ticket, given.text("queue"))


async def snooze(seat: Seat, ticket: UUID, given: Given) -> None:
    """For some hours, or until a moment on the organisation's clock."""
    hours = given.text("hours")
    if hours.isascii() and hours.isdigit() and len(hours) < 5:
        until: datetime | None = seat.now + timedelta(hours=int(hours))
    else:
        until = moment_of(given.text("until"), seat.organisation.timezone)
    if until is None:
        raise Cannot("in_the_past")
    return await ending.snooze(seat, ticket, until, last_seen=given.id("last_seen"))


async def unsnooze(seat: Seat, ticket: UUID, given: Given) -> None:
    await ending.unsnooze(seat, ticket)


async def close(seat: Seat, ticket: UUID, given: Given) -> None:
    await ending.close(seat, ticket, cast(Outcome, given.text("outcome")), last_seen=given.id("last_seen"))


async def reopen(seat: Seat, ticket: UUID, given: Given) -> None:
    await ending.reopen(seat, ticket)


async def elsewhere(seat: Seat, ticket: UUID, given: Given) -> None:
    where, seen = cast(Where, given.text("where")), given.id("last_seen")
    await ending.answered_elsewhere(seat, ticket, where, words=given.text(), last_seen=seen)


async def translate(seat: Seat, ticket: UUID, given: Given) -> None:
    await saying.translate(seat, given.message(), given.text("language"), given.text())


async def heard(seat: Seat, ticket: UUID, given: Given) -> None:
    attachment = given.id("attachment")
    if attachment is None:
        raise Cannot("no_such_message")
    await saying.heard(seat, attachment)


async def repair(seat: Seat, ticket: UUID, given: Given) -> None:
    done = saying.undo_repair if given.text("as") == "written" else saying.redo_repair
    await done(seat, given.message())


async def rules(seat: Seat, ticket: UUID, given: Given) -> None:
    known = await contact.known(seat, ticket)
    timezone = seat.organisation.timezone
    made = changed(known.rules, given.one, given.days, seat.now, timezone, channels=registry.names())
    await contact.write(seat, ticket, made, was=given.id("was"))


async def consents(seat: Seat, ticket: UUID, given: Given) -> None:
    """What the person agreed to; a purpose without an answer stays as it is."""
    said = {purpose: cast(Answer, given.text(purpose)) for purpose in PURPOSES if given.text(purpose) in ANSWERS}
    await consent.write(seat, ticket, said, how=cast(How, given.text("how")))


async def name(seat: Seat, ticket: UUID, given: Given) -> None:
    await people.set_name(seat, ticket, given.text("name"))


def acting(act: Act) -> Handler:
    """A form's handler: done in one transaction, or refused with the reason on the page."""

    async def handle(request: web.Request) -> web.StreamResponse:
        ticket, given = ticket_of(request), await _given(request)
        offer, refused = None, ""
        try:
            async with seat_of(request) as seat:
                await seat.look(ticket)
                offer = await act(seat, ticket, given)
        except Cannot as why:
            async with seat_of(request) as seat:
                refused = refusal(request, why, await names_of(seat))
        except (BadText, BadHours) as why:
            refused = unfit(request, why)
        if not refused and offer is None and not wants_part(request):
            return back(ticket)
        more: dict[str, Any] = {"notice": refused, "notice_kind": "warn"} if refused else {"offer": offer}
        async with seat_of(request) as seat:
            return await shown(request, seat, ticket, status=409 if refused else 200, **more)

    return for_desk(handle)


async def _given(request: web.Request) -> Given:
    sent = await request.post()
    # a box that is not ticked sends nothing, so each has a hidden twin before it: the last one counts
    one = {field: str(sent.getall(field)[-1]) for field in sent}
    return Given(one, [str(day) for day in sent.getall("days", [])])


ACTS: Mapping[str, Act] = {
    "take": take, "release": release, "assign": assign, "note": note, "urgency": urgency, "tag": tag, "untag": untag,
    "issue": issue, "language": language, "move": move, "snooze": snooze, "unsnooze": unsnooze, "close": close,
    "reopen": reopen, "elsewhere": elsewhere, "translate": translate, "heard": heard, "repair": repair, "rules": rules,
    "consent": consents, "name": name,
}  # fmt: skip

ROUTES = tuple(Route("POST", f"/inbox/{{ticket}}/{path}", acting(act), DESK) for path, act in ACTS.items())
