"""Finding: what an agent types, taken for every thing it may be, within the wall of their organisation.

Words are found in what was said, repaired, and in notes; numbers whole, by keyed hash; tickets by number, id, pseudonym
and tag; all of it in a span of days. What only another organisation has is not found, and costs the same as what nobody
has: keys of hashes differ, and the functions that answer see one organisation alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers

from desk.listing import Row, rows_of
from desk.seat import Seat
from desk.triage import tag_id
from storage import desk_find, desk_people, search

By = Literal["ticket", "person", "number", "tag", "words", "day"]
MOST = 50  #: tickets shown
_CANDIDATES = 400  #: messages unsealed for one search
_TICKET = re.compile(r"#?([0-9]{1,12})")
_PSEUDONYM = re.compile(r"[A-Za-z]{2,}(?: [0-9]{0,12})?")
_NUMBER = re.compile(r"\+?[0-9][0-9 ()./-]{5,}")
_BEFORE, _AFTER = 30, 90  # characters around what was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Where the words stand. Carries words: never log one."""

    message: UUID
    direction: str  #: in, out or note
    at: datetime
    before: str
    match: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A ticket that was found, and by what."""

    row: Row
    by: By
    snippet: Snippet | None
    more: int  #: messages of the same ticket that hold the words too


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer to a search."""

    hits: Sequence[Hit]
    capped: bool  #: there is more than was looked at: narrow it


async def find(seat: Seat, query: str, *, since: date | None = None, until: date | None = None) -> Found:
    """What fits a query, exact things first, then words, the newest first. `since` and `until`: days, both included.

    Without a query the tickets opened in those days. Looking into words is written down, without the words.
    """
    query, span = " ".join(query.split())[:200], _span(seat, since, until)
    found: dict[UUID, By] = {}
    for by, ids in await _exact(seat, query):
        for id_ in ids:
            found.setdefault(id_, by)
    if not query and span:
        found = dict.fromkeys(await desk_find.opened_between(seat.connection, *span, MOST + 1), "day")
    snippets, full = await _words(seat, query, span)
    ids = [*found, *(id_ for id_ in snippets if id_ not in found)]
    rows = [row for row in await rows_of(seat, ids[: MOST + 1]) if span is None or _within(row, snippets, span)]
    await seat.noted("search.done", None, hits=len(rows))
    return Found(
        hits=[_hit(row, found.get(row.id, "words"), snippets.get(row.id, ())) for row in rows[:MOST]],
        capped=full or len(ids) > MOST,
    )


async def _exact(seat: Seat, query: str) -> list[tuple[By, Sequence[UUID]]]:
    """What a query may name outright."""
    connection, found = seat.connection, list[tuple[By, Sequence[UUID]]]()
    if number := _TICKET.fullmatch(query):
        found.append(("ticket", await desk_find.numbered(connection, int(number[1]))))
    if id_ := _uuid(query):
        found.append(("ticket", [id_]))
    if _NUMBER.fullmatch(query) and (blinds := _blinds(seat, query)):
        people = await desk_people.writing_from(connection, blinds)
        found.append(("number", await desk_find.of_people(connection, people, MOST + 1)))
    if _PSEUDONYM.fullmatch(query):
        found.append(("person", await desk_find.named(connection, query.capitalize(), MOST + 1)))
    if query:
        found.append(("tag", await desk_find.tagged(connection, tag_id(seat, query), MOST + 1)))
    return found


def _blinds(seat: Seat, query: str) -> list[bytes]:
    """The keyed hashes of what a number may be: as it stands, and as it is dialled where the organisation is."""
    possible = set()
    for country in (None, seat.organisation.country):
        try:
            parsed = phonenumbers.parse(query, country)
        except phonenumbers.NumberParseException:
            continue
        possible.add(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return [seat.master.blind("phone", number) for number in sorted(possible)]


async def _words(
    seat: Seat, query: str, span: tuple[datetime, datetime] | None
) -> tuple[dict[UUID, list[Snippet]], bool]:
    """Messages that hold the words, by ticket, the newest first; and whether there may be more.

    The index knows pieces of three letters by their hashes: only the words themselves say whether they are there.
    """
    organisation = seat.agent.organisation
    ids = await search.find(seat.connection, seat.master, organisation, query, limit=_CANDIDATES) if query else []
    candidates = await desk_find.candidates(seat.connection, ids) if ids else []
    keys = await seat.keys(*{one.person for one in candidates}) if candidates else None
    found: dict[UUID, list[Snippet]] = {}
    for one in candidates:
        text = keys.open("message|text", one.id, one.text) if keys else None
        if text and _in(one.occurred_at, span) and (place := _place(text, query)):
            snippet = Snippet(
                message=one.id,
                direction=one.direction,
                at=one.occurred_at,
                before=place[0],
                match=place[1],
                after=place[2],
            )
            found.setdefault(one.ticket, []).append(snippet)
    return found, len(ids) == _CANDIDATES


def _place(text: str, query: str) -> tuple[str, str, str] | None:
    """The words in their surroundings; None where they are not there. As written where possible, else folded."""
    plain, wanted = search.normalised(text), search.normalised(query)
    if wanted not in plain:
        return None
    shown = " ".join(text.split())
    start = shown.casefold().find(query.casefold())
    if start < 0 or len(shown.casefold()) != len(shown):
        shown, start = plain, plain.index(wanted)
    end = start + len(query if shown is not plain else wanted)
    return shown[max(0, start - _BEFORE) : start], shown[start:end], shown[end : end + _AFTER]


def _span(seat: Seat, since: date | None, until: date | None) -> tuple[datetime, datetime] | None:
    """Whole days on the organisation's clock."""
    if since is None and until is None:
        return None
    zone = ZoneInfo(seat.organisation.timezone)
    start = datetime.combine(since or date(1970, 1, 1), time(), zone)
    last = min(until or date.max, date(9998, 1, 1))  # a day before the calendar ends
    return start, datetime.combine(last + timedelta(days=1), time(), zone)


def _in(at: datetime, span: tuple[datetime, datetime] | None) -> bool:
    return span is None or span[0] <= at < span[1]


def _within(row: Row, snippets: Iterable[UUID], span: tuple[datetime, datetime]) -> bool:
    """Whether a ticket was there in these days; one found by words has been asked for them already."""
    return row.id in snippets or (row.opened_at < span[1] and row.last_at >= span[0])


def _hit(row: Row, by: By, snippets: Sequence[Snippet]) -> Hit:
    return Hit(row=row, by=by, snippet=snippets[0] if snippets else None, more=max(0, len(snippets) - 1))


def _uuid(query: str) -> UUID | None:
    try:
        return UUID(query)
    except ValueError:
        return None
