"""What an agent has begun to write: kept on the server, so that it survives a broken line and a signed-out browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from desk.seat import NoTicket, Seat
from outbound.words import BadText
from storage import answers, desk_texts
from storage.desk_texts import StoredDraft

Kind = Literal["reply", "note"]
LONGEST = 20_000  #: characters; what can be sent is less, what one can type is more


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Words that have not been said yet."""

    kind: Kind
    text: str
    language: str | None
    to: tuple[str, UUID] | None  #: account and address, where it shall go elsewhere than back
    last_seen: UUID | None
    at: datetime
    newer: tuple[UUID, ...]  #: what has come in, or others have answered, since then: read that first


async def save(
    seat: Seat,
    ticket: UUID,
    kind: Kind,
    text: str,
    *,
    language: str | None = None,
    to: tuple[str, UUID] | None = None,
    last_seen: UUID | None = None,
) -> None:
    """Keep what is written so far; nothing written keeps nothing. Raises NoTicket, BadText and Cannot (`erased`)."""
    person = await desk_texts.person_of(seat.connection, ticket)
    if person is None:
        raise NoTicket
    if len(text) > LONGEST:
        raise BadText(
            f"The text has {len(text):,} characters, and {LONGEST:,} are kept: shorten it.",
            "too_long",
            count=len(text),
            most=LONGEST,
        )
    if not text.strip():
        return await drop(seat, ticket, kind)
    id_, key = desk_texts.draft_id(seat.agent.id, ticket, kind), await seat.key(person)
    words = text.encode("utf-8", "replace")  # half a character, as a browser may send it, is no reason to lose the rest
    draft = StoredDraft(
        id=id_,
        kind=kind,
        text=key.seal("draft|text", id_, words),
        language=language,
        account=to[0] if to else None,
        address_id=to[1] if to else None,
        last_seen=last_seen,
        at=seat.now,
    )
    return await desk_texts.save_draft(seat.connection, seat.agent.organisation, seat.agent.id, ticket, draft)


async def load(seat: Seat, ticket: UUID) -> Mapping[Kind, Draft]:
    """What this agent has begun to write in a ticket. Raises NoTicket."""
    person = await desk_texts.person_of(seat.connection, ticket)
    if person is None:
        raise NoTicket
    keys, found = await seat.keys(person), await desk_texts.drafts(seat.connection, seat.agent.id, ticket)
    drafts: dict[Kind, Draft] = {}
    for stored in found:
        text = keys.open("draft|text", stored.id, stored.text)
        if text is not None:
            kind: Kind = "note" if stored.kind == "note" else "reply"
            drafts[kind] = await _draft(seat, ticket, kind, stored, text)
    return drafts


async def _draft(seat: Seat, ticket: UUID, kind: Kind, stored: StoredDraft, text: str) -> Draft:
    newer: list[UUID] = []
    if kind == "reply" and stored.last_seen:
        newer = await answers.newer(seat.connection, ticket, stored.last_seen, seat.name)
    return Draft(
        kind=kind,
        text=text,
        language=stored.language,
        to=(stored.account, stored.address_id) if stored.account and stored.address_id else None,
        last_seen=stored.last_seen,
        at=stored.at,
        newer=tuple(newer),
    )


async def drop(seat: Seat, ticket: UUID, kind: Kind) -> None:
    """Throw a draft away."""
    await desk_texts.drop_draft(seat.connection, desk_texts.draft_id(seat.agent.id, ticket, kind))
