"""The wall between organisations: in the database, on every table, whoever asks."""

# ruff: noqa: S608 - the names in these statements are those of our own tables

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from desk import canned, consent, contact, drafts, reading, saying, triage
from desk.seat import seated
from model.agents import Agent
from model.contact import Rules
from model.network import organisation_uuid
from runtime.ids import new_id
from sandbox.people import person
from sandbox.providers import line, telegram
from storage import agents, audit, search, sessions
from storage.database import Database, login_dsn
from storage.wall import holes
from tests.case_office import sync_all
from tests.house import NOON, House

SHWE, KAMPUNG = organisation_uuid("shwe"), organisation_uuid("kampung-lima")
WALLED = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
where a.attname = 'organisation_id' and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
order by 1"""


@pytest.fixture
def database(empty):
    """Migrated here, and not copied."""
    return empty


def as_owner(home: House, *statements: str) -> None:
    with psycopg.connect(home.owner, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.replace("{db}", connection.info.dbname).encode())


def as_superuser(cluster, home: House, statement: str) -> None:
    name = conninfo_to_dict(home.owner)["dbname"]
    with psycopg.connect(make_conninfo(cluster.postgres.superuser_url, dbname=name), autocommit=True) as connection:
        connection.execute(statement.replace("{db}", str(name)).encode())


@pytest.fixture
async def two(home):
    """Two organisations with people, words, files, edits, searches and changes of their own."""
    burmese, bengali = home.accounts["line-th"], home.accounts["telegram-my"]
    for number in range(1, 6):
        at = NOON + timedelta(minutes=number)
        mine, theirs = person(f"m{number}", "my", "TH"), person(f"b{number}", "bn", "MY")
        await home.put(
            line.text(burmese, mine, f"လစာ {number} လ မရသေးဘူး။ ကူညီပါ။", at, number),
            line.image(burmese, mine, at, 100 + number),
            telegram.text(bengali, theirs, "আমার মালিক দুই মাসের বেতন দেয়নি", at, number),
            telegram.photo(bengali, theirs, at, 200 + number),
            telegram.edit(bengali, theirs, "আমার মালিক তিন মাসের বেতন দেয়নি", number, at, 300 + number),
        )
    await home.take_in()
    async with home.database.intake() as connection:
        while await search.index(connection, home.workplace.master):
            pass
        await connection.execute(
            "insert into gram_due (organisation_id, message_id) select organisation_id, id from message"
        )
        await connection.execute(
            "insert into message_version (organisation_id, id, message_id, at, text) "
            "select organisation_id, gen_random_uuid(), id, now(), text from message where text is not null"
        )
    for organisation in (SHWE, KAMPUNG):
        await with_an_account(home, organisation)
        await with_a_day_of_work(home, organisation)
    await sync_all(home)
    return home


async def with_an_account(home: House, organisation: UUID) -> None:
    """Somebody who answers, with all that proves who they are."""
    master = home.workplace.master
    agent = Agent(
        id=new_id(), organisation=organisation, handle="mya@here", name="Mya", roles=("agent",), languages=("my",),
        screen_language="en",
    )  # fmt: skip
    async with home.database.desk(organisation) as connection:
        await agents.add(connection, master, agent, NOON)
        await agents.begin_afresh(connection, organisation, agent.id, password="its hash", at=NOON)
        await agents.set_second_factor(connection, master, agent.id, secret="SECRET", step=1)
        await agents.set_recovery_codes(connection, organisation, agent.id, [b"its hash"])
        await agents.invite(connection, agent, hash_=organisation.bytes, ends_at=NOON)
        await sessions.begin(
            connection, organisation, agent.id, hash_=organisation.bytes, stage="full", at=NOON, ends_at=NOON
        )


async def with_a_day_of_work(home: House, organisation: UUID) -> None:
    """Everything an agent leaves behind."""
    at = home.workplace
    async with home.database.desk(organisation) as connection:
        (agent,) = await agents.colleagues(connection, at.master)
    boss = replace(agent, roles=("supervisor",))
    tickets = [t for t in await home.tickets() if organisation_uuid(t["organisation"]) == organisation]
    ticket, picture = tickets[0]["id"], next(m for m in tickets[0]["messages"] if m["attachments"])
    async with seated(home.database, at.master, at.settings, boss, NOON + timedelta(hours=9)) as seat:
        await triage.add_tag(seat, ticket, "shrimp")
        await triage.confirm_issue(seat, ticket, "WAG.UNPAID")
        await contact.write(seat, ticket, Rules(write="yes"), was=None)
        await consent.write(seat, ticket, {"employer": "no"}, how="said")
        await saying.note(seat, ticket, "Ask about the slip", mentions=[agent.id])
        await saying.translate(seat, picture["id"], "en", "A pay slip")
        page = await reading.thread(seat, ticket)
        attached = [a for item in page.items if isinstance(item, reading.Message) for a in item.attachments]
        await saying.heard(seat, attached[0].id)
        await drafts.save(seat, ticket, "reply", "Are you alone?")
        await canned.save(seat, language="my", title="Safe?", text="Is it safe to write?")


@pytest.fixture
async def web(two):
    """A pool of the web login."""
    database = Database(two.owner, "web", two.workplace.master, most=3)
    await database.open()
    yield database
    await database.close()


async def rows(connection, statement: str, *values) -> list[tuple]:
    return await (await connection.execute(statement.encode(), values)).fetchall()


async def walled(home: House) -> list[str]:
    async with home.database.intake() as connection:
        return [name for (name,) in await rows(connection, WALLED)]


async def desk_reads(web: Database) -> list[str]:
    """The walled tables the desk may read at all."""
    async with web.desk(SHWE) as connection:
        found = await rows(connection, WALLED)
        return [
            t for (t,) in found if (await rows(connection, "select has_any_column_privilege(%s, 'select')", t))[0][0]
        ]


# The self-check


async def test_a_migrated_database_has_no_hole(home):
    assert holes(home.owner, home.workplace.master) == []


HOLES = {
    "drop policy wall on ticket": "ticket",
    "alter table message no force row level security": "message",
    "alter table change disable row level security": "change",
    "create table forgotten (organisation_id uuid)": "forgotten",
    "drop policy wall on audit; create policy wall on audit using (true)": "audit",
    "create view all_tickets as select * from ticket": "all_tickets",
    "create materialized view counted as select count(*) from ticket": "counted",
    "create function peep() returns bigint language sql security definer as 'select count(*) from ticket'": "peep",
    'grant "{db}_intake" to "{db}_web"': "{db}_web",
    'grant "{db}_searcher" to "{db}_web"': "{db}_web",
    'grant "{db}_desk" to "{db}_door"': "{db}_door",
    'alter role "{db}_web" bypassrls': "{db}_web",
    'alter role "{db}_worker" superuser': "{db}_worker",
    'alter role "{db}_door" createrole': "{db}_door",
    'alter table ticket owner to "{db}_web"': "{db}_web",
}


@pytest.mark.parametrize("statement", HOLES)
async def test_every_hole_is_named(home, cluster, statement):
    as_superuser(cluster, home, statement)
    found = holes(home.owner, home.workplace.master)
    assert found
    name = HOLES[statement].replace("{db}", str(conninfo_to_dict(home.owner)["dbname"]))
    assert any(f" {name} " in hole for hole in found), found
    as_superuser(cluster, home, 'alter role "{db}_worker" nosuperuser')


async def test_more_than_the_wall_beside_it_is_a_hole_too(home, cluster):
    """Policies are or-ed: a second one for the desk would open what the first one closes."""
    as_superuser(cluster, home, 'create policy open on ticket to "{db}_desk" using (true)')
    assert [hole for hole in holes(home.owner, home.workplace.master) if "ticket" in hole]


async def test_a_policy_that_says_more_than_it_should_is_a_hole(home):
    as_owner(
        home,
        "drop policy wall on ticket",
        'create policy wall on ticket to "{db}_desk" using (organisation_id = '
        "(select nullif(current_setting('app.organisation', true), '')::uuid) or true)",
    )
    assert [hole for hole in holes(home.owner, home.workplace.master) if "ticket" in hole]


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


# The catalog

LEAKY = """
select c.relname, a.attname, t.typname from pg_index i
join pg_class c on c.oid = i.indrelid join pg_am m on m.oid = (select relam from pg_class where oid = i.indexrelid)
join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
join pg_type t on t.oid = a.atttypid
where c.relname = any (%s) and m.amname = 'btree' and exists (
    select from pg_amop o join pg_opfamily f on f.oid = o.amopfamily
    join pg_opclass oc on oc.opcfamily = f.oid and oc.opcdefault and oc.opcintype = t.oid
    join pg_operator op on op.oid = o.amopopr join pg_proc p on p.oid = op.oprcode
    where o.amoplefttype = t.oid and o.amoprighttype = t.oid and f.opfmethod = m.oid and not p.proleakproof)"""
NOT_FOR_WHERE = """
select c.relname, a.attname, t.typname from pg_attribute a join pg_class c on c.oid = a.attrelid
join pg_type t on t.oid = a.atttypid
where c.relname = any (%s) and a.attnum > 0 and not a.attisdropped and not (t.typname = any (%s))"""
LEAKPROOF = ["uuid", "text", "int4", "int8", "bool", "date", "timestamptz", "xid8"]
#: Shown or unsealed, never compared under the wall.
CONTENT = {
    ("message", "call"), ("audit", "detail"), ("ticket", "urgency_reasons"), ("ticket", "issues"),
    ("case_file", "snapshot"), ("agent", "roles"), ("agent", "languages"),
}  # fmt: skip


async def test_what_is_indexed_under_the_wall_is_compared_by_leakproof_operators(two, web):
    """Any other operator would be evaluated after the policy, over all rows, or tell what lies behind the wall."""
    tables = await desk_reads(web)
    async with two.database.intake() as connection:
        assert await rows(connection, LEAKY, tables) == []
        assert await rows(connection, LEAKY.replace("not p.proleakproof", "p.proleakproof"), tables)
        others = await rows(connection, NOT_FOR_WHERE, tables, LEAKPROOF)
    assert {(table, column) for table, column, kind in others if kind != "bytea"} <= CONTENT


FOREIGN = """
select conrelid::regclass::text, confrelid::regclass::text from pg_constraint where contype = 'f'
and not exists (select from unnest(conkey) k join pg_attribute a on a.attrelid = conrelid and a.attnum = k
    where a.attname = 'organisation_id')
