"""Looking after accounts from the command line, behind the wall of the organisation they belong to."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.stores import Stores
from model.agents import Agent, bad_roles, handle, read_handle
from model.network import Organisation
from runtime.config_words import nearest
from runtime.ids import new_id, now
from storage import agents, audit, sessions
from storage.database import Connection, Database
from translations import catalog, screens
from web.invitation import PATH, code_hash, new_code


class Refused(Exception):
    """What was asked for cannot be done; the text says what to type instead."""


async def add(
    at: Stores,
    organisation: str,
    name: str,
    sign_in: str | None,
    roles: Sequence[str],
    languages: Sequence[str],
    screen: str,
    url: str | None,
) -> None:
    """A new account, and the link with which its owner sets it up."""
    home = _organisation(at, organisation)
    handle_ = handle(sign_in or name, home.id)
    if handle_ is None:
        raise Refused(f"{sign_in or name!r} cannot be typed everywhere: give --sign-in with a-z, 0-9, . and -")
    _check(roles, languages, screen)
    agent = Agent(
        id=new_id(), organisation=home.uuid, handle=handle_, name=name, roles=tuple(roles),  # type: ignore[arg-type]
        languages=tuple(languages), screen_language=screen,
    )  # fmt: skip
    async with _desk(at, home) as connection:
        try:
            await agents.add(connection, at.master, agent, now())
        except agents.NameTaken as taken:
            raise Refused(f"{taken}: choose another with --sign-in, or invite them anew") from None
        await _note(connection, agent, "agent.added", roles=",".join(roles))
        await _invite(at, connection, agent, url)


async def invite(at: Stores, who: str, url: str | None) -> None:
    """A new link for somebody who lost password or phone. Using it replaces both, and ends their sessions."""
    async with _known(at, who) as (connection, agent):
        if agent.disabled_at:
            raise Refused(f"{agent.handle} is disabled: worker-voice agents enable {agent.handle}")
        await _invite(at, connection, agent, url)


async def change(at: Stores, who: str, roles: Sequence[str], languages: Sequence[str]) -> None:
    """Other roles or languages. Sessions end: nobody keeps in an open browser what they may no longer do."""
    async with _known(at, who) as (connection, agent):
        roles, languages = roles or agent.roles, languages or agent.languages
        _check(roles, languages, agent.screen_language)
        await agents.set_duties(connection, agent.id, roles=roles, languages=languages)  # type: ignore[arg-type]
        await sessions.end_all(connection, agent.id)
        await _note(connection, agent, "agent.changed", roles=",".join(roles))
        typer.echo(f"{agent.handle}: {', '.join(roles)}; speaks {', '.join(languages) or 'nothing yet'}")


async def disable(at: Stores, who: str, *, again: bool = False) -> None:
    """Nobody signs in by this name from now on, and open pages end; or, `again`, they may."""
    async with _known(at, who) as (connection, agent):
        await agents.set_disabled(connection, agent.id, None if again else now())
        await sessions.end_all(connection, agent.id)
        await _note(connection, agent, "agent.enabled" if again else "agent.disabled")
        typer.echo(f"{agent.handle} may {'sign in again' if again else 'no longer sign in'}")


async def show(at: Stores, organisation: str | None, *, json: bool) -> None:
    """Everybody, of one organisation or of all."""
    homes = [_organisation(at, organisation)] if organisation else list(at.settings.network.organisations.values())
    table = Table("sign-in name", "name", "roles", "speaks", "state", box=None, pad_edge=False)
    async with _opened(at) as database:
        for home in homes:
            async with database.desk(home.uuid) as connection:
                await _note_look(connection, home)
                for row in await agents.listed(connection, at.master):
                    if json:
                        typer.echo(orjson.dumps(_row(row)).decode())
                    else:
                        table.add_row(*map(Text, _cells(row)))
    if not json:
        Console().print(table)


def _row(row: agents.Listed) -> dict[str, Any]:
    agent = row.agent
    return {
        "id": agent.id, "sign_in": agent.handle, "name": agent.name, "roles": agent.roles, "languages": agent.languages,
        "state": _state(row), "invited_until": row.invited_until, "disabled_at": agent.disabled_at, "demo": agent.demo,
    }  # fmt: skip


def _cells(row: agents.Listed) -> tuple[str, ...]:
    agent = row.agent
    return agent.handle, agent.name, ", ".join(agent.roles), ", ".join(agent.languages), _state(row)


def _state(row: agents.Listed) -> str:
    if row.agent.disabled_at:
        return "disabled"
    if row.invited_until and row.invited_until > now():
        return "invited"
    return "ready" if row.has_password else "without a password"


async def _invite(at: Stores, connection: Connection, agent: Agent, url: str | None) -> None:
    code, hours = new_code(), at.settings.web.invitation_hours
    await agents.invite(connection, agent, hash_=code_hash(code), ends_at=now() + timedelta(hours=hours))
    await _note(connection, agent, "agent.invited")
    typer.echo(f"{agent.handle} sets up the account with this link, once, within {hours} hours:")
    typer.echo(f"  {(url or at.settings.network.public_url).rstrip('/')}{PATH}#{code}")
    typer.echo("Hand it over in person or on a channel nobody else reads: whoever has it is let in.")


def _check(roles: Sequence[str], languages: Sequence[str], screen: str) -> None:
    if wrong := bad_roles(roles):
        raise Refused(wrong)
    for code in languages:
        if code not in catalog.languages():
            raise Refused(f"no desk speaks {code!r}: write codes of {', '.join(catalog.languages())}")
    if screen not in screens.LANGUAGES:
        raise Refused(f"the screens are not written in {screen!r}: write one of {', '.join(screens.LANGUAGES)}")


def _organisation(at: Stores, slug: str) -> Organisation:
    known = at.settings.network.organisations
    if slug not in known:
        raise Refused(f"there is no organisation {slug!r}: {nearest(slug, known, ', '.join(known))}")
    return known[slug]


@asynccontextmanager
async def _opened(at: Stores) -> AsyncIterator[Database]:
    database = Database(at.owner, "worker", at.master, most=1)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _desk(at: Stores, home: Organisation) -> AsyncIterator[Connection]:
    async with _opened(at) as database, database.desk(home.uuid) as connection:
        yield connection


@asynccontextmanager
async def _known(at: Stores, who: str) -> AsyncIterator[tuple[Connection, Agent]]:
    typed = read_handle(who)
    if typed is None:
        raise Refused(f"{who!r} is no sign-in name: write it as mya@shwe")
    async with _desk(at, _organisation(at, typed.partition("@")[2])) as connection:
        agent = await agents.find(connection, at.master, typed)
        if agent is None:
            raise Refused(f"nobody signs in as {typed}: worker-voice agents list shows everybody")
        yield connection, agent


async def _note(connection: Connection, agent: Agent, action: str, **detail: str) -> None:
    about = {"agent": str(agent.id), **detail}
    await audit.write(
        connection, [audit.Line(organisation=agent.organisation, actor="operator", action=action, detail=about)]
    )


async def _note_look(connection: Connection, home: Organisation) -> None:
    await audit.write(connection, [audit.Line(organisation=home.uuid, actor="operator", action="agents.listed")])
