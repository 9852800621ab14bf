"""PostgreSQL and Valkey out of the wheels, as children of our own.

Call `prepare` while holding `runtime.instance.only_one(data)`, then hand `child()` to a supervisor or to
`runtime.children.running`. Other machines reach neither.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from psycopg.sql import SQL, Identifier, Literal
from redis.backoff import NoBackoff
from redis.retry import Retry

from runtime.children import Child, ChildFailed, alive, names_stranger, stop_orphan
from runtime.cluster import check_not_moved, check_version, cluster_of, make_cluster
from runtime.instance import AlreadyRunning, holder, private
from runtime.ports import keep_or_choose
from runtime.programs import postgres_programs, postgres_user, reachable, valkey_program
from runtime.services import password, remember, remembered, write_private

OWNER = "worker_voice_owner"
DATABASE = "worker_voice"

Note = Callable[[str], None]

_LONGEST_SOCKET_PATH = 107  # bytes: sun_path of <sys/un.h> without its closing NUL
_PLAIN_ENV = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}

# Nothing that people say may reach a log: no statement, no parameter, no row that broke a constraint.
_POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def _silent(line: str) -> None:
    """Nobody wants to know."""


class EmbeddedPostgres:
    """One cluster with one database, owned by a role that is no superuser. Raises CannotEmbed."""

    def __init__(
        self,
        data: Path,
        *,
        note: Note = _silent,
        user: str | None = None,  #: whom PostgreSQL runs as when we are root; None: `nobody`
        programs: Path | None = None,  #: another PostgreSQL's `bin` directory, version 17 or newer
    ) -> None:
        self.data, self._note = data.resolve(), note
        self._user = postgres_user(user)
        self.programs = programs or postgres_programs()
        self.cluster = cluster_of(self.data, self._user)
        self.port = 0  #: known after `prepare`
        self._pid_file = self.cluster / "postmaster.pid"
        self._log = self.data / "log" / "postgres.log"

    @property
    def url(self) -> str:
        """Connection string of the database's owner."""
        return self._url(OWNER, "postgres-owner", DATABASE)

    @property
    def superuser_url(self) -> str:
        """Connection string for what only a superuser may do: making databases, repair."""
        return self._url("postgres", "postgres-superuser", "postgres")

    def _url(self, role: str, key: str, database: str) -> str:
        return f"postgresql://{role}:{password(self.data, key)}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int | None:
        """Of the running server."""
        return alive(self._pid_file, str(self.cluster))

    def prepare(self) -> None:
        """Everything up to the start: programs, cluster, port, no orphan. Safe to repeat while it does not run.

        Raises CannotEmbed, or AlreadyRunning when another process holds the data directory.
        """
        _check_alone(self.data)
        before = remembered(self.data).get("postgres", {})
        check_not_moved(self.data, self.cluster, Path(before.get("marker", self.cluster)))
        self.programs = reachable(self.programs, self._user)
        self._clear_orphan()
        if not self.cluster.exists():
            self._note("PostgreSQL: first start, making the database cluster")
            make_cluster(self.cluster, self.programs, password(self.data, "postgres-superuser"), self._user)
        check_version(self.cluster, self.programs, self._user)
        self.port = keep_or_choose(before.get("port"), "PostgreSQL", self._note)
        about = {"url": self.url, "port": self.port, "pid_file": str(self._pid_file), "marker": str(self.cluster)}
        remember(self.data, "postgres", about)
        whom = f", run as user {self._user.name}" if self._user else ""
        self._note(f"PostgreSQL: data in {self.cluster}{whom}")

    def _clear_orphan(self) -> None:
        if stop_orphan(self._pid_file, str(self.cluster), signal.SIGINT, grace_seconds=20):
            self._note("PostgreSQL: stopped the server that a killed system had left behind")
        # PostgreSQL would refuse to start. A file that names a dead process stays: by it PostgreSQL finds out whether
        # sessions of a killed server still write.
        if names_stranger(self._pid_file, str(self.cluster)):
            self._pid_file.unlink()

    def child(self) -> Child:
        """The server as a child; ready when it answers and the owner's database is there."""
        settings = [f"-c{name}={value}" for name, value in _POSTGRES_SETTINGS.items()]
        return Child(
            name="postgres",
            argv=[str(self.programs / "postgres"), "-D", str(self.cluster), "-p", str(self.port), *settings],
            env=_PLAIN_ENV,
            ready=self.ready,
            stop_signal=signal.SIGINT,  # ends sessions and writes a checkpoint; SIGTERM would wait for the sessions
            grace_seconds=30,
            log=self._log,
            user=self._user,
            remedy=f"read {self._log}, or set `database:` in config.yaml to the URL of another server",
        )

    def ready(self) -> bool:
        """Whether it answers; the first time that it does, the owner and the database are made.

        Raises ChildFailed when the cluster does not know the password in `keys/`.
        """
        try:
            with psycopg.connect(self.superuser_url, connect_timeout=2, autocommit=True) as connection:
                self._make_owner(connection)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ChildFailed(
                    f"{self.cluster} was made with another password: put {self.data / 'keys'} back from your backup"
                ) from None
            return False
        return True

    def _make_owner(self, connection: psycopg.Connection) -> None:
        role, secret = Identifier(OWNER), password(self.data, "postgres-owner")
        if not connection.execute("select 1 from pg_roles where rolname = %s", [OWNER]).fetchone():
            connection.execute(SQL("create role {} login createrole").format(role))
        # hashed here, so that the password itself never travels to the server
        hashed = connection.pgconn.encrypt_password(secret.encode(), OWNER.encode(), b"scram-sha-256").decode()
        connection.execute(SQL("alter role {} password {}").format(role, Literal(hashed)))
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(SQL("create database {} owner {}").format(Identifier(DATABASE), role))


