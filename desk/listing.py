"""The list: views in the order in which people should be answered, and what a row shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from desk.keyring import Keyring
from desk.seat import Seat
from model.clocks import Wait, answer_wait
from model.hours import Hours
from model.taxonomy import Urgency
from storage import desk_list
from storage.desk_list import Place, Stretch

View = Literal["waiting", "unassigned", "mine", "danger", "open", "mentions", "snoozed", "closed"]
Order = Literal["wait", "newest"]
VIEWS: tuple[View, ...] = get_args(View)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list is narrowed to; None: everything."""

    queue: str | None = None
    language: str | None = None
    channel: str | None = None
    urgency: Urgency | None = None
    tag: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A ticket as the list shows it."""

    id: UUID
    number: int
    person: UUID  #: for no screen: the same in every organisation
    pseudonym: str
    language: str | None
    spoken: str | None
    channel: str
    account: str
    queue: str
    urgency: Urgency
    reasons: tuple[str, ...]  #: codes
    issues: tuple[str, ...]  #: taxonomy codes
    status: str
    outcome: str | None
    assignee: UUID | None
    tags: tuple[UUID, ...]
    opened_at: datetime
    last_at: datetime
    waiting_since: datetime | None
    wait: Wait | None  #: None where nobody waits
    snoozed_until: datetime | None
    closed_at: datetime | None
    preview: str | None  #: the last words; None where there are none, or the person was erased
    last_kind: str | None  #: of the person's last message
    media_kind: str | None  #: of what it brought along
    media_seconds: int | None
    unread: bool  #: words came in since this agent last read the thread
    sent_state: str | None  #: of the last thing we sent
    sent_reason: str | None
    mentioned_at: datetime | None  #: when a note last called this agent
    mention_unread: bool
    views: frozenset[View]  #: all it belongs to now


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of the list."""

    rows: Sequence[Row]
    after: Place | None  #: where the next page begins; None at the end
    capped: bool  #: the filters fit too few of the tickets looked at: `after` goes on looking


_AWAKE = "(snoozed_until is null or snoozed_until <= %(now)s)"
_OPEN, _WAITS = "status = 'open'", "status = 'open' and waiting_since is not null"
_FILTERS = {
    "queue": "queue = %(queue)s",
    "language": "language = %(language)s",
    "channel": "channel = %(channel)s",
    "urgency": "urgency = %(urgency)s",
    "tag": "exists (select from ticket_tag g where g.organisation_id = t.organisation_id and g.ticket_id = t.id "
    "and g.tag_id = %(tag)s)",
}
#: What a view asks beyond being open and awake.
_OF_VIEW: Mapping[View, str] = {
    "waiting": "waiting_since is not null",
    "unassigned": "assignee is null",
    "mine": "assignee = %(agent)s",
    "danger": "urgency = 'U1'",
    "open": "true",
}


async def rows(
    seat: Seat,
    view: View,
    filters: Filters = Filters(),
    *,
    order: Order = "wait",
    after: Place | None = None,
    limit: int = 50,
) -> Listing:
    """A page of a view. `after`: where the page before it ended."""
    values = {"agent": seat.agent.id, "now": seat.now} | {name: getattr(filters, name) for name in _FILTERS}
    if view == "mentions":
        return await _mentions(seat, filters, after, limit)
    places: list[Place] = []
    capped = False
    stretches = _stretches(view, filters, order)
    for number in range(after.stretch if after else 0, len(stretches)):
        start = after if after and after.stretch == number else None
        wanted = limit + 1 - len(places)
        found = await desk_list.scan(seat.connection, stretches[number], values, start, wanted)
        places += [Place(number, at, id_) for at, id_ in found]
        if len(found) == wanted:
            break
        last = await desk_list.end_of_scan(seat.connection, stretches[number], values, start)
        if last is not None:
            places, capped = [*places[:limit], Place(number, *last)], True
            break
    shown = places[:-1] if capped else places[:limit]
    following = places[-1] if capped else shown[-1] if len(places) > limit else None
    return Listing(rows=await rows_of(seat, [p.id for p in shown]), after=following, capped=capped)


