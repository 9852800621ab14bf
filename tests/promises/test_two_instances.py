"""Two systems beside each other on one machine, stopped cleanly, their data kept; as root and as an ordinary user."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from runtime.ports import some_free_port
from tests.processes import PATIENCE, check_counts, environment, eventually, listed, load, program
from tests.serving import accounts_of, own_data, secrets_of, serving


def told(served, seed):
    """People write to one system until all is taken in."""
    with load(served.url, accounts_of(served.data), rate=40, seconds=2, seed=seed) as sending:
        pass
    summary = sending.result()
    count = sum(summary.answered.values())
    eventually(lambda: states(served.data) == ["done"] * count, "everything is taken in")
    return summary


def states(data):
    return [receipt["state"] for receipt in listed("receipts", data)]


@pytest.fixture
def places(tmp_path):
    with ExitStack() as stack:
        yield [stack.enter_context(own_data(tmp_path / name / "data of ours")) for name in ("one", "two")]


def test_side_by_side_stopped_by_either_signal_and_started_again(places):
    one, two = places
    with serving(one) as first, serving(two) as second:
        said = [told(first, 1), told(second, 2)]
        assert first.stop(signal.SIGINT) == 0
        assert second.process.poll() is None
        check_counts(listed("tickets", two), said[1], two)
        assert second.stop(signal.SIGTERM) == 0
    with serving(one, first.port) as first, serving(two, second.port):
        check_counts(listed("tickets", one), said[0], one)
        check_counts(listed("tickets", two), said[1], two)
        assert first.stop(signal.SIGTERM) == 0


def refused(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    """A start that must not succeed."""
    return subprocess.run(
        program("serve", data, "--port", str(port)),
        env=environment(**secrets_of(data)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_port_that_is_taken_is_named(places):
    with socket.create_server(("127.0.0.1", some_free_port())) as other:
        port = other.getsockname()[1]
        said = refused(places[0], port)
    assert said.returncode == 1
    assert str(port) in said.stderr
    assert "--port" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_data_directory_in_use_is_named(places):
    one, _ = places
    with serving(one) as first:
        said = refused(one, some_free_port())
        assert said.returncode == 1
        assert str(first.process.pid) in said.stderr
        assert "--data" in said.stderr
        assert first.process.poll() is None


@pytest.fixture
def home_of_daemon():
    """A directory that user `daemon` owns, and what to put before a command to run it as that user."""
    if os.geteuid() != 0:
        pytest.skip("not root: the other tests here already ran as an ordinary user")
    if not shutil.which("setpriv"):
        pytest.skip("no setpriv, which is how root becomes another user")
    user = pwd.getpwnam("daemon")
    become = ("setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "--inh-caps=-all")
    ask = [sys.executable, "-c", "import sys, psycopg, gateway.serve; print(sys.version)"]
    said = subprocess.run([*become, *ask], env=environment(), capture_output=True, text=True, check=False)
    if said.stdout.strip() != sys.version:
        pytest.skip("user daemon cannot run this Python: it, or this program, lies below a home of mode 0700")
    home = Path(tempfile.mkdtemp(prefix="home of daemon "))
    os.chown(home, user.pw_uid, user.pw_gid)
    yield home, become
    shutil.rmtree(home)


def test_as_an_ordinary_user_beside_that_of_root(home_of_daemon, places):
    home, become = home_of_daemon
    data = home / "var"
    secrets_of(data)
    for path in (data, *data.iterdir()):
        shutil.chown(path, "daemon", "daemon")
    with serving(places[0]) as ours, serving(data, as_user=become, HOME=str(home)) as theirs:
        for served in (ours, theirs):
            told(served, 1)
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in theirs.everybody()} == {pwd.getpwnam("daemon").pw_uid}
        assert theirs.stop(signal.SIGINT) == 0
        assert ours.stop(signal.SIGINT) == 0
