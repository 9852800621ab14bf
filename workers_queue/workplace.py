"""What a worker holds open for its whole life."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from runtime.ids import now
from runtime.keys import Master
from runtime.settings import Settings
from storage.database import Database
from storage.day_keys import DayKeys
from workers_queue.nudge import Nudger


@dataclass(slots=True, kw_only=True)
class Workplace:
    """One worker's tools. Everything here belongs to the worker's own event loop."""

    slot: str  #: name of this worker's place, the same after a restart
    settings: Settings
    master: Master
    database: Database
    day_keys: DayKeys
    nudger: Nudger
    clock: Callable[[], datetime] = now
    wakes: Mapping[str, asyncio.Event] = field(  #: what a nudge wakes, by the job's name
        default_factory=lambda: {"deliver": asyncio.Event(), "sync_cases": asyncio.Event()}
    )
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)  #: one batch at a time: jobs and the sweep share a core
