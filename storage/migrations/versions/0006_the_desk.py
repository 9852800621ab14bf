"""The desk: what agents do with tickets, what they write beside the words, and how a person may be reached.

Nothing here is read network-wide but the contact rules, which the deliverer asks before anything leaves.
"""

from storage.migrations.wall import ORGANISATION, roles

revision = "0006"
down_revision = "0005"

TABLES = """
-- `arrived_at`: when the newest of its words came in. `answered_until`: words up to then need no answer of ours any more
-- (answered elsewhere, closed). `spoken`: which language to speak on the phone, where that is another than is written
alter table ticket add column arrived_at timestamptz, add column snoozed_until timestamptz,
    add column answered_until timestamptz, add column spoken text;
-- the views of the list, each in its own order; `ticket_list` of 0001 is the one by queue
create index ticket_waiting on ticket (organisation_id, waiting_since, id) where status = 'open' and waiting_since is not null;
create index ticket_danger on ticket (organisation_id, waiting_since, id) where status = 'open' and urgency = 'U1';
create index ticket_mine on ticket (organisation_id, assignee, waiting_since, id) where status = 'open' and assignee is not null;
create index ticket_answered on ticket (organisation_id, last_at desc, id desc) where status = 'open' and waiting_since is null;
create index ticket_snoozed on ticket (organisation_id, snoozed_until, id) where snoozed_until is not null;
create index ticket_closed on ticket (organisation_id, closed_at desc, id desc) where status = 'closed';
create index ticket_opened on ticket (organisation_id, opened_at desc, id desc);
create index ticket_by_number on ticket (organisation_id, number);
create index delivery_ticket on delivery (organisation_id, ticket_id, created_at);
create index message_reaction on message (organisation_id, reply_to) where kind = 'reaction';
-- an agent knows better than the converter: text and text_original changed places
alter table message add column repair_undone boolean not null default false;
-- the deliverer waits for the person's safe hours; meanwhile it holds up nobody behind it
alter table delivery add column held_until timestamptz;
-- quick replies an agent wrote, sealed
alter table delivery add column choices bytea;
drop index audit_ticket;
create index audit_ticket on audit (organisation_id, ticket_id, at);

-- each version of what is known of reaching a person, newest last; the card points to the one that counts
create table contact_rule (
    organisation_id uuid not null, id uuid not null, person_id uuid not null, rules bytea not null, author text not null,
    at timestamptz not null, primary key (organisation_id, id),
    foreign key (organisation_id, person_id) references person_card on delete cascade);
create index contact_rule_person on contact_rule (organisation_id, person_id, id);
alter table person_card add column contact uuid;

-- `id` is made of the organisation and the name, `name` is sealed with the organisation's key
create table tag (
    organisation_id uuid not null references organisation, id uuid not null, name bytea not null,
    primary key (organisation_id, id));
create table ticket_tag (
    organisation_id uuid not null, ticket_id uuid not null, tag_id uuid not null,
    primary key (organisation_id, ticket_id, tag_id),
    foreign key (organisation_id, ticket_id) references ticket on update cascade on delete cascade);
create index ticket_tag_tag on ticket_tag (organisation_id, tag_id, ticket_id);
create table ticket_issue (
    organisation_id uuid not null, ticket_id uuid not null, code text not null, confirmed boolean not null,
    agent_id uuid not null, at timestamptz not null, primary key (organisation_id, ticket_id, code),
    foreign key (organisation_id, ticket_id) references ticket on update cascade on delete cascade);

-- how far an agent has read, and when the trail last said so
create table thread_seen (
    organisation_id uuid not null, agent_id uuid not null, ticket_id uuid not null, at timestamptz not null,
    noted_at timestamptz not null, primary key (organisation_id, ticket_id, agent_id),
    foreign key (organisation_id, ticket_id) references ticket on update cascade on delete cascade);
create table mention (
    organisation_id uuid not null, message_id uuid not null, agent_id uuid not null, ticket_id uuid not null,
    at timestamptz not null, read_at timestamptz, primary key (organisation_id, message_id, agent_id),
    foreign key (organisation_id, message_id) references message on update cascade on delete cascade);
create index mention_agent on mention (organisation_id, agent_id, at desc);
create table translation (
    organisation_id uuid not null, id uuid not null, message_id uuid not null, language text not null, text bytea not null,
    agent_id uuid not null, at timestamptz not null, primary key (organisation_id, id),
    foreign key (organisation_id, message_id) references message on update cascade on delete cascade);
create index translation_message on translation (organisation_id, message_id, id);
create table attachment_heard (
    organisation_id uuid not null, attachment_id uuid not null, agent_id uuid not null, at timestamptz not null,
    primary key (organisation_id, attachment_id, agent_id),
    foreign key (organisation_id, attachment_id) references attachment on update cascade on delete cascade);
create table draft (
    organisation_id uuid not null, id uuid not null, agent_id uuid not null, ticket_id uuid not null,
    kind text not null check (kind in ('reply', 'note')), text bytea not null, language text, address_id uuid, account text,
    last_seen uuid, at timestamptz not null, primary key (organisation_id, id),
    unique (organisation_id, ticket_id, agent_id, kind),
    foreign key (organisation_id, ticket_id) references ticket on update cascade on delete cascade);
create table canned (
    organisation_id uuid not null references organisation, id uuid not null, language text not null, title bytea not null,
    text bytea not null, quick boolean not null, author text not null, at timestamptz not null, retired_at timestamptz,
    primary key (organisation_id, id));
"""

