"""Files people sent, and files that go to them: where each is kept, or why it is not."""

from storage.migrations.wall import roles

revision = "0003"
down_revision = "0002"

TABLES = """
-- `mime` and `size` are what was claimed until the file is kept, then what it is.
-- `duty`: what is next to do: 0 fetch it before the provider forgets it, 1 fetch it, 2 have the provider's copy removed.
-- `inline`: a browser may show it; what is shown is the copy made anew (`shown_mime`) where there is one.
alter table attachment
    add column state text not null default 'due' check (state in ('due', 'kept', 'gone', 'refused')),
    add column why text,
    add column duty int default 0 check (duty in (0, 1, 2)),
    add column tries int not null default 0,
    add column due_at timestamptz not null default now(),
    add column lease uuid, add column lease_slot text, add column lease_until timestamptz,
    add column inline boolean not null default false,
    add column shown_mime text, add column shown_size bigint,
    add column kept_at timestamptz, add column removed_at timestamptz;
create index attachment_duty on attachment (duty, due_at, id) where duty is not null;
create index attachment_id on attachment (id);
alter table person add column erased_at timestamptz;
"""

# Twilio keeps what it holds until it is told to delete it; the others forget by themselves
WHO_KEEPS = """
update attachment a set duty = 1 from message m join account c on c.id = m.account
where m.organisation_id = a.organisation_id and m.id = a.message_id and c.channel in ('sms', 'voice')
"""

GAUGES = """
create function media_gauges() returns table (name text, value double precision)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select 'media_due', count(*) from public.attachment where duty in (0, 1)
    union all select 'media_overdue_seconds', coalesce(extract(epoch from now() - min(due_at)), 0)
        from public.attachment where duty in (0, 1) and due_at < now()
    union all select 'media_disk_full', count(*) from public.attachment where duty in (0, 1) and why = 'disk_full'
    union all select 'media_to_remove', count(*) from public.attachment where duty = 2 $$;
"""


def upgrade() -> None:
    at = roles()
    # run by the owner, who does not pass through the wall: let this one statement see the rows
    at.run("alter table attachment no force row level security; alter table message no force row level security")
    at.run(TABLES)
    at.run(WHO_KEEPS)
    at.run("alter table attachment force row level security; alter table message force row level security")
    # counting needs no more of a row than this, so its owner is given no more
    at.run(f"create policy counting on attachment for select to {at.searcher} using (true)")
    at.run(f"grant select (duty, due_at, why) on attachment to {at.searcher}")
    at.functions(GAUGES, "media_gauges()")
    at.run(f"grant execute on function media_gauges() to {at.intake}, {at.door}")


def downgrade() -> None:
    at = roles()
    at.run("drop function media_gauges(); drop policy counting on attachment")
    at.run(f"revoke select (duty, due_at, why) on attachment from {at.searcher}")
    at.run("drop index attachment_id; drop index attachment_duty; alter table person drop column erased_at")
    columns = "state why duty tries due_at lease lease_slot lease_until inline shown_mime shown_size kept_at removed_at"
    at.run("alter table attachment " + ", ".join(f"drop column {name}" for name in columns.split()))
