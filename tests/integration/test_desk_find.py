"""Finding within the wall; and what only others have is as if nobody had it."""

import random
import statistics
import time
from datetime import date, timedelta

import pytest

from desk import ending, saying, triage
from desk.finding import find
from desk.reading import thread
from sandbox.people import person
from sandbox.providers import twilio_sms, twilio_voice
from tests.house import NOON

UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"
BENGALI = "আমার মালিক দুই মাসের বেতন দেয়নি"


@pytest.fixture
async def mya(office):
    return await office.agent("mya")


async def found(office, agent, query, **more):
    return [(hit.row.id, hit.by) for hit in (await office.do(agent, find, query, **more)).hits]


@pytest.mark.parametrize("words", ["လစာ ၂ လ", "မရသေး", "ကူညီ"])
async def test_words_are_found_without_spaces_between_them(office, mya, words):
    ticket = (await office.says("aye", UNPAID))["id"]
    await office.index()
    answer = await office.do(mya, find, words)
    (hit,) = answer.hits
    assert (hit.row.id, hit.by, hit.snippet.match, hit.snippet.direction) == (ticket, "words", words, "in")
    assert hit.snippet.before + hit.snippet.match + hit.snippet.after in UNPAID
    assert not answer.capped


async def test_a_hit_is_verified_after_unsealing(office, mya):
    """The index knows pieces of three letters: all of them may be there without the words."""
    await office.says("aye", "abcd bcde ကူညီပါ လစာ")
    await office.index()
    assert await found(office, mya, "abcde") == []


async def test_notes_and_answers_are_found_and_what_was_called_back_is_not(office, mya):
    from desk.answering import undo

    ticket = (await office.says("aye", UNPAID))["id"]
    await office.do(mya, saying.note, ticket, "Case of the Green Mango Factory")
    said = await office.send(mya, ticket, "Please ring the shelter")
    await office.index()
    (hit,) = (await office.do(mya, find, "green MANGO")).hits
    assert (hit.snippet.match, hit.snippet.direction) == ("Green Mango", "note")
    assert await found(office, mya, "the shelter") == [(ticket, "words")]
    await office.do(mya, undo, said.delivery)
    assert await found(office, mya, "the shelter") == []


async def test_a_ticket_is_found_once_with_its_latest_words(office, mya):
    ticket = (await office.says("aye", UNPAID))["id"]
    office.pass_time(minutes=5)
    await office.says("aye", "ဒုတိယ " + UNPAID)
    await office.index()
    (hit,) = (await office.do(mya, find, "မရသေး")).hits
    assert (hit.row.id, hit.more, hit.snippet.before[:6]) == (ticket, 1, "ဒုတိယ ")


async def test_numbers_ids_pseudonyms_and_tags(office, mya):
    ticket = await office.says("aye", UNPAID)
    number, id_ = ticket["number"], ticket["id"]
    await office.do(mya, triage.add_tag, id_, "Samut Sakhon")
    page = await office.do(mya, thread, id_)
    name = page.ticket.pseudonym
    assert await found(office, mya, f"#{number}") == [(id_, "ticket")]
    assert await found(office, mya, str(number)) == [(id_, "ticket")]
    assert await found(office, mya, str(id_)) == [(id_, "ticket")]
    assert await found(office, mya, name) == [(id_, "person")]
    assert await found(office, mya, name.split()[0].lower()) == [(id_, "person")]
    assert await found(office, mya, "samut  SAKHON") == [(id_, "tag")]
    assert await found(office, mya, "") == []


async def test_a_number_is_found_whole_as_it_is_dialled_at_home_or_abroad(office):
    account, who = office.home.accounts["sms-np"], person("sita", "ne", "NP")
    await office.home.put(twilio_sms.text(account, who, "मलाई तलब दिएको छैन", 1))
    await office.home.take_in()
    ticket = await office.home.ticket()
    agent = await office.agent("hari", ticket["organisation"])
    national = who.phone.removeprefix("+977")
    for query in (who.phone, who.phone.replace("+", "+ ").replace("+ ", "+"), national):
        assert (ticket["id"], "number") in await found(office, agent, query), query
    assert await found(office, agent, who.phone[:-1]) == []
    other = await office.agent("bela", "kampung-lima")
    assert await found(office, other, who.phone) == []


