"""A house for each test: a fresh migrated database, the demo network, and the workers' own code."""

import pytest

from tests.house import house
from tests.office import office as opened_office


@pytest.fixture
async def home(database, valkey, tmp_path):
    async with house(database, valkey, tmp_path) as opened:
        yield opened


@pytest.fixture
async def office(home):
    """Agents at their desks in that house."""
    async with opened_office(home) as opened:
        yield opened
