"""Erasing a person everywhere: at the providers, in the requests still kept, in the store, and their files."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import structlog

from channels.contract import Unreadable
from outbound.clients import Clients, NoAccount
from runtime.keys import CannotOpen, key_id
from storage import erasure, people, receipts
from storage.blobs import FilesAway
from storage.erasure import Known
from storage.receipts import Claimed
from workers_queue.batch import locks
from workers_queue.heard import Heard, read
from workers_queue.workplace import Workplace

_PAGE = 200
_SECONDS = 20.0  # for one copy at a provider
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was erased, and what could not be."""

    tickets: int
    messages: int
    files: int
    receipts: int  #: webhook requests deleted before their day
    receipts_left: int  #: that could not be read, or hold other people's words too; their key dies on its day
    copies_removed: int  #: files deleted at a provider
    copies_left: int  #: files a provider was asked to delete, or can not be asked to


async def erase(at: Workplace, clients: Clients, person: UUID, *, by: str = "operator") -> Report:
    """Erase a person. May be repeated after it was interrupted: the store comes last but for the files, which nobody
    can read without the key, and which the sweep would find."""
    async with at.database.intake() as connection:
        await at.day_keys.refresh(connection)
        known = await erasure.known(connection, person)
    removed = [await _removed(at, clients, account, id_, ref) for id_, account, ref in known.copies]
    deleted, left = await _receipts(at, known) if known.lately else (0, 0)
    async with at.database.intake() as connection:
        erased = await erasure.erase(connection, at.master, person, by=by)
    try:
        await at.files.delete(erased.attachments)
    except FilesAway as error:  # nobody can open them, and the sweep will find them
        log.warning("person.files_left", error=str(error))
    log.info("person.erased", tickets=erased.tickets, messages=erased.messages, files=len(erased.attachments))
    return Report(
        tickets=erased.tickets,
        messages=erased.messages,
        files=len(erased.attachments),
        receipts=deleted,
        receipts_left=left,
        copies_removed=removed.count(True),
        copies_left=removed.count(False),
    )


async def _removed(at: Workplace, clients: Clients, account: str, attachment: UUID, ref: bytes) -> bool:
    """Whether a provider no longer holds its copy of a file."""
    try:
        async with at.database.intake() as connection:
            key = (await people.keys_by_id(connection, at.master, [key_id(ref)]))[key_id(ref)]
        line = await clients.line(account)
        if line.out.remove is None:
            return False
        async with asyncio.timeout(_SECONDS):
            said = key.open("attachment|ref", attachment, ref).decode()
            return await line.out.remove(line.client, said, line.account.settings)
    except (NoAccount, KeyError, CannotOpen, TimeoutError):
        return False


async def _receipts(at: Workplace, known: Known) -> tuple[int, int]:
    """Delete the requests that brought their words: how many, and how many had to be left."""
    after, deleted, left = UUID(int=0), 0, 0
    while True:
        async with at.database.intake() as connection:
            page = await receipts.over_with(connection, after=after, limit=_PAGE)
        if not page:
            return deleted, left
        after = page[-1][0].id
        verdicts = [(claimed.id, _theirs(at, known, claimed, done=done)) for claimed, done in page]
        async with at.database.intake() as connection:
            wanted = [id_ for id_, theirs in verdicts if theirs]
            gone = await receipts.delete(connection, wanted)
        deleted += gone
        left += len(wanted) - gone + sum(theirs is None for _, theirs in verdicts)


def _theirs(at: Workplace, known: Known, claimed: Claimed, *, done: bool) -> bool | None:
    """Whether a request holds this person's words and may go; None where it may, but must stay."""
    try:
        heard = read(claimed, at.day_keys, at.settings, at.master)
    except (Unreadable, KeyError, CannotOpen):
        return None
    of = [_speaks_of(at, known, one) for one in heard]
    if done or all(of):
        return any(of)
    return None if any(of) else False  # parked: the others in it have not been heard yet


def _speaks_of(at: Workplace, known: Known, heard: Heard) -> bool:
    ids = {getattr(heard.event, name, None) for name in ("provider_id", "in_call", "reply_to")}
    said = any((heard.account.id, id_) in known.said for id_ in ids)
    return said or not known.blinds.isdisjoint(locks(heard.event, at.master))
