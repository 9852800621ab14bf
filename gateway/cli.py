"""The command line. What a command needs is imported inside it, so that `--help` answers at once."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gateway.stores import Stores
    from runtime.keys import Master
    from runtime.settings import Settings

app = typer.Typer(
    help="Worker Voice: a hotline for migrant and local workers. Calls and messages in, routed tickets out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
audit_app = typer.Typer(help="The trail of who did what.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
media_app = typer.Typer(help="What people sent and were sent.")
app.add_typer(media_app, name="media")
cases_app = typer.Typer(help="What the case stores are told of tickets, and whether they have it.")
app.add_typer(cases_app, name="cases")

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

    mendable: tuple[type[Exception], ...] = (BadConfig, BadSettings, BadSandbox, BadMessages, NotRunning)
    mendable += (AlreadyRunning, NotOurs, PortTaken, CannotEmbed, ChildFailed, BadMasterKey)
    try:
        yield
    except mendable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except StoreAway as error:  # its text may quote anything: the class is told, and where to look
        typer.echo(f"The database does not answer ({type(error).__name__}): `worker-voice check` says more.", err=True)
        raise typer.Exit(1) from None


@app.command()
def serve(
    config: Config = CONFIG,
    data: Data = DATA,
    port: Annotated[int, typer.Option(help="Where webhooks arrive.")] = 8080,
    host: Annotated[
        str, typer.Option(help="The address to listen on; put a TLS proxy before any other.")
    ] = "127.0.0.1",
    sandbox: Annotated[bool, typer.Option(help="Simulated workers write and call; secrets are invented.")] = False,
    sandbox_port: Annotated[int | None, typer.Option(help="Of the stand-in provider APIs; default: port + 10.")] = None,
) -> None:
    """The whole system in one place: database, Valkey, web, workers. Stop it with Ctrl-C."""
    from gateway.serve import serve as run

    with told():
        code = run(
            config, data, host=host, port=port, sandbox=sandbox, sandbox_port=sandbox_port or port + 10, note=typer.echo
        )
    raise typer.Exit(code)


@app.command()
def web(
    config: Config = CONFIG, data: Data = DATA, port: int = 8080, host: str = "127.0.0.1", sandbox: Sandbox = False
) -> None:
    """The web process alone, for several machines: webhooks, health, metrics."""
    from gateway.stores import stores
    from runtime.logs import set_up

    set_up("web")
    with told():
        at = stores(config, data, sandbox=sandbox, patient=True)
        _refuse_without_wall(at.owner, at.master, door_alone=True)
        from gateway.app import serve as run

        run(at.settings, at.master, data, at.owner, at.redis_url, host=host, port=port)


@app.command()
def worker(
    config: Config = CONFIG,
    data: Data = DATA,
    slot: Annotated[str, typer.Option(help="This worker's name on this machine, the same after a restart.")] = "1",
    sandbox: Sandbox = False,
) -> None:
    """One worker process alone, for several machines."""
    import socket

    from gateway.stores import stores
    from runtime.logs import set_up

    set_up(f"worker {slot}")
    with told():
        at = stores(config, data, sandbox=sandbox, patient=True)
        _refuse_without_wall(at.owner, at.master)
        from workers_queue.worker import work
        from workers_queue.workplace import furnished

        slot = f"{socket.gethostname()}/{data.resolve()}/{slot}"
        tools = furnished(
            slot=slot, settings=at.settings, master=at.master, data=data, owner=at.owner, redis_url=at.redis_url
        )
        work(tools, at.redis_url)


def _refuse_without_wall(owner: str, master: "Master", *, door_alone: bool = False) -> None:
    """Look at the wall before anything is served.

    `door_alone`: with the database away a door may open all the same. It keeps webhooks on disk, and its login can do
    nothing but insert them.
    """
    import structlog

    from storage.database import StoreAway
    from storage.wall import holes

    try:
        found = holes(owner, master)
    except StoreAway:
        if not door_alone:
            raise
        structlog.get_logger().warning("wall.not_looked_at", reason="the database is away, or refuses our logins")
        return
    if found:
        typer.echo("The wall between organisations is not whole; nothing is served:\n" + "\n".join(found), err=True)
        raise typer.Exit(1)


@app.command()
def migrate(config: Config = CONFIG, data: Data = DATA, sandbox: Sandbox = False) -> None:
    """Bring the database to this version, and config.yaml's network into it. Safe to repeat."""
    from gateway.stores import account_rows, store_rows, stores
    from storage.migrate import migrate as run
    from storage.migrate import revision

    with told():
        at = stores(config, data, secrets_required=False, sandbox=sandbox, make_key=True)
        run(at.owner, at.master, at.settings.network, account_rows(at.settings), store_rows(at.settings))
        typer.echo(f"Database: schema {revision(at.owner)[0]}, {len(at.settings.accounts)} accounts.")


