"""PostgreSQL and Valkey out of the wheels: started, killed, moved, crowded, and always with their data."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import redis

from runtime.children import ChildFailed, User, running
from runtime.cluster import cluster_of
from runtime.embedded import OWNER, EmbeddedPostgres, EmbeddedValkey
from runtime.instance import AlreadyRunning, NotOurs, only_one
from runtime.ports import PortTaken, is_free, need_free
from runtime.programs import CannotEmbed, postgres_programs, reachable
from runtime.services import remembered, services

ROOT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")


@contextmanager
def started(data):
    """PostgreSQL alone, running; also gives what was noted."""
    notes = []
    postgres = EmbeddedPostgres(data, note=notes.append)
    with only_one(data):
        postgres.prepare()
        with running(postgres.child()) as process:
            yield postgres, process, notes


@contextmanager
def started_valkey(data):
    valkey = EmbeddedValkey(data)
    with only_one(data):
        valkey.prepare()
        with running(valkey.child()) as process, redis.Redis.from_url(valkey.url) as connection:
            yield valkey, process, connection


def ask(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def mode(path):
    return path.stat().st_mode & 0o777


def test_the_owner_has_a_database_and_no_more_rights_than_that(cluster):
    rights = (
        "select (rolsuper, rolcreatedb, rolbypassrls, rolcreaterole)::text from pg_roles where rolname = current_user"
    )
    assert ask(cluster.postgres.url, rights) == "(f,f,f,t)"
    assert ask(cluster.postgres.url, "select current_user || ' ' || current_database()") == f"{OWNER} worker_voice"
    assert ask(cluster.postgres.url, "select datlocale from pg_database where datname = 'worker_voice'") == "C.UTF-8"


def test_a_wrong_password_does_not_get_in(cluster):
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(cluster.postgres.url, password="guess")
    with redis.Redis.from_url(cluster.valkey.url) as right:
        where = {"path": right.get_connection_kwargs()["path"]}
    with redis.Redis(unix_socket_path=where["path"]) as without, pytest.raises(redis.AuthenticationError):
        without.ping()


@pytest.mark.parametrize("setting", ["fsync on", "timezone UTC", "listen_addresses 127.0.0.1", "log_statement none"])
def test_settings_are_in_effect(cluster, setting):
    name, value = setting.split()
    assert ask(cluster.postgres.url, f"show {name}") == value


def test_what_people_say_never_reaches_the_log(cluster, database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table said (words text unique)")
        connection.execute("insert into said values (%s)", ["my passport is locked away"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into said values (%s)", ["my passport is locked away"])
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute("selec 'my passport is locked away'")
    log = (cluster.postgres.data / "log" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "passport" not in log


def test_secrets_are_for_our_eyes_alone(cluster):
    data = cluster.postgres.data
    private = [*(data / "keys").iterdir(), data / "run" / "services.json", data / "run" / "valkey.conf"]
    assert {mode(path) for path in private} == {0o600}
    assert {mode(data / name) for name in ("keys", "run", "log", "valkey")} == {0o700}
    commands = [Path(f"/proc/{server.pid}/cmdline").read_bytes() for server in (cluster.postgres, cluster.valkey)]
    secrets = [path.read_bytes().strip() for path in (data / "keys").iterdir()]
    assert not [secret for secret in secrets for command in commands if secret in command]


def test_other_commands_find_the_servers(cluster):
    found = services(cluster.postgres.data)
    assert ask(found.database_url, "select 1") == 1
    assert found.redis_url == cluster.valkey.url
    assert found.pids == {"postgres": cluster.postgres.pid, "valkey": cluster.valkey.pid}
    assert found.database_url not in repr(found)
    assert found.redis_url not in repr(found)


def test_postgres_comes_back_with_its_data_and_port(data):
    with started(data) as (postgres, _, _):
        ask(postgres.url, "create table kept as select 42 as n")
    assert services(data) is None
    with started(data) as (again, _, _):
        assert ask(again.url, "select n from kept") == 42
        assert again.port == postgres.port


def test_postgres_comes_back_after_kill_9(data):
    with started(data) as (postgres, process, _):
        ask(postgres.url, "create table kept as select 42 as n")
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert postgres.pid is None
    with started(data) as (again, _, _):
        assert ask(again.url, "select n from kept") == 42


def test_valkey_comes_back_with_its_data_after_kill_9(data):
    with started_valkey(data) as (_, process, connection):
        connection.set("gen:take_in", 7)
        connection.bgrewriteaof()
        process.send_signal(signal.SIGKILL)
        process.wait()
    with started_valkey(data) as (valkey, _, connection):
        assert connection.get("gen:take_in") == b"7"
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert valkey.pid


def test_a_space_in_the_path_does_not_reach_clients_of_valkey():
    with tempfile.TemporaryDirectory(prefix="a b ") as short, started_valkey(Path(short)) as (valkey, _, connection):
        assert "%20" in valkey.url
        assert "valkey.sock" in connection.client_info()["addr"]


def test_valkey_listens_on_a_port_where_a_socket_path_would_be_too_long(data):
    with started_valkey(data / ("long" * 30)) as (valkey, _, connection):
        assert valkey.url.startswith("redis://")
        assert connection.ping()


def test_two_instances_do_not_know_each_other(cluster, data):
    with started(data) as (other, _, _):
        assert other.port != cluster.postgres.port
        assert other.cluster != cluster.postgres.cluster
        ask(other.url, "create table mine ()")
        assert ask(cluster.postgres.url, "select to_regclass('mine')") is None


def test_another_port_is_taken_when_a_stranger_has_ours(data):
    with started(data) as (postgres, _, _):
        pass
    with socket.create_server(("127.0.0.1", postgres.port)), started(data) as (again, _, notes):
        assert again.port != postgres.port
        assert [note for note in notes if f"port {postgres.port} is taken" in note]
        assert ask(services(data).database_url, "select 1") == 1


def test_a_taken_port_is_named_with_what_to_type():
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(PortTaken, match=f"port {port} is taken by another program: type --port "):
            need_free(port)


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(data):
    with started(data) as (postgres, _, _):
        pass
    (postgres.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.cluster}\n")
    assert services(data) is None
    with started(data) as (again, _, _):
        assert again.pid


def test_the_server_of_a_killed_system_is_stopped_first(data):
    with started(data) as (postgres, _, _):
        ask(postgres.url, "create table kept as select 42 as n")
    child = postgres.child()
    whom = {"user": child.user.uid, "group": child.user.gid, "extra_groups": []} if child.user else {}
    with ExitStack() as stack:
        orphan = stack.enter_context(subprocess.Popen(child.argv, env=child.env, stderr=subprocess.DEVNULL, **whom))
        stack.callback(orphan.kill)
        while not postgres.ready():
            assert orphan.poll() is None
        again, _, notes = stack.enter_context(started(data))
        assert [note for note in notes if "killed system had left behind" in note]
        assert orphan.wait(5) == 0
        assert ask(again.url, "select n from kept") == 42


def test_lost_keys_are_said_at_once(data):
    with started(data) as (postgres, _, _):
        pass
    (data / "keys" / "postgres-superuser").unlink()
    with pytest.raises(ChildFailed, match=r"put .*keys back"), started(data):
        pass
    assert postgres.pid is None


def test_a_cluster_of_another_version_is_refused(data):
    postgres = EmbeddedPostgres(data)
    with only_one(data):
        postgres.prepare()
        (postgres.cluster / "PG_VERSION").write_text("16\n")
        with pytest.raises(CannotEmbed, match=r"made by PostgreSQL 16.*set PG_BIN"):
            postgres.prepare()


def test_programs_that_cannot_be_run_are_named(data, tmp_path):
    with only_one(data), pytest.raises(CannotEmbed, match=r"nothing/postgres cannot be run.*set PG_BIN"):
        EmbeddedPostgres(data, programs=tmp_path / "nothing").prepare()


def test_a_half_made_cluster_is_made_again(data):
    postgres = EmbeddedPostgres(data)
    half = postgres.cluster.with_name("postgres.part")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with started(data) as (postgres, _, _):
        assert ask(postgres.url, "select 1") == 1


def test_one_system_for_a_data_directory(data):
    held = """
