"""Links to files: opaque, for one file and one purpose, and only for a time.

A token is the whole of it, sealed: it tells nothing to whoever sees it, cannot be altered or guessed, and nobody has to
remember it. What it opens is still asked of the database, behind the wall of the organisation it names.
"""

import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from cryptography.exceptions import InvalidTag

from runtime.keys import Master

#: `send`: a provider fetches what we send. `show`: a page shows or plays it. `download`: somebody takes the original.
Purpose = Literal["send", "show", "download"]
_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
_FORM = struct.Struct(">B16s16sI")
_LENGTH = 12 + _FORM.size + 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a token is for."""

    purpose: Purpose
    organisation: UUID
    attachment: UUID
    until: datetime  #: whole seconds


class Links:
    """Makes and reads tokens; any process with the same master key understands them."""

    def __init__(self, master: Master) -> None:
        self._cipher = master.cipher("links")

    def token(self, link: Link) -> str:
        """87 characters that are safe in a path."""
        what = _PURPOSES.index(link.purpose), link.organisation.bytes, link.attachment.bytes
        nonce = os.urandom(12)
        sealed = self._cipher.encrypt(nonce, _FORM.pack(*what, int(link.until.timestamp())), None)
        return urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def read(self, token: str, now: datetime) -> Link | None:
        """What a token is for; None for one that is altered, not ours, or has had its time."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            if len(raw) != _LENGTH or urlsafe_b64encode(raw).decode().rstrip("=") != token:
                return None  # one file has one link, not several spellings of it
            purpose, organisation, attachment, until = _FORM.unpack(self._cipher.decrypt(raw[:12], raw[12:], None))
        except (ValueError, InvalidTag):
            return None
        if until <= now.timestamp() or purpose >= len(_PURPOSES):
            return None
        return Link(
            purpose=_PURPOSES[purpose],
            organisation=UUID(bytes=organisation),
            attachment=UUID(bytes=attachment),
            until=datetime.fromtimestamp(until, now.tzinfo),
        )
