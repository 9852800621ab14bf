"""The rows of one message, its words sealed with the person's key."""

from uuid import UUID

from channels import registry
from model.events import Attachment
from model.tickets import Message, StoredAttachment
from runtime.ids import new_id
from runtime.keys import Key
from workers_queue.heard import Heard


def compose(
    heard: Heard, key: Key, *, ticket: UUID, person: UUID, address: UUID | None
) -> tuple[Message, list[StoredAttachment]]:
    """What a ticket shows of an event that has something to show; raises ValueError for one that has not."""
    if heard.prepared is None:
        raise ValueError(f"nothing to show of {type(heard.event).__name__}")
    said, words, facts = heard.prepared.said, heard.prepared.words, heard.prepared.facts
    id_ = new_id()
    message = Message(
        id=id_,
        ticket=ticket,
        person=person,
        address=address,
        account=heard.account.id,
        direction="in",
        kind=said.kind,
        text=_sealed(key, "message|text", id_, words.text),
        text_original=_sealed(
            key, "message|text_original", id_, words.original if words.text != words.original else ""
        ),
        encoding=words.encoding,
        language=facts.language,
        script=words.script,
        provider_id=said.provider_id,
        occurred_at=heard.at,
        arrived_at=heard.arrived_at,
        starts_clock=facts.starts_clock,
        reply_to=said.reply_to,
        reply_handle=_sealed(key, "message|reply_handle", id_, said.reply_handle),
        group_id=said.group_id,
    )
    out = registry.load(heard.account.channel).out
    lasts = out is not None and out.remove is not None
    return message, [_attachment(id_, n, item, key, lasts=lasts) for n, item in enumerate(said.attachments)]


def _attachment(message: UUID, position: int, item: Attachment, key: Key, *, lasts: bool) -> StoredAttachment:
    id_ = new_id()
    return StoredAttachment(
        id=id_,
        message=message,
        position=position,
        kind=item.kind,
        mime=item.mime,
        size=item.size,
        seconds=item.seconds,
        ref=key.seal("attachment|ref", id_, item.ref.encode()),
        name=_sealed(key, "attachment|name", id_, item.name),
        lasts=lasts,
    )


def _sealed(key: Key, place: str, row: UUID, text: str | None) -> bytes | None:
    return key.seal(place, row, text.encode()) if text else None