import pathlib, sys, runtime.instance
with runtime.instance.only_one(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", held, str(data)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=f"process {other.pid} already runs on .*--data"), only_one(data):
            pass
        with pytest.raises(AlreadyRunning, match=f"process {other.pid}"):
            EmbeddedPostgres(data).prepare()
        other.kill()
        other.wait()
        with only_one(data):
            pass


@as_root
def test_root_hands_postgres_to_another_user(cluster):
    assert Path(f"/proc/{cluster.postgres.pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert mode(cluster.postgres.cluster) == 0o700


@as_root
def test_a_moved_data_directory_does_not_start_empty(data, tmp_path):
    with started(data) as (postgres, _, _):
        pass
    moved = data.rename(tmp_path / "elsewhere")
    with pytest.raises(CannotEmbed, match=f"is still {postgres.cluster}.*mv "), started(moved):
        pass


@as_root
def test_another_users_data_directory_is_refused(data):
    (data / "run").mkdir(parents=True)
    os.chown(data / "run", 1, 1)
    with pytest.raises(NotOurs, match="start as that user"), only_one(data):
        pass


@as_root
def test_programs_below_a_private_directory_are_copied_for_the_user():
    nobody = pwd.getpwnam("nobody")
    user = User(name="nobody", uid=nobody.pw_uid, gid=nobody.pw_gid)
    found = reachable(postgres_programs(), user)
    with tempfile.TemporaryDirectory() as private:  # mode 0700, root's
        unreachable = Path(private) / "bin"
        shutil.copytree(found, unreachable)
        with pytest.raises(CannotEmbed, match="cannot be run as user nobody"):
            reachable(unreachable, user)
    assert cluster_of(Path("/home/somebody/var"), user).is_relative_to("/var/lib/worker-voice")


ORDINARY = """
import pathlib, psycopg, redis, sys
from runtime.children import running
from runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from runtime.instance import only_one

data = pathlib.Path(sys.argv[1])
postgres, valkey = EmbeddedPostgres(data), EmbeddedValkey(data)
with only_one(data):
    postgres.prepare()
    valkey.prepare()
    with running(postgres.child()), running(valkey.child()):
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("select current_user").fetchone()
        assert redis.Redis.from_url(valkey.url).ping()
        print(postgres.cluster)
"""


def python_for(user: dict) -> str:
    """An interpreter of this version that the user can run with our packages, or the test is skipped."""
    for found in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([found, "-c", "import psycopg, redis, runtime"], **user, capture_output=True, check=True)
            return found
    pytest.skip("other users can reach neither the interpreter of the virtual environment nor one like it")


@as_root
def test_an_ordinary_user_with_a_private_home():
    """Everything stays below the home of mode 0700."""
    home = Path(tempfile.mkdtemp(prefix="a home "))
    os.chown(home, 1, 1)
    packages = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    user = {"user": 1, "group": 1, "extra_groups": [], "cwd": home, "env": {"HOME": str(home), "PYTHONPATH": packages}}
    try:
        command = [python_for(user), "-B", "-c", ORDINARY, str(home / "var")]
        said = subprocess.run(command, **user, capture_output=True, text=True)
    finally:
        shutil.rmtree(home)
    assert (said.returncode, said.stdout.strip()) == (0, str(home / "var" / "postgres")), said.stderr


def test_services_of_a_directory_that_was_never_used(tmp_path):
    assert services(tmp_path) is None
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "services.json").write_text("{torn")
    assert remembered(tmp_path) == {}
