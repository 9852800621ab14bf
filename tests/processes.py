"""The system as real processes that a test can stop, freeze and kill, without a supervisor in between.

A `System` has PostgreSQL and Valkey; `web()` and `worker()` start our own processes. Whatever still runs at the end is
stopped. People write to it with `load()`, and `check_counts` holds what was accepted against what is stored.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from asyncio import run
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from channels.telegram.receive import message_ref
from gateway.stores import SANDBOX_SECRETS, account_rows, store_rows, stores
from runtime.children import Child, running
from runtime.embedded import DATABASE, EmbeddedPostgres, EmbeddedValkey
from runtime.instance import only_one
from runtime.keys import Master, load_master
from runtime.ports import some_free_port
from runtime.settings import SANDBOX_API, process_environment
from sandbox.accounts import Account, names_in, read_accounts
from sandbox.secrets import invent
from sandbox.simulate import Summary, simulate
from storage.migrate import migrate
from tests.conftest import remove

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config.yaml"
PATIENCE = 90  # seconds for what takes one on an idle machine
Row = dict[str, Any]


def eventually(question: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Ask again until something comes true; the test fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"not after {seconds} s: {what}"
        time.sleep(0.05)


class Web:
    """One web process and the address it answers on."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port
        self.url = f"http://127.0.0.1:{port}"

    def ready(self) -> Row:
        """What `/readyz` says, `ready` first of all; empty when nobody answers."""
        return readyz(self.url)


def readyz(url: str) -> Row:
    """What `/readyz` says, whatever its status; empty when nobody answers."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)
    except OSError:
        return {}


class System:
    """Made by `started()`."""

    def __init__(self, data: Path, servers: ExitStack, ours: ExitStack, config: Path) -> None:
        self.data, self.config, self._servers, self._ours = data, config, servers, ours
        self.provider_api: str | None = None  #: where the stand-in for all providers is, if a test has one
        self.secrets = invent(names_in(config.read_text("utf-8")), data / SANDBOX_SECRETS)
        self.accounts = demo_accounts(self.secrets)
        self.postgres, self.valkey = EmbeddedPostgres(data), EmbeddedValkey(data)
        for server in (self.postgres, self.valkey):
            server.prepare()
        self.database_process = self._server(self.postgres.child())
        self.valkey_process = self._server(self.valkey.child())
        at = stores(config, data, sandbox=True, make_key=True)
        migrate(at.owner, at.master, at.settings.network, account_rows(at.settings), store_rows(at.settings))

    def _server(self, child: Child) -> subprocess.Popen[bytes]:
        return self._servers.enter_context(running(child, patience_seconds=PATIENCE))

    def _one_of_ours(self, child: Child) -> subprocess.Popen[bytes]:
        return self._ours.enter_context(running(child, patience_seconds=PATIENCE))

    def start_postgres(self) -> None:
        """Start it again after it was killed; its last children may still be leaving."""
        self.postgres.prepare()
        self.database_process = self._server(self.postgres.child())

    def start_valkey(self) -> None:
        self.valkey.prepare()
        self.valkey_process = self._server(self.valkey.child())

    def web(self) -> Web:
        port = some_free_port()
        child = self._role("web", "--port", str(port))
        return Web(self._one_of_ours(replace(child, ready=lambda: readyz(f"http://127.0.0.1:{port}") != {})), port)

    def worker(self, slot: int = 1) -> subprocess.Popen[bytes]:
        child = self._role("worker", "--slot", str(slot))
        assert child.log is not None
        child.log.unlink(missing_ok=True)
        return self._one_of_ours(replace(child, ready=lambda: b"worker.started" in child.log.read_bytes()))

    def _role(self, command: str, *more: str) -> Child:
        argv = program(command, self.data, *more, "--sandbox", config=self.config)
        log = self.data / "log" / f"{command}.log"
        stand_in = {SANDBOX_API: self.provider_api} if self.provider_api else {}
        return Child(name=command, argv=argv, env=environment(**stand_in), log=log, grace_seconds=30)

    def receipts_in(self, *states: str) -> int:
        """How many receipts are in one of these states."""
        return count_receipts(make_conninfo(self.postgres.superuser_url, dbname=DATABASE), states)

    def await_taken_in(self, web: Web, seconds: float = PATIENCE) -> None:
        """Wait until the spool is empty and no receipt waits or is held by a worker."""
        eventually(lambda: web.ready().get("spool_bytes") == 0, "the spool is empty", seconds)
        eventually(lambda: not self.receipts_in("new", "taken"), "every receipt is taken in", seconds)

    def receipts(self) -> list[Row]:
        return listed("receipts", self.data)

    def tickets(self) -> list[Row]:
        return listed("tickets", self.data)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """One of our commands, to its end."""
        argv = program(command[0], self.data, *command[1:], config=self.config)
        return subprocess.run(argv, env=environment(), capture_output=True, text=True, check=False, timeout=PATIENCE)


@contextmanager
def started(data: Path, config: Path = CONFIG) -> Iterator[System]:
    """Servers with an empty, migrated store, and none of our own processes yet."""
    with ExitStack() as servers:
        servers.callback(lambda: remove(EmbeddedPostgres(data)))
        servers.enter_context(only_one(data))
        with ExitStack() as ours:  # these are stopped first, whatever was started again meanwhile
            yield System(data, servers, ours, config)


def demo_accounts(secrets: dict[str, str]) -> list[Account]:
    """All accounts of the demo network."""
    return read_accounts(CONFIG.read_text("utf-8"), secrets)


def program(command: str, data: Path, *more: str, config: Path = CONFIG) -> list[str]:
    """The command line of one of our programs; of a command with parts, the part comes first in `more`."""
    parts = [word for word in more[:1] if not word.startswith("-")]
    options = ["--config", str(config), "--data", str(data)]
    return [sys.executable, "-m", "gateway", command, *parts, *options, *more[len(parts) :]]


def environment(**more: str) -> dict[str, str]:
    """Children import the program from here."""
    given = process_environment()
    return {**given, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), given.get("PYTHONPATH")])), **more}


def count_receipts(superuser_url: str, states: Sequence[str]) -> int:
    """How many receipts are in one of these states."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        row = connection.execute("select count(*) from receipt where state = any (%s)", [list(states)]).fetchone()
    assert row
    return int(row[0])


