"""The operator's look at files: which are here, which are not, and why. Never a name."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import typer

from gateway.look import act, line, opened, table
from gateway.stores import Stores
from storage import audit, media
from storage.database import Database
from translations.catalog import say
from workers_queue.nudge import Nudger, connect

_PAGE = 500
_LATEST = 40  # rows of a table for people; --json gives all


async def show_media(at: Stores, *, json: bool) -> None:
    """Every attachment as a line of JSON, or the latest in a table."""
    async with opened(at) as database:
        latest: list[Mapping[str, Any]] = []
        async for row in _rows(database):
            if json:
                line(row)
            latest = [*latest[1 - _LATEST :], row]
    if not json:
        table(("attachment", "account", "kind", "state", "type", "bytes", "tries", "why"), map(_shown, latest))


async def _rows(database: Database) -> Any:
    after = UUID(int=0)
    while True:
        async with database.intake() as connection:
            page = await media.listed(connection, after=after, limit=_PAGE)
        for row in page:
            yield row
        if len(page) < _PAGE:
            return
        after = page[-1]["id"]


def _shown(row: Mapping[str, Any]) -> tuple[str, ...]:
    why = say(f"media.{row['why']}", "en") if row["why"] else ""
    size = "" if row["size"] is None else str(row["size"])
    return str(row["id"]), row["account"], row["kind"], row["state"], row["mime"] or "", size, str(row["tries"]), why


async def retry(at: Stores, attachment: str) -> int:
    """Fetch one again, now; the exit code."""
    try:
        id_ = UUID(attachment)
    except ValueError:
        typer.echo("That is not an attachment's id: `worker-voice media` shows them.", err=True)
        return 1
    async with opened(at) as database, database.intake() as connection:
        found = await media.retry(connection, id_)
        if found:
            await audit.write(connection, [act("media.retried", attachment=str(id_))])
    if not found:
        typer.echo("No attachment of this id can be fetched: it is here, being fetched now, or erased.", err=True)
        return 1
    nudger = Nudger(connect(at.redis_url))
    nudger.nudge("fetch")
    await nudger.close()
    typer.echo("The file is fetched again.")
    return 0
