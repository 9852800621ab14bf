"""The operator answers: a reply to a ticket, and what became of everything that was said."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import typer

from gateway.look import line, opened, table
from gateway.stores import Stores
from outbound.answer import CannotAnswer, NoTicket, answer, keep
from outbound.outfiles import BadFile, prepare, read
from outbound.remake import Remaker
from outbound.words import BadText
from storage import answers, audit, listing
from storage.blobs import FilesAway, NoRoom, blobs
from storage.database import Database
from storage.files import Files
from storage.media import NewFile
from translations import catalog
from workers_queue.nudge import Nudger, connect

_LATEST = 40


async def reply(at: Stores, named: str, text: str, file: Path | None = None) -> int:
    """Answer a ticket, with words, a file or both; the exit code."""
    async with opened(at) as database:
        found = await listing.ticket_named(database, named)
        if found is None:
            return _wrong(f"There is no ticket {named}: `worker-voice tickets` lists them.")
        organisation, ticket = found
        try:
            files = await _kept(at, database, organisation, ticket, file) if file else ()
            async with database.desk(organisation) as connection:
                said = await answer(
                    connection, at.master, at.settings, organisation, ticket, text, author="operator", files=files
                )
        except NoTicket:
            return _wrong("This ticket was handed over: answer the one it led to.")
        except CannotAnswer as error:
            return _wrong(catalog.say(f"refused.{error.reason}", "en"))
        except (BadText, BadFile) as error:
            return _wrong(str(error))
        except NoRoom:
            return _wrong("There is no room left to keep the file: free some of the disk, and send it again.")
        except FilesAway as error:
            return _wrong(f"The place where files are kept refuses or does not answer ({error}): try again.")
    nudger = Nudger(connect(at.redis_url))
    nudger.nudge("deliver")
    nudger.nudge("sync_cases")
    await nudger.close()
    typer.echo(f"On its way through {said.account}: `worker-voice deliveries` shows {said.delivery}.")
    return 0


async def _kept(at: Stores, database: Database, organisation: UUID, ticket: UUID, file: Path) -> Sequence[NewFile]:
    largest = at.settings.files.largest_mb << 20
    prepared = await prepare(file.name, read(file, largest=largest), largest=largest, remaker=Remaker())
    files = Files(blobs(at.settings.files, at.data))
    return await keep(database, at.master, files, organisation, ticket, [prepared])


async def allow_texts(at: Stores, named: str, *, yes: bool) -> int:
    """Write down whether the organisation knows that a caller's number may be texted."""
    async with opened(at) as database:
        found = await listing.ticket_named(database, named)
        if found is None:
            return _wrong(f"There is no ticket {named}: `worker-voice tickets` lists them.")
        organisation, ticket = found
        async with database.desk(organisation) as connection:
            held = await answers.hold(connection, ticket)
            if held is None:
                return _wrong(f"There is no ticket {named}: `worker-voice tickets` lists them.")
            await answers.may_text(connection, held.person, yes)
            act = "contact.may_text" if yes else "contact.may_not_text"
            await audit.write(
                connection, [audit.Line(organisation=organisation, actor="operator", action=act, ticket=ticket)]
            )
    typer.echo("Calls from this person may be answered by SMS." if yes else "This person's number is not texted.")
    return 0


async def show_deliveries(at: Stores, *, json: bool) -> None:
    """Every delivery as a line of JSON, or the latest in a table."""
    async with opened(at) as database:
        if json:
            async for row in listing.deliveries(database):
                line(row)
            return
        latest = [row async for row in listing.deliveries(database)][-_LATEST:]
    table(("delivery", "ticket", "account", "purpose", "state", "why", "written"), map(_fate, latest))


def _fate(row: Mapping[str, Any]) -> tuple[str, ...]:
    why = catalog.say(f"refused.{row['reason']}", "en") if row["reason"] else ""
    code = f" ({row['code']})" if row["code"] else ""
    return (
        str(row["id"]),
        f"#{row['number']}",
        row["account"],
        row["purpose"],
        row["state"],
        f"{why}{code}",
        f"{row['created_at']:%d %b %H:%M:%S}",
    )


def _wrong(text: str) -> int:
    typer.echo(text, err=True)
    return 1
