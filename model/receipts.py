"""One webhook request on its way into the store."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedReceipt:
    """A request as it arrived, sealed with the key of its day."""

    id: UUID
    account: str
    received_at: datetime
    sealed: bytes
