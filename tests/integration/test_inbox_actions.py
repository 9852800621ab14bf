"""What agents do with a ticket: answers sent, held and called back, acts of two at once, looks written down."""

import re
from datetime import timedelta
from uuid import uuid4

from sandbox.providers import line
from storage import search
from tests.conversation import AYE, KO
from tests.house import NOON
from web.app import WHO
from web.inbox.act import ACTS

# Answers


async def test_an_answer_waits_five_seconds_and_stops_the_clock(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    page = await mya.answer(ticket, "Is it all right to write now?")
    assert page.status == 200
    assert "Sending in 5 seconds" in page.text
    ((due,),) = await room.at.rows("select due_at from delivery where purpose = 'reply'")
    assert due - room.at.clock() == timedelta(seconds=5)
    assert await room.at.rows("select waiting_since from ticket") == [(None,)]


async def test_undo_brings_the_words_back(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    await mya.answer(ticket, "too early")
    page = await mya.do(ticket, "undo", delivery=mya.undoable())
    assert page.status == 200
    assert re.search(r"<textarea[^>]*>too early</textarea>", page.text)
    assert await room.at.rows("select state from delivery where purpose = 'reply'") == [("cancelled",)]
    assert await room.at.rows("select waiting_since is null from ticket") == [(False,)]


async def test_undo_comes_too_late_or_from_somebody_else(room):
    _, mya = await room.agent()
    _, arun = await room.agent("Arun")
    ticket = await room.ticket()
    await mya.open(ticket)
    await mya.answer(ticket, "on its way")
    delivery = mya.undoable()
    await arun.open(ticket)
    assert arun.undoable() == ""
    page = await arun.do(ticket, "undo", delivery=delivery)
    assert (page.status, "Only whoever holds it" in page.text) == (409, True)
    async with room.home.database.intake() as connection:
        await connection.execute("update delivery set state = 'sending' where purpose = 'reply'")
    page = await mya.do(ticket, "undo", delivery=delivery)
    assert (page.status, "it has left already" in page.text) == (409, True)


async def test_newer_words_hold_the_answer_and_show_both(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    await room.write("please do not write, he is here", minutes=25)
    page = await mya.answer(ticket, "Hello, are you alone?")
    assert page.status == 409
    held = page.text[page.text.index('class="held"') :]
    assert "something newer came in" in held
    assert "please do not write, he is here" in held
    assert "Hello, are you alone?" in held
    assert await room.at.rows("select id from delivery where purpose = 'reply'") == []
    assert "Hello, are you alone?" in (await mya.open(ticket)).text  # the draft
    assert (await mya.answer(ticket, "Hello, are you alone?")).status == 200


async def test_of_two_who_answer_at_once_one_arrives(room):
    _, mya = await room.agent()
    _, arun = await room.agent("Arun")
    ticket = await room.ticket()
    await mya.open(ticket)
    await arun.open(ticket)
    assert (await mya.answer(ticket, "first")).status == 200
    page = await arun.answer(ticket, "the other words")
    assert (page.status, "something newer came in" in page.text) == (409, True)
    assert len(await room.at.rows("select id from delivery where purpose = 'reply'")) == 1
    page = await arun.do(ticket, "draft", drop="yes")
    assert "the other words" not in page.text


async def test_what_is_not_safe_is_refused_with_its_reason(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    await mya.do(ticket, "rules", was="", write="no")
    page = await mya.answer(ticket, "hello")
    assert page.status == 409
    assert "this person said that writing here is not safe" in page.text
    assert await room.at.rows("select id from delivery where purpose = 'reply'") == []


async def test_where_time_alone_is_in_the_way_it_can_wait(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    await mya.do(ticket, "rules", was="", write="yes", zone="Asia/Bangkok", **{"from": "20:00", "to": "22:00"})
    way = re.search(r'<option value="(line-th\|[^"]+)"', (await mya.open(ticket)).text)[1]
    page = await mya.answer(ticket, "hello", to=way)
    assert (page.status, "Send it then: 20 November 2026, 20:00" in page.text) == (409, True)
    assert f'name="to" value="{way}"' in page.text  # and then on this way, whatever words are the newest
    page = await mya.answer(ticket, "hello", when_safe="yes")
    assert (page.status, "Waits for the safe hours" in page.text) == (200, True)


async def test_nothing_is_no_answer(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    page = await mya.answer(ticket, "  \u200b ")
    assert (page.status, "There is nothing in it yet" in page.text) == (422, True)
    page = await mya.do(ticket, "answer", text="unseen", last_seen="nonsense")
    assert page.status == 409


async def test_drafts_outlive_the_browser(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    assert (await mya.do(ticket, "draft", kind="reply", text="half a thou", last_seen=mya.seen)).status == 204
    assert (await mya.do(ticket, "draft", kind="note", text="mind this")).status == 204
    page = await mya.open(ticket)
    assert ">half a thou</textarea>" in page.text
    assert ">mind this</textarea>" in page.text
    _, arun = await room.agent("Arun")
    assert "half a thou" not in (await arun.open(ticket)).text


# Acts


async def test_of_two_who_take_it_one_has_it(room):
    _, mya = await room.agent()
    _, arun = await room.agent("Arun")
    ticket = await room.ticket()
    await mya.open(ticket)
    await arun.open(ticket)
    assert (await mya.do(ticket, "take")).status == 200
    page = await arun.do(ticket, "take")
    assert (page.status, "Mya has it. Nothing was changed." in page.text) == (409, True)
    assert (await mya.do(ticket, "release")).status == 200
    assert "not taken" in (await arun.open(ticket)).text


async def test_urgency_goes_up_for_all_and_down_for_supervisors(room):
    _, mya = await room.agent()
    _, arun = await room.agent("Arun", "supervisor")
    ticket = await room.ticket()
    await mya.open(ticket)
    await arun.open(ticket)
    assert (await mya.do(ticket, "urgency", to="U1")).status == 200
    page = await mya.do(ticket, "urgency", to="U4", why="calm")
    assert (page.status, "Only a supervisor" in page.text) == (409, True)
    assert (await arun.do(ticket, "urgency", to="U3", why="she is safe at a friend's")).status == 200
    assert "she is safe at a friend&#39;s" in (await arun.open(ticket)).text


async def test_tags_issues_snooze_close_and_reopen(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    page = await mya.do(ticket, "tag", name="shrimp")
    tag = re.search(r'name="tag" value="([^"]+)"', page.text)[1]
    assert "shrimp" not in (await mya.do(ticket, "untag", tag=tag)).text
    page = await mya.do(ticket, "issue", code="DOC.PASSPORT", said="yes")
    assert "Confirmed" in page.text
    assert "Confirmed" not in (await mya.do(ticket, "issue", code="DOC.PASSPORT", said="no")).text
    assert (await mya.do(ticket, "issue", code="NO.SUCH", said="yes")).status == 409
    assert "Put aside until" in (await mya.do(ticket, "snooze", hours="4")).text
    assert (await mya.do(ticket, "snooze", until="2020-01-01T10:00")).status == 409
    assert (await mya.do(ticket, "unsnooze")).status == 200
    assert (await mya.do(ticket, "close", outcome="nonsense")).status == 409
    page = await mya.do(ticket, "close", outcome="service_provided")
    assert "Closed. Service provided" in page.text
    assert (await mya.do(ticket, "take")).status == 409
    assert (await mya.do(ticket, "reopen")).status == 200


async def test_answered_elsewhere_stops_the_clock_and_says_where(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    assert (await mya.do(ticket, "elsewhere", where="other")).status == 409
    page = await mya.do(ticket, "elsewhere", where="call", text="spoke for ten minutes")
    assert "Mya answered elsewhere: On the phone." in page.text
    assert await room.at.rows("select waiting_since from ticket") == [(None,)]


async def test_without_a_script_an_act_leads_back(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    page = await mya.browser.post(f"/inbox/{ticket}/take", {})
    assert (page.status, page.to) == (303, f"/inbox/{ticket}")


# Who somebody is


async def test_revealing_needs_a_reason_and_is_written_down(room):
    agent, mya = await room.agent()
    ticket = await room.ticket()
    page = await mya.open(ticket)
    assert "data-masks-after" not in page.text
    for reason in ("", "curious", "other"):
        assert (await mya.do(ticket, "reveal", reason=reason)).status == 409
    assert await room.trail("person.revealed") == []
    page = await mya.do(ticket, "reveal", reason="call_back")
    assert 'data-masks-after="60"' in page.text
    assert await room.trail("person.revealed") == [(f"agent:{agent.id}", {"reason": "call_back"})]
    assert "data-masks-after" not in (await mya.open(ticket)).text


# Finding


async def test_words_are_found_in_the_body_never_in_the_address(room):
    async with room.home.database.intake() as connection:
        await search.index(connection, room.home.workplace.master)
    _, mya = await room.agent()
    await mya.browser.get("/find")
    page = await mya.browser.post("/find", {"query": "ပတ်စပို့"})
    assert (page.status, '<mark class="hit">ပတ်စပို့</mark>' in page.text) == (200, True)
    assert (await mya.browser.get("/find?query=ပတ်စပို့")).text.count("ပတ်စပို့") == 0
    _, other = await room.agent("Devi", organisation="lantern")
    await other.browser.get("/find")
    assert "No ticket with these words" in (await other.browser.post("/find", {"query": "ပတ်စပို့"})).text


# The wall


async def test_another_organisations_ticket_is_one_that_never_was(room):
    _, mya = await room.agent()
    _, devi = await room.agent("Devi", "agent", "supervisor", organisation="lantern")
    mine = await room.ticket()
    await mya.open(mine)
    await devi.browser.get("/account")
    before = await room.at.rows("select * from ticket")
    # presence is kept under the name of whoever asks: it has no ticket to give away
    paths = sorted((m, p) for m, p in room.at.app[WHO] if p.startswith("/inbox/{ticket}") and "presence" not in p)
    assert {p.rpartition("/")[2] for _, p in paths} >= set(ACTS) | {"thread", "answer", "reveal", "draft", "canned"}
    fields = {
        "text": "x",
        "note": "x",
        "kind": "reply",
        "outcome": "resolved_by_worker",
        "to": "U1",
        "reason": "rescue",
    }
    fields |= {
        "where": "call",
        "hours": "1",
        "name": "x",
        "language": "en",
        "queue": "safeguarding",
        "code": "DOC.PASSPORT",
    }
    for method, path in paths:
        answers = []
        for ticket in (mine, uuid4(), "nonsense"):
            at = path.replace("{ticket}", str(ticket))
            page = await (devi.browser.get(at) if method == "GET" else devi.browser.post(at, fields))
            answers.append((page.status, re.sub(r'name="csrf" value="[^"]*"', "", page.text).replace(str(ticket), "")))
        assert answers[0][0] == 404, path
        assert answers[0] == answers[1], path
        assert [status for status, _ in answers] == [404, 404, 404], path
    assert await room.at.rows("select * from ticket") == before


async def test_another_persons_messages_cannot_be_named_across_the_wall(room):
    mine = await room.ticket()
    await room.write("help", minutes=1, who=KO)
    _, mya = await room.agent()
    await mya.open(mine)
    for act in ("translate", "repair", "heard"):
        page = await mya.do(mine, act, message=str(uuid4()), attachment=str(uuid4()), language="en", text="x")
        assert (page.status, "There is no such message" in page.text) == (409, True)


async def test_a_file_is_given_to_whoever_may_read_its_thread(room):
    _, mya = await room.agent()
    _, devi = await room.agent("Devi", organisation="lantern")
    await room.take(line.image(room.home.accounts["line-th"], AYE, NOON + timedelta(minutes=2), 700), minutes=2)
    async with room.home.database.intake() as connection:
        await connection.execute(
            "update attachment set state = 'kept', mime = 'image/jpeg', inline = true, duty = null"
        )
    ((id_,),) = await room.at.rows("select id from attachment")
    page = await mya.open(await room.ticket())
    assert f'src="/inbox/files/{id_}"' in page.text
    assert (await mya.browser.get(f"/inbox/files/{id_}")).to.startswith("/files/")
    assert await room.trail("attachment.taken") == []
    assert (await mya.browser.get(f"/inbox/files/{id_}?original")).to.startswith("/files/")
    assert len(await room.trail("attachment.taken")) == 1
    for other in (id_, uuid4(), "nonsense"):
        assert (await devi.browser.get(f"/inbox/files/{other}")).status == 404