async def test_a_number_another_organisation_was_called_from_is_not_found(office):
    """The same person writes to one organisation on LINE and calls another: neither learns of the other's."""
    call = twilio_voice.call(office.home.accounts["voice-my"], person("moe", "my", "TH"), NOON, 1)
    await office.home.put(twilio_voice.ringing(call), twilio_voice.ended(call, "no-answer", 0))
    await office.home.take_in()
    ticket = await office.home.ticket()
    for slug in ("shwe", "kampung-lima", "padauk"):
        agent = await office.agent("a", slug)
        hits = await found(office, agent, person("moe", "my", "TH").phone)
        assert hits == ([(ticket["id"], "number")] if slug == ticket["organisation"] else [])


async def test_days_narrow_what_is_found(office, mya):
    first = (await office.says("aye", UNPAID, at=NOON))["id"]
    office.now = NOON + timedelta(days=3)
    await office.says("begum", "ဒုတိယ " + UNPAID)
    await office.index()
    day = date(2026, 11, 20)
    assert await found(office, mya, "မရသေး", until=day) == [(first, "words")]
    assert await found(office, mya, "", since=day, until=day) == [(first, "day")]
    assert len(await found(office, mya, "မရသေး", since=day)) == 2
    assert await found(office, mya, "မရသေး", since=date(2026, 12, 1)) == []


async def test_searching_is_written_down_without_the_words(office, mya):
    await office.says("aye", UNPAID)
    await office.index()
    await office.do(mya, find, "မရသေး")
    ((actor, detail),) = await office.rows("select actor, detail from audit where action = 'search.done'")
    assert (actor, detail) == (f"agent:{mya.id}", {"hits": "1"})


# Promise 21: search is no oracle


QUERIES = ["বেতন দেয়নি", "shrimp factory", "Teak 4", "+60123456789", "#{number}", "green mango"]


async def test_what_only_another_organisation_has_is_found_like_what_nobody_has(office):
    mya, bela = await office.agent("mya"), await office.agent("bela", "kampung-lima")
    await office.says("aye", UNPAID)
    theirs = await office.says("begum", BENGALI, language="bn")
    await office.do(bela, triage.add_tag, theirs["id"], "shrimp factory")
    await office.do(bela, saying.note, theirs["id"], "green mango")
    await office.index()
    name = (await office.do(bela, thread, theirs["id"])).ticket.pseudonym
    theirs_only = ["বেতন দেয়নি", "shrimp factory", "green mango", name, f"#{theirs['number']}", str(theirs["id"])]
    nobodys = ["বেতন দিয়েছে", "shrimp farmers", "green melon", "Teak 1", "#999999", str(theirs["id"])[::-1]]
    for query in theirs_only:
        assert await found(office, bela, query), query
        answer = await office.do(mya, find, query)
        assert (list(answer.hits), answer.capped) == ([], False), query
    for query in nobodys:
        answer = await office.do(mya, find, query)
        assert (list(answer.hits), answer.capped) == ([], False), query


async def test_it_takes_as_long_too(office):
    """Mann-Whitney on a hundred searches each; three independent tries, so that chance alone fails one in a million."""
    mya, bela = await office.agent("mya"), await office.agent("bela", "kampung-lima")
    for number in range(12):
        await office.says(f"b{number}", f"{BENGALI} {number}", language="bn")
    await office.index()
    chance = random.Random(21)

    async def seconds(query: str) -> float:
        start = time.perf_counter()
        await office.do(mya, find, query)
        return time.perf_counter() - start

    async def differ() -> bool:
        theirs, nobodys = [], []
        for _ in range(120):
            for query, into in chance.sample([("বেতন দেয়নি", theirs), ("চেয়ার ভাঙেনি", nobodys)], k=2):
                into.append(await seconds(query))
        return p_value(theirs, nobodys) < 0.01

    assert (await office.do(bela, find, "বেতন দেয়নি")).hits
    assert not (await differ() and await differ() and await differ())


def p_value(a: list[float], b: list[float]) -> float:
    """Two-sided Mann-Whitney U, by the normal approximation."""
    ranked = sorted([(x, 0) for x in a] + [(x, 1) for x in b])
    u = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0) - len(a) * (len(a) + 1) / 2
    mean, deviation = len(a) * len(b) / 2, (len(a) * len(b) * (len(a) + len(b) + 1) / 12) ** 0.5
    return 2 * (1 - statistics.NormalDist().cdf(abs(u - mean) / deviation))


async def test_closed_tickets_are_found(office, mya):
    ticket = (await office.says("aye", UNPAID))["id"]
    await office.do(mya, ending.close, ticket, "not_actionable")
    await office.index()
    assert await found(office, mya, "မရသေး") == [(ticket, "words")]
