"""Where receipts wait on local disk while the database is away.

A segment is a file of records `length (4) | crc32 (4) | payload`; a payload is `id (16) | microseconds (8) |
account length (1) | account | sealed request`. A record counts when its checksum holds, so a torn last record is
simply not there. The segment being written is locked with flock; only its writer rotates it. Every unlocked segment
may be drained, by whoever comes first.
"""

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from model.receipts import SealedReceipt
from runtime.ids import new_id

_HEAD = struct.Struct(">II")
_FIXED = struct.Struct(">16sQB")
_SEGMENT_BYTES = 16 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SpoolFull(Exception):
    """The spool holds as much as it may: nothing more is accepted until the database is back."""


def pack(receipt: SealedReceipt) -> bytes:
    """One record."""
    microseconds = (receipt.received_at - _EPOCH) // timedelta(microseconds=1)
    account = receipt.account.encode()
    payload = _FIXED.pack(receipt.id.bytes, microseconds, len(account)) + account + receipt.sealed
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def unpack(data: bytes) -> Iterator[SealedReceipt]:
    """The receipts of a segment, up to the first record that is torn or damaged."""
    at = 0
    while at + _HEAD.size <= len(data):
        length, checksum = _HEAD.unpack_from(data, at)
        payload = data[at + _HEAD.size : at + _HEAD.size + length]
        if len(payload) != length or length < _FIXED.size or zlib.crc32(payload) != checksum:
            return
        id_, microseconds, account = _FIXED.unpack_from(payload)
        yield SealedReceipt(
            id=UUID(bytes=id_),
            received_at=_EPOCH + timedelta(microseconds=microseconds),
            account=payload[_FIXED.size : _FIXED.size + account].decode(),
            sealed=payload[_FIXED.size + account :],
        )
        at += _HEAD.size + length


class Spool:
    """The writer's side. Calls block on the disk: run them in a thread."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder, self.limit_bytes = folder, limit_bytes
        self._segment: BinaryIO | None = None

    def size(self) -> int:
        """Bytes on disk, over all segments."""
        return sum(_size(path) for path in self.folder.glob("*.seg"))

    def append(self, receipts: Sequence[SealedReceipt]) -> None:
        """Write and fsync; raises SpoolFull or OSError, and then nothing of these receipts may be answered 200.

        After an error the same file is never trusted again: a failed fsync may have thrown the data away.
        """
        data = b"".join(map(pack, receipts))
        if self.size() + len(data) > self.limit_bytes:
            raise SpoolFull
        segment = self._segment or self._open()
        try:
            segment.write(data)
            segment.flush()
            os.fdatasync(segment.fileno())
            if segment.tell() > _SEGMENT_BYTES:  # whoever drains it reads it whole
                self.rotate()
        except OSError:
            self.rotate()
            raise

    def rotate(self) -> None:
        """Let go of the current segment, so that it can be drained."""
        if self._segment is not None:
            segment, self._segment = self._segment, None
            segment.close()

    def _open(self) -> BinaryIO:
        path = self.folder / f"{new_id()}.seg"
        segment = path.with_suffix(".part").open("ab")
        fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.with_suffix(".part").rename(path)  # locked before a drainer can see it
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the file's name must survive a power cut too
        finally:
            os.close(folder)
        self._segment = segment
        return segment


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # drained just now
        return 0


class Draining:
    """One segment, locked for reading. Leave it with `done()` once every receipt is in the database."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self._file = path, file
        data = file.read()
        self.receipts = list(unpack(data))
        self._torn = len(b"".join(map(pack, self.receipts))) != len(data)

    def done(self) -> None:
        """Remove the segment; what could not be read of it is set aside for a person to look at."""
        if self._torn:
            self.path.rename(self.path.with_suffix(".torn"))
        else:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def release(self) -> None:
        self._file.close()


def next_segment(folder: Path) -> Draining | None:
    """The oldest segment that nobody writes or drains; None when there is none."""
    for path in sorted(folder.glob("*.seg")):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        if path.exists():  # it may have been drained between the look and the lock
            return Draining(path, file)
        file.close()
    return None
