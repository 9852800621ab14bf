"""Contact rules and consent as agents note them: nothing is lost that a form does not show."""

import re
from datetime import timedelta

import pytest

from desk import consent, contact
from model.contact import Rules
from model.hours import parse_hours
from storage import erasure
from tests.house import NOON

HOURS = parse_hours({"mon-fri": "08:00-20:00", "sun": "10:00-12:00"}, "Asia/Bangkok")
KNOWN = Rules(
    write="yes", on={"sms": "no", "facebook": "unknown"}, call="no", hours=HOURS, until=NOON + timedelta(days=3),
    phone="shared", whose="her husband", check="Where is the mango tree?", remark="Never on Fridays",
)  # fmt: skip


@pytest.fixture
async def known(room):
    """A ticket, an agent before it, and rules an agent wrote down earlier."""
    agent, mya = await room.agent()
    ticket = await room.ticket()
    async with room.seat(agent) as seat:
        await contact.write(seat, ticket, KNOWN, was=None)
    await mya.open(ticket)
    return room, agent, mya, ticket


async def rules(room, agent, ticket) -> Rules:
    async with room.seat(agent) as seat:
        return (await contact.known(seat, ticket)).rules


def version(sitting) -> str:
    return re.search(r'name="was" value="([^"]+)"', sitting.browser.page.text)[1]


async def test_one_question_changes_one_answer(known):
    room, agent, mya, ticket = known
    page = await mya.do(ticket, "rules", was=version(mya), call="yes", asked="yes")
    assert page.status == 200
    now = await rules(room, agent, ticket)
    assert (now.call, now.checked_at) == ("yes", room.at.clock.at)
    assert (now.on, now.hours, now.until, now.whose, now.check, now.remark) == (
        KNOWN.on, KNOWN.hours, KNOWN.until, KNOWN.whose, KNOWN.check, KNOWN.remark,
    )  # fmt: skip


async def test_the_form_says_what_holds_on_one_channel_and_keeps_it(known):
    room, agent, mya, ticket = known
    page = mya.browser.page.text
    assert re.search(r'<select[^>]*name="on-sms">.*?<option value="no" selected>', page, re.DOTALL)
    assert "Do not write on SMS" in page
    sent = {"write": "yes", "on-sms": "no", "on-facebook": "unknown", "on-line": "same", "from": "", "to": ""}
    await mya.do(ticket, "rules", was=version(mya), **sent)
    now = await rules(room, agent, ticket)
    assert (now.on, now.hours) == (KNOWN.on, KNOWN.hours)
    await mya.open(ticket)
    await mya.do(ticket, "rules", was=version(mya), **{"on-sms": "same", "on-line": "no", "on-fax": "yes"})
    assert (await rules(room, agent, ticket)).on == {"facebook": "unknown", "line": "no"}
    page = await mya.open(ticket)
    assert "Do not write on LINE" in page.text
    assert "strip-stop" in page.text


async def test_the_question_about_this_channel_counts_on_this_channel(known):
    """Where a channel has an answer of its own, the general one would change nothing."""
    room, agent, mya, ticket = known
    async with room.seat(agent) as seat:
        was = (await contact.known(seat, ticket)).version
        await contact.write(seat, ticket, Rules(write="yes", on={"line": "no"}), was=was)
    page = await mya.open(ticket)
    assert re.search(r'id="ask-write".*?name="on-line" value="yes"', page.text, re.DOTALL)
    await mya.do(ticket, "rules", was=version(mya), **{"on-line": "yes"})
    assert "Safe to write on LINE" in (await mya.open(ticket)).text


@pytest.mark.parametrize("until", ["2020-01-01T10:00", "2099-01-01T10:00", "tomorrow", "2026-02-30T10:00"])
async def test_an_end_that_is_none_is_refused_and_does_not_become_for_ever(known, until):
    room, agent, mya, ticket = known
    page = await mya.do(ticket, "rules", was=version(mya), until=until)
    assert page.status == 409
    assert await rules(room, agent, ticket) == KNOWN


