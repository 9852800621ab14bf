"""Files that agents send: checked, made bare of what they tell about the agent, kept sealed, handed to a channel."""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

from model.deliveries import OutFile
from model.events import MediaKind
from model.media import IMAGES, INLINE, SENDABLE, safe_name
from outbound.remake import Made, Remaker
from outbound.sniff import sniff
from runtime.ids import new_id
from runtime.keys import Key, Master, key_id
from runtime.links import Link, Links
from storage import media, people
from storage.database import Database
from storage.files import Files
from storage.media import NewFile, Stored

LINKS_LAST = timedelta(hours=24)  #: how long a provider may fetch what we send


Why = Literal["absent", "empty", "too_large", "kind", "picture", "inside", "unreadable"]


class BadFile(ValueError):
    """This file does not go out; says why, and what to do. Screens say `why` with `values` in their words."""

    def __init__(self, message: str, why: Why, **values: int | str) -> None:
        super().__init__(message)
        self.why, self.values = why, values


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A file that may go out, as it will arrive."""

    kind: MediaKind
    mime: str
    name: str  #: safe to show
    data: bytes = field(repr=False)
    seconds: int | None = None


def read(path: Path, *, largest: int) -> bytes:
    """The bytes of a file, of at most `largest`; raises BadFile, for a larger one without reading it."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise BadFile(
                f"{path.name} is no file: give the path of a picture, a sound, a film or a document.", "absent"
            )
        if about.st_size > largest:
            raise _too_large(path.name, about.st_size, largest)
        with path.open("rb") as file:
            return file.read(largest + 1)
    except OSError as error:
        raise BadFile(f"{path.name} cannot be read: {error.strerror}.", "absent") from None


async def prepare(name: str, data: bytes, *, largest: int, remaker: Remaker) -> Prepared:
    """Check a file and make it bare: pictures without the place they were taken, sounds that play everywhere.

    Raises BadFile.
    """
    shown = safe_name(name, None, "file")
    if not data:
        raise BadFile(f"{shown} is empty: there is nothing to send.", "empty", name=shown)
    if len(data) > largest:
        raise _too_large(shown, len(data), largest)
    mime = sniff(data)
    if mime.startswith(("image/", "audio/", "video/")):
        return await _remade(name, shown, data, remaker)
    if mime not in SENDABLE:
        raise BadFile(
            f"{shown} is {mime}: send a picture, a sound, a film, a PDF or an office document.", "kind", name=shown
        )
    return Prepared(kind=SENDABLE[mime], mime=mime, name=safe_name(name, mime, "file"), data=data)


async def _remade(name: str, shown: str, data: bytes, remaker: Remaker) -> Prepared:
    made = await remaker.sendable(data)
    if made.copy is None or made.copy_mime is None:
        raise _unreadable(shown, made)
    kind = SENDABLE[made.copy_mime]
    copy_name = safe_name(name, made.copy_mime, kind)
    return Prepared(kind=kind, mime=made.copy_mime, name=copy_name, data=made.copy, seconds=made.seconds)


def _unreadable(shown: str, made: Made) -> BadFile:
    if made.why in ("bomb", "too_long"):
        return BadFile(f"{shown} is too large inside to be made ready: send a smaller one.", "inside", name=shown)
    if made.mime.startswith("image/") and made.mime not in IMAGES:
        return BadFile(f"{shown} is {made.mime}: save it as JPEG or PNG and send that.", "picture", name=shown)
    message = f"{shown} cannot be read as {made.mime}: open it, save it anew, and send that."
    return BadFile(message, "unreadable", name=shown)


def _too_large(shown: str, size: int, largest: int) -> BadFile:
    most = largest >> 20
    message = f"{shown} has {size / (1 << 20):,.1f} MB; the largest that goes is {most} MB."
    return BadFile(message, "too_large", name=shown, most=most)


async def put(files: Files, key: Key, prepared: Sequence[Prepared]) -> list[NewFile]:
    """Keep the bytes, sealed with the key of whoever they go to, before the message's transaction is opened.

    `media.insert_kept` then makes them part of the message; if it never does, the sweep deletes them.
    Raises NoRoom or FilesAway.
    """
    rows = []
    for one in prepared:
        id_ = new_id()
        await files.keep(id_, "original", key, one.data)
        name = key.seal("attachment|name", id_, one.name.encode())
        rows.append(
            NewFile(
                id=id_,
                kind=one.kind,
                mime=one.mime,
                size=len(one.data),
                seconds=one.seconds,
                inline=one.mime in INLINE,
                name=name,
            )
        )
    return rows


async def load(
    database: Database,
    master: Master,
    files: Files,
    *,
    organisation: UUID,
    message: UUID,
    public_url: str,
    now: datetime,
) -> tuple[OutFile, ...]:
    """The files of a message as a channel takes them: bytes, and a link for the provider. In memory until it is sent.

    Raises FileNotFoundError or CannotOpen for one that is not there any more, FilesAway when it cannot be told now.
    """
    async with database.intake() as connection:
        rows = await media.of_message(connection, organisation, message)
        keys = await people.keys_by_id(connection, master, {key_id(row.name) for row in rows if row.name})
    found = []
    for row in rows:
        link = Link(purpose="send", organisation=organisation, attachment=row.id, until=now + LINKS_LAST)
        found.append(await _out(row, keys, files, f"{public_url}/files/{Links(master).token(link)}"))
    return tuple(found)


async def _out(row: Stored, keys: Mapping[UUID, Key], files: Files, url: str) -> OutFile:
    data = await files.load(row.id, "original", keys)  # raises where the key is gone
    name = keys[key_id(row.name)].open("attachment|name", row.id, row.name).decode() if row.name else None
    shown = safe_name(name, row.mime, row.kind)
    return OutFile(kind=row.kind, mime=row.mime, name=shown, data=data, url=url, seconds=row.seconds)
