"""Where bytes lie: a directory of this machine, or a bucket of an S3-compatible store. Names are made by files.py."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlsplit

from obstore.exceptions import BaseError
from obstore.store import S3Store

from runtime.settings import Files as FileSettings

if TYPE_CHECKING:
    from obstore.store import S3Config

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NoRoom(Exception):
    """There is no room left where files are kept."""


class FilesAway(Exception):
    """The place where files are kept does not answer, or refuses; the text is the kind of error alone."""


class Blobs(Protocol):
    """What both kinds of place can do."""

    async def has_room(self) -> bool:
        """Whether another file may be kept. Raises FilesAway."""

    async def put(self, name: str, parts: Iterable[bytes]) -> None:
        """Keep, as a whole or not at all, over what was there; durable on return. Raises NoRoom or FilesAway."""

    async def part(self, name: str, start: int, length: int) -> bytes:
        """Some of it; less at its end. Raises FileNotFoundError or FilesAway."""

    async def size(self, name: str) -> int:
        """Its bytes. Raises FileNotFoundError or FilesAway."""

    async def delete(self, name: str) -> None:
        """See that it is not there. Raises FilesAway."""

    def names(self) -> AsyncIterator[tuple[str, datetime]]:
        """All there are, each with the time of its last change. Raises FilesAway."""


class Disk:
    """A directory that only we may read. (obstore's own does not fsync, and gives files the umask's rights.)"""

    def __init__(self, folder: Path, *, keep_free: int = 0) -> None:
        self._folder, self._keep_free = folder, keep_free

    async def has_room(self) -> bool:
        with _as_ours():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return shutil.disk_usage(self._folder).free > self._keep_free

    async def put(self, name: str, parts: Iterable[bytes]) -> None:
        if not await self.has_room():
            raise NoRoom
        await asyncio.to_thread(self._put, name, parts)

    async def part(self, name: str, start: int, length: int) -> bytes:
        return await asyncio.to_thread(self._part, name, start, length)

    async def size(self, name: str) -> int:
        with _as_ours():
            return self._path(name).stat().st_size

    async def delete(self, name: str) -> None:
        with _as_ours():
            self._path(name).unlink(missing_ok=True)

    async def names(self) -> AsyncIterator[tuple[str, datetime]]:
        for path in await asyncio.to_thread(lambda: sorted(self._folder.glob("??/*"))):
            with suppress(FileNotFoundError):  # deleted meanwhile
                yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def _path(self, name: str) -> Path:
        return self._folder / _shelf(name) / name

    def _put(self, name: str, parts: Iterable[bytes]) -> None:
        path = self._path(name)
        beside = path.with_name(f"{name}.{os.urandom(4).hex()}.part")  # two workers may fetch one file twice
        with _as_ours():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.writelines(parts)
                    file.flush()
                    os.fsync(file.fileno())
                beside.rename(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
            for folder in (path.parent, self._folder):
                _sync(folder)

    def _part(self, name: str, start: int, length: int) -> bytes:
        with _as_ours(), self._path(name).open("rb") as file:
            file.seek(start)
            return file.read(length)


def _shelf(name: str) -> str:
    """One of 256 folders; the first digits of our ids are their time, so the last of the id are taken."""
    return name.partition(".")[0][-2:]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _as_ours() -> Iterator[None]:
    """The system's errors as the three that callers know."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise NoRoom from None
        raise FilesAway(errno.errorcode.get(error.errno or 0, type(error).__name__)) from None
    except BaseError as error:  # its text quotes requests
        raise FilesAway(type(error).__name__) from None


class Bucket:
    """A bucket, by way of obstore."""

    def __init__(self, settings: FileSettings) -> None:
        url = urlsplit(settings.url)
        asked = dict(parse_qsl(url.query))
        endpoint = asked.get("endpoint")
        config: S3Config = {
            "access_key_id": settings.access_key_id or "",
            "secret_access_key": settings.secret_access_key or "",
            "region": asked.get("region", "us-east-1"),
            "virtual_hosted_style_request": endpoint is None,
        }
        if endpoint:
            config["endpoint"] = endpoint
        self._store = S3Store(
            str(url.hostname),
            prefix=url.path.strip("/") or None,
            config=config,
            client_options={"allow_http": (endpoint or "").startswith("http://"), "timeout": "60s"},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
        )

    async def has_room(self) -> bool:
        return True

    async def put(self, name: str, parts: Iterable[bytes]) -> None:
        with _as_ours():
            await self._store.put_async(_key(name), b"".join(parts), use_multipart=False)

    async def part(self, name: str, start: int, length: int) -> bytes:
        with _as_ours():
            return bytes(await self._store.get_range_async(_key(name), start=start, length=length))

    async def size(self, name: str) -> int:
        with _as_ours():
            return (await self._store.head_async(_key(name)))["size"]

    async def delete(self, name: str) -> None:
        with _as_ours(), suppress(FileNotFoundError):
            await self._store.delete_async(_key(name))

    async def names(self) -> AsyncIterator[tuple[str, datetime]]:
        with _as_ours():
            async for page in self._store.list():
                for found in page:
                    yield found["path"].rpartition("/")[2], found["last_modified"]


def _key(name: str) -> str:
    return f"{_shelf(name)}/{name}"


def blobs(settings: FileSettings, data: Path) -> Blobs:
    """Where this configuration keeps files."""
    if settings.url == "embedded":
        return Disk(data / "files", keep_free=settings.keep_free_mb << 20)
    return Bucket(settings)
