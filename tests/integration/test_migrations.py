"""Migrations: up, down and up again on a database with people in it, and by two machines at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from gateway.stores import account_rows
from sandbox.people import person
from sandbox.providers import line
from storage.migrate import migrate, revision
from storage.wall import holes
from tests.house import NOON, House

ROLES = "select rolname from pg_roles where rolname like %s order by 1"
RELATIONS = (
    "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S', 'v')"
)


@pytest.fixture
def database(empty):
    """Migrated here, and not copied."""
    return empty


def again(home: House, *, to: str = "head") -> None:
    at = home.workplace
    migrate(home.owner, at.master, at.settings.network, account_rows(at.settings), to=to)


def ask(home: House, statement: str, *values) -> list[tuple]:
    with psycopg.connect(home.owner, autocommit=True) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def roles(home: House) -> list[str]:
    name = psycopg.conninfo.conninfo_to_dict(home.owner)["dbname"]
    return [role for (role,) in ask(home, ROLES, f"{name}\\_%")]


@pytest.fixture
async def lived_in(home):
    await home.put(
        *(line.text(home.accounts["line-th"], person(f"p{n}", "en", "TH"), "Help", NOON, n) for n in range(5))
    )
    await home.take_in()
    return home


async def test_up_down_and_up_again(lived_in):
    made = roles(lived_in)
    assert len(made) == 7
    newest = revision(lived_in.owner)[1]
    assert revision(lived_in.owner) == (newest, newest)
    await lived_in.database.close()
    again(lived_in, to="base")
    assert revision(lived_in.owner) == (None, newest)
    assert ask(lived_in, RELATIONS) == [("alembic_version",)]
    assert roles(lived_in) == []
    again(lived_in)
    assert revision(lived_in.owner) == (newest, newest)
    assert roles(lived_in) == made
    assert holes(lived_in.owner, lived_in.workplace.master) == []
    assert ask(lived_in, "select count(*) from organisation")[0][0] == len(
        lived_in.workplace.settings.network.organisations
    )


async def test_a_second_time_changes_nothing(lived_in):
    before = [ask(lived_in, f"select count(*) from {t}") for t in ("organisation", "queue", "account", "feed_epoch")]  # noqa: S608
    epoch = ask(lived_in, "select epoch from feed_epoch")
    again(lived_in)
    after = [ask(lived_in, f"select count(*) from {t}") for t in ("organisation", "queue", "account", "feed_epoch")]  # noqa: S608
    assert (after, ask(lived_in, "select epoch from feed_epoch")) == (before, epoch)
    assert len(await lived_in.tickets()) == 5


async def test_two_machines_at_once(home):
    await home.database.close()
    again(home, to="base")
    with ThreadPoolExecutor(3) as machines:
        for done in [machines.submit(again, home) for _ in range(3)]:
            done.result(60)
    assert revision(home.owner)[0] is not None
    assert holes(home.owner, home.workplace.master) == []


def test_an_empty_database_has_no_revision(empty):
    found, newest = revision(empty)
    assert found is None
    assert newest


async def test_what_left_the_configuration_is_retired_and_may_come_back(lived_in):
    at = lived_in.workplace
    network = at.settings.network
    gone = "night-market"
    kept = {q.id: q for q in network.queues.values() if q.organisation != gone}
    smaller = replace(
        network,
        organisations={k: o for k, o in network.organisations.items() if k != gone},
        queues=kept,
        rules=tuple(rule for rule in network.rules if rule.to in {*kept, "previous"}),
    )
    accounts = [row for row in account_rows(at.settings) if row.id != "line-tw"]
    migrate(lived_in.owner, at.master, smaller, accounts)
    assert ask(lived_in, "select slug from organisation where retired_at is not null") == [(gone,)]
    assert ask(lived_in, "select id from account where retired_at is not null") == [("line-tw",)]
    assert len(ask(lived_in, "select id from queue where retired_at is not null")) == 2
    again(lived_in)
    assert ask(lived_in, "select slug from organisation where retired_at is not null") == []
    assert ask(lived_in, "select id from account where retired_at is not null") == []


async def test_the_passwords_are_those_of_the_master_key(home):
    """A restored database is opened with the key that is here, whatever passwords it came with."""
    name = psycopg.conninfo.conninfo_to_dict(home.owner)["dbname"]
    with psycopg.connect(home.owner, autocommit=True) as owner:
        owner.execute(f"alter role \"{name}_worker\" password 'another'")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        holes(home.owner, home.workplace.master)
    again(home)
    assert holes(home.owner, home.workplace.master) == []
