"""For each test a fresh store: a house, which is code without processes, or a system of real ones."""

import pytest

from tests.house import house
from tests.processes import started


@pytest.fixture
async def home(database, valkey, tmp_path):
    async with house(database, valkey, tmp_path) as opened:
        yield opened


@pytest.fixture
def system(tmp_path):
    """Real servers with an empty, migrated store of their own; see tests/processes.py."""
    with started(tmp_path / "var") as opened:
        yield opened
