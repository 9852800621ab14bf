"""What rq runs. Each job raises its generation, does one batch, and calls again while batches are full."""

from workers_queue import sweep
from workers_queue import take_in as taking
from workers_queue.worker import here, run, wake


def take_in() -> None:
    """One batch of receipts. Search can wait until nobody else does."""
    here().nudger.begin("take_in")
    if 0 < run(taking.take_in(here())) < here().settings.workers.batch:
        run(_also("index"))


def index() -> None:
    """One batch of new words into the search index."""
    here().nudger.begin("index")
    if run(sweep.index(here())) >= 200:
        run(_also("index"))


def deliver() -> None:
    """Somebody has written something: the worker's deliverer looks at once."""
    here().nudger.begin("deliver")
    wake("deliver")


def fetch() -> None:
    """Somebody has sent a file: the worker's fetcher looks at once."""
    here().nudger.begin("fetch")
    wake("fetch")


def sync_cases() -> None:
    """Somebody has changed a ticket: the worker tells the case stores at once."""
    here().nudger.begin("sync_cases")
    wake("sync_cases")


async def _also(name: str) -> None:
    here().nudger.nudge(name)
