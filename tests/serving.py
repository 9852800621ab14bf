"""`worker-voice serve` as somebody would type it, with what it says and the processes it keeps."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

from gateway.stores import SANDBOX_SECRETS
from runtime.embedded import EmbeddedPostgres
from runtime.ports import some_free_port
from runtime.services import password, services
from sandbox.accounts import names_in
from sandbox.secrets import invent
from tests.conftest import remove
from tests.processes import (
    CONFIG,
    PATIENCE,
    command_line,
    count_receipts,
    demo_accounts,
    descendants,
    environment,
    eventually,
    lives,
    program,
    readyz,
)


class Served:
    """One running system."""

    def __init__(self, process: subprocess.Popen[bytes], data: Path, port: int) -> None:
        self.process, self.data, self.port = process, data, port
        self.url = f"http://127.0.0.1:{port}"

    def await_ready(self) -> None:
        """Wait until webhooks go to the database and a worker runs."""
        eventually(self._ready, "the system is ready")

    def _ready(self) -> bool:
        assert self.process.poll() is None, log_of(self.data)
        return readyz(self.url).get("database") == "up" and bool(self.pid("gateway worker "))

    def pid(self, words: str) -> int:
        """The child of the supervisor with these words in its command line; 0 while there is none."""
        found = (child for child in descendants(self.process.pid) if words in command_line(child))
        return next(found, 0)

    def everybody(self) -> list[int]:
        return [self.process.pid, *descendants(self.process.pid)]

    def receipts_in(self, *states: str) -> int:
        """How many receipts are in one of these states, asked of the database that runs now."""
        running = services(self.data)
        assert running, "the database does not run"
        url = make_conninfo(running.database_url, user="postgres", password=password(self.data, "postgres-superuser"))
        return count_receipts(url, states)

    def settled(self) -> bool:
        """Whether the spool is empty and no receipt waits or is held by a worker."""
        return readyz(self.url).get("spool_bytes") == 0 and not self.receipts_in("new", "taken")

    def stop(self, number: signal.Signals) -> int:
        """Ask it to stop: its exit code. No process of it is left."""
        pids = self.everybody()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        assert not [command_line(pid) for pid in pids if lives(pid)]
        return code


def log_of(data: Path) -> str:
    return (data.parent / f"{data.name}.log").read_text()


def secrets_of(data: Path) -> dict[str, str]:
    """The invented secrets of a data directory."""
    return invent(names_in(CONFIG.read_text("utf-8")), data / SANDBOX_SECRETS)


def accounts_of(data: Path):
    return demo_accounts(secrets_of(data))


@contextmanager
def serving(
    data: Path, port: int | None = None, as_user: tuple[str, ...] = (), more: tuple[str, ...] = (), **env: str
) -> Iterator[Served]:
    """A system that is ready; killed at the end if it still runs. `as_user` is put before the command, `more` after."""
    port = port or some_free_port()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data.parent / f"{data.name}.log").open("ab") as log:
        process = subprocess.Popen(
            [*as_user, *program("serve", data, "--port", str(port), *more, config=_with_nobody_there(data))],
            env=environment(**secrets_of(data), **env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    served = Served(process, data, port)
    try:
        served.await_ready()
        yield served
    finally:
        end(served)


def _with_nobody_there(data: Path) -> Path:
    """The demo network with providers that refuse every connection: nothing may go to real ones."""
    path = data.parent / f"{data.name}.yaml"
    nobody = r'\1\n    api_base: "http://127.0.0.1:1"'
    path.write_text(re.sub(r"(?m)^(    channel: \w+)$", nobody, CONFIG.read_text("utf-8")), "utf-8")
    path.chmod(0o644)
    return path


def end(served: Served) -> None:
    pids = served.everybody()
    if served.process.poll() is None:
        served.process.terminate()
    try:
        served.process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        served.process.kill()
        served.process.wait()
    eventually(lambda: not any(map(lives, pids)), "its children have ended")


@contextmanager
def own_data(data: Path) -> Iterator[Path]:
    """A data directory; its cluster, which may lie elsewhere, is removed afterwards."""
    try:
        yield data
    finally:
        postgres = EmbeddedPostgres(data)
        if postgres.cluster.exists():
            eventually(lambda: postgres.pid is None, "PostgreSQL has ended")
            remove(postgres)
