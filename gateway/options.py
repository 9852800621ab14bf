"""What many commands have in common: where things are, and how errors are told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Option(help="The network: accounts, organisations, routing.", envvar="WORKER_VOICE_CONFIG")
]
Data = Annotated[
    Path, typer.Option(help="Data directory: keys, spool and the embedded servers' data.", envvar="WORKER_VOICE_DATA")
]
Sandbox = Annotated[bool, typer.Option(help="Use the invented secrets of the demo accounts.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
CONFIG, DATA = Path("config.yaml"), Path("var")


@contextmanager
def told() -> Iterator[None]:
    """Turn the errors a person can mend into their text and exit code 1."""
    from channels.contract import BadSettings
    from gateway.agents import Refused
    from gateway.stores import NotRunning
    from runtime.children import ChildFailed
    from runtime.instance import AlreadyRunning, NotOurs
    from runtime.keys import BadMasterKey
    from runtime.ports import PortTaken
    from runtime.programs import CannotEmbed
    from runtime.settings import BadConfig
    from sandbox.accounts import BadConfig as BadSandbox
    from sandbox.script import BadMessages
    from storage.database import StoreAway

    mendable: tuple[type[Exception], ...] = (BadConfig, BadSettings, BadSandbox, BadMessages, NotRunning, Refused)
    mendable += (AlreadyRunning, NotOurs, PortTaken, CannotEmbed, ChildFailed, BadMasterKey)
    try:
        yield
    except mendable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except StoreAway as error:  # its text may quote anything: the class is told, and where to look
        typer.echo(f"The database does not answer ({type(error).__name__}): `worker-voice check` says more.", err=True)
        raise typer.Exit(1) from None
