"""What a batch has decided, waiting to be written in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from intake.calls import Call
from model.deliveries import NewDelivery
from model.tickets import AUTOMATIC, Message, StoredAttachment, Ticket
from storage import audit, cards, case_sync, delivery_news, feed, messages, outbox, people, tickets
from storage.database import Connection
from storage.delivery_news import News
from workers_queue.fates import tell


@dataclass(slots=True)
class Pending:
    """Rows to write. `people` and `tickets` are kept by the batch, which also reads them."""

    remember: dict[tuple[str, str], UUID | None] = field(default_factory=dict)  #: (account, id) → message
    new: dict[UUID, Message] = field(default_factory=dict)
    attachments: list[StoredAttachment] = field(default_factory=list)
    previews: dict[UUID, bytes] = field(default_factory=dict)  #: ticket → its last words, sealed
    texts: dict[UUID, tuple[bytes, datetime]] = field(default_factory=dict)  #: message → newest wording, when edited
    versions: list[tuple[UUID, UUID, datetime, bytes]] = field(default_factory=list)  #: id, message, when, wording
    unsent: dict[UUID, datetime] = field(default_factory=dict)
    calls: dict[UUID, Call] = field(default_factory=dict)  #: message → all that is known by now
    earlier: dict[UUID, tuple[datetime, datetime]] = field(default_factory=dict)  #: message → when said, when arrived
    left: dict[UUID, tuple[str | None, datetime]] = field(default_factory=dict)  #: address → how it left, if it did
    languages: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)  #: address → language chosen, when
    asked: dict[UUID, bool] = field(default_factory=dict)  #: address → whether a menu of languages is out
    deliveries: list[NewDelivery] = field(default_factory=list)
    acknowledged: dict[UUID, str] = field(default_factory=dict)  #: new ticket → language of its answer, or why none
    news: list[News] = field(default_factory=list)  #: of what we sent
    echoes: list[tuple[str, str, UUID]] = field(default_factory=list)  #: account, provider id, our delivery
    waiting: list[tuple[UUID, int, str, str]] = field(default_factory=list)  #: receipt, position, account, original

    def new_ids(self) -> list[tuple[str, str]]:
        """(account, provider id) of new messages: events may have been waiting for them."""
        return [(account, id_[2:]) for (account, id_), message in self.remember.items() if message and id_[:2] == "m:"]

    def jobs(self) -> set[str]:
        """The jobs that this batch gives something to do."""
        due = {"deliver": self.deliveries, "fetch": self.attachments}
        return {job for job, rows in due.items() if rows}

    async def write_tickets(
        self, connection: Connection, before: Mapping[UUID, Ticket], after: Sequence[Ticket]
    ) -> None:
        """New and changed tickets with their people's cards, audit lines, and news for case stores and open pages."""
        await cards.make(connection, {(t.organisation, t.person) for t in after if t.organisation})
        new = [t for t in after if t.id not in before]
        changed = [(was.organisation, t) for t in after if (was := before.get(t.id)) and was.organisation]
        await tickets.insert(connection, await _numbered(connection, new), self.previews)
        await tickets.update(connection, changed, self.previews)
        went = [(was, t.organisation, t.id) for was, t in changed if t.organisation and was != t.organisation]
        await case_sync.moved(connection, went)
        await case_sync.changed(connection, [(t.organisation, t.id) for t in after if t.organisation])
        lines = [line for t in after for line in _lines(before.get(t.id), t, self.acknowledged.get(t.id))]
        await audit.write(connection, lines)
        news: list[tuple[UUID, UUID, feed.What]] = [(t.organisation, t.id, "changed") for t in after if t.organisation]
        await feed.tell(connection, news + [(was, t.id, "gone") for was, t in changed if was != t.organisation])

    async def write_messages(
        self, connection: Connection, home: Mapping[UUID, UUID], originals: Mapping[UUID, messages.Original]
    ) -> None:
        """Messages and what became of older ones. `home`: ticket → its organisation, for every ticket of this batch."""
        rows = [(home[m.ticket], m) for m in self.new.values()]
        # an older message may have moved with its ticket in this very transaction
        lives = {o.id: home.get(o.ticket, o.organisation) for o in originals.values()} | {m.id: o for o, m in rows}
        await messages.insert(connection, rows)
        await messages.insert_attachments(connection, [(lives[a.message], a) for a in self.attachments])
        await messages.set_text(connection, [(id_, text, at) for id_, (text, at) in self.texts.items()])
        await messages.insert_versions(connection, [(lives[m], id_, m, at, text) for id_, m, at, text in self.versions])
        await messages.set_unsent(connection, list(self.unsent.items()))
        await messages.set_call(connection, [(id_, call_json(call)) for id_, call in self.calls.items()])
        await messages.set_earlier(connection, [(id_, *moments) for id_, moments in self.earlier.items()])
        await outbox.insert(connection, self.deliveries)
        worded = {m.id for _, m in rows if m.text and m.author != AUTOMATIC} | self.texts.keys()
        await messages.insert_gram_due(connection, [(lives[id_], id_) for id_ in sorted(worded)])

    async def write_rest(self, connection: Connection, at: datetime, *, wait: timedelta) -> None:
        """What has been taken in, who can no longer be written to, and what waits for its original."""
        await messages.remember(connection, [(a, id_, m) for (a, id_), m in self.remember.items()], at)
        await people.set_left(connection, self.left)
        await people.set_language(connection, self.languages)
        await people.set_asked(connection, self.asked)
        await messages.wait(connection, self.waiting, at + wait)
        await delivery_news.remember_echo(connection, self.echoes)
        await tell(connection, await delivery_news.told(connection, self.news))


def call_json(call: Call) -> str:
    """A call as its message stores it."""
    known = {"steps": sorted(call.steps), "language": call.language, "status": call.status, "seconds": call.seconds}
    return orjson.dumps(known).decode()


async def _numbered(connection: Connection, new: Sequence[Ticket]) -> list[Ticket]:
    if not new:
        return []
    numbers = await tickets.numbers(connection, len(new))
    return [replace(t, number=n) for t, n in zip(sorted(new, key=lambda t: t.opened_at), numbers, strict=True)]


def _lines(was: Ticket | None, now: Ticket, acknowledged: str | None) -> list[audit.Line]:
    if was is None:
        return [_line("ticket.opened", now, acknowledged=acknowledged or "")]
    lines = [_line("ticket.reopened", now)] if was.status != now.status else []
    return [*lines, _line("ticket.moved", now, was)] if was.queue != now.queue else lines


def _line(action: str, ticket: Ticket, was: Ticket | None = None, **more: str) -> audit.Line:
    detail = {"queue": ticket.queue, "routed_by": ticket.routed_by, "urgency": ticket.urgency, **more}
    if was and was.organisation == ticket.organisation:  # no organisation learns of another from its own trail
        detail["from"] = was.queue
    return audit.Line(organisation=ticket.organisation, actor="intake", action=action, ticket=ticket.id, detail=detail)
