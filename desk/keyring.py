"""The open keys of some people, and what they open."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog

from runtime.keys import CannotOpen, Key, key_id

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by their own id; those of erased people are missing."""

    keys: Mapping[UUID, Key]

    def open(self, place: str, row: UUID, sealed: bytes | None) -> str | None:
        """The words; None where there are none, or the person was erased.

        What was moved in the database does not open either: the log says so, and a page goes on without it.
        """
        key = self.keys.get(key_id(sealed)) if sealed else None
        if key is None or sealed is None:
            return None
        try:
            return key.open(place, row, sealed).decode()
        except CannotOpen:
            log.error("desk.does_not_open", place=place, row=str(row))
            return None

    @property
    def newest(self) -> Key | None:
        """The key that seals what is new; None where the person was erased."""
        return self.keys[max(self.keys)] if self.keys else None
