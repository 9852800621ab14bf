"""Real servers for every test that needs one.

`cluster`   PostgreSQL and Valkey, started once for each test process (pytest-xdist: once a worker)
`database`  connection string of a fresh, empty database, as its owner; gone after the test
`migrated`  the same, with the schema and the demo network in it: a copy, which is quicker than migrating
`valkey`    connection string of the emptied Valkey
For a database that several tests share, use `cluster.new_database()` in a fixture of wider scope.
"""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from psycopg.sql import SQL, Identifier

from runtime.children import running
from runtime.embedded import OWNER, EmbeddedPostgres, EmbeddedValkey
from runtime.instance import only_one


@dataclass(frozen=True)
class Cluster:
    """Running servers. The owner makes roles but not databases, as in production; the superuser does that here."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    @contextmanager
    def new_database(self, name: str = "", *, like: str = "template1") -> Iterator[str]:
        """A fresh database for the length of a block, empty or like another: its owner's connection string."""
        name = name or f"test_{uuid.uuid4().hex[:12]}"
        create = SQL("create database {} owner {} template {}")
        self._as_superuser(create.format(Identifier(name), Identifier(OWNER), Identifier(like)))
        try:
            yield urlunsplit(urlsplit(self.postgres.url)._replace(path=f"/{name}"))
        finally:
            self._as_superuser(SQL("drop database if exists {} with (force)").format(Identifier(name)))

    def rename(self, name: str, other: str) -> None:
        """Give a database another name; its roles keep theirs."""
        self._as_superuser(SQL("alter database {} rename to {}").format(Identifier(name), Identifier(other)))

    def _as_superuser(self, statement) -> None:
        with psycopg.connect(self.postgres.superuser_url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    data = tmp_path_factory.mktemp("cluster") / "var"
    found = Cluster(EmbeddedPostgres(data), EmbeddedValkey(data))
    with only_one(data):
        found.postgres.prepare()
        found.valkey.prepare()
        try:
            with running(found.postgres.child()), running(found.valkey.child()):
                yield found
        finally:
            remove(found.postgres)


def remove(postgres: EmbeddedPostgres) -> None:
    """Delete a stopped cluster; run by root it lies outside the test's own directory."""
    shutil.rmtree(postgres.cluster)
    if postgres.cluster.parent != postgres.data:
        postgres.cluster.parent.rmdir()


@pytest.fixture
def database(cluster) -> Iterator[str]:
    with cluster.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def _like(cluster, tmp_path_factory) -> tuple[str, str]:
    """A migrated database to copy, and what its copies are called: roles are named after their database.

    A test that changes roles needs a database with roles of its own: `database`.
    """
    from tests.house import prepare  # which imports half of the system: unit tests need none of it

    name = f"test_{uuid.uuid4().hex[:12]}"
    with cluster.new_database(name) as url:
        prepare(url, tmp_path_factory.mktemp("like"))
        cluster.rename(name, f"{name}_like")
    return name, f"{name}_like"


@pytest.fixture
def migrated(cluster, _like) -> Iterator[str]:
    name, like = _like
    with cluster.new_database(name, like=like) as url:
        yield url


@pytest.fixture
def valkey(cluster) -> str:
    with redis.Redis.from_url(cluster.valkey.url) as connection:
        connection.flushall()
    return cluster.valkey.url


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Ask again until something comes true, or fail after 20 seconds."""

    def ask(question: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not question():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.02)

    return ask


@pytest.fixture
def data(tmp_path, eventually) -> Iterator[Path]:
    """A data directory that does not exist yet, with a space in its path; its cluster is removed after the test."""
    path = tmp_path / "data of ours"
    yield path
    postgres = EmbeddedPostgres(path)
    if postgres.cluster.exists():
        eventually(lambda: postgres.pid is None)
        remove(postgres)
