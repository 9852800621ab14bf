"""A ticket as one line of the list: which section it stands in, the reason before the words, and how long it waits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from desk.listing import Row
from intake.triage import RULES
from model.clocks import Wait
from translations import taxonomy
from web.inbox.query import Query
from web.local import Local

Section = Literal["danger", "waiting", "quiet", "all"]
#: Views in one piece, whatever their tickets' urgency.
_WHOLE = frozenset({"mentions", "snoozed", "closed"})
#: Reasons beside the rules and issues, with their words in the screens' texts.
PLAIN = ("not_heard_yet", "sent_a_place", "language_unknown")
_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What stands at the end of a line: a clock with its words."""

    state: Literal["fine", "near", "late", "done"]
    icon: str
    text: str
    of: str = ""  #: "of 2 h", where the same clock counts both
    more: str = ""  #: the whole of it, for who points at it


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row, ready to be drawn."""

    row: Row
    section: Section
    reason: str  #: two to four words; empty where there is none
    said: str  #: the worker's words, or what is known where there are none
    said_language: str | None  #: None: `said` is ours
    waiting: Waiting | None
    holder: str | None  #: name of whoever has it
    views: str  #: all it belongs to


def lines(rows: Iterable[Row], query: Query, local: Local, names: Mapping[UUID, str], now: datetime) -> list[Line]:
    """Rows as they are drawn for one screen."""
    return [_line(row, query, local, names, now) for row in rows]


def sections(shown: Sequence[Line]) -> list[tuple[Section, list[Line]]]:
    """Lines under their headings, in their order."""
    found: dict[Section, list[Line]] = {}
    for line in shown:
        found.setdefault(line.section, []).append(line)
    return list(found.items())


def _line(row: Row, query: Query, local: Local, names: Mapping[UUID, str], now: datetime) -> Line:
    words = row.preview
    return Line(
        row=row,
        section=section(row, query),
        reason=reason(row, local),
        said=words or _instead(row, local),
        said_language=(row.language or "und") if words else None,
        waiting=_waiting(row, query, local, now),
        holder=names.get(row.assignee, "?") if row.assignee else None,
        views=" ".join(sorted(row.views)),
    )


def section(row: Row, query: Query) -> Section:
    """Under which heading a row stands."""
    if query.view in _WHOLE or query.order == "newest":
        return "all"
    if row.waiting_since is None:
        return "quiet"
    return "danger" if row.urgency == "U1" else "waiting"


def reason(row: Row, local: Local) -> str:
    """Why a ticket is as urgent as it is, in a few words: the gravest reason alone."""
    for rule in RULES:
        if rule in row.reasons:
            return local.text(f"why.{rule}")
    known = taxonomy.load().issues
    issues = sorted((code for code in row.issues if code in known), key=lambda code: (known[code].urgency, code))
    if issues:
        return local.text(f"issue.{issues[0]}")
    plain = next((of for of in row.reasons if of in PLAIN), None)
    return local.text(f"why.{plain}") if plain else ""


def _instead(row: Row, local: Local) -> str:
    """What stands where there are no words: a voice note has a length, a sticker a name."""
    kind = row.media_kind or row.last_kind
    if kind is None:
        return ""
    name = local.text(f"kind.{kind}")
    length = local.text("length.seconds", n=row.media_seconds) if row.media_seconds else ""
    return f"{name}, {length}" if length else name


def _waiting(row: Row, query: Query, local: Local, now: datetime) -> Waiting | None:
    if query.view == "snoozed" and row.snoozed_until:
        return Waiting(
            state="done", icon="snooze", text=local.text("list.until", at=local.when(row.snoozed_until, now))
        )
    if row.status == "closed" and row.closed_at:
        return Waiting(state="done", icon="done", text=local.when(row.closed_at, now), more=local.moment(row.closed_at))
    if row.wait is None:
        return Waiting(state="done", icon="reply", text=local.when(row.last_at, now), more=local.moment(row.last_at))
    return _clock(row.wait, local)


def _clock(wait: Wait, local: Local) -> Waiting:
    waited, counted, target = (part.total_seconds() for part in (wait.waited, wait.counted, wait.target))
    more = local.text(
        "list.since", at=local.moment(wait.since), counted=local.length(counted), target=local.length(target)
    )
    if wait.state == "late":
        late = local.text("list.late", length=local.length(counted - target))
        return Waiting(state="late", icon="alert", text=late, more=more)
    same = waited // _MINUTE == counted // _MINUTE
    return Waiting(
        state=wait.state,
        icon="hourglass" if wait.state == "near" else "clock",
        text=local.length(waited),
        of=local.text("list.of", target=local.length(target)) if same else "",
        more=more,
    )
