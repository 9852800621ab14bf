"""Promise 24, for pages: a whole session of them, and every error in it, leaves no word, name or number in any log.

Each route is asked with words of its own in every field; then again while each table in turn refuses its row, and says
so by quoting the whole of it.
"""

import json

import psycopg
import pytest

from sandbox.people import person
from tests.desk import PASSWORD
from tests.neighbours import DESK, MARKERS, neighbours
from tests.promises.conftest import listening

TYPED = {
    field: f"typed{field}wibble"
    for field in ("text", "note", "name", "whose", "check", "remark", "words", "why", "query", "title")
}
QUOTES = """
create or replace function complain() returns trigger language plpgsql as $$ begin raise exception 'row %', new; end $$;
create trigger complain before insert or update on {0} for each row execute function complain()"""
#: Where what is written about people goes, and where everything does.
TABLES = ("message", "draft", "contact_rule", "audit", "change")


@pytest.fixture
async def two(home, tape):
    async with neighbours(home) as opened:
        yield opened


async def test_no_page_and_no_error_of_one_is_told_with_its_words(two, tape, capfd, cluster):
    aye = person("aye", "my", "TH")
    markers = [*MARKERS, *TYPED.values(), PASSWORD, "wrongwibble", aye.id_on("line"), aye.name]
    routes, ticket = two.routes(DESK), two.ids["ticket"]
    acts = [(method, path) for method, path in routes if method == "POST"]
    browser = await two.holder()
    async with listening(cluster) as gained:
        await two.at.browser().sign_in("mya@shwe", "wrongwibble and more")
        await two.at.browser().get("/invitation?token=wrongwibble")
        await two.walk(browser, routes, two.ids, ticket, **TYPED)
        async with await psycopg.AsyncConnection.connect(two.at.home.owner, autocommit=True) as owner:
            for name in TABLES:
                await owner.execute(QUOTES.format(name).encode())
                walked = await two.walk(browser, acts, two.ids, ticket, **TYPED)
                await owner.execute(f"drop trigger complain on {name}".encode())
                assert not [one for one in walked if "row (" in one.page.text]
    told = tape.getvalue()
    assert told.count("page.failed") > 15  # the errors were errors
    for text in (told, "".join(capfd.readouterr()), "".join(gained)):
        assert [marker for marker in markers if marker in text or json.dumps(marker)[1:-1] in text] == []
    written = await two.there.rows("select action, detail::text from audit")
    assert [marker for marker in markers if marker in str(written)] == []
