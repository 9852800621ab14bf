"""The outbox: what is said back, to which address, and what became of it; what is known of an account's health."""

from alembic import op

from storage.migrations.wall import roles

revision = "0002"
down_revision = "0001"

TABLES = """
-- `language`: chosen by the person; `asked_language`: a menu is out, so that a lone digit is an answer to it;
-- `zawgyi`: this phone shows Zawgyi, so what we write is turned into it
alter table address add column language text, add column language_at timestamptz,
    add column asked_language boolean not null default false,
    add column zawgyi boolean not null default false;
-- whether this organisation knows that a number may be texted; null: nobody has asked
alter table person_card add column text_ok boolean;
-- where it came from or went to; who wrote it; what that person had read
alter table message add column address_id uuid, add column author text, add column last_seen uuid;
create index message_heard on message (address_id, occurred_at desc) where direction = 'in';

create table delivery (
    organisation_id uuid not null, id uuid not null, message_id uuid not null, ticket_id uuid not null, person_id uuid not null,
    address_id uuid not null, account text not null,
    purpose text not null check (purpose in ('reply', 'acknowledgement', 'confirmation', 'broadcast')), priority int not null,
    menu text, -- quick replies that go with the words: `languages`
    state text not null default 'queued' check (state in
        ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled')),
    created_at timestamptz not null, due_at timestamptz not null,
    tries int not null default 0, parts_done int not null default 0, units int not null default 0,
    reason text, code text, keyed_until timestamptz,
    lease uuid, lease_slot text, lease_until timestamptz,
    sent_at timestamptz, delivered_at timestamptz, read_at timestamptz, failed_at timestamptz,
    primary key (organisation_id, id),
    foreign key (organisation_id, message_id) references message on update cascade on delete cascade);
create index delivery_due on delivery (priority, id) where state = 'queued';
create index delivery_line on delivery (address_id, priority, id) where state in ('queued', 'sending');
create index delivery_leased on delivery (lease_until) where lease is not null;
create index delivery_id on delivery (id);
create index delivery_message on delivery (organisation_id, message_id);
create index delivery_account on delivery (account, sent_at);
-- what was said up to a moment, for providers that tell "read until"
create index delivery_told on delivery (address_id, sent_at) where state in ('sent', 'delivered', 'unknown');
-- how often we answered an address by ourselves lately
create index delivery_automatic on delivery (address_id, created_at) where purpose in ('acknowledgement', 'confirmation');
create unique index delivery_acknowledged on delivery (organisation_id, ticket_id) where purpose = 'acknowledgement';

-- the provider's ids of what we sent, so that a receipt finds its delivery; network-wide, seen by intake alone
create table sent_id (
    account text not null, id text not null, delivery_id uuid not null, primary key (account, id));
create index sent_id_delivery on sent_id (delivery_id);

-- how an account does: network-wide, no words; a row is made when something goes wrong or a quota is read
create table account_state (
    account text primary key, failing_since timestamptz, failures int not null default 0, open_until timestamptz,
    reason text, code text, quota_limit bigint, quota_used bigint, quota_at timestamptz, quota_told int not null default 0);
"""


def upgrade() -> None:
    at = roles()
    at.run(TABLES)
    at.wall("delivery", desk_may="select")
    at.for_intake("sent_id", "account_state")
    at.run(
        f"grant select (account, failing_since, open_until, reason, quota_limit, quota_used, quota_at) on account_state to {at.desk}"
    )


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("drop table account_state; drop table sent_id; drop table delivery; drop index message_heard")
    run("alter table message drop column address_id, drop column author, drop column last_seen")
    run("alter table person_card drop column text_ok")
    run("alter table address drop column language, drop column language_at, drop column asked_language, drop column zawgyi")
