"""One running system per data directory."""

import fcntl
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process runs on this data directory."""


class NotOurs(Exception):
    """The data directory was made by another user."""


def private(directory: Path) -> Path:
    """The directory, made if need be, for nobody else's eyes."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


def holder(data: Path) -> int | None:
    """Process id of the system that runs on a data directory, None when none does."""
    try:
        lock = (data / "run" / "lock").open("r+")
    except FileNotFoundError:
        return None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read() or 0)
    return None


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data directory for the length of a block. Raises AlreadyRunning, naming the process, or NotOurs."""
    run = private(private(data) / "run")
    _check_owner(data, run)
    # never inherited by children: an orphan must not hold the lock of a system that is gone
    with (run / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunning(
                f"process {lock.read() or '?'} already runs on {data}: stop it, or choose another directory with --data"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _check_owner(data: Path, run: Path) -> None:
    uid = run.stat().st_uid
    if uid == os.geteuid():
        return
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    raise NotOurs(f"{data} was made by user {name}: start as that user, or choose another directory with --data")
