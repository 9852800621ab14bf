"""Files that go with an answer: made ready and kept before its transaction. What no answer takes up is swept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from desk.keyring import Keyring
from desk.seat import Cannot
from outbound.answer import keep
from outbound.outfiles import Prepared, prepare
from outbound.remake import Remaker
from runtime.keys import CannotOpen, Key, Master
from storage import desk_acts, media, people
from storage.database import Database
from storage.files import Files
from storage.media import NewFile, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file as an agent gave it."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attaching:
    """What makes files ready and keeps them."""

    database: Database
    master: Master
    files: Files
    remaker: Remaker
    largest: int  #: bytes of one file, and of all that go with one answer

    async def kept(self, organisation: UUID, ticket: UUID, given: Sequence[Given]) -> list[NewFile]:
        """Files for `answering.send`. Raises BadFile, NoTicket, CannotAnswer, NoRoom and FilesAway."""
        if not given:
            return []
        # one after the other: each is checked in a process of its own, which may need much memory
        prepared = [await prepare(one.name, one.data, largest=self.largest, remaker=self.remaker) for one in given]
        return await keep(self.database, self.master, self.files, organisation, ticket, prepared)

    async def again(self, organisation: UUID, delivery: UUID) -> list[NewFile]:
        """The files of an answer that did not arrive, for `answering.send_again`. Raises as `kept`, and Cannot."""
        async with self.database.desk(organisation) as connection:
            sent = await desk_acts.delivery(connection, delivery)
            if sent is None:
                raise Cannot("no_such_message")
            rows = await media.of_message(connection, organisation, sent.message)
            if not rows:
                return []
            keys = await people.keys_of(connection, self.master, {row.person for row in rows})
        try:
            prepared = [await self._read(row, keys) for row in rows]
        except (CannotOpen, FileNotFoundError):
            raise Cannot("erased") from None
        return await keep(self.database, self.master, self.files, organisation, sent.ticket, prepared)

    async def _read(self, row: Stored, keys: Mapping[UUID, Key]) -> Prepared:
        data = await self.files.load(row.id, "original", keys)
        name = Keyring(keys).open("attachment|name", row.id, row.name) or row.kind
        return Prepared(kind=row.kind, mime=row.mime, name=name, data=data, seconds=row.seconds)
