"""Ids of rows and the time of day: the two things that are never the same twice."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7; ids made later sort later. Made before sealing, so that a blob can be bound to its row."""
    return uuid7()


def now() -> datetime:
    """The time, aware, UTC."""
    return datetime.now(UTC)
