"""The operator's looks into the store: tickets, receipts, the audit chain; and letting a parked receipt try again."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.stores import Stores
from intake.calls import call_of, outcome
from storage import audit, listing, receipts
from storage.database import Database
from workers_queue.nudge import Nudger, connect

_LATEST = 40  # rows of a table for people; --json gives all
_LOOK_BACK = 20


@asynccontextmanager
async def opened(at: Stores) -> AsyncIterator[Database]:
    """The store, with the worker's login."""
    database = Database(at.owner, "worker", at.master, most=1)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def show_tickets(at: Stores, *, json: bool) -> None:
    """Every ticket as a line of JSON, or the latest in a table."""
    async with opened(at) as database:
        await _written_down(database, "tickets.listed")
        if json:
            async for row in listing.tickets(database, at.master):
                line(with_outcomes(row, at.settings.intake.flash_seconds))
            return
        after = await listing.newest_number(database) - _LATEST
        latest = [row async for row in listing.tickets(database, at.master, after=after)]
    table(("ticket", "urgency", "language", "channel", "queue", "routed by", "last words"), map(_shown, latest))


async def _written_down(database: Database, action: str) -> None:
    async with database.intake() as connection:
        await audit.write(connection, [act(action)])


def act(action: str, **detail: str) -> audit.Line:
    """What the operator did, for the audit trail."""
    return audit.Line(organisation=None, actor="operator", action=action, detail=detail)


async def show_receipts(at: Stores, *, json: bool, parked: bool) -> None:
    """Every receipt as a line of JSON, or the latest in a table."""
    async with opened(at) as database:
        rows = listing.receipts(database, parked=parked)
        if json:
            async for row in rows:
                line(row)
            return
        latest = [row async for row in rows][-_LATEST:]
    table(("receipt", "account", "received", "state", "tries", "what it held"), map(_fate, latest))


def _fate(row: Mapping[str, Any]) -> tuple[str, ...]:
    held = row["error"] or "; ".join(row["events"])
    return str(row["id"]), row["account"], f"{row['received_at']:%d %b %H:%M:%S}", row["state"], str(row["tries"]), held


async def replay(at: Stores, receipt: str) -> int:
    """Let a parked receipt be tried again; the exit code."""
    try:
        id_ = UUID(receipt)
    except ValueError:
        typer.echo("That is not a receipt's id: `worker-voice receipts --parked` shows them.", err=True)
        return 1
    async with opened(at) as database, database.intake() as connection:
        found = await receipts.replay(connection, id_)
        if found:
            await audit.write(connection, [act("receipt.replayed", receipt=str(id_))])
    if not found:
        typer.echo("No parked receipt has this id: `worker-voice receipts --parked` shows them.", err=True)
        return 1
    nudger = Nudger(connect(at.redis_url))
    nudger.nudge("take_in")
    await nudger.close()
    typer.echo("The receipt waits to be taken in again.")
    return 0


async def verify_audit(at: Stores) -> int:
    """Walk the audit chain; the exit code."""
    async with opened(at) as database, database.intake() as connection:
        links, wrong, head = await audit.verify(connection)
    if wrong:
        typer.echo(f"The audit trail is broken after link {links}: {wrong}.", err=True)
        return 1
    typer.echo(f"The audit trail holds: {links} links, newest {head[:16] or 'none'}.")
    return 0


async def watch(at: Stores, *, words: bool) -> None:
    """A line for each new ticket, until cancelled. `words` only where the people are invented."""
    shown: dict[UUID, int] = {}
    console = Console(highlight=False, soft_wrap=True)
    async with opened(at) as database:
        await _written_down(database, "tickets.watched")
        began = await listing.newest_number(database)
        while True:
            # numbers are drawn before the commit, so a lower one may appear later: look a little back
            after = max(began, max(shown.values(), default=0) - _LOOK_BACK)
            async for row in listing.tickets(database, at.master, after=after):
                if row["id"] not in shown:
                    console.print(_announced(row, words=words))
                shown[row["id"]] = row["number"]
            await asyncio.sleep(1)  # as often as an eye looks


_COLOURS = {"U1": "bold white on red", "U2": "yellow", "U3": "default", "U4": "dim"}


def _announced(row: Mapping[str, Any], *, words: bool) -> Text:
    line = Text.assemble(
        (f" {row['urgency']} ", _COLOURS[row["urgency"]]),
        f" #{row['number']:<4} {row['language'] or '??':<3} {row['channel']:<8} → {row['queue']} ",
        (f"({row['routed_by']}; {', '.join(row['urgency_reasons']) or 'nothing urgent found'})", "dim"),
    )
    if words and row["messages"]:
        line.append(f"\n      {_last_words(row)[:110]}")
    return line


def with_outcomes(ticket: Mapping[str, Any], flash_seconds: int) -> Mapping[str, Any]:
    """A ticket whose calls say in one word how they ended (intake.calls.outcome)."""
    for message in ticket["messages"]:
        if message["call"]:
            message["call"]["outcome"] = outcome(call_of(message["call"]), flash_seconds=flash_seconds)
    return ticket


def _last_words(row: Mapping[str, Any]) -> str:
    """The person's, not what we answered by ourselves."""
    last = next((m for m in reversed(row["messages"]) if m["direction"] == "in"), None)
    return "[nothing]" if last is None else last["text"] or f"[{last['kind']}]"


def _shown(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"#{row['number']} {row['status']}",
        f"{row['urgency']} {' '.join(row['urgency_reasons'])}",
        row["language"] or "unknown",
        row["channel"],
        f"{row['organisation']}/{row['queue']}",
        row["routed_by"],
        _last_words(row)[:80],
    )


def line(row: Mapping[str, Any]) -> None:
    """One object of `--json`."""
    typer.echo(orjson.dumps(row).decode())


def table(heads: tuple[str, ...], rows: Any) -> None:
    """Rows for people."""
    shown = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*map(Text, row))
    Console().print(shown)
