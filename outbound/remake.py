"""From a stranger's file to one a browser may show: made anew in a jail, or not at all.

The original is kept as it came, as evidence, and is only ever given out as a download. Pictures are drawn anew without
their notes (where and when, with which phone), sounds are recorded anew as AAC so that every browser plays them. All
else, films and documents too, is only downloaded.
"""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model.events import MediaKind
from model.media import IMAGES, SOUND, WHYS, Why
from outbound.sniff import is_text, sniff

#: Types in which a sound may come → the one reader that is let near it.
_READERS: Mapping[str, str] = {
    "audio/ogg": "ogg", "audio/amr": "amr", "audio/mp4": "mov", "audio/mpeg": "mp3", "audio/aac": "aac",
    "audio/x-wav": "wav", "audio/x-flac": "flac", "video/mp4": "mov", "video/3gpp": "mov", "video/quicktime": "mov",
    "video/webm": "matroska",
}  # fmt: skip
_FILMS = ("video/mp4", "video/3gpp", "video/quicktime")
_SENT_PICTURE = ("1600", "950000")  # long side; bytes, of which LINE takes a million for what it shows at once
_MADE = ("image/jpeg", "image/png", SOUND, "video/mp4")
# nothing of the environment reaches the jail, so it is told where this program is
_HERE = str(Path(__file__).parents[1])
_JAIL = f"import sys; sys.path.insert(0, {_HERE!r}); from outbound.jail import main; main(*sys.argv[1:])"
_PATIENCE = 120.0  # seconds; of processor time the jail allows itself less
_LARGEST = 48 << 20
_PIECE = 1 << 16


class NoJail(RuntimeError):
    """The jail does not start: it is this installation, not the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a file is, and the copy of it that may be shown."""

    mime: str  #: by content
    why: Why | None = None  #: what is wrong with it
    seconds: int | None = None
    copy: bytes | None = None
    copy_mime: str | None = None


class Remaker:
    """One process's jail: one file at a time, for each may need much memory. What it makes raises NoJail."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def made(self, data: bytes, kind: MediaKind) -> Made:
        """What was sent as `kind`; never raises for what is in the file."""
        mime = sniff(data)
        made = Made(mime=mime)
        if mime in IMAGES:
            made = await self._jailed(data, mime, "picture")
        elif mime in _READERS:
            made = await self._jailed(data, mime, "sound", _READERS[mime])
        if made.why is None and kind in ("image", "audio", "video") and made.mime.partition("/")[0] != kind:
            return replace(made, why="not_what_it_says")
        return made

    async def sendable(self, data: bytes) -> Made:
        """The same for a file of ours that goes out: small enough for every channel, and films bare of notes too."""
        mime = sniff(data)
        if mime in IMAGES:
            return await self._jailed(data, mime, "picture", *_SENT_PICTURE)
        made = await self.made(data, "file")
        if made.copy is None and made.why is None and mime in _FILMS:
            return await self._jailed(data, mime, "film", _READERS[mime])
        return made

    async def _jailed(self, data: bytes, mime: str, *task: str) -> Made:
        async with self._one:
            about, copy = await _ask(data, task)
        seconds, film = about.get("seconds"), about.get("film") is True
        if task[0] == "sound" and not film and "why" not in about:
            mime = mime.replace("video/", "audio/")  # a voice note in a film's box
        made = Made(mime=mime, seconds=seconds if isinstance(seconds, int) else None)
        if "why" in about or film:
            return replace(made, why=about["why"] if about.get("why") in WHYS else None if film else "broken")
        if about.get("mime") not in _MADE or not _is(str(about["mime"]), copy):
            return replace(made, why="broken")  # whoever is in there now is not believed
        return replace(made, copy=copy, copy_mime=str(about["mime"]))


def web_page(data: bytes, kind: MediaKind) -> bool:
    """Whether words came where something to see or hear was announced: an error, or a page to log in."""
    return kind != "file" and is_text(sniff(data))


def _is(mime: str, copy: bytes) -> bool:
    return copy[4:8] == b"ftyp" if mime in (SOUND, "video/mp4") else sniff(copy) == mime


async def _ask(data: bytes, task: tuple[str, ...]) -> tuple[dict[str, Any], bytes]:
    """What the jail says of a file, and the copy."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-B", "-c", _JAIL, *task, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, cwd="/"
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            _, said = await asyncio.gather(_feed(process, data), _hear(process))
            code = await process.wait()
    except TimeoutError:
        return {"why": "too_long"}, b""
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return {"why": "too_long"}, b""
    if code > 0 and not said:
        raise NoJail(f"exit code {code}")
    head, _, copy = said.partition(b"\n")
    with suppress(ValueError):
        about = json.loads(head)
        if code == 0 and isinstance(about, dict):
            return about, copy
    return {"why": "broken"}, b""


async def _feed(process: Process, data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(ConnectionError):  # it has ended, and says why by how
        for start in range(0, len(data), _PIECE):
            process.stdin.write(data[start : start + _PIECE])
            await process.stdin.drain()
    process.stdin.close()


async def _hear(process: Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        await process.stdout.readexactly(_LARGEST)
    except asyncio.IncompleteReadError as all_there_is:
        return all_there_is.partial
    process.kill()
    return b""  # more than any copy has
