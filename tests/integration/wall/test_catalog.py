"""The wall in the database's own catalog: its self-check finds every hole, and nothing leaks by an index or a key."""

# ruff: noqa: S608 - the names in these statements are those of our own tables

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from storage.wall import holes
from tests.house import House
from tests.walled import KAMPUNG, SHWE, as_owner, desk_reads, rows


def as_superuser(cluster, home: House, statement: str) -> None:
    name = conninfo_to_dict(home.owner)["dbname"]
    with psycopg.connect(make_conninfo(cluster.postgres.superuser_url, dbname=name), autocommit=True) as connection:
        connection.execute(statement.replace("{db}", str(name)).encode())


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


async def test_words_are_looked_for_by_their_index(home, cluster):
    """No policy stands before it: an operator that is not leakproof would be asked of every message instead."""
    name = conninfo_to_dict(home.owner)["dbname"]
    with psycopg.connect(make_conninfo(cluster.postgres.superuser_url, dbname=name)) as connection:
        connection.execute(f'set local role "{name}_searcher"; set local enable_seqscan = off'.encode())
        plan = connection.execute("explain select message_id from message_grams where grams @> '{1,2}'").fetchall()
    assert "message_grams_gin" in str(plan)


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
        # theirs are random ids of our own, which nobody can guess
        assert {t for (t,) in await rows(connection, UNIQUE)} <= {"audit", "delivery"}


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
