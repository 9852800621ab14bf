"""Promise 19: who may not know a name, a number or a word receives none of them, by whichever door.

Every route is asked in every role, and every byte of every answer is searched.
"""

import pytest

from model.agents import ROLES
from sandbox.people import person
from sandbox.providers import twilio_sms
from tests.neighbours import DESK, MARKERS, NAME, marked, neighbours

#: After these somebody holds the ticket, has said why they must see who it is, or has written another name.
TAKE, REVEAL, NAMING = (f"/inbox/{{ticket}}/{act}" for act in ("take", "reveal", "name"))
TAKE_SEVERAL = "/inbox/several"
THREAD = ("GET", "/inbox/{ticket}/thread")
#: What these give is the ticket's own words and notes, which every agent of its desk reads.
WORDS = tuple(marker for marker in MARKERS if marker != NAME)


@pytest.fixture
async def two(home):
    async with neighbours(home) as opened:
        who = person("phoned", "ne", "NP")
        await home.put(twilio_sms.text(home.accounts["sms-np"], who, "तीन महिनाको तलब पाएको छैन", 5))
        await home.take_in()
        yield opened, who


async def test_who_is_not_of_the_desk_reads_nothing(two):
    opened, _ = two
    for role in set(ROLES) - DESK:
        browser = await opened.at.let_in(await opened.there.agent(f"own{role}", "shwe", role))
        walked = await opened.walk(browser, opened.routes(), opened.ids, opened.ids["ticket"])
        assert marked(walked) == [], role


async def test_a_name_is_for_whoever_holds_the_ticket(two):
    opened, _ = two
    seen = await opened.walk(await opened.holder(), [THREAD], opened.ids, opened.ids["ticket"])
    assert marked(seen, [NAME]) != []
    routes = [route for route in opened.routes(DESK) if route[1] not in (TAKE, TAKE_SEVERAL, REVEAL, NAMING)]
    for role in DESK:
        browser = await opened.at.let_in(await opened.there.agent(f"own{role}", "shwe", role))
        for round_ in (0, 1):
            walked = await opened.walk(browser, routes, opened.ids, opened.ids["ticket"], round_)
            assert marked(walked, [NAME]) == [], role
            assert marked(walked, WORDS) != []  # they do read the rest
    shown = await opened.walk(browser, [("POST", REVEAL)], opened.ids, opened.ids["ticket"])
    assert marked(shown, [NAME]) != []


async def test_a_number_is_for_whoever_says_why(two):
    opened, who = two
    ((ticket, organisation),) = await opened.there.rows(
        "select t.id, o.slug from ticket t join organisation o on o.id = t.organisation_id where t.channel = 'sms'"
    )
    number = who.id_on("sms")
    shapes = [number, number.lstrip("+"), number[-8:], number[-6:]]
    routes = [route for route in opened.routes(DESK) if route[1] != REVEAL]
    browser = await opened.at.let_in(await opened.there.agent("phones", organisation, "supervisor"))
    ids = opened.ids | {"ticket": ticket}
    for round_ in (0, 1):
        assert marked(await opened.walk(browser, routes, ids, ticket, round_), shapes) == []
    (shown,) = await opened.walk(browser, [("POST", REVEAL)], ids, ticket)
    assert number.lstrip("+") in "".join(filter(str.isdigit, shown.page.text))
    assert marked(await opened.walk(browser, routes, ids, ticket), shapes) == []
