"""What the address of the inbox asks for, read and written. Pure; what cannot be read is left out, never an error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from urllib.parse import urlencode
from uuid import UUID

from desk.listing import VIEWS, Filters, Order, View
from model.taxonomy import Urgency
from storage.desk_list import Place

PAGE = 50  #: rows of one page
MOST = 200  #: rows a page grows to by "more" before it goes on to the next
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_URGENCIES: tuple[Urgency, ...] = get_args(Urgency)
_ORDERS: tuple[Order, ...] = get_args(Order)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One list: which view, narrowed to what, in which order, from where, how long."""

    view: View = "waiting"
    filters: Filters = field(default_factory=Filters)
    order: Order = "wait"
    after: Place | None = None
    show: int = PAGE

    @property
    def narrowed(self) -> bool:
        """Whether a filter is set, of the form or of the side."""
        return self.filters != Filters()

    def fields(self) -> dict[str, str]:
        """What stands in the address, without what goes without saying."""
        named = {
            "view": self.view,
            "queue": self.filters.queue,
            "language": self.filters.language,
            "channel": self.filters.channel,
            "urgency": self.filters.urgency,
            "tag": self.filters.tag and str(self.filters.tag),
            "order": self.order if self.order != "wait" else None,
            "after": self.after and place_text(self.after),
            "show": str(self.show) if self.show != PAGE else None,
        }
        return {name: value for name, value in named.items() if value}

    def path(self, ticket: UUID | None = None) -> str:
        """The address of this list, with a ticket open beside it."""
        return f"/inbox{f'/{ticket}' if ticket else ''}{self.search()}"

    def search(self) -> str:
        """What follows in the address, from the question mark on."""
        return f"?{urlencode(self.fields())}"

    def with_(self, view: View, queue: str | None = None) -> "Query":
        """Another view or queue, from its beginning, without filters."""
        return Query(view=view, filters=Filters(queue=queue), order=self.order)

    def more(self, after: Place | None) -> "Query":
        """The page that goes on where this one ended."""
        return replace(self, after=after, show=PAGE)

    def longer(self) -> "Query":
        """This page with more rows."""
        return replace(self, show=min(MOST, self.show + PAGE))


def read(given: Mapping[str, str]) -> Query:
    """The list an address asks for."""
    view = given.get("view", "waiting")
    order = given.get("order", "wait")
    urgency = given.get("urgency")
    show = given.get("show", "")
    return Query(
        view=next((known for known in VIEWS if known == view), "waiting"),
        filters=Filters(
            queue=_word(given.get("queue")),
            language=_word(given.get("language")),
            channel=_word(given.get("channel")),
            urgency=next((known for known in _URGENCIES if known == urgency), None),
            tag=uuid_of(given.get("tag")),
        ),
        order=next((known for known in _ORDERS if known == order), "wait"),
        after=_place(given.get("after", "")),
        show=min(MOST, max(PAGE, int(show))) if show.isascii() and show.isdecimal() and len(show) < 5 else PAGE,
    )


def place_text(place: Place) -> str:
    """A place in an address: stretch, microseconds since 1970, ticket."""
    return f"{place.stretch}.{(place.at - _EPOCH) // _MICROSECOND}.{place.id.hex}"


def uuid_of(text: str | None) -> UUID | None:
    """An id as somebody wrote it; None for anything else."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _place(text: str) -> Place | None:
    match = re.fullmatch(r"([0-3])\.([0-9]{1,17})\.([0-9a-f]{32})", text)
    return Place(int(match[1]), _EPOCH + int(match[2]) * _MICROSECOND, UUID(match[3])) if match else None


def _word(text: str | None) -> str | None:
    return text if text and _WORD.fullmatch(text) else None
