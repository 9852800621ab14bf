"""What the case stores hold, compared with what they should: field by field, where a store can be asked."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cases.contract import CannotAsk, Content
from cases.opened import Open
from cases.snapshot import parcel
from model.cases import Parcel
from runtime.ids import now
from runtime.keys import Master
from runtime.settings import Settings
from storage import case_listing
from storage.case_listing import Expected
from storage.case_sync import Key
from storage.database import Database

MISSING = "the store does not have it"


@dataclass(slots=True)
class Report:
    """What was looked at, and what is not as it should be."""

    looked_at: int = 0
    differs: dict[Key, str] = field(default_factory=dict)  #: with the error's code at its end, where there is one
    not_followed: set[Key] = field(default_factory=set)  #: of these
    missing: set[Key] = field(default_factory=set)  #: of these, what the store does not have
    numbers: dict[UUID, int] = field(default_factory=dict)  #: of tickets
    not_asked: dict[str, str] = field(default_factory=dict)  #: store → code


async def reconcile(database: Database, settings: Settings, master: Master, stores: Sequence[Open]) -> Report:
    """Walk all tickets. What differs is looked at twice: it may just have changed."""
    walk = _Walk(database, settings, master, {store.store.id: store for store in stores})
    async for page in walk.pages():
        walk.report.looked_at += len(page)
        walk.report.numbers |= {one.ticket: one.source.number for one in page}
        if first := await walk.differing(page):
            again = [one for one in await walk.once_more(page) if one.key in first]
            found = await walk.differing(again)
            walk.report.differs |= found
            walk.report.missing |= {key for key, why in found.items() if why == MISSING}
            walk.report.not_followed |= {one.key for one in again if one.version is None}
    async with database.intake() as connection:
        for key in await case_listing.left_behind(connection, list(walk.stores)):
            walk.report.looked_at += 1
            walk.report.differs[key] = "the ticket left, and the store has not been told"
    return walk.report


class _Walk:
    """Through all tickets, in pages."""

    def __init__(self, database: Database, settings: Settings, master: Master, stores: Mapping[str, Open]) -> None:
        self._database, self._settings, self._master = database, settings, master
        self.stores, self.report = stores, Report()

    async def pages(self) -> AsyncIterator[Sequence[Expected]]:
        after: int | None = 0
        while after is not None:
            async with self._database.intake() as connection:
                page, after = await case_listing.expected(connection, list(self.stores), after)
            if page:
                yield page

    async def once_more(self, page: Sequence[Expected]) -> Sequence[Expected]:
        async with self._database.intake() as connection:
            return (await case_listing.expected(connection, list(self.stores), page[0].source.number - 1))[0]

    async def differing(self, page: Iterable[Expected]) -> dict[Key, str]:
        """What is not as it should be, by our own rows or by what the store holds."""
        differ: dict[Key, str] = {}
        to_ask: dict[str, list[Expected]] = {}
        for one in page:
            if (why := not_there_yet(one)) is not None:
                differ[one.key] = why
            else:
                to_ask.setdefault(one.store, []).append(one)
        for store, rows in to_ask.items():
            if store not in self.report.not_asked:
                differ |= await self._asked(self.stores[store], rows)
        return differ

    async def _asked(self, store: Open, rows: Sequence[Expected]) -> dict[Key, str]:
        """Where a store cannot be asked, its word that it took the newest version counts."""
        if store.kind.fetch is None:
            return {}
        parcels = [self._parcel(store, one) for one in rows]
        try:
            held = await store.kind.fetch(store.client, parcels)
        except CannotAsk as error:
            self.report.not_asked[store.store.id] = error.code
            return {}
        found = [(one.key, difference(p.content, h)) for one, p, h in zip(rows, parcels, held, strict=True)]
        return {key: why for key, why in found if why is not None}

    def _parcel(self, store: Open, one: Expected) -> Parcel:
        return parcel(
            one.source,
            organisation=one.organisation,
            ticket=one.ticket,
            version=one.version or 0,
            changed_at=one.changed_at or now(),
            remote_id=one.remote_id,
            store=store.store,
            settings=self._settings,
            master=self._master,
        )


def not_there_yet(one: Expected) -> str | None:
    """What our own rows say; None where the store should hold the newest version."""
    if one.version is None:
        return "not followed: the ticket is older than the store"
    if one.state == "held":
        return f"held, {one.error}"
    if one.stored != one.version:
        error = f", {one.error}" if one.error else ""
        return f"on its way: version {one.version}, stored {one.stored or 'none'}{error}"
    return None


def difference(expected: Content, held: Content | None) -> str | None:
    """The names of the fields that are not as they should be; None where all are."""
    if held is None:
        return MISSING
    fields = [name for name, value in expected.items() if not _same(value, held.get(name))]
    return f"differs: {', '.join(fields)}" if fields else None


def _same(ours: Any, theirs: Any) -> bool:
    if ours == theirs:
        return True
    try:  # a moment may be written in another way
        return datetime.fromisoformat(ours) == datetime.fromisoformat(theirs)
    except (TypeError, ValueError):
        return False
