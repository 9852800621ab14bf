"""The store: receipts, people, tickets, messages, the wall between organisations, feed, audit and search.

Role names carry the database's name, since roles belong to the whole cluster. Three groups decide what is seen:
`intake` (the workers, network-wide), `desk` (one organisation at a time) and `searcher` (owns the functions that
answer the desk without showing it the table behind them). Logins: `door`, `web` (desk), `worker` (intake and desk).
"""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
create table organisation (
    id uuid primary key, slug text not null unique, name text not null, country text not null, timezone text not null,
    retired_at timestamptz);
create table queue (
    id text primary key, organisation uuid not null references organisation, name text not null,
    safeguarding boolean not null, retired_at timestamptz);
create table account (
    id text primary key, channel text not null, countries text[] not null, languages text[] not null,
    inbound boolean not null, retired_at timestamptz);

-- whose key this database was begun with: another one must not take it over
create table installation (only_one boolean primary key default true check (only_one), master_key text not null);

-- keys of receipts and spool, one a day; the row is what makes them readable, so deleting it is what destroys them
create table day_key (
    id uuid primary key, name text not null unique, wrapped bytea not null, destroy_on date not null);
create table receipt (
    id uuid primary key, account text not null, received_at timestamptz not null, sealed bytea not null,
    state text not null default 'new' check (state in ('new', 'taken', 'done', 'parked')),
    tries int not null default 0, lease uuid, lease_slot text, lease_until timestamptz, done_at timestamptz,
    error text, events text[] not null default '{}');
create index receipt_new on receipt (id) where state = 'new';
create index receipt_taken on receipt (lease_until) where state = 'taken';
create index receipt_parked on receipt (id) where state = 'parked';

-- network-wide, seen by intake alone
create table person (id uuid primary key, created_at timestamptz not null);
create table person_key (
    id uuid primary key, person_id uuid not null references person, wrapped bytea not null, created_at timestamptz not null);
create index person_key_person on person_key (person_id);
create table address (
    id uuid primary key, blind bytea not null unique, scope text not null, sealed bytea not null, answerable boolean not null,
    country text, left_how text, left_at timestamptz);
create table address_person (
    address_id uuid not null references address, person_id uuid not null references person, since timestamptz not null,
    until timestamptz, primary key (address_id, person_id));
create index address_person_person on address_person (person_id);
-- what drops redeliveries: an event's id, or the message's own id (prefix e: or m:)
create table seen (
    account text not null, id text not null, message_id uuid, seen_at timestamptz not null, primary key (account, id));
-- events whose original has not come yet; the receipt is read again when it does
create table waiting (
    receipt_id uuid not null, position int not null, account text not null, id text not null, until timestamptz not null,
    primary key (receipt_id, position));
create index waiting_for on waiting (account, id);

-- behind the wall
create sequence ticket_number;
create table person_card (
    organisation_id uuid not null references organisation, person_id uuid not null, pseudonym text not null,
    name bytea, created_at timestamptz not null,
    primary key (organisation_id, person_id), unique (organisation_id, pseudonym));
create table ticket (
    organisation_id uuid not null references organisation, id uuid not null, number bigint not null, person_id uuid not null,
    queue text not null, routed_by text not null, status text not null check (status in ('open', 'closed', 'handed_over')),
    urgency text not null, urgency_reasons text[] not null, issues text[] not null,
    language text, language_rank int not null, language_at timestamptz, language_by text,
    account text not null, channel text not null, phone_country text,
    opened_at timestamptz not null, opened_by text not null, waiting_since timestamptz,
    last_at timestamptz not null, last_by text not null, preview bytea,
    touched boolean not null default false, assignee uuid, previous_queue text, previous_ticket uuid,
    closed_at timestamptz, outcome text,
    primary key (organisation_id, id));
create unique index ticket_one_open on ticket (organisation_id, person_id) where status = 'open';
create index ticket_person on ticket (person_id);
create index ticket_list on ticket (organisation_id, queue, waiting_since, id) where status = 'open';
create table message (
    organisation_id uuid not null, id uuid not null, ticket_id uuid not null, person_id uuid not null, account text not null,
    direction text not null check (direction in ('in', 'out', 'note', 'system')), kind text not null,
    text bytea, text_original bytea, encoding text not null, language text, script text,
    provider_id text, occurred_at timestamptz not null, arrived_at timestamptz not null,
    starts_clock boolean not null, reply_to text, reply_handle bytea, group_id text,
    edited_at timestamptz, unsent_at timestamptz, call jsonb, status text,
    primary key (organisation_id, id),
    foreign key (organisation_id, ticket_id) references ticket on update cascade);
