"""Files, sealed with the key of the person who sent or receives them.

A file is cut into frames of one MiB, each sealed by itself and bound to the attachment, to its place in the file and to
being the last or not: frames cannot be moved, swapped, taken away or left out, and whoever reads needs no more memory
than one. Two forms of a file are kept: the `original` as it came, and the copy made anew that is `shown`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from runtime.keys import CannotOpen, Key, key_id
from storage.blobs import Blobs

Form = Literal["original", "shown"]
FORMS: tuple[Form, ...] = get_args(Form)
FRAME = 1 << 20
_MORE = 1 + 16 + 12 + 16  # what sealing adds to a frame: version, key id, nonce, tag


class Files:
    """The files of the whole network, in one place."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def has_room(self) -> bool:
        """Whether another file may be kept. Raises FilesAway."""
        return await self._blobs.has_room()

    async def keep(self, attachment: UUID, form: Form, key: Key, data: bytes) -> None:
        """Seal and keep; durable on return. Raises NoRoom or FilesAway."""
        await self._blobs.put(_name(attachment, form), _sealed(attachment, form, key, data))

    async def size(self, attachment: UUID, form: Form) -> int:
        """Bytes before sealing. Raises FileNotFoundError, CannotOpen for what was cut short, FilesAway."""
        return (await self._measured(_name(attachment, form)))[0]

    async def _measured(self, name: str) -> tuple[int, int]:
        """Bytes before sealing, and frames."""
        sealed = await self._blobs.size(name)
        frames = max(1, -(-sealed // (FRAME + _MORE)))
        if sealed - (frames - 1) * (FRAME + _MORE) <= _MORE:
            raise CannotOpen(f"{name} was cut short")
        return sealed - frames * _MORE, frames

    async def read(
        self, attachment: UUID, form: Form, keys: Mapping[UUID, Key], *, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Its bytes from `start` to before `stop`, piece by piece. `keys`: the person's, by their own ids.

        Raises FileNotFoundError, CannotOpen for an altered file and for one whose key is gone, FilesAway.
        """
        name = _name(attachment, form)
        size, frames = await self._measured(name)
        stop = size if stop is None else min(stop, size)
        for n in range(start // FRAME, -(-stop // FRAME)):
            sealed = await self._blobs.part(name, n * (FRAME + _MORE), FRAME + _MORE)
            key = keys.get(key_id(sealed))
            if key is None:
                raise CannotOpen(f"the key of {name} is gone")
            piece = key.open(_place(form, n, last=n == frames - 1), attachment, sealed)
            yield piece[max(0, start - n * FRAME) : stop - n * FRAME]

    async def load(self, attachment: UUID, form: Form, keys: Mapping[UUID, Key]) -> bytes:
        """All of it at once; raises as `read`."""
        return b"".join([piece async for piece in self.read(attachment, form, keys)])

    async def delete(self, attachments: Iterable[UUID]) -> None:
        """Both forms of each; what is not there is no error. Raises FilesAway."""
        for attachment in attachments:
            for form in FORMS:
                await self._blobs.delete(_name(attachment, form))

    async def kept(self) -> AsyncIterator[tuple[str, UUID | None, datetime]]:
        """Every blob there is, the attachment it belongs to (None: it is no file of ours), and when it was written."""
        async for name, at in self._blobs.names():
            yield name, _attachment(name), at

    async def drop(self, name: str) -> None:
        """Delete one blob by the name `kept` gives."""
        await self._blobs.delete(name)


def _name(attachment: UUID, form: Form) -> str:
    return f"{attachment}.{form}"


def _attachment(name: str) -> UUID | None:
    id_, _, form = name.partition(".")
    try:
        return UUID(id_) if form in FORMS else None
    except ValueError:
        return None


def _place(form: Form, n: int, *, last: bool) -> str:
    return f"attachment|{form}|{n}{'|last' if last else ''}"


def _sealed(attachment: UUID, form: Form, key: Key, data: bytes) -> Iterator[bytes]:
    for n, start in enumerate(range(0, len(data), FRAME)):
        place = _place(form, n, last=start + FRAME >= len(data))
        yield key.seal(place, attachment, data[start : start + FRAME])
