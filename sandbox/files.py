"""The files that were uploaded to a stand-in, as long as there is room for them."""

import hashlib
import itertools
from dataclasses import dataclass

from sandbox.phones import Media

ROOM = 64 * 2**20  #: bytes kept; the oldest files go first


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One file."""

    mime: str  #: as the sender says
    data: bytes


class Files:
    """By the path under which the stand-in hands them out."""

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._used = room, 0
        self._all: dict[str, Uploaded] = {}
        self._numbers = itertools.count(1)

    def keep(self, kind: str, name: str, mime: str, data: bytes) -> Media:
        """Take a file: what a phone shows of it. A file larger than the whole room is not kept."""
        url = f"/sandbox/files/{next(self._numbers)}"
        self._all[url] = Uploaded(mime, data)
        self._used += len(data)
        while self._used > self._room:
            oldest = next(iter(self._all))
            self._used -= len(self._all.pop(oldest).data)
        digest = hashlib.sha256(data).hexdigest()
        return Media(kind=kind, url=url, name=name, mime=mime, size=len(data), sha256=digest)

    def get(self, url: str) -> Uploaded | None:
        """A file that is still there."""
        return self._all.get(url)
