"""What a worker holds open for its whole life."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from runtime.ids import now
from runtime.keys import Master
from runtime.settings import Settings
from storage.blobs import blobs
from storage.database import Database
from storage.day_keys import DayKeys
from storage.files import Files
from workers_queue.nudge import Nudger, connect


@dataclass(slots=True, kw_only=True)
class Workplace:
    """One worker's tools. Everything here belongs to the worker's own event loop."""

    slot: str  #: name of this worker's place, the same after a restart
    settings: Settings
    master: Master
    database: Database
    day_keys: DayKeys
    nudger: Nudger
    files: Files
    clock: Callable[[], datetime] = now
    wakes: Mapping[str, asyncio.Event] = field(  #: what a nudge wakes, by the job's name
        default_factory=lambda: {job: asyncio.Event() for job in ("deliver", "fetch", "sync_cases")}
    )
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)  #: one batch at a time: jobs and the sweep share a core


def furnished(
    *, slot: str, settings: Settings, master: Master, data: Path, owner: str, redis_url: str, most: int = 8
) -> Workplace:
    """A workplace with nothing open yet. `most`: connections to the database."""
    return Workplace(
        slot=slot,
        settings=settings,
        master=master,
        database=Database(owner, "worker", master, most=most),
        day_keys=DayKeys(master, data / "keys" / "day_keys.json"),
        nudger=Nudger(connect(redis_url)),
        files=Files(blobs(settings.files, data)),
    )
