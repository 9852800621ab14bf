"""A worker killed at any moment while it fetches: every file is kept once, and nothing readable is left lying about."""

import asyncio
import random
import time
from uuid import UUID

import psycopg
import pytest
from aiohttp import ClientSession
from psycopg.conninfo import make_conninfo
from yarl import URL

from runtime.embedded import DATABASE
from runtime.keys import load_master
from runtime.settings import SANDBOX_API
from sandbox.people import person
from sandbox.providers import telegram
from storage.blobs import Disk
from storage.files import Files
from tests.house import NOON
from tests.processes import System, Web, eventually, kill, listed
from tests.sandbox_server import sandbox_thread

PHOTOS, KILLS = 24, 6


@pytest.fixture
def sandbox(monkeypatch):
    """The providers' side, a little slow, so that a kill finds every stage under way."""
    with sandbox_thread() as found:
        found.latency(30)
        monkeypatch.setenv(SANDBOX_API, found.url)
        yield found


async def say(web: Web, system: System) -> None:
    account = next(a for a in system.accounts if a.id == "telegram-my")
    async with ClientSession() as session:
        for number in range(1, PHOTOS + 1):
            hook = telegram.photo(account, person(f"p{number % 7}", "my", "MY"), NOON, number)
            url = URL(f"{web.url}{hook.path}", encoded=True)
            async with session.post(url, headers=dict(hook.headers), data=hook.body) as answer:
                assert answer.status == 200


def states(system: System) -> set[str]:
    return {row["state"] for row in listed("media", system.data)}


def test_a_killed_worker_leaves_every_file_whole_or_still_to_fetch(system: System, sandbox):
    web, chance = system.web(), random.Random(9)
    asyncio.run(say(web, system))
    for _ in range(KILLS):
        worker = system.worker()
        time.sleep(chance.uniform(0.3, 2.5))  # the moment is what is tested
        kill(worker)
    system.worker()
    eventually(lambda: states(system) == {"kept"}, "every file is kept", 180)
    rows = listed("media", system.data)
    assert len(rows) == PHOTOS

    files, keys = Files(Disk(system.data / "files")), read_keys(system)
    for path in (system.data / "files").rglob("*"):
        if path.is_file():
            assert b"JFIF" not in path.read_bytes(), "a readable file was left lying about"
            assert path.stat().st_mode & 0o777 == 0o600

    async def whole(row: dict) -> None:
        original = await files.load(UUID(row["id"]), "original", keys)
        copy = await files.load(UUID(row["id"]), "shown", keys)
        assert original[:3] == copy[:3] == b"\xff\xd8\xff"
        assert len(original) == row["size"]

    async def all_whole() -> None:
        for row in rows:
            await whole(row)

    asyncio.run(all_whole())


def read_keys(system: System) -> dict:
    master = load_master(system.data / "keys" / "master.key", make=False)
    url = make_conninfo(system.postgres.superuser_url, dbname=DATABASE)
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute("select id, wrapped from person_key").fetchall()
    return {id_: master.unwrap(id_, wrapped) for id_, wrapped in rows}
