"""The whole system in one place: servers, web, workers and, if wanted, the sandbox, as children of one supervisor."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway import demo
from gateway.stores import SANDBOX_SECRETS, NotRunning, settings
from runtime.children import Child
from runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from runtime.instance import only_one
from runtime.ports import need_free
from runtime.settings import SANDBOX_API, Settings, process_environment
from runtime.supervisor import Supervisor
from sandbox.accounts import names_in
from sandbox.secrets import invent

Note = Callable[[str], None]
_LOGGING = ("web", "worker")


def serve(
    config: Path, data: Path, *, host: str, port: int, sandbox: bool, sandbox_port: int, still: bool = False, note: Note
) -> int:
    """Run until Ctrl-C or SIGTERM; gives the exit code.

    Raises BadConfig, AlreadyRunning, PortTaken or CannotEmbed before anything is started.
    """
    need_free(port, host)
    _not_mixed(data, sandbox)
    if sandbox:
        need_free(sandbox_port, option="--sandbox-port")
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        invent(names_in(config.read_text("utf-8")), data / SANDBOX_SECRETS)
    given = settings(config, data, sandbox=sandbox)
    with only_one(data):
        roles = _Roles(config, data, sandbox_port if sandbox else None)
        children = [*_servers(given, data, note), roles.migrate(), roles.web(host, port)]
        children += [roles.worker(n) for n in range(1, given.workers.count + 1)]
        if sandbox:
            children += [roles.watch(), roles.sandbox(port, still=still)]
            crowd = "nobody writes by themselves" if still else "invented workers write and call on all five channels"
            note(f"Sandbox: {crowd}; logs are in {data / 'log'}")
            for line in demo.lines(given.network, data, f"http://{_near(host)}:{port}"):
                note(line)
        note(f"Gateway: http://{host}:{port} (webhooks at /hooks/…, health at /readyz). Ctrl-C stops everything.")
        return Supervisor(children).run()


def _not_mixed(data: Path, sandbox: bool) -> None:
    """Invented people and real ones never share a data directory: the sandbox shows words in the terminal."""
    if sandbox and (data / "keys").exists() and not (data / SANDBOX_SECRETS).exists():
        raise NotRunning(f"{data} holds a real network's messages: give the sandbox another directory with --data")


def _servers(given: Settings, data: Path, note: Note) -> list[Child]:
    children = []
    if given.database == "embedded":
        postgres = EmbeddedPostgres(data, note=note, programs=given.pg_bin, user=given.postgres_user)
        postgres.prepare()
        children.append(postgres.child())
    if given.redis == "embedded":
        valkey = EmbeddedValkey(data, note=note)
        valkey.prepare()
        children.append(valkey.child())
    return children


class _Roles:
    """Our own processes, each this very program with another command."""

    def __init__(self, config: Path, data: Path, sandbox_port: int | None) -> None:
        self._common = ["--config", str(config), "--data", str(data)]
        self._sandbox = ["--sandbox"] if sandbox_port else []
        self._config, self._data, self._sandbox_port = config, data, sandbox_port
        self._environment = _environment(sandbox_port)

    def migrate(self) -> Child:
        return self._child("migrate", "migrate", *self._sandbox, once=True)

    def web(self, host: str, port: int) -> Child:
        where = ["--host", host, "--port", str(port), *self._sandbox]
        return self._child(
            "web", "web", *where, ready=lambda: _answers(f"http://{_near(host)}:{port}/readyz"), grace=25
        )

    def worker(self, slot: int) -> Child:
        return self._child(f"worker {slot}", "worker", "--slot", str(slot), *self._sandbox, grace=25)

    def watch(self) -> Child:
        return self._child("watch", "watch", "--words")

    def sandbox(self, port: int, *, still: bool) -> Child:
        program = [sys.executable, "-m", "sandbox", "--config", str(self._config), "--port", str(self._sandbox_port)]
        program += ["--gateway", f"http://127.0.0.1:{port}", "--secrets", str(self._data / SANDBOX_SECRETS)]
        program += ["--still"] if still else []
        return Child(name="sandbox", argv=program, env=self._environment)

    def _child(
        self,
        name: str,
        command: str,
        *more: str,
        once: bool = False,
        ready: Callable[[], bool] | None = None,
        grace: float = 10,
    ) -> Child:
        program = [sys.executable, "-m", "gateway", command, *self._common, *more]
        # with the sandbox the terminal shows tickets; without it logs go where the operator collects them
        log = self._data / "log" / f"{name.replace(' ', '-')}.log" if self._sandbox and command in _LOGGING else None
        return Child(
            name=name, argv=program, env=self._environment, once=once, ready=ready, grace_seconds=grace, log=log
        )


def _near(host: str) -> str:
    """How this machine itself reaches what listens there."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104


def _environment(sandbox_port: int | None) -> Mapping[str, str]:
    # children import the program from where we found it, not from wherever they are started
    here = str(Path(__file__).parent.parent)
    given = process_environment()
    stand_in = {SANDBOX_API: f"http://127.0.0.1:{sandbox_port}"} if sandbox_port else {}
    return {**given, "PYTHONPATH": os.pathsep.join(filter(None, [here, given.get("PYTHONPATH")])), **stand_in}


def _answers(url: str) -> bool:
    ourselves = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by way of somebody's proxy
    try:
        with ourselves.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
