"""What a worker holds open for its whole life."""

import asyncio
from dataclasses import dataclass, field

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
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)  #: one batch at a time: jobs and the sweep share a core
