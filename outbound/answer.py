"""An agent answers: words, and the delivery that brings them to the person, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from channels import registry
from model.deliveries import NewDelivery, Reason
from model.tickets import Message
from outbound.outfiles import Prepared, put
from outbound.way_back import NoWay, Route, choose
from outbound.words import fit
from runtime.ids import new_id, now
from runtime.keys import Key, Master
from runtime.settings import Settings
from storage import answers, audit, case_sync, feed, media, messages, outbox
from storage.answers import Answerable
from storage.database import Connection, Database
from storage.files import Files
from storage.media import NewFile
from translations.burmese import repair


class NoTicket(Exception):
    """This organisation has no such ticket, or has handed it over."""


class CannotAnswer(Exception):
    """No answer can go to this person now; `reason` says why (`refused.<reason>` in the catalog)."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer that is on its way."""

    message: UUID
    delivery: UUID
    account: str


async def answer(
    connection: Connection,
    master: Master,
    settings: Settings,
    organisation: UUID,
    ticket: UUID,
    text: str,
    *,
    author: str,
    last_seen: UUID | None = None,
    language: str | None = None,
    files: Sequence[NewFile] = (),
) -> Said:
    """Answer a ticket, in a desk's transaction. `author`: an agent's id, or `operator`.

    `files`: what `keep` gave for this ticket; the text may then be empty.
    Raises BadText, NoTicket or CannotAnswer; then nothing is written.
    """
    # an agent's keyboard may write Zawgyi, too
    words = repair(fit(text)).text if text.strip() or not files else ""
    found = await answers.hold(connection, ticket)
    if found is None or found.status == "handed_over":
        raise NoTicket
    route = choose(await answers.ways_back(connection, found.person), settings, may_text=found.may_text)
    key = await answers.key_of(connection, master, found.person)
    if isinstance(route, NoWay) or key is None:
        raise CannotAnswer(route.reason if isinstance(route, NoWay) else "bad_address")
    _must_fit(files, settings.accounts[route.account].channel)
    message = _written(found, route, key, words, author=author, last_seen=last_seen, language=language)
    message = replace(message, kind=files[0].kind) if files else message
    delivery = _on_its_way(organisation, message, route)
    await messages.insert(connection, [(organisation, message)])
    await media.insert_kept(connection, organisation, message.id, files)
    await messages.insert_gram_due(connection, [(organisation, message.id)])
    await outbox.insert(connection, [delivery])
    await answers.answered(connection, ticket)
    detail = {"message": str(message.id), "account": route.account}
    act = audit.Line(organisation=organisation, actor=author, action="ticket.answered", ticket=ticket, detail=detail)
    await audit.write(connection, [act])
    await case_sync.changed(connection, [(organisation, ticket)])
    await feed.tell(connection, [(organisation, ticket, "changed")])
    return Said(message=message.id, delivery=delivery.id, account=route.account)


def _must_fit(files: Sequence[NewFile], channel: str) -> None:
    """Known before it is tried; raises CannotAnswer."""
    out = registry.load(channel).out
    most = out.limits.file_bytes if out else {}
    for file in files:
        if file.kind not in most:
            raise CannotAnswer("not_said")
        if file.size > most[file.kind]:
            raise CannotAnswer("file")


async def keep(
    database: Database, master: Master, files: Files, organisation: UUID, ticket: UUID, prepared: Sequence[Prepared]
) -> list[NewFile]:
    """Keep what is to go with an answer, sealed for the ticket's person, before the answer's own transaction.

    Raises NoTicket, CannotAnswer, NoRoom or FilesAway. What no answer takes up is swept.
    """
    async with database.desk(organisation) as connection:
        found = await answers.hold(connection, ticket)
        if found is None:
            raise NoTicket
        key = await answers.key_of(connection, master, found.person)
    if key is None:
        raise CannotAnswer("bad_address")
    return await put(files, key, prepared)


def _written(
    ticket: Answerable, route: Route, key: Key, words: str, *, author: str, last_seen: UUID | None, language: str | None
) -> Message:
    id_, at = new_id(), now()
    return Message(
        id=id_,
        ticket=ticket.id,
        person=ticket.person,
        account=route.account,
        address=route.address,
        direction="out",
        kind="text",
        text=key.seal("message|text", id_, words.encode()) if words else None,
        language=language or ticket.language,
        occurred_at=at,
        arrived_at=at,
        author=author,
        last_seen=last_seen,
    )


def _on_its_way(organisation: UUID, message: Message, route: Route) -> NewDelivery:
    return NewDelivery(
        id=new_id(),
        organisation=organisation,
        message=message.id,
        ticket=message.ticket,
        person=message.person,
        address=route.address,
        account=route.account,
        purpose="reply",
        at=message.occurred_at,
    )