@app.command()
def check(
    config: Config = CONFIG,
    data: Data = DATA,
    sandbox: Sandbox = False,
    live: Annotated[bool, typer.Option("--live", help="Ask each provider too what is missing there.")] = False,
) -> None:
    """One line for each thing that must be right, with the remedy for each that is not."""
    from gateway.check import findings
    from gateway.stores import settings

    wrong = 0
    for finding in findings(config, data, sandbox=sandbox):
        wrong += finding.wrong
        typer.echo(finding.line())
    if live:
        with told():
            wrong += asyncio.run(_check_live(settings(config, data, sandbox=sandbox)))
    raise typer.Exit(1 if wrong else 0)


async def _check_live(given: "Settings") -> int:
    from gateway.live import live_findings

    wrong = 0
    async for finding in live_findings(given):
        wrong += finding.wrong
        typer.echo(finding.line())
    return wrong


@app.command()
def tickets(config: Config = CONFIG, data: Data = DATA, json: Json = False) -> None:
    """The tickets of all organisations with their words. For the operator; that you looked is written down."""
    from gateway.look import show_tickets

    _look(config, data, lambda at: show_tickets(at, json=json))


@app.command()
def receipts(
    config: Config = CONFIG,
    data: Data = DATA,
    json: Json = False,
    parked: Annotated[bool, typer.Option(help="Only those set aside for a person to look at.")] = False,
) -> None:
    """Webhook requests and what became of them."""
    from gateway.look import show_receipts

    _look(config, data, lambda at: show_receipts(at, json=json, parked=parked))


@app.command()
def replay(
    receipt: Annotated[str, typer.Argument(help="Id of a parked receipt.")], config: Config = CONFIG, data: Data = DATA
) -> None:
    """Let a parked receipt be tried again."""
    from gateway.look import replay as again

    _look(config, data, lambda at: again(at, receipt))


@app.command()
def reply(
    ticket: Annotated[str, typer.Argument(help="Number or id of the ticket.")],
    text: Annotated[str, typer.Argument(help="What to say; `-` reads it from standard input.")] = "",
    config: Config = CONFIG,
    data: Data = DATA,
    file: Annotated[Path | None, typer.Option(help="A picture, a sound, a film or a document to send along.")] = None,
) -> None:
    """Answer a ticket, on the channel the person wrote from last."""
    from gateway.answering import reply as answer

    words = sys.stdin.read() if text == "-" else text
    _look(config, data, lambda at: answer(at, ticket, words, file))


@app.command()
def deliveries(config: Config = CONFIG, data: Data = DATA, json: Json = False) -> None:
    """What was said back, and what became of it."""
    from gateway.answering import show_deliveries

    _look(config, data, lambda at: show_deliveries(at, json=json))


@app.command()
def accounts(config: Config = CONFIG, data: Data = DATA, json: Json = False) -> None:
    """How each account does: last in, last out, what is wrong and what to do, and what the month costs."""
    from gateway.accounts import show_accounts

    _look(config, data, lambda at: show_accounts(at, json=json))


@app.command("may-text")
def may_text(
    ticket: Annotated[str, typer.Argument(help="Number or id of the ticket.")],
    config: Config = CONFIG,
    data: Data = DATA,
    no: Annotated[bool, typer.Option("--no", help="Take it back.")] = False,
) -> None:
    """Write down that a caller said: it is safe to answer me by SMS."""
    from gateway.answering import allow_texts

    _look(config, data, lambda at: allow_texts(at, ticket, yes=not no))


