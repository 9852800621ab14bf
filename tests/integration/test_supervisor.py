"""The supervisor, run as a program of its own that is signalled and killed from outside."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import psycopg
import pytest
import redis

from runtime.services import services
from tests.processes import eventually

ROOT = Path(__file__).parents[2]
START = """
import pathlib, sys
from runtime.children import Child, ChildFailed
from runtime.supervisor import Supervisor
"""


def sh(name, script, more="", trap=":"):
    """A child as source text: a shell script that says its process id once its trap is set."""
    script = f"{trap}; echo {name} is $$; {script}"
    return f"Child(name={name!r}, argv=['sh', '-c', {script!r}], {more})"


class System:
    """A running supervisor and what it says."""

    def __init__(self, process):
        self.process, self.lines, self._new = process, [], SimpleQueue()
        Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._new.put(line.rstrip())
        self._new.put(None)

    def hear(self, words, times=1):
        """Wait for a line with these words, or fail with all that was said."""
        while sum(words in line for line in self.lines) < times:
            try:
                line = self._new.get(timeout=20)
            except Empty:
                line = None
            assert line is not None, f"never said {words!r}, but:\n" + "\n".join(self.lines)
            self.lines.append(line)
        return [line for line in self.lines if words in line][times - 1]

    def pid(self, name, times=1):
        return int(self.hear(f"{name} is ", times).split()[-1])

    def end(self):
        """Wait for it to end by itself: its exit code."""
        code = self.process.wait(20)
        while (line := self._new.get(timeout=5)) is not None:
            self.lines.append(line)
        return code

    def signal(self, number):
        self.process.send_signal(number)


@contextmanager
def supervised(*children, before="", arguments=()):
    script = f"{START}{before}\nsys.exit(Supervisor([{', '.join(children)}]).run())"
    with subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield System(process)
        finally:
            process.kill()


def lives(pid):
    """Whether it runs; the dead that nobody has buried yet do not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


WAITS = "exec sleep 1000"
LOOPS = "while :; do sleep 0.01; done"
STUBBORN = "trap '' TERM"


def test_a_terminal_that_is_held_up_holds_up_nobody(tmp_path):
    told = tmp_path / "told"
    talks = sh("talks", f"yes | head -c 3000000; touch {told}; {WAITS}")
    script = f"{START}\nsys.exit(Supervisor([{talks}]).run())"
    reading, writing = os.pipe()
    with os.fdopen(reading), subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=writing) as process:
        os.close(writing)
        eventually(told.exists, "the child has said all it wanted to")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_in_reverse_order(number):
    first, second = (sh(name, LOOPS, trap=f"trap 'echo {name} stops; exit 0' TERM") for name in ("first", "second"))
    with supervised(first, second) as system:
        pids = [system.pid("first"), system.pid("second")]
        system.signal(number)
        assert system.end() == 0
        assert not [pid for pid in pids if lives(pid)]
        said = [line for line in system.lines if line.endswith(" stops")]
        assert said == ["second stops", "first stops"]


def test_a_child_that_dies_is_started_again():
    with supervised(sh("first", WAITS)) as system:
        for life in (1, 2, 3):
            os.kill(system.pid("first", life), signal.SIGKILL)
        system.pid("first", 4)
        assert "starting it again in 0.2 s" in system.hear("first: killed by SIGKILL")
        assert "starting it again in 0.8 s" in system.hear("first: killed by SIGKILL", 3)
        system.signal(signal.SIGTERM)
        assert system.end() == 0


def test_the_next_child_waits_until_the_one_before_is_ready(tmp_path):
    ready = f"ready=pathlib.Path({str(tmp_path / 'sign')!r}).exists"
    with supervised(
        sh("first", f"sleep 0.3; touch '{tmp_path / 'sign'}'; {WAITS}", ready), sh("second", WAITS)
    ) as system:
        system.pid("second")
        names = [line.split()[0] for line in system.lines]
        assert names == ["first", "first:", "second"]
        assert "ready (" in system.lines[1]


def test_a_child_that_is_never_ready_ends_the_system_with_its_last_words():
    broken = sh("broken", "echo no such table; exit 3", "ready=lambda: False, remedy='type worker-voice migrate'")
    with supervised(sh("first", WAITS), broken) as system:
        first = system.pid("first")
        assert system.end() == 1
        assert not lives(first)
        assert "broken: ended with exit code 3 5 times" in system.hear("5 times")
        assert system.lines[-2:] == ["no such table", "type worker-voice migrate"]


RAISES = """
def ready():
    if pathlib.Path(sys.argv[1]).exists():
        raise {}
"""