async def _mentions(seat: Seat, filters: Filters, after: Place | None, limit: int) -> Listing:
    found = await desk_list.mentions(seat.connection, seat.agent.id, after, limit + 1)
    shown = await rows_of(seat, [id_ for _, id_ in found[:limit]])
    following = Place(0, *found[limit - 1]) if len(found) > limit else None
    return Listing(rows=[row for row in shown if fits(row, filters)], after=following, capped=False)


def _stretches(view: View, filters: Filters, order: Order) -> list[Stretch]:
    """The parts of a view: danger before the rest, then whoever waits longest, then those nobody has to answer."""
    asked = [text for name, text in _FILTERS.items() if getattr(filters, name) is not None]
    if view == "snoozed":
        where = "snoozed_until is not null and snoozed_until > %(now)s"
        return [Stretch(where=where, key="snoozed_until", among=[_OPEN, *asked])]
    if view == "closed":
        return [Stretch(where="status = 'closed'", key="closed_at", descending=True, among=asked)]
    among = [_AWAKE, _OF_VIEW[view], *asked]
    if order == "newest":
        return [Stretch(where="true", key="opened_at", descending=True, among=[_OPEN, *among])]
    danger = Stretch(where=f"{_WAITS} and urgency = 'U1'", key="waiting_since", among=among)
    others = Stretch(where=_narrowed(_WAITS, view, filters), key="waiting_since", among=[*among, "urgency <> 'U1'"])
    quiet = Stretch(where=f"{_OPEN} and waiting_since is null", key="last_at", descending=True, among=among)
    parts = {"waiting": [danger, others], "danger": [danger, quiet]}
    return parts.get(view, [danger, others, quiet])


def _narrowed(where: str, view: View, filters: Filters) -> str:
    """The index to follow: of one agent's tickets, of one queue's, or of all."""
    if view == "mine":
        return f"{where} and assignee = %(agent)s"
    return f"{where} and queue = %(queue)s" if filters.queue else where


def fits(row: Row, filters: Filters) -> bool:
    """Whether a row belongs to a list narrowed so."""
    named = (filters.queue, filters.language, filters.channel, filters.urgency)
    has = (row.queue, row.language, row.channel, row.urgency)
    tagged = filters.tag is None or filters.tag in row.tags
    return tagged and all(wanted is None or wanted == here for wanted, here in zip(named, has, strict=True))


async def rows_of(seat: Seat, ids: Sequence[UUID]) -> list[Row]:
    """These tickets as rows, in this order; those that are not this organisation's are missing."""
    found = await desk_list.details(seat.connection, seat.agent.id, ids)
    keys = await seat.keys(*(row["person"] for row in found.values()))
    hours = seat.organisation.hours
    return [_row(seat, found[id_], keys, hours) for id_ in ids if id_ in found]


def _row(seat: Seat, found: Mapping[str, Any], keys: Keyring, hours: Hours) -> Row:
    since = found["waiting_since"]
    wait = answer_wait(found["urgency"], found["channel"], since, seat.now, hours) if since else None
    lists = {name: tuple(found[name]) for name in ("reasons", "issues", "tags")}
    preview = keys.open("ticket|preview", found["id"], found["preview"]) or None
    known = {name: value for name, value in found.items() if name != "arrived_at"}
    return Row(**known | lists | {"preview": preview, "wait": wait, "views": views_of(found, seat.agent.id, seat.now)})


def views_of(ticket: Mapping[str, Any], agent: UUID, now: datetime) -> frozenset[View]:
    """All views a ticket belongs to at a moment: the same that `rows` would find it in."""
    views: set[View] = {"mentions"} if ticket["mentioned_at"] else set()
    if ticket["status"] == "closed":
        return frozenset(views | {"closed"})
    if ticket["status"] != "open":
        return frozenset(views)
    if ticket["snoozed_until"] and ticket["snoozed_until"] > now:
        return frozenset(views | {"snoozed"})
    belongs: Mapping[View, bool] = {
        "open": True,
        "waiting": ticket["waiting_since"] is not None,
        "unassigned": ticket["assignee"] is None,
        "mine": ticket["assignee"] == agent,
        "danger": ticket["urgency"] == "U1",
    }
    return frozenset(views | {view for view, does in belongs.items() if does})
