"""`worker-voice agents …`: the commands; what they do is in gateway/agents.py."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.options import CONFIG, DATA, Config, Data, Json, told

if TYPE_CHECKING:
    from gateway.stores import Stores

app = typer.Typer(help="Who may sign in, and what they may do there.", no_args_is_help=True)
Who = Annotated[str, typer.Argument(help="Sign-in name, as mya@shwe.")]
Roles = Annotated[
    str,
    typer.Option("--role", help="agent, supervisor, safeguarding, mobilizer, csoadmin or operator; several by commas."),
]
Url = Annotated[str | None, typer.Option(help="Where the pages are opened; default: network.public_url.")]
Languages = Annotated[str, typer.Option(help="What they speak, by commas: my,shn")]


@app.command()
def add(
    organisation: Annotated[str, typer.Option(help="Id in config.yaml.")],
    name: Annotated[str, typer.Option(help="What colleagues see.")],
    role: Roles = "agent",
    languages: Languages = "",
    sign_in: Annotated[str | None, typer.Option(help="What is typed before the @; default: the name.")] = None,
    screen: Annotated[str, typer.Option(help="Language of their screen: en, my or th.")] = "en",
    url: Url = None,
    config: Config = CONFIG,
    data: Data = DATA,
) -> None:
    """A new account; prints the link with which its owner sets a password, once."""
    from gateway import agents

    _do(
        config,
        data,
        lambda at: agents.add(at, organisation, name, sign_in, _split(role), _split(languages), screen, url),
    )


@app.command("list")
def list_(organisation: str | None = None, config: Config = CONFIG, data: Data = DATA, json: Json = False) -> None:
    """Everybody who may sign in. That you looked is written down."""
    from gateway import agents

    _do(config, data, lambda at: agents.show(at, organisation, json=json))


@app.command()
def invite(who: Who, url: Url = None, config: Config = CONFIG, data: Data = DATA) -> None:
    """A new link for somebody who lost password or phone; it replaces both."""
    from gateway import agents

    _do(config, data, lambda at: agents.invite(at, who, url))


@app.command()
def change(who: Who, role: Roles = "", languages: Languages = "", config: Config = CONFIG, data: Data = DATA) -> None:
    """Other roles or languages; their open pages end."""
    from gateway import agents

    _do(config, data, lambda at: agents.change(at, who, _split(role), _split(languages)))


@app.command()
def disable(who: Who, config: Config = CONFIG, data: Data = DATA) -> None:
    """Let somebody in no longer, at once."""
    from gateway import agents

    _do(config, data, lambda at: agents.disable(at, who))


@app.command()
def enable(who: Who, config: Config = CONFIG, data: Data = DATA) -> None:
    """Let somebody in again who was disabled."""
    from gateway import agents

    _do(config, data, lambda at: agents.disable(at, who, again=True))


def _split(written: str) -> list[str]:
    return [part.strip() for part in written.split(",") if part.strip()]


def _do(config: Config, data: Data, run: "Callable[[Stores], Coroutine[Any, Any, None]]") -> None:
    from gateway.stores import stores
    from runtime.logs import set_up

    set_up("operator")
    with told():
        asyncio.run(run(stores(config, data, secrets_required=False)))