def test_a_child_that_says_it_is_hopeless_ends_the_system(tmp_path):
    before, sign = RAISES.format("ChildFailed('the keys are gone: put them back')"), tmp_path / "sign"
    with supervised(sh("first", WAITS, "ready=ready"), before=before, arguments=[sign]) as system:
        pid = system.pid("first")
        sign.touch()
        assert system.end() == 1
        assert system.lines[-1] == "first: the keys are gone: put them back"
        assert not lives(pid)


def test_a_fault_of_our_own_still_stops_every_child(tmp_path):
    before, sign = RAISES.format("LookupError('a fault')"), tmp_path / "sign"
    with supervised(sh("first", WAITS), sh("second", WAITS, "ready=ready"), before=before, arguments=[sign]) as system:
        pids = [system.pid("first"), system.pid("second")]
        sign.touch()
        assert system.end() == 1
        assert system.lines[-1] == "LookupError: a fault"
        assert not [pid for pid in pids if lives(pid)]


def test_a_child_that_runs_once_comes_before_the_next():
    once = sh("migrate", "sleep 0.2; echo migrated", "once=True")
    with supervised(once, sh("web", WAITS)) as system:
        system.pid("web")
        assert system.lines[1] == "migrated"
        system.signal(signal.SIGTERM)
        assert system.end() == 0


def test_a_child_that_runs_once_and_fails_ends_the_system():
    with supervised(sh("migrate", "echo cannot; exit 2", "once=True"), sh("web", WAITS)) as system:
        assert system.end() == 1
        assert "migrate: ended with exit code 2" in "\n".join(system.lines)
        assert not [line for line in system.lines if line.startswith("web")]


def test_a_stubborn_child_is_killed_after_its_grace():
    with supervised(sh("first", LOOPS, "grace_seconds=0.3", STUBBORN)) as system:
        pid = system.pid("first")
        system.signal(signal.SIGTERM)
        assert system.end() == 0
        assert not lives(pid)


def test_a_second_ctrl_c_kills(eventually):
    with supervised(sh("first", LOOPS, "grace_seconds=1000", STUBBORN)) as system:
        pid = system.pid("first")
        system.signal(signal.SIGINT)
        system.hear("once more")
        system.signal(signal.SIGINT)  # in the same second: the same wish, told twice
        assert lives(pid)
        later = time.monotonic() + 1.1
        eventually(lambda: time.monotonic() > later)
        system.signal(signal.SIGINT)
        assert system.end() == 0
        assert not lives(pid)


def test_children_end_with_a_supervisor_that_is_killed(eventually):
    with supervised(sh("first", WAITS), sh("second", WAITS)) as system:
        pids = [system.pid("first"), system.pid("second")]
        system.signal(signal.SIGKILL)
        eventually(lambda: not [pid for pid in pids if lives(pid)])


def test_children_have_a_group_of_their_own_and_no_terminal():
    with supervised(sh("first", f"read line || echo nothing to read; {WAITS}")) as system:
        system.hear("nothing to read")
        assert os.getpgid(system.pid("first")) == system.pid("first")


SERVERS = """
from runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from runtime.instance import only_one
data = pathlib.Path(sys.argv[1])
lock = only_one(data)
lock.__enter__()
postgres, valkey = EmbeddedPostgres(data, note=print), EmbeddedValkey(data)
postgres.prepare()
valkey.prepare()
"""


@contextmanager
def servers(data):
    with supervised("postgres.child()", "valkey.child()", before=SERVERS, arguments=[data]) as system:
        system.hear("valkey: ready")
        yield system


def asked(data, statement):
    """The answer of whatever server runs now, or None while none does."""
    found = services(data)
    try:
        with psycopg.connect(found.database_url, connect_timeout=2, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    except (AttributeError, psycopg.Error):
        return None


def test_servers_come_back_after_kill_9(data):
    with servers(data) as system:
        asked(data, "create table kept as select 42 as n")
        before = services(data)
        for pid in before.pids.values():
            os.kill(pid, signal.SIGKILL)
        system.hear("postgres: ready", 2)
        system.hear("valkey: ready", 2)
        assert asked(data, "select n from kept") == 42
        after = services(data)
        assert after.database_url == before.database_url
        assert not set(after.pids.values()) & set(before.pids.values())
        system.signal(signal.SIGTERM)
        assert system.end() == 0
        assert services(data) is None


def test_no_server_outlives_a_killed_supervisor(data, eventually):
    with servers(data) as system:
        asked(data, "create table kept as select 42 as n")
        with redis.Redis.from_url(services(data).redis_url) as connection:
            connection.set("kept", 7)
        pids = services(data).pids.values()
        system.signal(signal.SIGKILL)
        eventually(lambda: not [pid for pid in pids if lives(pid)])
    with servers(data) as system:
        assert asked(data, "select n from kept") == 42
        with redis.Redis.from_url(services(data).redis_url) as connection:
            assert connection.get("kept") == b"7"
