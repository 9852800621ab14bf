"""The outbox: what is said back, to which address, and what became of it; what is known of an account's health."""

from storage.migrations.wall import ORGANISATION, roles

revision = "0002"
down_revision = "0001"

TABLES = """
-- `language`: chosen by the person; `asked_language`: a menu is out, so that a lone digit is an answer to it
alter table address add column language text, add column language_at timestamptz,
    add column asked_language boolean not null default false;
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

-- how an account does: network-wide, no words; a row is made when something goes wrong or a quota is read
create table account_state (
    account text primary key, failing_since timestamptz, failures int not null default 0, open_until timestamptz,
    reason text, code text, quota_limit bigint, quota_used bigint, quota_at timestamptz, quota_told int not null default 0);
"""


FUNCTIONS = """
-- how a person whom this organisation serves has written to it, the newest way first; never the number itself
create function ways_back(who uuid) returns table (
        address_id uuid, account text, scope text, answerable boolean, left_how text, heard_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select m.address_id, m.account, a.scope, a.answerable, a.left_how, m.heard_at from (
        select h.address_id, h.account, max(h.occurred_at) as heard_at from public.message h
        where h.organisation_id = {organisation} and h.person_id = who and h.direction = 'in' and h.address_id is not null
        group by h.address_id, h.account) m
    join public.address a on a.id = m.address_id order by m.heard_at desc $$;
-- nobody else takes in or changes what concerns this person until the transaction ends
create function hold_person(who uuid) returns boolean
    language sql volatile security definer set search_path = pg_catalog, public as $$
    select true from public.person p where p.id = who and exists
        (select from public.person_card c where c.person_id = who and c.organisation_id = {organisation})
    for no key update $$;
"""

#: What agents change of a ticket; routing and language are intake's.
TICKET_OF_THE_DESK = "waiting_since, touched"


def upgrade() -> None:
    at = roles()
    at.run(TABLES)
    at.wall("delivery", desk_may="select, insert")
    at.run(f"grant update (state) on delivery to {at.desk}")
    at.run(f"grant insert on message, attachment to {at.desk}")
    at.run(f"grant insert on gram_due to {at.desk}; grant update (text_ok) on person_card to {at.desk}")
    at.run(f"grant update ({TICKET_OF_THE_DESK}) on ticket to {at.desk}")
    at.for_intake("account_state")
    told = "account, failing_since, open_until, reason, quota_limit, quota_used, quota_at"
    at.run(f"grant select ({told}) on account_state to {at.desk}")
    at.run(f"create policy searcher on message for select to {at.searcher} using (organisation_id = {ORGANISATION})")
    at.run(f"grant select on message, address to {at.searcher}; grant select, update (id) on person to {at.searcher}")
    at.functions(FUNCTIONS.format(organisation=ORGANISATION), "ways_back(uuid)", "hold_person(uuid)")


def downgrade() -> None:
    at = roles()
    at.run("drop function ways_back(uuid); drop function hold_person(uuid)")
    at.run(f"drop policy searcher on message; revoke all on message, address, person from {at.searcher}")
    at.run(f"revoke update ({TICKET_OF_THE_DESK}) on ticket from {at.desk}")
    at.run(f"revoke insert on message, attachment, gram_due from {at.desk}")
    at.run(f"revoke update (text_ok) on person_card from {at.desk}")
    at.run("drop table account_state; drop table delivery; drop index message_heard")
    at.run("alter table message drop column address_id, drop column author, drop column last_seen")
    at.run("alter table person_card drop column text_ok")
    at.run("alter table address drop column language, drop column language_at, drop column asked_language")
