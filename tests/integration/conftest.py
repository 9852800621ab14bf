"""A house for each test: a fresh migrated database, the demo network, and the workers' own code."""

import pytest

from tests.house import house


@pytest.fixture
async def home(database, valkey, tmp_path):
    async with house(database, valkey, tmp_path) as opened:
        yield opened
