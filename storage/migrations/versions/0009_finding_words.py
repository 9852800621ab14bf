"""Words that many messages hold are found among the newest, rare ones by the index.

The wall's policy kept the index of hashes from being used at all: `@>` is not leakproof, so it was asked of every
message of the organisation, one by one. Those who own the function may see all hashes now, and the function itself names the
organisation; a hash of another organisation, made with another key, says nothing to it anyway.
"""

from storage.migrations.wall import ORGANISATION, roles

revision = "0009"
down_revision = "0008"

_NAME = "find_messages(int[], int)"
FUNCTION = """
-- message ids of the current organisation whose text holds all of these grams; newest first
create function find_messages(wanted int[], most int) returns table (message_id uuid)
    language plpgsql stable security definer set search_path = pg_catalog, public as $$
declare
    whose constant uuid := {organisation};
    hits uuid[];
begin
    hits := array(select n.message_id from (
            select g.message_id, g.grams from public.message_grams g where g.organisation_id = whose
            order by g.message_id desc limit 10000) n
        where n.grams @> wanted order by n.message_id desc limit most);
    if cardinality(hits) < most then
        hits := array(with every as materialized (
                select g.message_id from public.message_grams g
                where g.organisation_id = whose and g.grams @> wanted)
            select e.message_id from every e order by e.message_id desc limit most);
    end if;
    return query select unnest(hits);
end $$;
"""
BEFORE = """
create function find_messages(wanted int[], most int) returns table (message_id uuid)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select g.message_id from public.message_grams g
    where g.organisation_id = {organisation} and g.grams @> wanted
    order by g.message_id desc limit most $$;
"""


def upgrade() -> None:
    _replace(FUNCTION, "true")


def downgrade() -> None:
    _replace(BEFORE, f"organisation_id = {ORGANISATION}")


def _replace(function: str, seen: str) -> None:
    at = roles()
    at.run(f"drop policy searcher on message_grams; drop function {_NAME}")
    at.run(f"create policy searcher on message_grams for select to {at.searcher} using ({seen})")
    at.functions(function.format(organisation=ORGANISATION), _NAME)
