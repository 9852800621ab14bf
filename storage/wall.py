"""Is the wall between organisations whole? Asked of the database's own catalog before anything is served."""

import psycopg
from psycopg.conninfo import conninfo_to_dict

from runtime.keys import Master
from storage.database import login_dsn

_ROLES = ("door", "web", "worker", "intake", "desk", "searcher", "authenticator")
_LOGINS = """
select rolname from pg_roles where rolname = any (%(logins)s)
and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)"""
_OWNERS = """
select r.rolname, c.relname from pg_class c join pg_roles r on r.oid = c.relowner
where r.rolname = any (%(logins)s) and c.relnamespace = 'public'::regnamespace"""
_MEMBERS = """
select m.rolname, g.rolname from pg_auth_members a
join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid
where (m.rolname = %(web)s and g.rolname <> %(desk)s)
or m.rolname in (%(door)s, %(desk)s, %(intake)s, %(searcher)s, %(authenticator)s)"""
_TABLES = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
where a.attname = 'organisation_id' and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
and not (c.relrowsecurity and c.relforcerowsecurity)"""
# Policies of one table are or-ed: a second one for the desk would open what the first one closes.
_POLICIES = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
where a.attname = 'organisation_id' and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
and (not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'wall')
    or exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive
        and (0::oid = any (p.polroles)
            or exists (select from pg_roles r where r.oid = any (p.polroles) and r.rolname in (%(desk)s, %(web)s)))
        and (p.polwithcheck is not null or not pg_get_expr(p.polqual, p.polrelid) like %(wall)s
            or pg_get_expr(p.polqual, p.polrelid) like '%% OR %%')))"""
_WALL = (
    "(organisation\\_id = ( SELECT (NULLIF(current\\_setting('app.organisation'::text, true), ''::text))::uuid AS %))"
)
_VIEWS = """
select relname from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace
and not coalesce('security_invoker=true' = any (reloptions), false)"""
_FUNCTIONS = """
select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace
and not coalesce(array_to_string(proconfig, ' ') like '%%search_path=%%', false)"""


def holes(owner: str, master: Master) -> list[str]:
    """What is wrong with the wall, one sentence each; empty when it is whole.

    Raises psycopg.OperationalError when the database does not answer or does not know our logins.
    """
    database = str(conninfo_to_dict(owner)["dbname"])
    names = {role: f"{database}_{role}" for role in _ROLES}
    with psycopg.connect(login_dsn(owner, "worker", master), autocommit=True) as connection:
        connection.read_only = True
        return [message for query, say in _QUESTIONS for message in _asked(connection, query, say, names)]


_QUESTIONS = (
    (_LOGINS, "The login {0} has rights that go round the wall: take superuser, bypassrls and create rights from it."),
    (_OWNERS, "The login {0} owns the table {1} and could take its wall down: give the table to the owner role."),
    (_MEMBERS, "The login {0} is a member of {1} and could change into it: revoke that."),
    (_TABLES, "The table {0} has rows of organisations but no forced row-level security: run `worker-voice migrate`."),
    (
        _POLICIES,
        "The table {0} lacks the policy on its organisation, or has another beside it: run `worker-voice migrate`.",
    ),
    (_VIEWS, "The view {0} answers with its owner's rights: recreate it with security_invoker."),
    (
        _FUNCTIONS,
        "The function {0} runs with its owner's rights without a fixed search_path: run `worker-voice migrate`.",
    ),
)


def _asked(connection: psycopg.Connection, query: str, say: str, names: dict[str, str]) -> list[str]:
    values = {**names, "wall": _WALL, "logins": list(names.values())}
    return [say.format(*row) for row in connection.execute(query.encode(), values).fetchall()]