@app.command()
def forget(
    ticket: Annotated[str, typer.Argument(help="Number or id of a ticket of the person.")],
    config: Config = CONFIG,
    data: Data = DATA,
    sandbox: Sandbox = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase the person behind a ticket everywhere, at their request. It cannot be undone."""
    from gateway.forget import forget as run

    _look(config, data, lambda at: run(at, ticket, yes=yes), sandbox=sandbox)


@media_app.callback(invoke_without_command=True)
def media(context: typer.Context, config: Config = CONFIG, data: Data = DATA, json: Json = False) -> None:
    """What people sent and were sent: which files are here, which are not, and why."""
    from gateway.media import show_media

    if context.invoked_subcommand is None:
        _look(config, data, lambda at: show_media(at, json=json))


@media_app.command("retry")
def media_retry(
    attachment: Annotated[str, typer.Argument(help="Id of an attachment.")], config: Config = CONFIG, data: Data = DATA
) -> None:
    """Fetch a file again that is gone, was refused, or waits."""
    from gateway.media import retry

    _look(config, data, lambda at: retry(at, attachment))


@cases_app.callback(invoke_without_command=True)
def cases(context: typer.Context, config: Config = CONFIG, data: Data = DATA, json: Json = False) -> None:
    """What each case store was told of each ticket, what waits and what is stuck."""
    from gateway.cases import show_cases

    if context.invoked_subcommand is None:
        _look(config, data, lambda at: show_cases(at, json=json))


@cases_app.command("replay")
def cases_replay(
    ticket: Annotated[str | None, typer.Argument(help="Number or id of a ticket, whatever its state.")] = None,
    store: Annotated[str | None, typer.Option(help="All that is stuck in this store.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is stuck anywhere.")] = False,
    config: Config = CONFIG,
    data: Data = DATA,
) -> None:
    """Let what is stuck be told again."""
    from gateway.cases import replay as again

    _look(config, data, lambda at: again(at, ticket, store=store, everything=everything))


@cases_app.command("reconcile")
def cases_reconcile(
    store: Annotated[str | None, typer.Option(help="This store alone.")] = None,
    mend: Annotated[bool, typer.Option(help="Tell again what differs.")] = False,
    config: Config = CONFIG,
    data: Data = DATA,
    sandbox: Sandbox = False,
) -> None:
    """Compare what the case stores hold with what they should; exit code 1 if anything differs."""
    from gateway.cases import reconcile

    _look(config, data, lambda at: reconcile(at, store=store, mend=mend), sandbox=sandbox)


@app.command(hidden=True)
def watch(config: Config = CONFIG, data: Data = DATA, words: bool = False) -> None:
    """One line for each new ticket, until stopped."""
    from gateway.look import watch as look

    _look(config, data, lambda at: look(at, words=words))


@audit_app.command("verify")
def audit_verify(config: Config = CONFIG, data: Data = DATA) -> None:
    """Walk the audit chain; names the first line that was changed or deleted."""
    from gateway.look import verify_audit

    _look(config, data, verify_audit)


def _look(
    config: Path, data: Path, show: Callable[["Stores"], Coroutine[Any, Any, int | None]], *, sandbox: bool = False
) -> None:
    from gateway.stores import stores
    from runtime.logs import set_up

    set_up("operator")
    with told():
        code = asyncio.run(show(stores(config, data, secrets_required=False, sandbox=sandbox)))
    raise typer.Exit(code or 0)


@app.command()
def simulate(
    config: Config = CONFIG,
    data: Data = DATA,
    gateway: Annotated[str, typer.Option(help="The gateway to write to.")] = "http://127.0.0.1:8080",
    messages: Annotated[
        Path | None, typer.Option(help="Who says what; see sandbox/README.md. Default: the demo messages.")
    ] = None,
    rate: Annotated[float, typer.Option(help="Things said in a second.")] = 2.0,
    count: Annotated[int | None, typer.Option(help="How many things are said; default: everything once.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed says the same again.")] = 1,
) -> None:
    """The sandbox's workers against any running gateway, with properly signed webhooks."""
    from gateway.stores import SANDBOX_SECRETS
    from sandbox.command import simulate as run

    with told():
        secrets = data / SANDBOX_SECRETS
        typer.echo(run(config, secrets, gateway, messages=messages, rate=rate, count=count, seed=seed))


def main() -> None:
    """The entry point."""
    try:
        app()
    except BrokenPipeError:  # `worker-voice tickets | head`
        sys.stderr.close()
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()
