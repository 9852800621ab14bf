"""An agent answers: words, and the delivery that brings them to the person, in one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from channels import registry
from model.deliveries import NewDelivery, Reason
from model.tickets import Message
from outbound.outfiles import Prepared, put
from outbound.way_back import NoWay, Route, choose, every, too_late
from outbound.words import BadText, fit
from runtime.ids import new_id, now
from runtime.keys import Key, Master
from runtime.settings import Settings
from storage import answers, audit, case_sync, contact_rules, feed, media, messages, outbox, people
from storage.answers import Held
from storage.database import Connection, Database
from storage.files import Files
from storage.media import NewFile
from translations.burmese import repair

LONGEST_CHOICE = 20  #: characters of a quick reply; what LINE and Messenger show
_NO_TIME = timedelta()


class NoTicket(Exception):
    """This organisation has no such ticket, or has handed it over."""


class CannotAnswer(Exception):
    """No answer can go to this person now; `reason` says why (`refused.<reason>` in the catalog).

    `opens_at`: from when on it is safe, where time alone is in the way.
    """

    def __init__(self, reason: Reason, opens_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason, self.opens_at = reason, opens_at


class Newer(Exception):
    """Words came in, or somebody else answered, after what the author had before their eyes: the messages' ids."""

    def __init__(self, messages: Sequence[UUID]) -> None:
        super().__init__(f"{len(messages)} newer messages")
        self.messages = messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer that is on its way."""

    message: UUID
    delivery: UUID
    account: str
    due_at: datetime  #: not before then


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
    choices: Sequence[str] = (),
    to: tuple[str, UUID] | None = None,
    at: datetime | None = None,
    undo: timedelta = _NO_TIME,
    when_safe: bool = False,
    once: UUID | None = None,
) -> Said:
    """Answer a ticket, in a desk's transaction. `author`: `agent:` and an id, or `operator`.

    `last_seen`: the last message the author had before their eyes; None for a command, which shows none. `files`: what
    `keep` gave for this ticket; the text may then be empty. `choices`: what the person can tap. `to`: account and
    address where it shall go, by default where the newest words came from. `undo`: how long it can be called back.
    `when_safe`: where time alone is in the way, wait for the person's safe hours. `once`: the mark of one act of
    sending, for the audit trail.
    Raises BadText, NoTicket, Newer or CannotAnswer; then nothing is written.
    """
    # an agent's keyboard may write Zawgyi, too
    words = repair(fit(text)).text if text.strip() or not files else ""
    at = at or now()
    held = await answers.hold(connection, ticket)
    if held is None or held.status == "handed_over":
        raise NoTicket
    if last_seen and (newer := await answers.newer(connection, ticket, last_seen, author)):
        raise Newer(newer)
    key, route = await _route(connection, master, settings, held, to, at, when_safe=when_safe)
    _must_fit(files, route.channel)
    message = _written(held, route, key, words, author=author, last_seen=last_seen, language=language, at=at)
    message = replace(message, kind=files[0].kind) if files else message
    delivery = _on_its_way(organisation, message, route, undo, key, _tappable(choices, route.channel))
    await _write_down(connection, author, message, delivery, files, once)
    return Said(message=message.id, delivery=delivery.id, account=route.account, due_at=delivery.due_at or at)


async def _write_down(
    connection: Connection,
    author: str,
    message: Message,
    delivery: NewDelivery,
    files: Sequence[NewFile],
    once: UUID | None,
) -> None:
    """The words with their files, the delivery, and everybody who has to know."""
    organisation, ticket = delivery.organisation, message.ticket
    await messages.insert(connection, [(organisation, message)])
    await media.insert_kept(connection, organisation, message.id, files)
    await messages.insert_gram_due(connection, [(organisation, message.id)])
    await outbox.insert(connection, [delivery])
    await answers.answered(connection, ticket)
    detail = {"message": str(message.id), "account": message.account} | ({"once": str(once)} if once else {})
    act = audit.Line(organisation=organisation, actor=author, action="ticket.answered", ticket=ticket, detail=detail)
    await audit.write(connection, [act])
    await case_sync.changed(connection, [(organisation, ticket)])
    await feed.tell(connection, [(organisation, ticket, "changed")])


async def _route(
    connection: Connection,
    master: Master,
    settings: Settings,
    held: Held,
    to: tuple[str, UUID] | None,
    at: datetime,
    *,
    when_safe: bool,
) -> tuple[Key, Route]:
    """The key that seals the words, and where they go. Raises CannotAnswer."""
    keys = await people.keys_of(connection, master, [held.person])
    if not keys:
        raise CannotAnswer("bad_address")
    rules = contact_rules.opened(keys, held.contact, held.rules, held.text_ok)
    ways = await answers.ways_back(connection, held.person)

    def found(moment: datetime, wanted: tuple[str | None, UUID | None] | None) -> Route | NoWay:
        if wanted is None:
            return choose(ways, settings, rules, moment)
        here = [one for one in every(ways, settings, rules, moment) if (one.account, one.address) == wanted]
        return here[0] if here else NoWay(reason="bad_address")

    way = found(at, to)
    if isinstance(way, NoWay) and when_safe and way.opens_at:
        later = found(way.opens_at, (way.account, way.address))
        way = replace(later, safe_from=way.opens_at) if isinstance(later, Route) else way
    if isinstance(way, NoWay):
        raise CannotAnswer(way.reason, way.opens_at)
    if too_late(way, way.safe_from or at):
        raise CannotAnswer("window_closed")
    return keys[max(keys)], way


def _must_fit(files: Sequence[NewFile], channel: str) -> None:
    """Known before it is tried; raises CannotAnswer."""
    out = registry.load(channel).out
    most = out.limits.file_bytes if out else {}
    for file in files:
        if file.kind not in most:
            raise CannotAnswer("not_said")
        if file.size > most[file.kind]:
            raise CannotAnswer("file")


def _tappable(choices: Sequence[str], channel: str) -> list[str]:
    """Quick replies that this channel can show. Raises BadText, and CannotAnswer where it can show none."""
    labels = [fit(label) for label in choices]
    out = registry.load(channel).out
    most = out.limits.choices if out else 0
    if labels and not most:
        raise CannotAnswer("not_said")
    if len(labels) > most:
        raise BadText(
            f"There are {len(labels)} quick replies, and this channel shows {most}: leave some out.",
            "choices",
            count=len(labels),
            most=most,
        )
    if any(len(label) > LONGEST_CHOICE for label in labels):
        raise BadText(
            f"A quick reply has at most {LONGEST_CHOICE} characters: shorten it.", "choice_long", most=LONGEST_CHOICE
        )
    return labels


async def keep(
    database: Database, master: Master, files: Files, organisation: UUID, ticket: UUID, prepared: Sequence[Prepared]
) -> list[NewFile]:
    """Keep what is to go with an answer, sealed for the ticket's person, before the answer's own transaction.

    Raises NoTicket, CannotAnswer, NoRoom or FilesAway. What no answer takes up is swept.
    """
    async with database.desk(organisation) as connection:
        found = await answers.look(connection, ticket)
        if found is None:
            raise NoTicket
        key = await answers.key_of(connection, master, found.person)
    if key is None:
        raise CannotAnswer("bad_address")
    return await put(files, key, prepared)


def _written(
    ticket: Held,
    route: Route,
    key: Key,
    words: str,
    *,
    author: str,
    last_seen: UUID | None,
    language: str | None,
    at: datetime,
) -> Message:
    id_ = new_id()
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


def _on_its_way(
    organisation: UUID, message: Message, route: Route, undo: timedelta, key: Key, choices: Sequence[str]
) -> NewDelivery:
    at, id_ = message.occurred_at, new_id()
    return NewDelivery(
        id=id_,
        choices=key.seal("delivery|choices", id_, json.dumps(choices).encode()) if choices else None,
        organisation=organisation,
        message=message.id,
        ticket=message.ticket,
        person=message.person,
        address=route.address,
        account=route.account,
        purpose="reply",
        at=at,
        due_at=max(at + undo, route.safe_from or at),
        held_until=route.safe_from,
    )
