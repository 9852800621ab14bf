"""A house for each test: a fresh migrated database, the demo network, and the workers' own code."""

import psycopg
import pytest
import pytest_asyncio

from tests.conversation import inbox
from tests.house import house
from tests.office import office as opened_office

_ACCOUNTS = "agent, credential, recovery_code, session, invitation, sign_in_try, audit, audit_chain"


@pytest.fixture
async def office(home):
    """Agents at their desks in that house."""
    async with opened_office(home) as opened:
        yield opened


@pytest.fixture
async def room(home):
    """The pages of that house, with one person's words on them."""
    async with inbox(home) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _shared(cluster, tmp_path_factory):
    with cluster.migrated_database() as url:
        async with house(url, cluster.valkey.url, tmp_path_factory.mktemp("shared")) as opened:
            yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def same_home(_shared):
    """One house for all tests of a module, where nobody has an account: for tests of accounts alone, which are many."""
    yield _shared
    with psycopg.connect(_shared.owner, autocommit=True) as owner:
        owner.execute(f"truncate {_ACCOUNTS}".encode())
        owner.execute("update organisation set retired_at = null")
