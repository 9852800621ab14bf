"""Who may sign in: agents, their passwords and second factors, sessions, invitations, and the brake on guessing.

Before anybody is known there is no organisation to stand behind, so a few functions answer the web login. They belong
to a role of their own, `authenticator`, which sees these tables and no others. What proves that somebody is who they
say (`credential`) is readable through them alone: no desk can read it, not even that of the same organisation.
"""

from storage.migrations.wall import roles

revision = "0005"
down_revision = "0004"

TABLES = """
-- `sign_in`: keyed hash of `mya@shwe`; names are sealed with the agent's own key, for a stolen disk must not name those
-- who help either
create table agent (
    organisation_id uuid not null references organisation, id uuid not null, sign_in bytea not null, key bytea not null,
    handle bytea not null, name bytea not null, roles text[] not null, languages text[] not null,
    screen_language text not null, theme text not null default 'system', density text not null default 'normal',
    single_keys boolean not null default true, demo boolean not null default false,
    created_at timestamptz not null, disabled_at timestamptz,
    primary key (organisation_id, id), unique (organisation_id, sign_in));
create index agent_sign_in on agent (sign_in);
create table credential (
    organisation_id uuid not null, agent_id uuid not null, password text not null,
    totp bytea, totp_step bigint not null default 0, changed_at timestamptz not null,
    primary key (organisation_id, agent_id),
    foreign key (organisation_id, agent_id) references agent on delete cascade);
create table recovery_code (
    organisation_id uuid not null, id uuid not null, agent_id uuid not null, hash bytea not null,
    primary key (organisation_id, id), foreign key (organisation_id, agent_id) references agent on delete cascade);
create index recovery_code_agent on recovery_code (organisation_id, agent_id);
create table session (
    organisation_id uuid not null, id uuid not null, agent_id uuid not null, hash bytea not null,
    stage text not null check (stage in ('code', 'enrol', 'full')), pending bytea,
    created_at timestamptz not null, seen_at timestamptz not null, ends_at timestamptz not null,
    primary key (organisation_id, id), foreign key (organisation_id, agent_id) references agent on delete cascade);
create index session_hash on session (hash);
create index session_agent on session (organisation_id, agent_id);
create table invitation (
    organisation_id uuid not null, agent_id uuid not null, hash bytea not null, ends_at timestamptz not null,
    primary key (organisation_id, agent_id),
    foreign key (organisation_id, agent_id) references agent on delete cascade);
create index invitation_hash on invitation (hash);

-- how often somebody tried lately; the key is a keyed hash of who tried what from where
create table sign_in_try (key bytea primary key, tries int not null, last_at timestamptz not null, free_at timestamptz not null);
"""
SECRET = ("credential", "recovery_code", "session", "invitation")