create index message_thread on message (organisation_id, ticket_id, occurred_at, id);
create index message_id on message (id);
create table message_version (
    organisation_id uuid not null, id uuid not null, message_id uuid not null, at timestamptz not null, text bytea not null,
    primary key (organisation_id, id),
    foreign key (organisation_id, message_id) references message on update cascade on delete cascade);
create index message_version_message on message_version (organisation_id, message_id);
create table attachment (
    organisation_id uuid not null, id uuid not null, message_id uuid not null, position int not null, kind text not null,
    mime text, size bigint, seconds bigint, ref bytea not null, name bytea,
    primary key (organisation_id, id),
    foreign key (organisation_id, message_id) references message on update cascade on delete cascade);
create index attachment_message on attachment (organisation_id, message_id);

-- search over sealed text: keyed hashes of character trigrams, written by a second job
create table message_grams (
    organisation_id uuid not null, message_id uuid not null, grams int[] not null,
    primary key (organisation_id, message_id),
    foreign key (organisation_id, message_id) references message on update cascade on delete cascade);
create index message_grams_gin on message_grams using gin (grams);
create table gram_due (
    organisation_id uuid not null, message_id uuid not null,
    primary key (organisation_id, message_id),
    foreign key (organisation_id, message_id) references message on update cascade on delete cascade);

-- what open inboxes are told; read below the watermark of running transactions
create table feed_epoch (only_one boolean primary key default true check (only_one), epoch uuid not null, forgotten xid8 not null default '0');
insert into feed_epoch (epoch) values (gen_random_uuid());
create table change (
    organisation_id uuid not null, xid xid8 not null default pg_current_xact_id(), id uuid not null, ticket_id uuid not null,
    what text not null, at timestamptz not null default now(), primary key (organisation_id, xid, id));
create index change_at on change (at);

create table audit (
    organisation_id uuid, xid xid8 not null default pg_current_xact_id(), id uuid primary key, at timestamptz not null default now(),
    actor text not null, action text not null, ticket_id uuid, detail jsonb not null default '{}');
create index audit_order on audit (xid, id);
create index audit_ticket on audit (organisation_id, ticket_id);
create table audit_chain (
    seq bigint primary key, audit_id uuid not null unique, xid xid8 not null, hash bytea not null, at timestamptz not null default now());
"""

WALLED = (
    "person_card", "ticket", "message", "message_version", "attachment", "message_grams", "gram_due", "change", "audit",
)  # fmt: skip
ORGANISATION = "(select nullif(current_setting('app.organisation', true), '')::uuid)"
READABLE_BY_ALL = ("organisation", "queue", "account")
NOT_FOR_THE_DESK = ("previous_queue", "previous_ticket")  # they may name another organisation
DESK_READS = ("person_card", "message", "message_version", "attachment", "change", "feed_epoch", "audit")

FUNCTIONS = """
-- message ids of the current organisation whose text holds all of these grams; newest first
create function find_messages(wanted int[], most int) returns table (message_id uuid)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select g.message_id from public.message_grams g
    where g.organisation_id = {organisation} and g.grams @> wanted
    order by g.message_id desc limit most $$;
-- wrapped keys of people who have a card in the current organisation
create function keys_of(people uuid[]) returns table (id uuid, person_id uuid, wrapped bytea)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select k.id, k.person_id, k.wrapped from public.person_key k
    join public.person_card c on c.person_id = k.person_id and c.organisation_id = {organisation}
    where k.person_id = any (people) $$;
-- what may be counted by anybody who may log in: numbers alone
create function gauges() returns table (name text, value double precision)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select 'receipts_new', count(*) from public.receipt where state = 'new'
    union all select 'receipts_taken', count(*) from public.receipt where state = 'taken'
    union all select 'receipts_parked', count(*) from public.receipt where state = 'parked'
    union all select 'oldest_new_receipt_seconds', coalesce(extract(epoch from now() - min(received_at)), 0)
        from public.receipt where state = 'new'
    union all select 'events_waiting_for_their_original', count(*) from public.waiting
    union all select 'feed_behind_seconds', coalesce(extract(epoch from now() - min(at)), 0)
        from public.change where xid >= pg_snapshot_xmin(pg_current_snapshot()) $$;
