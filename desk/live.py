"""What an open page is told: enough to be what it would be if it were loaded now."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from desk.listing import Row, rows_of
from desk.seat import Seat
from storage import feed
from storage.feed import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is different since a cursor."""

    cursor: Cursor  #: go on from here
    rows: Sequence[Row]  #: each with all views it belongs to now: it leaves every other
    gone: Sequence[UUID]  #: tickets that are no longer this organisation's to see
    more: bool  #: ask again at once


async def start(seat: Seat) -> Cursor:
    """The cursor of a page that is loaded in this transaction; to be asked before anything is read."""
    return await feed.start(seat.connection)


async def changes(seat: Seat, after: Cursor, *, limit: int = 500) -> Changes:
    """What has become visible since. Raises feed.Reset: then load the page afresh.

    Rows are as they are now, not as they were when they changed: a ticket that changed twice is told once. What time
    alone changes, a wait that grows or a snooze that ends, is the page's own to show; a worker tells of the latter.
    """
    told = await feed.read(seat.connection, seat.agent.organisation, after, limit=limit)
    ids = list(dict.fromkeys(change.ticket for change in told))
    rows = await rows_of(seat, ids)
    here = {row.id for row in rows}
    return Changes(
        cursor=told[-1].cursor if told else after,
        rows=rows,
        gone=[id_ for id_ in ids if id_ not in here],
        more=len(told) == limit,
    )
