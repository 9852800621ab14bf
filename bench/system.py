"""The whole system in a directory that is removed afterwards: the embedded servers, and our processes as children."""

import os
import shutil
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg.conninfo import make_conninfo

from gateway.stores import SANDBOX_SECRETS, Stores, account_rows, stores
from runtime.children import Child, running
from runtime.embedded import DATABASE, EmbeddedPostgres, EmbeddedValkey
from runtime.instance import only_one
from runtime.ports import is_free, some_free_port
from runtime.programs import STATE
from runtime.settings import SANDBOX_API, process_environment
from sandbox.accounts import Account, names_in, read_accounts
from sandbox.secrets import invent
from storage.migrate import migrate
from workers_queue.nudge import Nudger, connect

HOME = Path(__file__).parent.parent
CONFIG = HOME / "config.yaml"


class TooSlow(Exception):
    """Something did not come to its end in the time a benchmark gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One of our processes."""

    pid: int
    port: int  #: 0: it listens nowhere


class System:
    """Made by `started()`."""

    def __init__(self, data: Path, postgres: EmbeddedPostgres, config: Path, provider: int | None) -> None:
        self.data, self._postgres, self._config = data, postgres, config
        self._stand_in = {SANDBOX_API: f"http://127.0.0.1:{provider}"} if provider else {}
        self.at: Stores = stores(config, data, sandbox=True, make_key=True)
        text = config.read_text("utf-8")
        self.accounts: Sequence[Account] = read_accounts(text, invent(names_in(text), data / SANDBOX_SECRETS))

    def account(self, channel: str) -> Account:
        """The first account of a channel."""
        return next(account for account in self.accounts if account.channel == channel and account.inbound)

    @contextmanager
    def web(self) -> Iterator[Process]:
        """A web process."""
        port = some_free_port()
        with running(self._role("web", "--port", str(port), ready=lambda: _answers(port))) as process:
            yield Process(pid=process.pid, port=port)

    @contextmanager
    def workers(self, count: int) -> Iterator[list[Process]]:
        """So many worker processes, awake and looking for work."""
        with ExitStack() as stack:
            found = []
            for slot in range(1, count + 1):
                log = self.data / "log" / f"worker-{slot}.log"
                log.unlink(missing_ok=True)
                child = self._role(f"worker-{slot}", "--slot", str(slot), ready=partial(_says_started, log))
                found.append(Process(pid=stack.enter_context(running(child)).pid, port=0))
            yield found

    def _role(self, name: str, *more: str, ready: Callable[[], bool]) -> Child:
        where = ["--config", str(self._config), "--data", str(self.data), "--sandbox"]
        argv = [sys.executable, "-m", "gateway", name.partition("-")[0], *where, *more]
        log = self.data / "log" / f"{name}.log"
        return Child(
            name=name, argv=argv, env={**environment(), **self._stand_in}, ready=ready, log=log, grace_seconds=25
        )

    def nudge(self, name: str) -> None:
        """What a process does that has written something."""
        Nudger(connect(self.at.redis_url)).now(name)

    def ask(self, statement: str) -> Any:
        """The first value of the first row, seen by the superuser; None without rows."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    @property
    def superuser_url(self) -> str:
        return make_conninfo(self._postgres.superuser_url, dbname=DATABASE)

    def seconds_until_taken_in(self, patience: float) -> float:
        """Wait until no receipt is left to be taken in. Raises TooSlow, and says how many are left."""
        began = time.perf_counter()
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            while True:
                row = connection.execute(
                    "select (select count(*) from receipt where state = 'new') "
                    "+ (select count(*) from receipt where state = 'taken')"
                ).fetchone()
                seconds = time.perf_counter() - began
                if not row or not row[0]:
                    return seconds
                if seconds > patience:
                    error = self.ask("select error from receipt where state <> 'done' order by error limit 1")
                    raise TooSlow(f"{row[0]} receipts are not taken in after {patience:.0f} s; {error or 'no error'}")
                time.sleep(0.02)

    @contextmanager
    def frozen_database(self) -> Iterator[None]:
        """PostgreSQL neither answers nor hangs up for the length of a block."""
        postmaster = self._postgres.pid
        assert postmaster
        with stopped([postmaster, *_children(postmaster)]):
            yield


@contextmanager
def started(provider: int | None = None) -> Iterator[System]:
    """A system with an empty, migrated store and neither web process nor worker yet.

    `provider`: the port where all accounts' providers are, for what is sent; they take any number a second.
    """
    data = Path(tempfile.mkdtemp(prefix="worker-voice-bench-")).resolve()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        stack.enter_context(only_one(data))
        invent(names_in(CONFIG.read_text("utf-8")), data / SANDBOX_SECRETS)
        postgres, valkey = EmbeddedPostgres(data), EmbeddedValkey(data)
        if postgres.cluster.is_relative_to(STATE):  # where it lies when we are root
            stack.callback(shutil.rmtree, postgres.cluster.parent, ignore_errors=True)
        for server in (postgres, valkey):
            server.prepare()
            stack.enter_context(running(server.child()))
        system = System(data, postgres, _config(data, provider), provider)
        migrate(system.at.owner, system.at.master, system.at.settings.network, account_rows(system.at.settings))
        yield system


def _config(data: Path, provider: int | None) -> Path:
    if provider is None:
        return CONFIG
    written = yaml.safe_load(CONFIG.read_text("utf-8"))
    for account in written["accounts"]:
        account["per_second"] = 1000
    path = data / "config.yaml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True), "utf-8")
    return path


@contextmanager
def provider_server() -> Iterator[Process]:
    """A provider that takes everything, 50 ms after it was asked."""
    port = some_free_port()
    child = Child(
        name="provider",
        argv=[sys.executable, "-m", "bench.provider", str(port)],
        env=environment(),
        ready=lambda: not is_free(port),
    )
    with running(child) as process:
        yield Process(pid=process.pid, port=port)


@contextmanager
def floor_server(secret: str) -> Iterator[Process]:
    """The bare webhook server."""
    port = some_free_port()
    argv = [sys.executable, "-m", "bench.floor", str(port), secret]
    child = Child(name="floor", argv=argv, env=environment(), ready=lambda: not is_free(port))
    with running(child) as process:
        yield Process(pid=process.pid, port=port)


@contextmanager
def stopped(pids: Sequence[int]) -> Iterator[None]:
    """Processes stand still for the length of a block."""
    try:
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(pids):
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # the name in brackets may hold anything; after it come the state and the parent
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def environment() -> dict[str, str]:
    """Children import the program from here."""
    given = process_environment()
    return {**given, "PYTHONPATH": os.pathsep.join(filter(None, [str(HOME), given.get("PYTHONPATH")]))}


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _says_started(log: Path) -> bool:
    return log.is_file() and b"worker.started" in log.read_bytes()