FUNCTIONS = """
-- where a person whom this organisation serves has written to it from, sealed, each with the wrapped key that opens it
create function sealed_addresses(who uuid) returns table (
        address_id uuid, scope text, answerable boolean, left_how text, sealed bytea, key_id uuid, wrapped bytea)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select a.id, a.scope, a.answerable, a.left_how, a.sealed, k.id, k.wrapped from public.address a
    left join public.person_key k on k.id = encode(substr(a.sealed, 2, 16), 'hex')::uuid
    where a.id in (select h.address_id from public.message h where h.organisation_id = {organisation}
            and h.person_id = who and h.direction = 'in' and h.address_id is not null)
        and exists (select from public.person_card c where c.organisation_id = {organisation} and c.person_id = who)
    order by a.id $$;
-- people whom this organisation serves and who have written to it from one of these addresses, by keyed hash
create function people_writing_from(wanted bytea[]) returns table (person_id uuid)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select c.person_id from public.address a join public.address_person p on p.address_id = a.id
    join public.person_card c on c.person_id = p.person_id and c.organisation_id = {organisation}
    where a.blind = any (wanted) and exists (select from public.message h where h.organisation_id = {organisation}
        and h.person_id = c.person_id and h.address_id = a.id and h.direction = 'in')
    order by c.person_id $$;
"""

#: What agents may change, column by column. Who somebody is and where they wrote from is not among it.
TICKET_OF_THE_DESK = (
    "assignee, status, closed_at, outcome, urgency, urgency_reasons, language, language_rank, language_at, language_by, "
    "spoken, snoozed_until, answered_until, queue, routed_by, preview"
)
MESSAGE_OF_THE_DESK = "text, text_original, encoding, repair_undone"
TABLES_OF_THE_DESK = {
    "contact_rule": "select, insert",
    "tag": "select, insert",
    "ticket_tag": "select, insert, delete",
    "ticket_issue": "select, insert, update (confirmed, agent_id, at)",
    "thread_seen": "select, insert, update (at, noted_at)",
    "mention": "select, insert, update (read_at)",
    "translation": "select, insert",
    "attachment_heard": "select, insert",
    "draft": "select, insert, update (text, language, address_id, account, last_seen, at), delete",
    "canned": "select, insert, update (language, title, text, quick, author, at, retired_at)",
}


def upgrade() -> None:
    at = roles()
    at.run(TABLES)
    # run by the owner, who does not pass through the wall: let this one statement see the rows
    at.run("alter table ticket no force row level security")
    at.run("update ticket set arrived_at = last_at")
    at.run("alter table ticket force row level security")
    for table, may in TABLES_OF_THE_DESK.items():
        at.wall(table, desk_may=may)
    at.run(f"grant select (arrived_at, snoozed_until, answered_until, spoken) on ticket to {at.desk}")
    at.run(f"grant update ({TICKET_OF_THE_DESK}) on ticket to {at.desk}")
    at.run(f"grant update ({MESSAGE_OF_THE_DESK}) on message to {at.desk}")
    at.run(f"grant update (name, contact) on person_card to {at.desk}")
    at.run(f"grant select on address_person to {at.searcher}")
    names = ("sealed_addresses(uuid)", "people_writing_from(bytea[])")
    at.functions(FUNCTIONS.format(organisation=ORGANISATION), *names)


def downgrade() -> None:
    at = roles()
    at.run("drop function people_writing_from(bytea[]); drop function sealed_addresses(uuid)")
    at.run(f"revoke select on address_person from {at.searcher}")
    at.run(f"revoke update (name, contact) on person_card from {at.desk}")
    at.run(f"revoke update ({MESSAGE_OF_THE_DESK}) on message from {at.desk}")
    at.run(f"revoke update ({TICKET_OF_THE_DESK}) on ticket from {at.desk}")
    for table in reversed(TABLES_OF_THE_DESK):
        at.run(f"drop table {table}")
    at.run("alter table person_card drop column contact")
    at.run("drop index audit_ticket; create index audit_ticket on audit (organisation_id, ticket_id)")
    at.run(
        "alter table delivery drop column held_until, drop column choices; alter table message drop column repair_undone"
    )
    at.run("drop index message_reaction; drop index delivery_ticket")
    for name in ("by_number", "opened", "closed", "snoozed", "answered", "mine", "danger", "waiting"):
        at.run(f"drop index ticket_{name}")
    columns = "spoken answered_until snoozed_until arrived_at"
    at.run("alter table ticket " + ", ".join(f"drop column {name}" for name in columns.split()))
