"""The case store: every ticket as its stores should know it, and the file that the network itself keeps of it."""

from storage.migrations.wall import roles

revision = "0004"
down_revision = "0003"

TABLES = """
-- mirror of config.yaml; `organisations` null: all
create table case_store (
    id text primary key, kind text not null, organisations uuid[], retired_at timestamptz);

-- the transactional outbox: `wanted` is the version of the ticket as it stands, `stored` the one the store holds.
-- `due_at` of a row that is being sent is when its lease ends. `told`: the store may have heard of it.
-- There is no foreign key to the ticket: that it left must be told after it has left.
create table case_sync (
    organisation_id uuid not null references organisation, ticket_id uuid not null, store text not null,
    wanted bigint not null default 1, stored bigint,
    state text not null default 'due' check (state in ('due', 'sending', 'held', 'done')),
    tries int not null default 0, due_at timestamptz not null, changed_at timestamptz not null,
    lease uuid, told boolean not null default false, remote_id text, error text, stored_at timestamptz,
    primary key (organisation_id, ticket_id, store));
create index case_sync_due on case_sync (store, due_at) where state in ('due', 'sending');
create index case_sync_lease on case_sync (lease) where lease is not null;
create index case_sync_held on case_sync (store) where state = 'held';

-- what the `local` store holds
create table case_file (
    organisation_id uuid not null, ticket_id uuid not null, version bigint not null, snapshot jsonb not null,
    stored_at timestamptz not null,
    primary key (organisation_id, ticket_id),
    foreign key (organisation_id, ticket_id) references ticket on update cascade on delete cascade);
"""

FUNCTION = """
-- what may be counted by anybody who may log in
create function case_gauges() returns table (name text, value double precision)
    language sql stable security definer set search_path = pg_catalog, public as $$
    with c as (select c.state, c.changed_at from public.case_sync c
        join public.case_store s on s.id = c.store and s.retired_at is null where c.state <> 'done')
    select 'case_sync_due', count(*) filter (where state in ('due', 'sending')) from c
    union all select 'case_sync_held', count(*) filter (where state = 'held') from c
    union all select 'case_sync_oldest_seconds',
        coalesce(extract(epoch from now() - min(changed_at) filter (where state in ('due', 'sending'))), 0) from c $$;
"""


def upgrade() -> None:
    at = roles()
    at.run(TABLES)
    at.wall("case_sync", desk_may="select, insert, update")  # an agent's action is told in its own transaction
    at.wall("case_file", desk_may="select")
    at.for_intake("case_store")
    at.run(f"grant select on case_store to {at.desk}")
    at.run("create policy gauges on case_sync for select to current_user using (true)")  # ids, codes and times
    at.run(FUNCTION)
    at.run(f"revoke all on function case_gauges() from public; grant execute on function case_gauges() to {at.door}")
    at.run(f"grant execute on function case_gauges() to {at.intake}, {at.desk}")


def downgrade() -> None:
    roles().run("drop function case_gauges(); drop table case_file; drop table case_sync; drop table case_store")