class EmbeddedValkey:
    """One Valkey with an append-only file. Raises CannotEmbed."""

    def __init__(self, data: Path, *, note: Note = _silent) -> None:
        self.data, self._note = data.resolve(), note
        self._program = valkey_program()
        self._config, self._pid_file = self.data / "run" / "valkey.conf", self.data / "run" / "valkey.pid"
        self._home = self.data / "valkey"
        self._socket = self._home / "valkey.sock"
        self._log = self.data / "log" / "valkey.log"
        self.port: int | None = None  #: None: it listens on a socket in `valkey/` alone

    @property
    def url(self) -> str:
        """Connection string with the password, `unix://` or `redis://`."""
        secret = password(self.data, "valkey")
        place = (
            f"redis://:{secret}@127.0.0.1:{self.port}" if self.port else f"unix://:{secret}@{quote(str(self._socket))}"
        )
        return f"{place}?db=0" if self.port is None else f"{place}/0"

    @property
    def pid(self) -> int | None:
        """Of the running server."""
        return alive(self._pid_file, str(self._config))

    def prepare(self) -> None:
        """Everything up to the start. Safe to repeat while it does not run. Raises AlreadyRunning."""
        _check_alone(self.data)
        if stop_orphan(self._pid_file, str(self._config), signal.SIGTERM, grace_seconds=10):
            self._note("Valkey: stopped the server that a killed system had left behind")
        # A socket in a private directory: who took over a port between two starts could feed the workers jobs of his
        # own. Only where its path is too long for the system do we listen on a port.
        if len(os.fsencode(self._socket)) > _LONGEST_SOCKET_PATH:
            self.port = keep_or_choose(remembered(self.data).get("valkey", {}).get("port"), "Valkey", self._note)
        private(self._home)
        write_private(private(self.data / "run") / self._config.name, "\n".join(self._settings()) + "\n")
        about = {"url": self.url, "port": self.port, "pid_file": str(self._pid_file), "marker": str(self._config)}
        remember(self.data, "valkey", about)

    def _settings(self) -> list[str]:
        # relative to `dir`: CLIENT INFO shows it unquoted, and rq's workers stumble over a space in it
        socket = [f"unixsocket {self._socket.name}", "unixsocketperm 700", "port 0"]
        return [
            f"dir {_quoted(self._home)}",
            *([f"port {self.port}", "bind 127.0.0.1"] if self.port else socket),
            f"requirepass {password(self.data, 'valkey')}",
            f"pidfile {_quoted(self._pid_file)}",
            "set-proc-title no",  # its command line is how we know it again
            "appendonly yes",
            'save ""',
            "maxmemory-policy noeviction",
        ]

    def child(self) -> Child:
        """The server as a child; ready when it answers."""
        return Child(
            name="valkey",
            argv=[str(self._program), str(self._config)],
            env=_PLAIN_ENV,
            ready=self.ready,
            log=self._log,
            remedy=f"read {self._log}, or set `redis:` in config.yaml to the URL of another server",
        )

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as connection:
                return bool(connection.ping())
        except redis.RedisError:
            return False


def _check_alone(data: Path) -> None:
    """What looks like an orphan may be the server of a system that lives."""
    other = holder(data)
    if other not in (None, os.getpid()):
        raise AlreadyRunning(
            f"process {other} already runs on {data}: stop it, or choose another directory with --data"
        )


def _quoted(path: Path) -> str:
    """A path as a Valkey configuration file wants it."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