FUNCTIONS = """
-- who signs in by this name, and what proves it
create function agent_for_sign_in(wanted bytea)
    returns table (organisation_id uuid, id uuid, key bytea, roles text[], demo boolean, password text, has_totp boolean)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select a.organisation_id, a.id, a.key, a.roles, a.demo, c.password, c.totp is not null
    from public.agent a join public.credential c on c.organisation_id = a.organisation_id and c.agent_id = a.id
    join public.organisation o on o.id = a.organisation_id
    where a.sign_in = wanted and a.disabled_at is null and o.retired_at is null $$;
-- whose session this is; whether it still counts is for the caller, who has the clock
create function session_of(wanted bytea)
    returns table (id uuid, stage text, created_at timestamptz, seen_at timestamptz, ends_at timestamptz,
        organisation_id uuid, agent_id uuid, key bytea, handle bytea, name bytea, roles text[], languages text[],
        screen_language text, theme text, density text, single_keys boolean, demo boolean)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select s.id, s.stage, s.created_at, s.seen_at, s.ends_at, a.organisation_id, a.id, a.key, a.handle, a.name, a.roles,
        a.languages, a.screen_language, a.theme, a.density, a.single_keys, a.demo
    from public.session s join public.agent a on a.organisation_id = s.organisation_id and a.id = s.agent_id
    join public.organisation o on o.id = a.organisation_id
    where s.hash = wanted and a.disabled_at is null and o.retired_at is null $$;
-- what proves that the holder of this session is who they say: their own, nobody else's
create function proofs_of(wanted bytea)
    returns table (key bytea, password text, totp bytea, pending bytea)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select a.key, c.password, c.totp, s.pending
    from public.session s join public.agent a on a.organisation_id = s.organisation_id and a.id = s.agent_id
    join public.credential c on c.organisation_id = s.organisation_id and c.agent_id = s.agent_id
    where s.hash = wanted and a.disabled_at is null $$;
create function invited(wanted bytea, at timestamptz)
    returns table (organisation_id uuid, agent_id uuid, key bytea, handle bytea, name bytea, roles text[], demo boolean)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select a.organisation_id, a.id, a.key, a.handle, a.name, a.roles, a.demo
    from public.invitation i join public.agent a on a.organisation_id = i.organisation_id and a.id = i.agent_id
    join public.organisation o on o.id = a.organisation_id
    where i.hash = wanted and i.ends_at > at and a.disabled_at is null and o.retired_at is null $$;
-- count one more try, or say until when none is counted: null means go on. The first `free` tries of a day cost nothing,
-- then the wait doubles up to a quarter of an hour. One statement, so that tries at the same moment cannot share a turn
create function try_sign_in(wanted bytea, at timestamptz, free int) returns timestamptz
    language sql volatile security definer set search_path = pg_catalog, public as $$
    with counted as (
        insert into public.sign_in_try as t (key, tries, last_at, free_at) values (wanted, 1, at, at)
        on conflict (key) do update set last_at = at,
            tries = case when t.last_at < at - interval '1 day' then 1 else t.tries + 1 end,
            free_at = case when t.last_at < at - interval '1 day' or t.tries < free then at
                else at + make_interval(secs => least(900, power(2, least(t.tries - free + 1, 12)))) end
        where t.free_at <= at returning true)
    select case when not exists (select from counted)
        then coalesce((select t.free_at from public.sign_in_try t where t.key = wanted), at) end $$;
create function forget_tries(wanted bytea) returns void
    language sql volatile security definer set search_path = pg_catalog, public as $$
    delete from public.sign_in_try where key = wanted $$;
"""
SIGNATURES = (
    "agent_for_sign_in(bytea)", "session_of(bytea)", "proofs_of(bytea)", "invited(bytea, timestamptz)",
    "try_sign_in(bytea, timestamptz, int)", "forget_tries(bytea)",
)  # fmt: skip


def upgrade() -> None:
    at = roles()
    authenticator = at.authenticator
    at.run(TABLES)
    at.run(f"create role {authenticator} nologin noinherit; grant {authenticator} to current_user")
    at.run(f"grant usage on schema public to {authenticator}")
    at.wall("agent", desk_may="select, insert")
    at.run(
        "grant update (name, roles, languages, screen_language, theme, density, single_keys, disabled_at) "
        f"on agent to {at.desk}"
    )
    for table in SECRET:
        at.wall(table, desk_may="insert, delete")
        at.run(
            f"revoke all on {table} from {at.intake}; grant delete, select (organisation_id) on {table} to {at.intake}"
        )
    for table in ("agent", *SECRET):
        at.run(f"create policy authenticator on {table} to {authenticator} using (true)")
    _desk(at.run, at.desk)
    at.run(
        f"grant select (seen_at, ends_at) on session to {at.intake}; grant select (ends_at) on invitation to {at.intake}"
    )
    at.run(f"grant select (last_at), delete on sign_in_try to {at.intake}")
    at.run(f"grant select on agent, credential, session, invitation, organisation to {authenticator}")
    at.run(f"grant select, insert, update, delete on sign_in_try to {authenticator}")
    at.run(FUNCTIONS)
    at.run(
        f"grant create on schema public to {authenticator}"
    )  # an owner of functions needs it for the hand-over alone
    for function in SIGNATURES:
        at.run(f"alter function {function} owner to {authenticator}")
        at.run(f"revoke all on function {function} from public; grant execute on function {function} to {at.desk}")
    at.run(f"revoke create on schema public from {authenticator}")


def _desk(run, desk: str) -> None:  # type: ignore[no-untyped-def]
    """What is needed to change a secret; never the secret itself."""
    run(
        f"grant select (organisation_id, agent_id, totp_step), update (password, totp, totp_step, changed_at) on credential to {desk}"
    )
    run(f"grant select on recovery_code to {desk}")
    run(
        "grant select (organisation_id, id, agent_id, stage, created_at, seen_at, ends_at), "
        f"update (seen_at, pending) on session to {desk}"
    )
    run(f"grant select on invitation to {desk}")


def downgrade() -> None:
    at = roles()
    for function in SIGNATURES:
        at.run(f"drop function {function}")
    at.run("drop table sign_in_try; drop table invitation; drop table session; drop table recovery_code")
    at.run("drop table credential; drop table agent")
    at.run(f"revoke all on schema public from {at.authenticator}; revoke all on organisation from {at.authenticator}")
    at.run(f"drop role {at.authenticator}")