async def test_answers_whose_time_is_over_are_not_brought_back(known):
    room, agent, mya, ticket = known
    room.at.clock.forward(days=4)
    _, mya = await room.agent("Arun")
    page = await mya.open(ticket)
    assert "These answers are out of date: ask again" in page.text
    await mya.do(ticket, "rules", was=version(mya), call="yes")
    now = await rules(room, agent, ticket)
    assert (now.call, now.write, now.until, now.whose) == ("yes", "unknown", None, "her husband")


async def test_a_refusal_is_in_the_language_of_the_screen(room):
    agent = await room.at.agent("Nok", "shwe", language="th")
    nok = await room.at.let_in(agent)
    ticket = await room.ticket()
    await nok.get(f"/inbox/{ticket}/thread")
    for act, fields in (
        ("tag", {"name": "x" * 41}),
        ("note", {"note": "  "}),
        ("rules", {"was": "", "from": "25:00", "to": "26:00", "zone": "Asia/Bangkok"}),
        ("rules", {"was": "", "whose": "x" * 501}),
        ("reveal", {"reason": "other", "words": "\u200b"}),
    ):
        page = await nok.post(f"/inbox/{ticket}/{act}", fields, **{"X-Part": "1"})
        (told,) = re.findall(r'<div class="banner[^"]*" role="alert">.*?<p>(.*?)</p>', page.text, re.DOTALL)
        assert page.status in (409, 422)
        assert not re.search("[a-z]{4}", told), told


# What the person agreed to


async def test_what_was_agreed_to_stands_on_the_card(room):
    agent, mya = await room.agent()
    ticket = await room.ticket()
    page = await mya.open(ticket)
    assert "nobody has asked" in page.text
    page = await mya.do(ticket, "consent", how="said", contact="yes", employer="no", story="perhaps")
    assert page.status == 200
    assert "Yes: contact again" in page.text
    assert "No: employer" in page.text
    assert "story without a name</span>" not in page.text
    assert "Mya wrote down what the person agreed to." in page.text
    room.at.clock.forward(minutes=5)
    await mya.do(ticket, "consent", how="written", contact="yes", employer="ask_again")
    assert await room.at.rows("select purpose, answer, how from consent order by id") == [
        ("contact", "yes", "said"), ("employer", "no", "said"), ("employer", "ask_again", "written"),
    ]  # fmt: skip
    async with room.seat(agent) as seat:
        assert {purpose: one.answer for purpose, one in (await consent.of(seat, ticket)).items()} == {
            "contact": "yes",
            "employer": "ask_again",
        }
    assert [detail for _, detail in await room.trail("contact.consent_changed")] == [
        {"how": "said", "contact": "yes", "employer": "no"},
        {"how": "written", "employer": "ask_again"},
    ]


async def test_how_it_was_said_has_to_be_known(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    assert (await mya.do(ticket, "consent", how="guessed", contact="yes")).status == 409
    assert await room.at.rows("select * from consent") == []


async def test_of_an_erased_person_nothing_is_left_nor_written(room, home):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    await mya.do(ticket, "consent", how="said", contact="yes")
    ((person,),) = await room.at.rows("select person_id from ticket where id = %s", ticket)
    async with home.database.intake() as connection:
        await erasure.erase(connection, home.workplace.master, person)
    assert await room.at.rows("select * from consent") == []
    await mya.open(ticket)
    assert (await mya.do(ticket, "consent", how="said", contact="yes")).status == 409
    assert await room.at.rows("select * from consent") == []


async def test_who_may_answer_can_be_given_a_ticket(room):
    _, mya = await room.agent()
    await room.agent("Mobi", "mobilizer")
    ticket = await room.ticket()
    page = await mya.open(ticket)
    offered = re.search(r'<select[^>]*id="assign-to".*?</select>', page.text, re.DOTALL)[0]
    assert ("Mya" in offered, "Mobi" in offered) == (True, False)


async def test_a_language_that_stays_is_no_event(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    page = await mya.do(ticket, "language", language="th", spoken="")
    assert "set the language to speak" not in page.text
    page = await mya.do(ticket, "language", language="th", spoken="shn")
    assert "set the language to speak: Shan" in page.text
    page = await mya.do(ticket, "language", language="th", spoken="")
    assert "speaks the language they write" in page.text