"""


def upgrade() -> None:
    database = op.get_bind().exec_driver_sql("select current_database()").scalar_one()
    intake, desk, searcher = (f'"{database}_{group}"' for group in ("intake", "desk", "searcher"))
    door, web, worker = (f'"{database}_{login}"' for login in ("door", "web", "worker"))
    run = op.get_bind().exec_driver_sql
    run(TABLES)
    for group in (intake, desk, searcher):
        run(f"create role {group} nologin noinherit")
    for login in (door, web, worker):
        run(f"create role {login} login noinherit")
    run(f"grant {desk} to {web}, {worker}; grant {intake} to {worker}; grant {searcher} to current_user")
    run(
        f"revoke all on schema public from public; grant usage on schema public to {intake}, {desk}, {searcher}, {door}, {web}, {worker}"
    )
    _walls(run, intake, desk, searcher)
    _grants(run, intake, desk, searcher, door)
    _functions(run, searcher, intake, desk, door)


def _walls(run, intake: str, desk: str, searcher: str) -> None:  # type: ignore[no-untyped-def]
    for table in WALLED:
        run(f"alter table {table} enable row level security; alter table {table} force row level security")
        run(f"create policy wall on {table} to {desk} using (organisation_id = {ORGANISATION})")
        run(f"create policy intake on {table} to {intake} using (true)")
    run("create policy gauges on change for select to current_user using (true)")  # ids and times, for gauges() alone
    for table in ("message_grams", "person_card"):
        run(f"create policy searcher on {table} to {searcher} using (organisation_id = {ORGANISATION})")


def _grants(run, intake: str, desk: str, searcher: str, door: str) -> None:  # type: ignore[no-untyped-def]
    run(f"grant select, insert, update, delete on all tables in schema public to {intake}")
    run(f"revoke update, delete on audit, audit_chain from {intake}; revoke all on alembic_version from {intake}")
    run(f"grant usage on sequence ticket_number to {intake}")
    run(f"grant select on {', '.join(READABLE_BY_ALL)} to {desk}, {door}")
    run(f"grant select on {', '.join(DESK_READS)} to {desk}; grant insert on audit, change to {desk}")
    run(f"grant select ({', '.join(_columns(run, 'ticket', NOT_FOR_THE_DESK))}) on ticket to {desk}")
    run(f"grant insert (id, account, received_at, sealed) on receipt to {door}")
    run(f"grant select, insert on day_key to {door}")
    run(f"grant select on message_grams, person_card, person_key to {searcher}")


def _columns(run, table: str, left_out: tuple[str, ...]) -> list[str]:  # type: ignore[no-untyped-def]
    rows = run(
        "select attname from pg_attribute where attnum > 0 and not attisdropped "
        f"and attrelid = '{table}'::regclass order by attnum"
    )
    return [name for (name,) in rows if name not in left_out]


def _functions(run, searcher: str, intake: str, desk: str, door: str) -> None:  # type: ignore[no-untyped-def]
    run(FUNCTIONS.format(organisation=ORGANISATION))
    run(f"grant create on schema public to {searcher}")  # an owner of functions needs it for the hand-over alone
    for function in ("find_messages(int[], int)", "keys_of(uuid[])"):
        run(f"alter function {function} owner to {searcher}")
        run(f"revoke all on function {function} from public; grant execute on function {function} to {desk}")
    run(f"revoke create on schema public from {searcher}")
    run(f"revoke all on function gauges() from public; grant execute on function gauges() to {intake}, {desk}, {door}")


def downgrade() -> None:
    database = op.get_bind().exec_driver_sql("select current_database()").scalar_one()
    run = op.get_bind().exec_driver_sql
    run("drop function gauges(); drop function keys_of(uuid[]); drop function find_messages(int[], int)")
    tables = (
        "audit_chain, audit, change, feed_epoch, gram_due, message_grams, attachment, message_version, message, ticket, "
        "person_card, waiting, seen, address_person, address, person_key, person, receipt, day_key, account, queue, organisation, installation"
    )
    run(f"drop table {tables}; drop sequence ticket_number")
    for role in ("door", "web", "worker", "intake", "desk", "searcher"):
        run(f'revoke all on schema public from "{database}_{role}"; drop role "{database}_{role}"')
    run("grant usage on schema public to public")