def listed(command: str, data: Path) -> list[Row]:
    """What `worker-voice receipts --json` or `tickets --json` shows."""
    said = subprocess.run(
        program(command, data, "--json"), env=environment(), capture_output=True, check=False, timeout=PATIENCE
    )
    assert said.returncode == 0, said.stderr.decode()
    return [json.loads(line) for line in said.stdout.splitlines()]


@contextmanager
def load(url: str, accounts: Iterable[Account], *, rate: float, seconds: float, seed: int = 1, hurry: float = 0.2):
    """People write and call for so many seconds while the block runs; gives the summary to come.

    Their providers come back as real ones do, only sooner. The block ends when the last of them has given up.
    """
    with ThreadPoolExecutor(1) as thread:
        sending = simulate(url, list(accounts), rate=rate, seconds=seconds, seed=seed, hurry=hurry)
        future: Future[Summary] = thread.submit(run, sending)
        yield future


@dataclass(frozen=True)
class Accepted:
    """What the gateway answered with success, and what it may have stored without an answer reaching anybody."""

    expected: frozenset[tuple[str, str]]
    lost: frozenset[tuple[str, str]]


def together(summaries: Iterable[Summary]) -> Accepted:
    """Several runs as one."""
    found = list(summaries)
    expected = frozenset().union(*(s.expected for s in found))
    return Accepted(expected, frozenset().union(*(s.lost for s in found)) - expected)


def check_all_taken_in(system: System, summary: Summary) -> None:
    """Nothing was refused; every request that was answered is one receipt, every message is stored once."""
    assert {status // 100 for status in summary.answered} == {2}
    assert (summary.unanswered, summary.lost) == (0, frozenset())
    receipts = system.receipts()
    assert Counter(receipt["state"] for receipt in receipts) == {"done": sum(summary.answered.values())}, {
        receipt["error"] for receipt in receipts if receipt["error"]
    }
    check_counts(system.tickets(), summary, system.data)


def check_counts(tickets: Sequence[Row], accepted: Accepted | Summary, data: Path) -> None:
    """Every message that was accepted is stored, once; and none that nobody sent."""
    stored = Counter(
        (ticket["account"], message["provider_id"])
        for ticket in tickets
        for message in ticket["messages"]
        if message["direction"] == "in" and message["provider_id"]
    )
    master = load_master(data / "keys" / "master.key", make=False)
    expected, lost = _stored_as(accepted.expected, master), _stored_as(accepted.lost, master)
    assert expected, "nothing was accepted: the test would prove nothing"
    missing = expected - stored.keys()
    assert not missing, f"{len(missing)} of {len(expected)} accepted messages are not stored"
    doubled = [key for key, times in stored.items() if times > 1]
    assert not doubled, f"{len(doubled)} messages are stored more than once"
    heard = [(t["account"], m) for t in tickets for m in t["messages"] if m["direction"] == "in"]
    texts = {(account, m["provider_id"]) for account, m in heard if m["kind"] == "text"}
    strange = texts - expected - lost
    assert not strange, f"{len(strange)} stored messages were never sent: {sorted(strange)[:5]}"


def _stored_as(sent: Iterable[tuple[str, str]], master: Master) -> set[tuple[str, str]]:
    """The sandbox's ids as ours; Telegram's `chat:message` is a keyed hash, because the chat is the person."""
    return {
        (account, master.veil(message_ref(*map(int, ident.split(":")))) if account.startswith("telegram") else ident)
        for account, ident in sent
    }


@contextmanager
def frozen(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A process and its children stand still for the length of a block: they neither answer nor hang up."""
    pids = [process.pid, *descendants(process.pid)]
    try:
        for pid in pids:
            send(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(pids):
            send(pid, signal.SIGCONT)


def send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def kill(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGKILL) -> None:
    """Kill it and wait until it is gone."""
    process.send_signal(number)
    process.wait(PATIENCE)


def descendants(pid: int) -> list[int]:
    """Process ids of its children and theirs."""
    children = [child for child, parent in _parents().items() if parent == pid]
    return children + [pid for child in children for pid in descendants(child)]


def _parents() -> dict[int, int]:
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # the name in brackets may hold anything; after it come the state and the parent
            found[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    return found


def lives(pid: int) -> bool:
    """Whether it runs; the dead that nobody has buried yet do not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def command_line(pid: int) -> str:
    """Its arguments, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""
