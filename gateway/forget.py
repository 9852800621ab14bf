"""`worker-voice forget`: erase whoever is behind a ticket."""

from uuid import UUID

import typer

from gateway.stores import Stores
from outbound.clients import Clients
from storage import erasure
from workers_queue.erase import Report, erase
from workers_queue.workplace import furnished

_WHAT = """\
This erases the person behind ticket {ticket}: everything they wrote, spoke or sent, to every organisation, the
answers they were given, and where they can be reached. Their keys are destroyed, so that no copy of the database or of
the files can be read either, once the keys are gone from your backups too. That somebody wrote, when, in which language
and about what stays, for the figures. If they write again, they are somebody new. It cannot be undone.
Whoever also wrote on another channel is another person here, unless they were joined: erase that ticket too."""


async def forget(at: Stores, ticket: str, *, yes: bool) -> int:
    """Erase the person behind a ticket, after asking; the exit code."""
    wanted = _number_or_id(ticket)
    tools = furnished(
        slot="operator", settings=at.settings, master=at.master, data=at.data, owner=at.owner, redis_url=at.redis_url
    )
    clients = Clients(at.settings)
    await tools.database.open()
    try:
        async with tools.database.intake() as connection:
            person = await erasure.person_of(connection, wanted) if wanted is not None else None
        if person is None:
            typer.echo("No ticket has this number or id: `worker-voice tickets` shows them.", err=True)
            return 1
        typer.echo(_WHAT.format(ticket=ticket))
        if not yes and not typer.confirm("Erase this person?"):
            typer.echo("Nothing was erased.")
            return 1
        typer.echo(_said(await erase(tools, clients, person)))
        return 0
    finally:
        await clients.close()
        await tools.nudger.close()
        await tools.database.close()


def _number_or_id(ticket: str) -> int | UUID | None:
    if ticket.removeprefix("#").isascii() and ticket.removeprefix("#").isdigit():
        return int(ticket.removeprefix("#")[:18])
    try:
        return UUID(ticket)
    except ValueError:
        return None


def _said(report: Report) -> str:
    lines = [f"Erased: {report.tickets} tickets, {report.messages} messages, {report.files} files."]
    if report.copies_removed:
        lines.append(f"{report.copies_removed} files were deleted at the provider too.")
    if report.copies_left:
        lines.append(
            f"{report.copies_left} files may still be at the provider: it forgets them by itself, or must be asked "
            "by whoever holds the account."
        )
    if report.receipts_left:
        lines.append(
            f"{report.receipts_left} webhook requests could not be read, or hold other people's words too: they are "
            "destroyed with the key of their day, within 7 days, parked ones within 30."
        )
    return "\n".join(lines)
