"""Real servers for every test that needs one.

`cluster`   PostgreSQL and Valkey, started once for each test process (pytest-xdist: once a worker)
`database`  connection string of a fresh database with today's schema, as its owner; gone after the test
`empty`     the same without a schema: for tests of migrations
`valkey`    connection string of the emptied Valkey
`home`      a house in such a database: all of our own code, and no process of it
For a database that several tests share, use `cluster.migrated_database()` in a fixture of wider scope.
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
from storage.migrate import upgrade
from tests.house import house

_TEMPLATE = "migrated_once"
_GROUPS = ("intake", "desk", "searcher", "authenticator")


@dataclass(frozen=True)
class Cluster:
    """Running servers. The owner makes roles but not databases, as in production; the superuser does that here."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    @contextmanager
    def new_database(self, template: str = "template1") -> Iterator[str]:
        """A fresh, empty database for the length of a block: its owner's connection string."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._create(name, template)
        try:
            yield self._url(name)
        finally:
            self.as_superuser(SQL("drop database {} with (force)").format(Identifier(name)))

    @contextmanager
    def migrated_database(self) -> Iterator[str]:
        """The same with today's schema: a copy of one that was migrated once.

        A database's roles carry its name. Those of the copy are members of the template's, and so have their rights.
        """
        self._migrate_once()
        with self.new_database(_TEMPLATE) as url:
            name = urlsplit(url).path[1:]
            with psycopg.connect(self.postgres.url, autocommit=True) as owner:
                owner.execute(
                    "; ".join(
                        [f'create role "{name}_{role}" nologin in role "{_TEMPLATE}_{role}"' for role in _GROUPS]
                        + [f'create role "{name}_door" login in role "{_TEMPLATE}_door"']
                        + [f'create role "{name}_{role}" login noinherit' for role in ("web", "worker")]
                        + [f'grant "{name}_desk" to "{name}_web", "{name}_worker"']
                        + [f'grant "{name}_intake" to "{name}_worker"']
                    )
                )
            yield url

    def _migrate_once(self) -> None:
        if not self.as_superuser(SQL("select from pg_database where datname = {}").format(_TEMPLATE)):
            self._create(_TEMPLATE, "template1")
            upgrade(self._url(_TEMPLATE), "head")

    def _create(self, name: str, template: str) -> None:
        self.as_superuser(
            SQL("create database {} owner {} template {}").format(*map(Identifier, (name, OWNER, template)))
        )

    def _url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.postgres.url)._replace(path=f"/{name}"))

    def as_superuser(self, statement) -> int:
        """How many rows it gave."""
        with psycopg.connect(self.postgres.superuser_url, autocommit=True) as connection:
            return connection.execute(statement).rowcount


_LONGEST_FIRST = ("promises", "browser", "integration")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins early, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: next((n for n, name in enumerate(_LONGEST_FIRST) if name in item.path.parts), 9))


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
    with cluster.migrated_database() as url:
        yield url


@pytest.fixture
def empty(cluster) -> Iterator[str]:
    with cluster.new_database() as url:
        yield url


@pytest.fixture
def valkey(cluster) -> str:
    with redis.Redis.from_url(cluster.valkey.url) as connection:
        connection.flushall()
    return cluster.valkey.url


@pytest.fixture
async def home(database, valkey, tmp_path):
    """A house in a fresh database (tests/house.py): the demo network, and the workers' own code without processes."""
    async with house(database, valkey, tmp_path) as opened:
        yield opened


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
