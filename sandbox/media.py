"""Files a stand-in API hands out: what people send, and on request what an attacker would.

Which file an id stands for is told by its last five digits, so that a webhook made in one process can be followed by
a download in another: two digits for the kind, three for the seconds of a sound.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from sandbox.made_files import make

#: Kind, the type it is sent as, and the ending of its name. The order is in the ids: add at the end.
KINDS: dict[str, tuple[str, str]] = {
    "jpeg": ("image/jpeg", "jpg"),  # with the place where it was taken
    "png": ("image/png", "png"),
    "ogg": ("audio/ogg", "oga"),  # Opus, as Telegram's voice notes
    "m4a": ("audio/mp4", "m4a"),  # AAC, as LINE's and Messenger's
    "amr": ("audio/amr", "amr"),
    "mp3": ("audio/mpeg", "mp3"),
    "wav": ("audio/x-wav", "wav"),
    "mp4": ("video/mp4", "mp4"),
    "pdf": ("application/pdf", "pdf"),
    # What no friend sends:
    "html": ("text/html", "html"),  # a page where a picture should be
    "svg": ("image/svg+xml", "svg"),  # with a script in it
    "zip_bomb": ("image/jpeg", "jpg"),  # a ZIP archive of 100 MB of nothing, named .jpg
    "pixels": ("image/png", "png"),  # 900 million points in a small file
    "endless": ("image/jpeg", "jpg"),  # a gigabyte whose length is not told
    "empty": ("image/jpeg", "jpg"),
    "broken": ("image/jpeg", "jpg"),  # ends in the middle
}
TIMED = ("ogg", "m4a", "amr", "mp3", "wav", "mp4")  #: kinds that last
_CODE = re.compile(r"(\d\d)(\d{3})$")
_NAMES = list(KINDS)
_A_GIGABYTE, _PIECE = 2**30, 2**16


@dataclass(frozen=True, slots=True)
class File:
    """One of the files that can be had."""

    kind: str  #: one of KINDS
    seconds: int = 0  #: how long a sound or film lasts, at most 999

    @property
    def code(self) -> str:
        """The five digits that stand for it at the end of an id."""
        return f"{_NAMES.index(self.kind):02d}{min(self.seconds, 999):03d}"

    @property
    def mime(self) -> str:
        """The type it is sent as, which is not always what it is."""
        return KINDS[self.kind][0]

    @property
    def ending(self) -> str:
        """Of its name, without the dot."""
        return KINDS[self.kind][1]


PHOTO, PDF = File("jpeg"), File("pdf")


def told_by(ident: str, otherwise: str) -> File:
    """The file an id stands for; one of the kind `otherwise` for ids that do not tell."""
    found = _CODE.search(ident)
    if found is None or int(found[1]) >= len(_NAMES):
        return File(otherwise, 1)
    return File(_NAMES[int(found[1])], int(found[2]))


def response(file: File) -> web.Response:
    """The file as an answer."""
    if file.kind == "endless":
        return web.Response(body=_endless(), content_type=file.mime)
    return web.Response(body=make(file.kind, file.seconds), content_type=file.mime)


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(_A_GIGABYTE // _PIECE):
        yield bytes(_PIECE)
