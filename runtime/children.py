"""Our child processes: what to start, how to stop it, how to know one of ours again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")
_LONGEST_LOG = 10_000_000  # bytes
_LONGEST_TAIL = 4_000  # bytes of a log shown with an error


class ChildFailed(Exception):
    """A child ended, or never answered; the text holds its last words and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Whom to run as: numbers of the system's user database."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A program that runs for as long as we do."""

    name: str  #: as shown to the operator
    argv: Sequence[str]
    env: Mapping[str, str] | None = None  #: the whole environment; None: ours
    ready: Callable[[], bool] | None = None  #: asked in a thread until True; ChildFailed: hopeless
    stop_signal: signal.Signals = signal.SIGTERM  #: also sent by the kernel when we die
    grace_seconds: float = 10  #: from the stop signal to SIGKILL
    once: bool = False  #: runs to its end before the next is started; any exit code but 0 stops everything
    log: Path | None = None  #: its output goes there; None: through to ours
    user: User | None = None  #: whom it runs as; None: as we do
    remedy: str = ""  #: what the operator can do when it keeps failing

    def command(self) -> list[str]:
        """The arguments that start it so that it ends with the calling process.

        The kernel watches the *thread* that starts it: start children from a thread that lives as long as they do.
        """
        user = f"{self.user.uid}:{self.user.gid}" if self.user else "-"
        head = [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), str(int(self.stop_signal)), user]
        return [*head, *self.argv]


def open_log(path: Path) -> int:
    """A descriptor to append to a log that its owner alone may read; the caller closes it.

    A log that has grown too long is put aside as `.1`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.is_file() and path.stat().st_size > _LONGEST_LOG:
        path.rename(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def tail(path: Path, *, since: int = 0) -> list[str]:
    """The last lines of a log, none from before byte `since`."""
    with path.open("rb") as file:
        file.seek(max(since, path.stat().st_size - _LONGEST_TAIL))
        return file.read().decode("utf-8", "replace").splitlines()[-20:]


@contextmanager
def running(child: Child, *, patience_seconds: float = 60) -> Iterator[subprocess.Popen[bytes]]:
    """One child for the length of a block, without a supervisor: for tests and for commands on a stopped system.

    Raises ChildFailed when it ends or does not answer in time.
    """
    log = open_log(child.log or Path(os.devnull))
    since = os.fstat(log).st_size
    try:
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            child.command(), env=child.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
        )
    finally:
        os.close(log)
    try:
        _await_ready(child, process, since, time.monotonic() + patience_seconds)
        yield process
    finally:
        end(process, child)


def _await_ready(child: Child, process: subprocess.Popen[bytes], since: int, deadline: float) -> None:
    while not (child.ready is None or child.ready()):
        if process.poll() is not None or time.monotonic() > deadline:
            said = tail(child.log, since=since) if child.log else []
            raise ChildFailed("\n".join([f"{child.name} did not start", *said, child.remedy]).strip())
        time.sleep(0.02)


def end(process: subprocess.Popen[bytes], child: Child) -> None:
    """Stop it in its own way, and after its grace by force."""
    process.send_signal(child.stop_signal)
    try:
        process.wait(child.grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def alive(pid_file: Path, marker: str) -> int | None:
    """The process id in a pid file if that process lives and its command line holds `marker`; else None.

    A number alone proves nothing: after a crash it may have been given to a stranger.
    """
    pid = _number_in(pid_file)
    return pid if pid and marker in _command_line(pid) else None


def names_stranger(pid_file: Path, marker: str) -> bool:
    """Whether the process id in a pid file was given to a program that is not ours."""
    pid = _number_in(pid_file)
    said = _command_line(pid) if pid else ""
    return bool(said) and marker not in said


def _number_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _command_line(pid: int) -> str:
    if sys.platform == "linux":
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return shown.stdout


def stop_orphan(pid_file: Path, marker: str, stop_signal: signal.Signals, grace_seconds: float) -> int | None:
    """Stop a child of a system that is gone; returns its process id, None when there was none."""
    pid = alive(pid_file, marker)
    if pid is None:
        return None
    for number in (stop_signal, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + grace_seconds
        while alive(pid_file, marker) == pid and time.monotonic() < deadline:
            time.sleep(0.02)
        if alive(pid_file, marker) != pid:
            break
    return pid
