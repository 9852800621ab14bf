"""People and where they can be reached, as the workers know them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A number or account a person writes from. The value itself stays sealed."""

    id: UUID
    blind: bytes  #: keyed hash of scope and value: how it is found again
    person: UUID | None  #: who uses it now; None when it was met but nobody has written from it yet
    scope: str = ""  #: see Sender.scope
    answerable: bool = True  #: False: withheld number, alphanumeric sender, short code
    language: str | None = None  #: chosen by the person; outranks every guess
    language_at: datetime | None = None  #: when it was chosen
    asked_language: bool = False  #: a menu of languages is out: a lone digit answers it
    #: blocked or unfollowed: it cannot be written to. opted_out or stopped: no broadcasts; of a phone number
    #: `opted_out` means that the provider was told, and lets nothing through
    left_how: str | None = None
    left_at: datetime | None = None  #: when that last changed
