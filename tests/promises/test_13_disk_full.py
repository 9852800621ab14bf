"""Promise 13: with no room left for files, words still come in; files wait, it is seen, and later they come.

The files' directory is a small file system of its own, filled to its last byte: real processes meet a real full disk.
"""

import asyncio
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest
from aiohttp import ClientSession
from yarl import URL

from runtime.ids import now
from runtime.settings import SANDBOX_API
from sandbox.people import person
from sandbox.providers import line
from tests.processes import CONFIG, System, Web, environment, eventually, listed, program
from tests.sandbox_server import Sandbox, sandbox_thread

PHOTOS = 6
_MB = 1 << 20


@pytest.fixture
def sandbox(monkeypatch):
    """The providers' side, known to every process that is started from here on."""
    with sandbox_thread() as found:
        monkeypatch.setenv(SANDBOX_API, found.url)
        yield found


@pytest.fixture
def full_disk(system):
    """The directory of files, on a disk of one megabyte that is full."""
    folder = system.data / "files"
    folder.mkdir(mode=0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a disk of its own needs the right to mount: {mounted.stderr.decode().strip()}")
    try:
        fill(folder)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    assert os.statvfs(folder).f_bavail == 0


def config(folder: Path) -> Path:
    """The demo network, with nothing kept free: this disk is filled to its last byte."""
    text = CONFIG.read_text("utf-8").replace("keep_free_mb: 512", "keep_free_mb: 0")
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


async def say(web: Web, system: System) -> None:
    """People send words and photos, and are answered 200."""
    account = next(a for a in system.accounts if a.id == "line-th")
    async with ClientSession() as session:
        for number in range(1, PHOTOS + 1):
            who = person(f"p{number}", "my", "TH")
            for hook in (
                line.text(account, who, "လစာမရသေးပါ", now(), number),
                line.image(account, who, now(), 100 + number),
            ):
                url = URL(f"{web.url}{hook.path}", encoded=True)
                async with session.post(url, headers=dict(hook.headers), data=hook.body) as answer:
                    assert answer.status == 200


def media(system: System) -> list[dict]:
    return listed("media", system.data)


def states(system: System) -> set[tuple[str, str | None]]:
    return {(row["state"], row["why"]) for row in media(system)}


def gauge(web: Web, name: str) -> float:
    with urllib.request.urlopen(f"{web.url}/metrics", timeout=5) as answer:  # noqa: S310 - our own address
        lines = answer.read().decode().splitlines()
    return next(float(x.split()[-1]) for x in lines if x.startswith(f'worker_voice_store{{what="{name}"}}'))


def checked(system: System) -> tuple[int, str]:
    said = subprocess.run(
        program("check", system.data, "--sandbox"), env=environment(), capture_output=True, check=False
    )
    return said.returncode, said.stdout.decode()


def test_words_come_in_while_files_wait(system: System, sandbox: Sandbox, full_disk: Path, tmp_path):
    system.config = config(tmp_path)
    web = system.web()
    system.worker()
    asyncio.run(say(web, system))
    system.await_taken_in(web)
    # nothing said is missing, and everything sent is known to be on its way
    tickets = system.tickets()
    assert len(tickets) == PHOTOS
    heard = [m for t in tickets for m in t["messages"] if m["direction"] == "in"]
    assert [m["text"] for m in heard if m["kind"] == "text"] == ["လစာမရသေးပါ"] * PHOTOS
    eventually(lambda: states(system) == {("due", "disk_full")}, "each file says why it is not here")
    assert {row["tries"] for row in media(system)} <= {0, 1}
    assert gauge(web, "media_disk_full") == PHOTOS
    code, said = checked(system)
    assert code == 1
    assert f"{PHOTOS} files wait because the disk is full" in said
    # nothing of a file that did not fit is left over
    assert {p.name for p in full_disk.rglob("*") if p.is_file()} == {"filler"}
    # there is room again
    (full_disk / "filler").unlink()
    eventually(lambda: states(system) == {("kept", None)}, "the files come by themselves")
    assert len(media(system)) == PHOTOS
    assert gauge(web, "media_disk_full") == 0
    assert len(list(full_disk.rglob("*.original"))) == len(list(full_disk.rglob("*.shown"))) == PHOTOS
