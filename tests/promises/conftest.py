"""For each test a fresh store: a house, which is code without processes, or a system of real ones."""

import io
import logging
import sys
from contextlib import asynccontextmanager

import pytest
import structlog

from runtime import logs
from tests.processes import started


@pytest.fixture
def system(tmp_path):
    """Real servers with an empty, migrated store of their own; see tests/processes.py."""
    with started(tmp_path / "var") as opened:
        yield opened


@pytest.fixture
def tape(monkeypatch):
    """What this process would write to its log, set up as in production."""
    root, levels = logging.getLogger(), {}
    before = (root.handlers[:], root.level)
    for name in logs._QUOTING:  # noqa: SLF001
        levels[name] = logging.getLogger(name).level
    found = io.StringIO()
    # not a stand-in: the tape lies where the process has its terminal, and setting up replaces the hook for good
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    logs.set_up("web")
    structlog.configure(cache_logger_on_first_use=False)  # else every later test would write to this tape
    yield found
    structlog.reset_defaults()
    root.handlers, root.level = before[0], before[1]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@asynccontextmanager
async def listening(cluster):
    """What the servers' own logs gain during a block."""
    files = sorted((cluster.postgres.data / "log").iterdir())
    before = {path: path.stat().st_size for path in files}
    gained: list[str] = []
    yield gained
    for path in files:
        with path.open("rb") as file:
            file.seek(before[path])
            gained.append(file.read().decode("utf-8", "replace"))
