"""A form with files, read piece by piece: never more in memory than one answer may carry, and nothing on the disk.

Only for requests whose token stands in the header, as our scripts send it: the guard reads no body of those.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from desk.attaching import Attaching, Given
from web.forgery import HEADER

MOST = 10  #: files with one answer
_FIELDS = 1 << 20  #: bytes of all that is no file
_AT_ONCE = 6  #: as many of the largest answers may be on their way in at a time


class Refused(Exception):
    """What was sent is not taken in; the text is a key of the screens."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form held: of each field the last value, of choices all."""

    fields: Mapping[str, str]
    choices: Sequence[str]
    files: Sequence[Given]


class Uploads:
    """How much one process takes in at a time."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self._room = _AT_ONCE * largest

    @asynccontextmanager
    async def taken(self, request: web.Request) -> AsyncIterator[Sent]:
        """The form of a request, in memory until the block ends. Raises Refused, for what is too large unread."""
        if HEADER not in request.headers or not request.content_type.startswith("multipart/"):
            yield _plain(await request.post())
            return
        most = self.largest + _FIELDS
        size = request.content_length
        if size is not None and size > most:
            raise Refused("attach.too_large")
        size = most if size is None else size
        if size > self._room:
            raise Refused("attach.busy")
        self._room -= size
        try:
            yield await _read(request, most)
        finally:
            self._room += size


ATTACHING = web.AppKey("attaching", Attaching)
UPLOADS = web.AppKey("uploads", Uploads)


def _plain(form: Mapping[str, object]) -> Sent:
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    return Sent(fields, (), ())


async def _read(request: web.Request, most: int) -> Sent:
    fields: dict[str, str] = {}
    choices: list[str] = []
    files: list[Given] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise Refused("attach.unreadable")
        data = await _whole(part, most)
        most -= len(data)
        if part.filename is not None:
            files.append(Given(name=part.filename, data=data))
        elif part.name == "choice":
            choices.append(data.decode("utf-8", "replace"))
        else:
            fields[part.name] = data.decode("utf-8", "replace")
        if len(files) > MOST:
            raise Refused("attach.too_many")
    return Sent(fields, [choice for choice in choices if choice.strip()], files)


async def _whole(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while piece := await part.read_chunk(1 << 16):
        data += piece
        if len(data) > most:
            raise Refused("attach.too_large")
    return bytes(data)
