"""What a worker holds open for its whole life."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from outbound.clients import Clients
from outbound.fetch import Downloads
from outbound.remake import Remaker
from runtime.keys import Master
from runtime.settings import Settings
from storage.blobs import blobs
from storage.database import Database
from storage.day_keys import DayKeys
from storage.files import Files
from workers_queue.fetch import Fetcher
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
    clients: Clients
    fetcher: Fetcher
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)  #: one batch at a time: jobs and the sweep share a core


def furnished(
    *, slot: str, settings: Settings, master: Master, data: Path, owner: str, redis_url: str, most: int = 8
) -> Workplace:
    """A workplace with nothing open yet. `most`: connections to the database."""
    database = Database(owner, "worker", master, most=most)
    files, clients = Files(blobs(settings.files, data)), Clients(settings)
    return Workplace(
        slot=slot,
        settings=settings,
        master=master,
        database=database,
        day_keys=DayKeys(master, data / "keys" / "day_keys.json"),
        nudger=Nudger(connect(redis_url)),
        files=files,
        clients=clients,
        fetcher=Fetcher(
            slot=slot,
            master=master,
            database=database,
            files=files,
            clients=clients,
            downloads=Downloads(largest=settings.files.largest_mb << 20),
            remaker=Remaker(),
        ),
    )
