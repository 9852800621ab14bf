"""Ids of rows and the time of day: the two things that are never the same twice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7; ids made later sort later. Made before sealing, so that a blob can be bound to its row."""
    return uuid7()


_ahead = timedelta()


def now() -> datetime:
    """The time we work by, aware, UTC: the machine's own, except where the sandbox plays another one."""
    return machine_now() + _ahead


def machine_now() -> datetime:
    """The machine's own time, aware, UTC: for what must not jump with a played one, such as sign-in sessions."""
    return datetime.now(UTC)


def set_ahead(by: timedelta) -> None:
    """Play another time in this process from now on; for runtime.played alone."""
    global _ahead  # everything that asks for the time asks `now`: a clock handed through would miss half of it
    _ahead = by
