"""Promise 14: with another organisation's ids every page does what it does with ids that nobody has.

Every route of the application is asked in every role: with the other's ticket in the address, and from a ticket of
one's own with the other's ids in every field and query that carries one.
"""

import pytest

from model.agents import ROLES
from tests.neighbours import DESK, marked, neighbours, nobodys, unnamed, without
from web.app import WHO

#: Keeps who looks under the name of whoever asks, and has no ticket to give away.
BLIND = "/inbox/{ticket}/presence"


@pytest.fixture
async def two(home):
    async with neighbours(home) as opened:
        yield opened


def test_it_is_known_what_every_form_field_carries():
    assert unnamed() == set(), "say in tests/neighbours.py whether these fields carry ids"


async def test_every_id_of_the_address(two):
    routes = [key for key, who in two.at.app[WHO].items() if "{" in key[1] and who & set(ROLES) and key[0] != "*"]
    assert len(routes) > 30
    before = await two.everything()
    for role in ROLES:
        browser, random = await two.stranger(role), nobodys(two.ids)
        theirs = await two.walk(browser, sorted(routes), two.ids, two.ids["ticket"])
        nobody = await two.walk(browser, sorted(routes), random, random["ticket"])
        for one, other in zip(theirs, nobody, strict=True):
            told = (role, one.method, one.path)
            expected = 404 if role in DESK or one.path.startswith("/phones") else 403
            assert one.page.status == (expected if one.path != BLIND or role not in DESK else 204), told
            assert one.page.status == other.page.status, told
            assert without(one.text, two.ids) == without(other.text, random), told
            assert one.page.to == other.page.to, told
        assert marked(theirs) == []
        assert await two.everything() == before, role


async def test_every_id_of_a_form_and_of_a_query(two):
    before, browser = await two.everything(), await two.stranger("agent", "supervisor", "safeguarding")
    routes = two.routes(DESK)
    for round_ in (0, 1):
        random = nobodys(two.ids)
        theirs, nobody = [], []
        for route in routes:
            await two.walk(browser, [route], random, two.mine, round_)  # then the next two find the same
            theirs += await two.walk(browser, [route], two.ids, two.mine, round_)
            nobody += await two.walk(browser, [route], random, two.mine, round_)
            told = (round_, *route)
            assert theirs[-1].page.status < 500, told
            assert theirs[-1].page.status == nobody[-1].page.status, told
            if nobody[-1].page.status >= 400:  # refused: nothing changed in between
                assert without(theirs[-1].text, two.ids) == without(nobody[-1].text, random), told
        assert marked(theirs) == []
        assert sum(one.page.status < 400 for one in theirs) > 20  # the acts were acts
        assert await two.everything() == before


async def test_the_walk_would_find_what_it_looks_for(two):
    seen = marked(await two.walk(await two.holder(), two.routes(DESK), two.ids, two.ids["ticket"]))
    assert len({line.partition(": ")[0] for line in seen}) > 20
    for word in ("quixotrope", "Zorblaxine", "tagquible", "notewuffle", "cannedplonk", "answergrumble", "checkwibble"):
        assert [line for line in seen if line.endswith(word)], word