and conrelid in (select attrelid from pg_attribute where attname = 'organisation_id')"""
UNIQUE = """
select i.indrelid::regclass::text from pg_index i where i.indisunique
and i.indrelid in (select attrelid from pg_attribute where attname = 'organisation_id')
and not exists (select from unnest(i.indkey) k join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k
    where a.attname = 'organisation_id')"""


async def test_no_key_crosses_the_wall(two):
    """A foreign key or a unique key without the organisation would tell one of them what another has."""
    async with two.database.intake() as connection:
        assert await rows(connection, FOREIGN) == []
        assert [t for (t,) in await rows(connection, UNIQUE) if t != "audit"] == []  # audit's is a random id of our own


async def test_two_organisations_may_have_the_same_ids(two):
    async with two.database.intake() as connection:
        ((ticket,),) = await rows(connection, "select id from ticket where organisation_id = %s limit 1", SHWE)
        columns = ", ".join(
            name
            for (name,) in await rows(
                connection,
                "select attname from pg_attribute where attrelid = 'ticket'::regclass and attnum > 0 "
                "and not attisdropped and attname not in ('organisation_id', 'person_id')",
            )
        )
        await connection.execute(
            f"insert into ticket (organisation_id, person_id, {columns}) "
            f"select %s, gen_random_uuid(), {columns} from ticket where id = %s".encode(),
            [KAMPUNG, ticket],
        )


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
