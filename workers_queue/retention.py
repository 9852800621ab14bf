"""The promise to let go: of what was said in old matters, and of people who have no younger one."""

from calendar import monthrange
from datetime import datetime

import structlog

from outbound.clients import Clients
from storage import retention
from workers_queue.erase import erase
from workers_queue.workplace import Workplace

_AT_ONCE = 500  # tickets, and people, in one turn
log = structlog.get_logger()


async def keep_retention(at: Workplace) -> None:
    """Let go of what was said in tickets closed long ago, and of people who have no younger one."""
    before = months_before(at.clock(), at.settings.retention.closed_months)
    async with at.database.intake() as connection:
        tickets = await retention.drop_words(connection, before, limit=_AT_ONCE)
        people = await retention.long_gone(connection, before, limit=_AT_ONCE)
    if people:
        clients = Clients(at.settings)
        try:
            for person in people:
                await erase(at, clients, person, by="retention")
        finally:
            await clients.close()
    if tickets or people:
        log.info("sweep.retention", tickets=tickets, people=len(people))


def months_before(at: datetime, months: int) -> datetime:
    """The same day so many months earlier, or the last of that month."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
