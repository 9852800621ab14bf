"""Promise 21: what another organisation alone has is found, counted and completed like what nobody has.

By the pages: every way of asking for something with the other's words, names, numbers, tags and queues gives, byte for
byte, the page that nonsense gives. The time it takes is compared in tests/integration/test_desk_find.py.
"""

import re
from uuid import uuid4

import pytest

from tests.neighbours import ANSWER, NAME, NOTE, TAG, marked, neighbours


@pytest.fixture
async def two(home):
    async with neighbours(home) as opened:
        yield opened


def plain(text: str, asked: str) -> str:
    """A page without what was asked, and without what every page has of its own."""
    text = re.sub(r'name="csrf" value="[^"]*"|data-cursor="[^"]*"|content="[\w-]{30,}"', "", text)
    return text.replace(asked, "").replace(asked.replace("#", "%23"), "")


async def test_what_only_another_organisation_has_is_what_nobody_has(two):
    browser = await two.stranger("agent", "supervisor")
    ((number, name),) = await two.there.rows(
        "select t.number, c.pseudonym from ticket t join person_card c using (organisation_id, person_id) "
        "where t.id = %s", two.ids["ticket"],
    )  # fmt: skip
    theirs = {
        "words": "quixotrope", "part": "ပတ်စပို့", "name": NAME, "note": NOTE, "answer": ANSWER, "tag": TAG,
        "number": f"#{number}", "pseudonym": name, "id": str(two.ids["ticket"]),
    }  # fmt: skip
    nobodys = {
        "words": "quixotripe", "part": "ပတ်စပေ့ာ", "name": "Zorblaxone", "note": "notewaffle", "answer": "answergrimble",
        "tag": "tagquoble", "number": "#999999", "pseudonym": "Nobody 1", "id": str(uuid4()),
    }  # fmt: skip
    holder = await two.holder()
    for kind, query in theirs.items():
        pages = []
        for asked in (query, nobodys[kind]):
            await browser.get("/find")
            page = await browser.post("/find", {"query": asked})
            pages.append((page.status, plain(page.text, asked)))
        assert pages[0] == pages[1], kind
        if kind != "name":  # nobody is found by the name they gave
            await holder.get("/find")
            assert "/inbox/" in (await holder.post("/find", {"query": query}, **{"X-Part": "1"})).text, kind


async def test_filters_and_counts_tell_nothing(two):
    browser = await two.stranger("agent", "supervisor")
    counts = (await browser.get("/inbox/counts")).text
    for narrowed in ("tag", "queue", "open", "ids", "after"):
        theirs = {"tag": two.ids["tag"], "queue": "shwe-my", "after": f"1.1795000000000000.{two.ids['ticket'].hex}"}
        nobody = {"tag": uuid4(), "queue": "no-such-queue", "after": f"1.1795000000000000.{uuid4().hex}"}
        pages = []
        for of in (theirs, nobody):
            value = str(of.get(narrowed, two.ids["ticket"] if of is theirs else uuid4()))
            page = await browser.get(f"/inbox?view=open&{narrowed}={value}")
            part = await browser.get(f"/inbox/rows?view=open&{narrowed}={value}", **{"X-Part": "1"})
            pages.append((page.status, plain(page.text, value), part.status, plain(part.text, value)))
        assert pages[0] == pages[1], narrowed
    await two.there.says("other", "လစာ မရသေးဘူး")  # the neighbours are busy
    assert (await browser.get("/inbox/counts")).text == counts
    seen = await two.walk(browser, [("GET", "/inbox"), ("GET", "/inbox/rows"), ("GET", "/find")], two.ids, two.mine)
    assert marked(seen) == []
