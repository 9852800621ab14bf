"""The operator's looks at the case stores: what is on its way, what is stuck, and what differs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import typer

from cases.opened import opened as open_stores
from gateway.look import line, opened, table
from gateway.reconcile import Report
from gateway.reconcile import reconcile as compare
from gateway.stores import Stores
from model.cases import Code
from runtime.settings import CaseStore, Settings
from storage import audit, case_listing, case_sync, listing
from storage.database import Database
from workers_queue.nudge import Nudger, connect

_LATEST = 40
#: What each code means, and what to do.
MEANING: Mapping[str, str] = {
    "away": "no connection; it is tried again by itself",
    "unsure": "no answer came; it is sent again, which makes no second case",
    "busy": "asked to slow down; it is tried again by itself",
    "broken": "an error of the store's own; it is tried again by itself",
    "odd": "an answer that is none of this store's: is something in between, or the address wrong?",
    "credentials": "the store does not know our secret: mend it, restart, then `worker-voice cases replay --store`",
    "forbidden": "our user there may not do this: give it the right, then `worker-voice cases replay --store`",
    "gone": "removed there: `worker-voice cases replay ID` makes it anew",
    "conflict": "somebody else's change is in the way; it is tried again by itself",
    "invalid": "the store does not take these values: mend `mapping` or `values`, restart, then replay",
    "doubled": "the store has several cases of this ticket: merge them there, then replay",
    "moved": "the store answers from another address: mend its url, restart, then replay",
    "refused": "the store says no: ask whoever runs it, then replay",
    "mistake": "a mistake of this program: its log says more",
}


async def show_cases(at: Stores, *, json: bool) -> None:
    """Every row of the outbox as a line of JSON, or in a table those that are not done, the longest waiting first."""
    async with opened(at) as database:
        await _written_down(database, "cases.listed")
        if json:
            async for row in case_listing.rows(database):
                line(row)
            return
        rows = [row async for row in case_listing.rows(database)]
    open_ones = sorted((row for row in rows if row["state"] != "done"), key=lambda row: row["due_at"])
    if not open_ones:
        typer.echo(f"All {len(rows):,} are with their stores.")
        return
    heads = ("ticket", "organisation", "store", "state", "version", "stored", "tries", "why")
    table(heads, map(_shown, open_ones[:_LATEST]))
    for code in sorted({_code(row["error"]) for row in open_ones[:_LATEST] if row["error"]}):
        typer.echo(f"{code}: {MEANING[code]}")
    if len(open_ones) > _LATEST:
        typer.echo(f"and {len(open_ones) - _LATEST:,} more: --json shows all.")


def _shown(row: Mapping[str, Any]) -> tuple[str, ...]:
    number = f"#{row['number']}" if row["number"] is not None else f"withdrawn {row['ticket']}"
    stored = "-" if row["stored_version"] is None else str(row["stored_version"])
    return (
        number, row["organisation"], row["store"], row["state"], str(row["version"]), stored, str(row["tries"]),
        row["error"] or "",
    )  # fmt: skip


def explained(error: str) -> str:
    """A code of the outbox with what it means."""
    return f"{error}; {MEANING[_code(error)]}"


def _code(error: str) -> str:
    return error.partition(":")[0]


async def _written_down(database: Database, action: str, **detail: str) -> None:
    async with database.intake() as connection:
        await audit.write(connection, [audit.Line(organisation=None, actor="operator", action=action, detail=detail)])


async def replay(at: Stores, named: str | None, *, store: str | None, everything: bool) -> int:
    """Let what is stuck try again; the exit code."""
    if [named is not None, store is not None and named is None, everything].count(True) != 1:
        return _wrong("Say which: a ticket (with --store if only one store is meant), --store S, or --all.")
    if store is not None and _unknown(at.settings, store):
        return 1
    ticket: UUID | None = None
    async with opened(at) as database:
        if named is not None:
            found = await listing.ticket_named(database, named)
            if found is None:
                return _wrong(f"There is no ticket {named}: `worker-voice cases` lists what is stuck.")
            _, ticket = found
        async with database.intake() as connection:
            keys = await case_listing.stuck(connection, ticket=ticket, store=store)
            await case_sync.again(connection, keys)
        await _written_down(database, "cases.replayed", rows=str(len(keys)))
    if not keys:
        return _wrong("Nothing is stuck." if ticket is None else "No store follows this ticket.")
    await _nudge(at)
    typer.echo(f"{len(keys):,} will be told again: `worker-voice cases` shows how it went.")
    return 0


def _wrong(text: str) -> int:
    typer.echo(text, err=True)
    return 1


def _unknown(settings: Settings, store: str) -> bool:
    """Whether there is no such store; then it has been said."""
    known = [s.id for s in settings.case_stores]
    if store not in known:
        _wrong(f"There is no case store {store}: config.yaml has {', '.join(known)}.")
    return store not in known


async def _nudge(at: Stores) -> None:
    nudger = Nudger(connect(at.redis_url))
    nudger.nudge("sync_cases")
    await nudger.close()


async def reconcile(at: Stores, *, store: str | None, mend: bool) -> int:
    """Say what differs between the stores and the tickets; the exit code."""
    if store is not None and _unknown(at.settings, store):
        return 1
    wanted = [s for s in at.settings.case_stores if store in (None, s.id)]
    async with opened(at) as database:
        async with open_stores(at.settings, database) as found:
            report = await compare(database, at.settings, at.master, [s for s in found if s.store in wanted])
        report.not_asked |= {s.id: "no_secrets" for s in wanted if s.settings is None}
        await _written_down(database, "cases.reconciled", differ=str(len(report.differs)))
        if mend and report.differs:
            async with database.intake() as connection:
                await case_sync.follow(connection, sorted(report.not_followed))
                await case_sync.again(connection, sorted(report.missing), anew=True)
                rest = report.differs.keys() - report.not_followed - report.missing
                await case_sync.again(connection, sorted(rest))
    if mend and report.differs:
        await _nudge(at)
    _tell(report, at.settings, mended=mend)
    return 1 if report.differs or report.not_asked else 0


def _tell(report: Report, settings: Settings, *, mended: bool) -> None:
    names = {o.uuid: o.id for o in settings.network.organisations.values()}
    for (organisation, ticket, store), why in report.differs.items():
        number = report.numbers.get(ticket)
        typer.echo(f"{f'#{number}' if number else ticket} {names.get(organisation, organisation)} {store}: {why}")
    for store, code in report.not_asked.items():
        why = "its secrets are not set" if code == "no_secrets" else explained(code)
        typer.echo(f"{store} could not be asked: {why}", err=True)
    differ, of = f"{len(report.differs):,}", f"{report.looked_at:,}"
    if not report.differs:
        typer.echo(f"All {of} are as they should be, as far as the stores could be asked.")
    elif mended:
        typer.echo(f"{differ} of {of} differ and will be told again.")
    else:
        typer.echo(f"{differ} of {of} differ: --mend tells them again.")


# Are they there


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One store as `check` shows it."""

    store: CaseStore
    code: Code | None  #: what is wrong with it
    due: int
    held: int


async def looks(at: Stores) -> list[Look]:
    """Every store: does it answer, and what waits for it."""
    async with opened(at) as database:
        async with database.intake() as connection:
            counts = await case_listing.counts(connection)
        async with open_stores(at.settings, database) as found:
            codes = await asyncio.gather(*(s.kind.look(s.client) for s in found))
    return [
        Look(store=s.store, code=code, due=counts[s.store.id, "due"], held=counts[s.store.id, "held"])
        for s, code in zip(found, codes, strict=True)
    ]
