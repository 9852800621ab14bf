"""What a desk, and whoever else signs in to the database, sees and writes beyond the wall: nothing."""

# ruff: noqa: S608 - the names in these statements are those of our own tables

import asyncio
import random
from contextlib import suppress
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from runtime.ids import new_id
from storage import audit, search
from storage.database import login_dsn
from tests.house import NOON
from tests.walled import KAMPUNG, SHWE, as_owner, desk_reads, rows, walled

# What the desk sees


async def test_a_desk_sees_its_own_rows_and_no_others_in_every_walled_table(two, web):
    tables = await walled(two)
    assert len(tables) >= 9
    async with two.database.intake() as connection:
        filled = {t: {o for (o,) in await rows(connection, f"select organisation_id from {t}")} for t in tables}
    assert {t for t, found in filled.items() if not {SHWE, KAMPUNG} <= found} == set()
    readable = await desk_reads(web)
    assert {"ticket", "message", "attachment", "person_card"} <= set(readable)
    for organisation in (SHWE, KAMPUNG):
        async with web.desk(organisation) as connection:
            for table in readable:
                seen = {o for (o,) in await rows(connection, f"select organisation_id from {table}")}
                assert seen == {organisation}, table


async def test_a_desk_does_not_learn_who_served_a_person_before(two, web):
    for column in ("previous_queue", "previous_ticket"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with web.desk(SHWE) as connection:
                await connection.execute(f"select {column} from ticket")


async def test_what_the_desk_may_not_read_it_cannot_read(two, web):
    async with two.database.intake() as connection:
        every = await rows(
            connection, "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        )
    allowed = {*await desk_reads(web), "organisation", "queue", "account", "case_store", "feed_epoch"}
    closed = {name for (name,) in every} - allowed
    assert {"person_key", "address", "receipt", "seen", "day_key", "message_grams", "gram_due"} <= closed
    for table in closed:
        with pytest.raises(errors.InsufficientPrivilege):
            async with web.desk(SHWE) as connection:
                await rows(connection, f"select * from {table}")


async def test_without_an_organisation_nothing_is_seen(two, web):
    readable = await desk_reads(web)
    name = conninfo_to_dict(two.owner)["dbname"]
    for setting in (None, "", "00000000-0000-0000-0000-000000000000"):
        async with web.plain() as connection:
            await connection.execute(sql.SQL("set local role {}").format(sql.Identifier(f"{name}_desk")))
            if setting is not None:
                await connection.execute("select set_config('app.organisation', %s, true)", [setting])
            for table in readable:
                assert await rows(connection, f"select 1 from {table}") == [], (table, setting)


async def test_an_organisation_that_is_no_uuid_is_an_error_not_a_look(two, web):
    name = conninfo_to_dict(two.owner)["dbname"]
    async with web.plain() as connection:
        await connection.execute(sql.SQL("set local role {}").format(sql.Identifier(f"{name}_desk")))
        await connection.execute("select set_config('app.organisation', 'x', true)")
        with pytest.raises(errors.InvalidTextRepresentation):
            await rows(connection, "select 1 from ticket")


async def test_a_desk_writes_into_no_other_organisation(two, web):
    for statement in (
        "insert into audit (organisation_id, id, actor, action) values (%s, gen_random_uuid(), 'x', 'x')",
        "insert into change (organisation_id, id, ticket_id, what) select %s, x, x, '' from gen_random_uuid() x",
        "insert into case_sync (organisation_id, ticket_id, store, due_at, changed_at) "
        "values (%s, gen_random_uuid(), 'local', now(), now())",
    ):
        async with web.desk(SHWE) as connection:
            await connection.execute(statement, [SHWE])
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            async with web.desk(SHWE) as connection:
                await connection.execute(statement, [KAMPUNG])


@pytest.mark.parametrize(
    "table", ["ticket", "message", "attachment", "person_card", "audit", "change", "case_sync", "case_file"]
)
async def test_rows_do_not_cross_the_wall_even_where_writing_is_granted(two, web, table):
    """Whatever the desk will be allowed to write one day, the policy holds."""
    as_owner(two, f'grant update, delete on {table} to "{{db}}_desk"')
    async with web.desk(SHWE) as connection:
        cursor = await connection.execute(f"delete from {table} where organisation_id = %s".encode(), [KAMPUNG])
        assert cursor.rowcount == 0
        cursor = await connection.execute(
            f"update {table} set organisation_id = organisation_id where organisation_id = %s".encode(), [KAMPUNG]
        )
        assert cursor.rowcount == 0
    with pytest.raises((errors.InsufficientPrivilege, errors.ForeignKeyViolation)):
        async with web.desk(SHWE) as connection:
            await connection.execute(f"update {table} set organisation_id = %s".encode(), [KAMPUNG])


async def test_the_web_login_cannot_change_into_intake(two, web):
    name = conninfo_to_dict(two.owner)["dbname"]
    groups = (f"{name}_{group}" for group in ("intake", "searcher", "authenticator", "worker"))
    for role in (*groups, "worker_voice_owner", "postgres"):
        with pytest.raises(errors.InsufficientPrivilege):
            async with web.plain() as connection:
                await connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    with pytest.raises(errors.InsufficientPrivilege):
        async with web.intake():
            pass
    with pytest.raises(errors.InsufficientPrivilege):  # noinherit: without its role it is nobody
        async with web.plain() as connection:
            await rows(connection, "select 1 from ticket")


@pytest.mark.parametrize("login", ["door", "web", "worker"])
async def test_no_login_is_more_than_it_should_be(home, login):
    with psycopg.connect(login_dsn(home.owner, login, home.workplace.master), autocommit=True) as connection:
        rights = (
            "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles where rolname = current_user"
        )
        assert connection.execute(rights).fetchone() == (False,)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("create table mine ()")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("truncate ticket")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("alter table ticket disable row level security")


async def test_the_door_puts_receipts_in_and_reads_none(two):
    with psycopg.connect(login_dsn(two.owner, "door", two.workplace.master), autocommit=True) as door:
        door.execute("insert into receipt (id, account, received_at, sealed) values (%s, 'x', now(), 'x')", [new_id()])
        for statement in (
            "select * from receipt",
            "update receipt set state = 'done'",
            "delete from receipt",
            "insert into receipt (id, account, received_at, sealed, tries) select null, '', now(), '', 1",
            "delete from day_key",
            "update day_key set wrapped = 'x'",
            "select * from ticket",
            "select * from message",
            "select * from person_key",
            "select * from address",
            "select find_messages('{}', 1)",
            "select keys_of('{}')",
            'set role "{db}_desk"',
            'set role "{db}_intake"',
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                door.execute(statement.replace("{db}", door.info.dbname).encode())


# Functions that answer the desk


async def test_keys_are_given_for_people_who_have_a_card(two, web):
    async with two.database.intake() as connection:
        people = dict(await rows(connection, "select person_id, organisation_id from ticket"))
    for organisation in (SHWE, KAMPUNG):
        async with web.desk(organisation) as connection:
            found = await rows(connection, "select person_id from keys_of(%s)", list(people))
        assert {p for (p,) in found} == {p for p, o in people.items() if o == organisation}
    async with web.plain() as connection:
        name = conninfo_to_dict(two.owner)["dbname"]
        await connection.execute(sql.SQL("set local role {}").format(sql.Identifier(f"{name}_desk")))
        assert await rows(connection, "select 1 from keys_of(%s)", list(people)) == []


async def test_search_finds_nothing_beyond_the_wall(two, web):
    master = two.workplace.master
    async with web.desk(SHWE) as connection:
        assert len(await search.find(connection, master, SHWE, "လစာ")) == 5
        assert await search.find(connection, master, KAMPUNG, "বেতন") == []  # even with the other's hashes
        assert await search.find(connection, master, SHWE, "বেতন") == []
    async with web.desk(KAMPUNG) as connection:
        assert len(await search.find(connection, master, KAMPUNG, "বেতন")) >= 5


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("credential", "password"),
        ("credential", "totp"),
        ("session", "hash"),
        ("session", "pending"),
    ],
)
@pytest.mark.parametrize("role", ["desk", "intake"])
async def test_what_proves_who_somebody_is_can_be_written_and_not_read(two, table, column, role):
    async def read() -> None:
        async with two.database.desk(SHWE) if role == "desk" else two.database.intake() as connection:
            await rows(connection, f"select {column} from {table}")

    with pytest.raises(errors.InsufficientPrivilege):
        await read()


async def test_before_anybody_is_known_only_whoever_has_the_key_is_told_of_one(two, web):
    async with web.nobody() as connection:
        for organisation in (SHWE, KAMPUNG):
            found = await rows(connection, "select organisation_id from session_of(%s)", organisation.bytes)
            assert found == [(organisation,)]
            assert len(await rows(connection, "select password from proofs_of(%s)", organisation.bytes)) == 1
        for question in ("agent_for_sign_in(%s)", "session_of(%s)", "proofs_of(%s)"):
            for guess in (b"", b"its hash", b"mya@here", NOON.isoformat().encode()):
                assert await rows(connection, f"select 1 from {question}", guess) == []
        for table in ("agent", "credential", "session", "invitation", "recovery_code"):
            assert await rows(connection, f"select 1 from {table}") == []


async def test_signing_in_sees_accounts_and_nothing_else(two):
    """Whoever might break out of the functions for signing in stands before a wall of grants."""
    name = conninfo_to_dict(two.owner)["dbname"]
    async with two.database.intake() as connection:
        granted = await rows(
            connection,
            "select distinct table_name::text from information_schema.role_table_grants where grantee = %s",
            f"{name}_authenticator",
        )
    assert {table for (table,) in granted} <= {
        "agent", "credential", "session", "invitation", "organisation", "sign_in_try",
    }  # fmt: skip


# A pool that many desks share


async def test_a_connection_remembers_nobody(two, web):
    """Interleaved desks on three connections, some of which fail or are cancelled, each see their own alone."""
    chance = random.Random(16)

    async def one_look(number: int) -> None:
        mine = (SHWE, KAMPUNG)[number % 2]
        async with web.desk(mine) as connection:
            seen = {o for (o,) in await rows(connection, "select organisation_id from message")}
            assert seen == {mine}
            match chance.randrange(5):
                case 0:
                    raise RuntimeError("the page broke")
                case 1:
                    await connection.execute("select 1 / 0")
                case 2:
                    await connection.execute("select pg_sleep(30)")  # until it is cancelled
            seen = {o for (o,) in await rows(connection, "select organisation_id from ticket")}
            assert seen == {mine}

    async def impatient(number: int) -> None:
        with suppress(RuntimeError, errors.DivisionByZero, TimeoutError):
            async with asyncio.timeout(chance.uniform(0.05, 0.3)):
                await one_look(number)

    for first in range(0, 120, 12):
        await asyncio.gather(*map(impatient, range(first, first + 12)))
    for _ in range(6):
        async with web.plain() as connection:
            assert (await rows(connection, "select current_setting('app.organisation', true)")) in ([(None,)], [("",)])
            assert (await rows(connection, "select current_user = session_user")) == [(True,)]


async def test_the_setting_ends_with_its_transaction(two, web):
    async with web.desk(SHWE) as connection:
        with suppress(errors.DivisionByZero):
            async with connection.transaction():
                await connection.execute("select set_config('app.organisation', %s, true)", [str(KAMPUNG)])
                await connection.execute("select 1 / 0")
        seen = {o for (o,) in await rows(connection, "select organisation_id from ticket")}
        assert seen == {SHWE}


async def test_a_line_of_the_network_itself_is_seen_by_no_desk(two, web):
    async with two.database.intake() as connection:
        await audit.write(connection, [audit.Line(organisation=None, actor="operator", action="tickets.listed")])
    async with web.desk(SHWE) as connection:
        assert await rows(connection, "select 1 from audit where organisation_id is null") == []


def test_ids_of_organisations_are_what_the_tests_think():
    assert isinstance(SHWE, UUID)
    assert SHWE != KAMPUNG
