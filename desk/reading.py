"""The conversation: all a person and an organisation have said to each other, and what happened meanwhile."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from desk.keyring import Keyring
from desk.listing import Row, rows_of
from desk.seat import NoTicket, Seat
from intake.calls import call_of, outcome
from model.agents import agent_id
from storage import desk_thread
from storage.desk_thread import Spot

LATE = timedelta(minutes=5)  #: what took longer from the phone to us "arrived late"
_NOTED_EVERY = timedelta(minutes=5)  #: the trail tells of one agent reading one thread no oftener
#: What a thread tells of its ticket; who looked and what was revealed stands under `seen_by`.
SHOWN = (
    "ticket.opened", "ticket.reopened", "ticket.moved", "ticket.urgency_raised", "ticket.urgency_lowered",
    "ticket.taken", "ticket.released", "ticket.assigned", "ticket.snoozed", "ticket.unsnoozed", "ticket.woke",
    "ticket.closed", "ticket.answered_elsewhere", "ticket.language_corrected", "ticket.spoken_changed",
    "contact.rules_changed", "contact.consent_changed", "contact.may_text", "contact.may_not_text",
)  # fmt: skip
LOOKS = ("thread.read", "person.revealed", "person.named", "attachment.taken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that came along."""

    id: UUID
    kind: str
    mime: str | None
    size: int | None
    seconds: int | None
    name: str | None
    state: str  #: due, kept, gone or refused
    why: str | None  #: of `gone` and `refused`, a code (model.media)
    inline: bool  #: a browser may show it
    shown_mime: str | None  #: of the copy made anew, where that is what is shown
    heard: Sequence[tuple[UUID, datetime]]  #: by whom, and when


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of something we sent."""

    id: UUID
    account: str
    state: str
    tries: int
    reason: str | None  #: `refused.<reason>` in the catalog
    code: str | None  #: the provider's own; for supervisors
    created_at: datetime
    due_at: datetime
    held_until: datetime | None  #: it waits for the person's safe hours
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    choices: Sequence[str]  #: quick replies that went along


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """What an agent wrote under a message for those who do not read it."""

    language: str
    text: str
    agent: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a thread, open. Carries words: never log one."""

    id: UUID
    ticket: UUID
    direction: str
    kind: str
    account: str
    channel: str | None
    text: str | None  #: None where there are no words; see `unreadable`
    original: str | None  #: as written, where it was repaired; after an undone repair what the converter had made of it
    repaired: bool  #: from Zawgyi
    repair_undone: bool
    unreadable: bool  #: the person was erased, or the words were moved in the database
    language: str | None
    at: datetime  #: when it was said, by the provider
    arrived_at: datetime
    late: bool
    reply_to: UUID | None  #: the message it answers
    group: str | None  #: an album
    edited_at: datetime | None
    versions: Sequence[tuple[datetime, str]]  #: earlier wordings
    unsent_at: datetime | None
    call: str | None  #: how a call ended
    call_seconds: int
    elsewhere: bool  #: said from another app
    author: str | None  #: of what goes out
    agent: UUID | None  #: the author, where that is an agent
    attachments: Sequence[Attached]
    reactions: Sequence[str]
    deliveries: Sequence[Fate]
    translations: Sequence[Translated]  #: the newest of each language
    mentions: Sequence[UUID]  #: agents a note calls

    @property
    def spot(self) -> Spot:
        """Where it stands in the thread."""
        return Spot(self.at, self.arrived_at, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that happened to the ticket: codes and ids, for the page to put into words."""

    id: UUID
    ticket: UUID
    at: datetime
    actor: str
    agent: UUID | None
    action: str
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A page of a conversation."""

    ticket: Row
    items: Sequence[Message | Line]  #: in the order of time
    before: Spot | None  #: where earlier messages go on; None at the beginning
    last_seen: UUID | None  #: what an answer written on this page has seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Another ticket of the same person with this organisation."""

    id: UUID
    number: int
    status: str
    outcome: str | None
    urgency: str
    channel: str
    queue: str
    opened_at: datetime
    closed_at: datetime | None
    issues: Sequence[str]


async def thread(
    seat: Seat,
    ticket: UUID,
    *,
    before: Spot | None = None,
    after: Spot | None = None,
    limit: int = 50,
    whole: bool = False,
) -> Thread:
    """A page of a thread: the last messages, or those `before` or `after` a spot; `whole`: of all the person's tickets.

    Reading is an act: it is written down in this transaction, once in a few minutes. Raises NoTicket.
    """
    found = await rows_of(seat, [ticket])
    if not found:
        raise NoTicket
    tickets = [one.id for one in await every_ticket(seat, ticket)] if whole else [ticket]
    page = await desk_thread.messages(seat.connection, tickets, before=before, after=after, limit=limit + 1)
    more = len(page) > limit and not after
    page = page[:limit] if after else page[-limit:]
    said = await _opened(seat, tickets, page)
    above = after.at if after else page[0]["occurred_at"] if more else None
    told = await _told(seat, tickets, SHOWN, above=above, up_to=before.at if before else None)
    for read in sorted({ticket, *(row["ticket"] for row in page)}):  # earlier matters are read here, too
        await _look(seat, read)
    return Thread(
        ticket=found[0],
        items=sorted([*said, *told], key=lambda item: (item.at, isinstance(item, Line))),
        before=said[0].spot if more else None,
        last_seen=await desk_thread.last_message(seat.connection, ticket),
    )


async def every_ticket(seat: Seat, ticket: UUID) -> list[Earlier]:
    """All tickets of the person of a ticket with this organisation, the latest first, itself among them."""
    found = await desk_thread.of_person(seat.connection, ticket)
    return [Earlier(**{**row, "issues": tuple(row["issues"])}) for row in found]


async def seen_by(seat: Seat, ticket: UUID, *, limit: int = 50) -> list[Line]:
    """Who has looked at a ticket lately, the latest last. Looking at the looks is not written down."""
    return await _told(seat, [ticket], LOOKS, limit=limit)


async def _look(seat: Seat, ticket: UUID) -> None:
    organisation, agent = seat.agent.organisation, seat.agent.id
    if await desk_thread.seen(seat.connection, organisation, agent, ticket, seat.now, every=_NOTED_EVERY):
        await seat.noted("thread.read", ticket)


async def _told(seat: Seat, tickets: Sequence[UUID], actions: Sequence[str], **bounds: Any) -> list[Line]:
    bounds = {"above": None, "up_to": None} | bounds
    rows = await desk_thread.lines(seat.connection, tickets, actions, **bounds)
    return [Line(**row, agent=agent_id(row["actor"])) for row in rows]


async def _opened(seat: Seat, tickets: Sequence[UUID], page: Sequence[Mapping[str, Any]]) -> list[Message]:
    keys = await seat.keys(*{row["person"] for row in page})
    parts = await desk_thread.parts(seat.connection, [row["id"] for row in page])
    here = {row["provider_id"]: row["id"] for row in page if row["provider_id"]}
    asked = {row["reply_to"] for row in page if row["reply_to"]} - here.keys()
    answered = here | await desk_thread.named(seat.connection, tickets, asked)
    reacted = _reactions(await desk_thread.reactions(seat.connection, tickets, here.keys()), keys)
    flash = seat.settings.intake.flash_seconds
    return [_message(row, keys, parts, answered, reacted.get(row["provider_id"] or "", ()), flash) for row in page]


def _message(
    row: Mapping[str, Any],
    keys: Keyring,
    parts: Mapping[str, Mapping[UUID, Sequence[Mapping[str, Any]]]],
    answered: Mapping[str, UUID],
    reactions: Sequence[str],
    flash_seconds: int,
) -> Message:
    id_, call = row["id"], call_of(row["call"])
    of = {name: found.get(id_, ()) for name, found in parts.items()}
    text = keys.open("message|text", id_, row["text"])
    original = keys.open("message|text_original", id_, row["text_original"])
    return Message(
        **{name: row[name] for name in _AS_THEY_ARE},
        text=text,
        original=original,
        repaired=row["encoding"] == "zawgyi" and original is not None,
        unreadable=row["text"] is not None and text is None,
        at=row["occurred_at"],
        late=row["direction"] == "in" and row["arrived_at"] - row["occurred_at"] > LATE,
        reply_to=answered.get(row["reply_to"] or ""),
        group=row["group_id"],
        versions=[(v["at"], keys.open("message_version|text", v["id"], v["text"]) or "") for v in of["versions"]],
        call=outcome(call, flash_seconds=flash_seconds) if row["kind"] == "call" else None,
        call_seconds=call.seconds,
        elsewhere=row["status"] == "elsewhere",
        agent=agent_id(row["author"]),
        attachments=[_attached(a, keys, of["heard"]) for a in of["attachments"]],
        reactions=reactions,
        deliveries=[_fate(d, keys) for d in of["deliveries"]],
        translations=list({t["language"]: _translated(t, keys) for t in of["translations"]}.values()),
        mentions=[m["agent"] for m in of["mentions"]],
    )


_AS_THEY_ARE = (
    "id", "ticket", "direction", "kind", "account", "channel", "repair_undone", "language", "arrived_at", "edited_at",
    "unsent_at", "author",
)  # fmt: skip


def _attached(row: Mapping[str, Any], keys: Keyring, heard: Iterable[Mapping[str, Any]]) -> Attached:
    return Attached(
        **{
            name: row[name]
            for name in ("id", "kind", "mime", "size", "seconds", "state", "why", "inline", "shown_mime")
        },
        name=keys.open("attachment|name", row["id"], row["name"]),
        heard=[(h["agent"], h["at"]) for h in heard if h["attachment"] == row["id"]],
    )


def _fate(row: Mapping[str, Any], keys: Keyring) -> Fate:
    choices = keys.open("delivery|choices", row["id"], row["choices"])
    as_it_is = {name: row[name] for name in row if name not in ("message_id", "choices")}
    return Fate(**as_it_is, choices=json.loads(choices) if choices else ())


def _translated(row: Mapping[str, Any], keys: Keyring) -> Translated:
    text = keys.open("translation|text", row["id"], row["text"]) or ""
    return Translated(language=row["language"], text=text, agent=row["agent"], at=row["at"])


def _reactions(rows: Iterable[Mapping[str, Any]], keys: Keyring) -> dict[str, list[str]]:
    """What each message was answered with a tap, by its provider's id; a later tap replaces an earlier one."""
    last = {row["reply_to"]: keys.open("message|text", row["id"], row["text"]) for row in rows}
    return {to: [emoji] for to, emoji in last.items() if emoji}
