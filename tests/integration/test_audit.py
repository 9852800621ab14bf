"""The audit trail: lines are added, never changed, and a missing or altered one is named."""

import asyncio
from contextlib import suppress
from uuid import UUID, uuid4

import psycopg
import pytest

from model.network import organisation_uuid
from storage import audit
from storage.audit import Line
from tests.house import House

SHWE = organisation_uuid("shwe")


def line(number: int, organisation: UUID | None = SHWE) -> Line:
    return Line(organisation=organisation, actor="agent 1", action="thread.read", detail={"number": str(number)})


async def write(home: House, *lines: Line) -> None:
    async with home.database.intake() as connection:
        await audit.write(connection, lines)


async def chain(home: House, limit: int = 2000) -> tuple[int, str]:
    async with home.database.intake() as connection:
        return await audit.chain(connection, limit=limit)


async def verify(home: House, page: int = 7) -> tuple[int, str | None, str]:
    async with home.database.intake() as connection:
        return await audit.verify(connection, page=page)


def as_superuser(cluster, home: House, statement: str, *values) -> None:
    name = psycopg.conninfo.conninfo_to_dict(home.owner)["dbname"]
    with psycopg.connect(cluster.postgres.superuser_url, dbname=name, autocommit=True) as connection:
        assert connection.execute(statement.encode(), values).rowcount == 1


async def nth(home: House, number: int) -> UUID:
    async with home.database.intake() as connection:
        cursor = await connection.execute("select audit_id from audit_chain where seq = %s", [number])
        return (await cursor.fetchone())[0]


@pytest.fixture
async def chained(home):
    """Forty lines in a chain, of two organisations and of the network itself."""
    for number in range(20):
        await write(home, line(number), line(number, organisation_uuid("padauk") if number % 2 else None))
    assert (await chain(home))[0] == 40
    return home


async def test_an_empty_trail_holds(home):
    assert await chain(home) == (0, "")
    assert await verify(home) == (0, None, "")


async def test_a_whole_chain_holds_and_ends_with_the_hash_that_went_to_the_log(chained):
    await write(chained, line(99))
    added, head = await chain(chained)
    assert added == 1
    assert await verify(chained) == (41, None, head)
    assert await chain(chained) == (0, head)


async def test_it_does_not_matter_in_how_many_steps_it_was_chained(home):
    for number in range(30):
        await write(home, line(number))
    while (await chain(home, limit=4))[0]:
        pass
    assert (await verify(home))[:2] == (30, None)


@pytest.mark.parametrize(
    "change",
    [
        "update audit set actor = 'somebody else' where id = %s",
        "update audit set action = 'nothing' where id = %s",
        "update audit set at = at + interval '1 microsecond' where id = %s",
        "update audit set detail = '{}' where id = %s",
        "update audit set ticket_id = gen_random_uuid() where id = %s",
        "update audit set organisation_id = gen_random_uuid() where id = %s",
    ],
)
async def test_a_changed_line_is_named(chained, cluster, change):
    target = await nth(chained, 17)
    as_superuser(cluster, chained, change, target)
    links, wrong, _ = await verify(chained)
    assert links == 16
    assert wrong == f"line {target} (link 17) was changed"


async def test_a_deleted_line_is_named(chained, cluster):
    target = await nth(chained, 23)
    as_superuser(cluster, chained, "delete from audit where id = %s", target)
    assert (await verify(chained))[:2] == (22, f"line {target} (link 23) was deleted")


async def test_a_missing_link_is_noticed(chained, cluster):
    as_superuser(cluster, chained, "delete from audit_chain where seq = 9")
    assert (await verify(chained))[:2] == (8, "link 9 is missing from the chain")


async def test_a_line_put_in_afterwards_changes_no_old_hash(chained, cluster):
    """A forger who deletes a line and its link, and renumbers the rest, breaks the hashes that follow."""
    target = await nth(chained, 5)
    as_superuser(cluster, chained, "delete from audit where id = %s", target)
    as_superuser(cluster, chained, "delete from audit_chain where seq = 5")
    name = psycopg.conninfo.conninfo_to_dict(chained.owner)["dbname"]
    with psycopg.connect(cluster.postgres.superuser_url, dbname=name, autocommit=True) as connection:
        for seq in range(6, 41):
            connection.execute("update audit_chain set seq = %s where seq = %s", [seq - 1, seq])
    assert "(link 5) was changed" in (await verify(chained))[1]


async def test_lines_of_transactions_that_overlap_are_all_chained(home):
    async def one(number: int) -> None:
        async with home.database.intake() as connection:
            await audit.write(connection, [line(number)])
            await connection.execute("select pg_sleep(%s)", [number % 5 / 200])

    async def keep_chaining() -> None:
        while not finished.is_set():
            await chain(home, limit=3)

    finished = asyncio.Event()
    chaining = asyncio.create_task(keep_chaining())
    for first in range(0, 60, 3):
        await asyncio.gather(*map(one, range(first, first + 3)))
    finished.set()
    await chaining
    while (await chain(home))[0]:
        pass
    assert (await verify(home))[:2] == (60, None)


async def test_a_line_under_way_is_not_passed_over(home):
    async with home.database.intake() as slow:
        await audit.write(slow, [line(1)])
        await write(home, line(2))
        assert (await chain(home))[0] == 0
    assert (await chain(home))[0] == 2


async def test_two_chainers_at_once_make_one_chain(home):
    await write(home, *map(line, range(50)))
    added = await asyncio.gather(chain(home), chain(home), chain(home))
    assert sum(links for links, _ in added) == 50
    assert (await verify(home))[:2] == (50, None)


@pytest.mark.parametrize("table", ["audit", "audit_chain"])
@pytest.mark.parametrize("act", ["update {} set {} = {}", "delete from {}", "truncate {}"])
async def test_no_login_can_change_what_was_written(chained, table, act):
    column = "at"
    for role in (chained.database.intake(), chained.database.desk(SHWE)):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with role as connection:
                await connection.execute(act.format(table, column, column).encode())
    assert (await verify(chained))[:2] == (40, None)


async def test_what_cannot_be_written_down_does_not_happen(home):
    with suppress(psycopg.errors.NotNullViolation):
        async with home.database.intake() as connection:
            await connection.execute("insert into person (id, created_at) values (%s, now())", [uuid4()])
            await audit.write(connection, [Line(organisation=SHWE, actor=None, action="x")])
            raise AssertionError("a line without an actor was written")
    async with home.database.intake() as connection:
        assert await (await connection.execute("select 1 from person")).fetchall() == []
