"""Where the embedded servers of a data directory are, for every command that uses the same directory.

`run/services.json` is written when a server is prepared and stays: it also remembers the port. Whether a server runs
now is asked of its own pid file. Passwords are made once and kept in `keys/`.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.children import alive
from runtime.instance import private


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The embedded servers that run now."""

    database_url: str | None = field(repr=False)  #: of the owner; None: PostgreSQL is not ours or does not run
    redis_url: str | None = field(repr=False)
    pids: dict[str, int]  #: `postgres`, `valkey`


def services(data: Path) -> Services | None:
    """The servers that run for a data directory, None when none does."""
    known = remembered(data)
    pids = {name: alive(Path(about["pid_file"]), about["marker"]) for name, about in known.items()}
    running = {name: pid for name, pid in pids.items() if pid}
    if not running:
        return None
    urls = {name: known[name]["url"] for name in running}
    return Services(database_url=urls.get("postgres"), redis_url=urls.get("valkey"), pids=running)


def remembered(data: Path) -> dict[str, dict[str, Any]]:
    """What services.json says of each server that was ever prepared; it may not run."""
    try:
        found = json.loads((data / "run" / "services.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(data: Path, name: str, about: dict[str, Any]) -> None:
    """Put one server into services.json."""
    everything = remembered(data) | {name: about}
    write_private(private(data / "run") / "services.json", json.dumps(everything, indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, as a whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def password(data: Path, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
    """A password of this data directory, made at random on first use."""
    path = private(data / "keys") / name
    if not path.exists():
        write_private(path, make() + "\n")
    return path.read_text().strip()
