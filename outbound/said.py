"""A claimed delivery as its channel is to say it: address and words unsealed, in the encoding the phone shows."""

from collections.abc import Sequence
from datetime import datetime

from model.deliveries import Choice, OutFile, Outgoing
from model.events import Sender
from runtime.keys import Key
from storage.outbox import Claimed
from translations.zawgyi import to_zawgyi


def outgoing(
    row: Claimed,
    *,
    address_key: Key,
    key: Key,
    files: Sequence[OutFile],
    choices: Sequence[Choice],
    now: datetime,
    reply_handle: str | None,
) -> Outgoing:
    """What a channel renders; raises CannotOpen where a seal does not belong to its row."""
    to = address_key.open("address|sealed", row.address, row.to).decode()
    text = key.open("message|text", row.message, row.text).decode() if row.text else ""
    return Outgoing(
        id=row.id,
        to=Sender(scope=row.scope, value=to),
        text=to_zawgyi(text) if row.zawgyi else text,
        files=tuple(files),
        choices=tuple(Choice(to_zawgyi(c.label), c.value) if row.zawgyi else c for c in choices),
        human=row.purpose == "reply",
        now=now,
        heard_at=row.heard_at,
        reply_handle=reply_handle,
    )
