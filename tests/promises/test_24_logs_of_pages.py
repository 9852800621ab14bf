"""Promise 24, for pages: a whole session of them, and every error in it, leaves no word, name or number in any log.

Each route is asked with words of its own in every field; then again while each table in turn refuses its row, and says
so by quoting the whole of it.
"""

import json

import psycopg
import pytest

from sandbox.people import person
from tests.desk import PASSWORD
from tests.neighbours import DESK, MARKERS, neighbours, tables
from tests.promises.conftest import listening

TYPED = {
    field: f"typed{field}wibble"
    for field in ("text", "note", "name", "whose", "check", "remark", "words", "why", "query", "title")
}
QUOTES = """
create or replace function complain() returns trigger language plpgsql as $$ begin raise exception 'row %', new; end $$;
create trigger complain before insert or update on {0} for each row execute function complain()"""
#: Every request writes to it: with these away nobody is signed in at all.
SIGNED_IN = {"session", "agent"}


@pytest.fixture
async def two(home, tape):
    async with neighbours(home) as opened:
        yield opened


async def desk_writes(two, connection) -> list[str]:
    """Tables in which an agent may write."""
    asked = "select has_table_privilege(%s, %s, 'insert') or has_any_column_privilege(%s, %s, 'update')"
    role, found = f"{connection.info.dbname}_desk", []
    async with two.at.home.database.intake() as intake:
        walled = await tables(intake)
    for name in walled:
        if (await (await connection.execute(asked, [role, name, role, name])).fetchone())[0]:
            found.append(name)
    return [name for name in found if name not in SIGNED_IN]


async def test_no_page_and_no_error_of_one_is_told_with_its_words(two, tape, capfd, cluster):
    aye = person("aye", "my", "TH")
    markers = [*MARKERS, *TYPED.values(), PASSWORD, "wrongwibble", aye.id_on("line"), aye.name]
    routes, ticket = two.routes(DESK), two.ids["ticket"]
    acts = [(method, path) for method, path in routes if method == "POST"]
    browser = await two.holder()
    async with listening(cluster) as gained:
        await two.at.browser().sign_in("mya@shwe", "wrongwibble and more")
        await two.at.browser().get("/invitation?token=wrongwibble")
        for round_ in (0, 1):
            await two.walk(browser, routes, two.ids, ticket, round_, **TYPED)
        async with await psycopg.AsyncConnection.connect(two.at.home.owner, autocommit=True) as owner:
            refusing = await desk_writes(two, owner)
            for name in refusing:
                await owner.execute(QUOTES.format(name).encode())
                walked = await two.walk(browser, acts, two.ids, ticket, **TYPED)
                await owner.execute(f"drop trigger complain on {name}".encode())
                assert not [one for one in walked if "row (" in one.page.text]
    assert {"draft", "message", "audit", "person_card", "contact_rule", "translation"} <= set(refusing)
    told = tape.getvalue()
    assert told.count("page.failed") > 30  # the errors were errors
    for text in (told, "".join(capfd.readouterr()), "".join(gained)):
        assert [marker for marker in markers if marker in text or json.dumps(marker)[1:-1] in text] == []
    written = await two.there.rows("select action, detail::text from audit")
    assert [marker for marker in markers if marker in str(written)] == []
