"""What agents do with a ticket: each act changes what it should, is written down, and is told to open pages."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from desk import ending, holding, language, live, saying, triage
from desk.listing import rows_of
from desk.reading import Line, Message, thread
from desk.seat import Cannot, NoTicket
from model.agents import actor
from outbound.words import BadText
from sandbox.people import person
from sandbox.providers import line
from tests.confusion import samples
from tests.house import NOON

UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"


async def row(office, agent, ticket: UUID):
    (found,) = await office.do(agent, rows_of, [ticket])
    return found


def said(item, direction: str = "in") -> bool:
    """Whether an item of a thread is a message that goes this way."""
    return isinstance(item, Message) and item.direction == direction


async def tag_id(seat, name: str) -> UUID:
    return triage.tag_id(seat, name)


async def refused(office, agent, code: str, act, /, *values, **named) -> Cannot:
    with pytest.raises(Cannot) as error:
        await office.do(agent, act, *values, **named)
    assert error.value.why == code
    return error.value


@pytest.fixture
async def mya(office):
    return await office.agent("mya")


@pytest.fixture
async def ticket(office) -> UUID:
    return (await office.says("aye", UNPAID))["id"]


# Who has it


async def test_a_ticket_is_taken_once(office, mya, ticket):
    await office.do(mya, holding.take, ticket)
    found = await row(office, mya, ticket)
    assert (found.assignee, found.views) == (mya.id, {"open", "waiting", "mine"})
    await office.do(mya, holding.take, ticket)  # twice by the same hand is no quarrel
    assert (await office.trail(ticket)).count((actor(mya.id), "ticket.taken")) == 1


async def test_of_many_who_take_it_at_once_one_has_it_and_the_others_are_told_who(office, ticket):
    crowd = [await office.agent(f"a{n}") for n in range(6)]
    tries = await asyncio.gather(*(office.do(agent, holding.take, ticket) for agent in crowd), return_exceptions=True)
    (winner,) = [agent for agent, got in zip(crowd, tries, strict=True) if got is None]
    losers = [got for got in tries if got is not None]
    assert {(type(error), error.why, error.by) for error in losers} == {(Cannot, "taken", winner.id)}
    assert (await row(office, winner, ticket)).assignee == winner.id


async def test_only_the_holder_or_a_supervisor_releases(office, mya, ticket):
    other, arun = await office.agent("ko"), await office.agent("arun", "shwe", "supervisor")
    await office.do(mya, holding.take, ticket)
    assert (await refused(office, other, "not_yours", holding.release, ticket)).by == mya.id
    await office.do(mya, holding.release, ticket)
    assert (await row(office, mya, ticket)).assignee is None
    await office.do(mya, holding.take, ticket)
    await office.do(arun, holding.release, ticket)
    assert "unassigned" in (await row(office, mya, ticket)).views


async def test_assigning_is_refused_where_the_screen_was_behind(office, mya, ticket):
    ko, noy = await office.agent("ko"), await office.agent("noy")
    await office.do(ko, holding.take, ticket)
    assert (await refused(office, mya, "taken", holding.assign, ticket, noy.id, was=None)).by == ko.id
    await office.do(mya, holding.assign, ticket, noy.id, was=ko.id)
    assert (await row(office, mya, ticket)).assignee == noy.id


async def test_a_ticket_goes_to_nobody_who_cannot_see_it(office, mya, ticket):
    outsider = await office.agent("bela", "kampung-lima")
    mobilizer = await office.agent("zaw", "shwe", "mobilizer")
    for agent in (outsider.id, mobilizer.id, uuid4()):
        await refused(office, mya, "no_such_agent", holding.assign, ticket, agent, was=None)


# What it is about


async def test_urgency_goes_up_by_agents_and_down_by_supervisors_with_a_reason(office, mya, ticket):
    arun = await office.agent("arun", "shwe", "supervisor")
    before = (await row(office, mya, ticket)).urgency
    await office.do(mya, triage.raise_urgency, ticket, "U1")
    found = await row(office, mya, ticket)
    assert (found.urgency, triage.RAISED in found.reasons, "danger" in found.views) == ("U1", True, True)
    await refused(office, mya, "not_more_urgent", triage.raise_urgency, ticket, "U1")
    await refused(office, mya, "supervisor_only", triage.lower_urgency, ticket, "U3", why="she is safe")
    with pytest.raises(BadText):
        await office.do(arun, triage.lower_urgency, ticket, "U3", why=" ")
    assert (await row(office, mya, ticket)).urgency == "U1"
    await office.do(arun, triage.lower_urgency, ticket, before, why="She is with her sister now")
    found = await row(office, mya, ticket)
    assert (found.urgency, triage.RAISED in found.reasons) == (before, False)
    page = await office.do(mya, thread, ticket)
    assert [item.text for item in page.items if said(item, "note")] == ["She is with her sister now"]
    assert "She is" not in str(await office.rows("select detail from audit"))


async def test_new_words_do_not_lower_what_an_agent_raised_nor_raise_what_a_supervisor_lowered(office, mya, ticket):
    arun = await office.agent("arun", "shwe", "supervisor")
    await office.do(mya, triage.raise_urgency, ticket, "U1")
    await office.says("aye", "ကျေးဇူးပါ")
    assert (await row(office, mya, ticket)).urgency == "U1"
    await office.do(arun, triage.lower_urgency, ticket, "U4", why="A question about a form")
    await office.says("aye", "ကျေးဇူးတင်ပါတယ်")
    assert (await row(office, mya, ticket)).urgency == "U4"
    await office.says("aye", "They locked me in and beat me")
    assert (await row(office, mya, ticket)).urgency == "U1"  # but what is said now counts


async def test_tags_are_words_of_the_organisation_alone(office, mya, ticket):
    first = await office.do(mya, triage.add_tag, ticket, " Samut  Sakhon ")
    again = await office.do(mya, triage.add_tag, ticket, "samut sakhon")
    assert first.id == again.id
    await office.do(mya, triage.add_tag, ticket, "shrimp")
    assert [tag.name for tag in await office.do(mya, triage.tags)] == ["Samut Sakhon", "shrimp"]
    assert set((await row(office, mya, ticket)).tags) == {first.id, await office.do(mya, tag_id, "SHRIMP")}
    await office.do(mya, triage.remove_tag, ticket, first.id)
    assert first.id not in (await row(office, mya, ticket)).tags
    bela = await office.agent("bela", "kampung-lima")
    assert await office.do(bela, triage.tags) == []
    other = await office.says("begum", "আমার মালিক দুই মাসের বেতন দেয়নি", language="bn")
    assert (await office.do(bela, triage.add_tag, other["id"], "shrimp")).id != await office.do(mya, tag_id, "shrimp")
    stored = await office.rows("select name from tag")
    assert not any(b"shrimp" in bytes(name) for (name,) in stored)
    with pytest.raises(BadText):
        await office.do(mya, triage.add_tag, ticket, "a" * 41)


async def test_suggested_issues_are_confirmed_or_dropped(office, mya, ticket):
    (suggested,) = await office.do(mya, triage.issues, ticket)
    assert (suggested.code, suggested.confirmed) == ("WAG.UNPAID", None)
    await office.do(mya, triage.confirm_issue, ticket, "WAG.UNPAID")
    await office.do(mya, triage.confirm_issue, ticket, "DOC.PASSPORT")  # the words did not say so, the person did
    await office.do(mya, triage.drop_issue, ticket, "DOC.PASSPORT")
    found = {one.code: one.confirmed for one in await office.do(mya, triage.issues, ticket)}
    assert found == {"WAG.UNPAID": True, "DOC.PASSPORT": False}
    await refused(office, mya, "no_such_issue", triage.confirm_issue, ticket, "WAG.NOTHING")
    await office.says("aye", UNPAID)  # suggested again
    assert {one.code: one.confirmed for one in await office.do(mya, triage.issues, ticket)} == found


# Language


async def test_a_corrected_language_stays_whatever_is_written_next(office, mya, ticket):
    await office.do(mya, language.correct, ticket, "shn")
    await office.says("aye", UNPAID)
    assert (await row(office, mya, ticket)).language == "shn"
    await office.do(mya, language.set_spoken, ticket, "th")
    await office.says("aye", UNPAID)
    assert (await row(office, mya, ticket)).spoken == "th"
    await refused(office, mya, "no_such_language", language.correct, ticket, "xx")


async def test_a_corrected_language_offers_the_queue_that_speaks_it(office):
    bela = await office.agent("bela", "kampung-lima")
    ticket = (await office.says("begum", "আমার মালিক দুই মাসের বেতন দেয়নি", language="bn"))["id"]
    assert (await row(office, bela, ticket)).queue == "kampung-lima-south"
    assert await office.do(bela, language.correct, ticket, "ta") is None  # the same desk speaks it
    offer = await office.do(bela, language.correct, ticket, "my")
    assert offer.queue == "kampung-lima-my"
    await office.do(bela, language.reroute, ticket, offer.queue)
    found = await row(office, bela, ticket)
    assert found.queue == "kampung-lima-my"
    await office.says("begum", "আমার মালিক দুই মাসের বেতন দেয়নি", language="bn")
    assert (await row(office, bela, ticket)).queue == "kampung-lima-my"  # routing no longer moves it


async def test_a_ticket_is_rerouted_to_no_queue_of_others(office, mya, ticket):
    for queue in ("kampung-lima-my", "safeguarding", "nowhere"):
        await refused(office, mya, "no_such_queue", language.reroute, ticket, queue)


# Aside, over, and again


async def test_a_snoozed_ticket_comes_back_in_time(office, mya, ticket):
    await office.do(mya, ending.snooze, ticket, office.now + timedelta(hours=2))
    assert (await row(office, mya, ticket)).views == {"snoozed"}
    office.pass_time(hours=2)
    assert "open" in (await row(office, mya, ticket)).views  # even if no worker ever wakes it
    await refused(office, mya, "in_the_past", ending.snooze, ticket, office.now)
    await refused(office, mya, "too_far", ending.snooze, ticket, office.now + timedelta(days=200))


async def test_a_worker_wakes_what_is_due_and_tells_open_pages(office, mya, ticket):
    from workers_queue.sweep import wake

    await office.do(mya, ending.snooze, ticket, office.now + timedelta(hours=2))
    cursor = await office.do(mya, live.start)
    workplace = office.home.workplace
    workplace.clock = lambda: office.now
    await wake(workplace)
    assert (await office.do(mya, live.changes, cursor)).rows == []
    office.pass_time(hours=2)
    await wake(workplace)
    (changed,) = (await office.do(mya, live.changes, cursor)).rows
    assert (changed.id, changed.snoozed_until) == (ticket, None)
    assert (await office.trail(ticket))[-1] == ("intake", "ticket.woke")


async def test_new_words_end_a_snooze_and_thanks_do_not(office, mya, ticket):
    await office.do(mya, ending.snooze, ticket, office.now + timedelta(days=2))
    await office.says("aye", "ကျေးဇူးပါ")
    assert (await row(office, mya, ticket)).views == {"snoozed"}
    await office.says("aye", UNPAID)
    assert "waiting" in (await row(office, mya, ticket)).views
    assert ("intake", "ticket.woke") in await office.trail(ticket)
    await office.do(mya, ending.snooze, ticket, office.now + timedelta(days=2))
    await office.do(mya, ending.unsnooze, ticket)
    assert (await row(office, mya, ticket)).snoozed_until is None


async def test_closing_stops_the_clock_and_words_open_it_again_with_its_agent(office, mya, ticket):
    await office.do(mya, holding.take, ticket)
    await refused(office, mya, "no_such_outcome", ending.close, ticket, "done")
    await office.do(mya, ending.close, ticket, "information_only")
    found = await row(office, mya, ticket)
    assert (found.views, found.waiting_since, found.outcome) == ({"closed"}, None, "information_only")
    for act in (holding.take, holding.release):
        await refused(office, mya, "closed", act, ticket)
    office.pass_time(hours=1)
    await office.says("aye", "ကျေးဇူးပါ")
    assert (await row(office, mya, ticket)).status == "closed"
    await office.says("aye", UNPAID)
    found = await row(office, mya, ticket)
    assert (found.status, found.outcome, found.assignee) == ("open", None, mya.id)
    assert found.waiting_since == office.now


async def test_words_that_came_in_meanwhile_are_not_ended_unread(office, mya, ticket):
    seen = (await office.do(mya, thread, ticket)).last_seen
    await office.says("aye", "ရဲခေါ်မယ်တဲ့")
    later = office.now + timedelta(hours=2)
    acts = ((ending.close, "lost_contact"), (ending.answered_elsewhere, "call"), (ending.snooze, later))
    for act, how in acts:
        with pytest.raises(Cannot, match="newer"):
            await office.do(mya, act, ticket, how, last_seen=seen)
    assert (await row(office, mya, ticket)).waiting_since is not None
    read = (await office.do(mya, thread, ticket)).last_seen
    await office.do(mya, ending.close, ticket, "lost_contact", last_seen=read)
    assert (await row(office, mya, ticket)).status == "closed"


async def test_an_agent_reopens_what_is_closed(office, mya, ticket):
    await refused(office, mya, "not_closed", ending.reopen, ticket)
    await office.do(mya, ending.close, ticket, "lost_contact")
    await office.do(mya, ending.reopen, ticket)
    found = await row(office, mya, ticket)
    assert (found.status, found.outcome, found.waiting_since) == ("open", None, None)


async def test_nobody_has_two_open_tickets(office, mya, ticket):
    await office.do(mya, ending.close, ticket, "lost_contact")
    office.pass_time(days=5)
    new = (await office.says("aye", UNPAID))["id"]
    assert new != ticket
    assert (await refused(office, mya, "another_is_open", ending.reopen, ticket)).ticket == new


async def test_answered_elsewhere_stops_the_clock_and_says_where(office, mya, ticket):
    await office.do(mya, ending.answered_elsewhere, ticket, "call")
    assert (await row(office, mya, ticket)).wait is None
    await refused(office, mya, "say_why", ending.answered_elsewhere, ticket, "other")
    await refused(office, mya, "no_such_reason", ending.answered_elsewhere, ticket, "somewhere")
    office.pass_time(minutes=5)
    await office.says("aye", UNPAID)
    assert (await row(office, mya, ticket)).waiting_since == office.now
    await office.do(mya, ending.answered_elsewhere, ticket, "other", words="Her sister told her")
    page = await office.do(mya, thread, ticket)
    told = [item for item in page.items if isinstance(item, Line) and item.action == "ticket.answered_elsewhere"]
    assert [line.detail["where"] for line in told] == ["call", "other"]


# Beside the words


async def test_a_note_calls_colleagues_until_they_have_read_it(office, mya, ticket):
    ko = await office.agent("ko")
    note = await office.do(mya, saying.note, ticket, "@Ko same site as last week?", mentions=[ko.id])
    found = await row(office, ko, ticket)
    assert (found.mention_unread, "mentions" in found.views) == (True, True)
    assert "mentions" not in (await row(office, mya, ticket)).views
    page = await office.do(ko, thread, ticket)
    (written,) = [item for item in page.items if item.id == note]
    assert (written.direction, written.agent, written.mentions) == ("note", mya.id, [ko.id])
    found = await row(office, ko, ticket)
    assert (found.mention_unread, "mentions" in found.views) == (False, True)
    await refused(office, mya, "no_such_agent", saying.note, ticket, "@nobody", mentions=[uuid4()])


async def test_a_note_is_no_answer_and_is_sealed(office, mya, ticket):
    await office.do(mya, saying.note, ticket, "Ask about the pink card")
    assert (await row(office, mya, ticket)).wait is not None
    ((text,),) = await office.rows("select text from message where direction = 'note'")
    assert b"pink" not in bytes(text)


async def test_a_translation_stands_under_its_message_the_newest_of_each_language(office, mya, ticket):
    page = await office.do(mya, thread, ticket)
    (words,) = [item for item in page.items if said(item)]
    await office.do(mya, saying.translate, words.id, "en", "Two months unpaid")
    await office.do(mya, saying.translate, words.id, "th", "ไม่ได้รับเงินเดือนสองเดือน")
    await office.do(mya, saying.translate, words.id, "en", "Two months' pay is missing")
    page = await office.do(mya, thread, ticket)
    (words,) = [item for item in page.items if said(item)]
    assert {t.language: t.text for t in words.translations} == {
        "en": "Two months' pay is missing",
        "th": "ไม่ได้รับเงินเดือนสองเดือน",
    }
    await refused(office, mya, "no_such_language", saying.translate, words.id, "xx", "?")
    await refused(office, mya, "no_such_message", saying.translate, uuid4(), "en", "?")


async def test_a_voice_note_is_marked_heard_by_whom(office):
    account, who = office.home.accounts["line-th"], person("noy", "my", "TH")
    await office.home.put(line.audio(account, who, 9, NOON, 1))
    await office.home.take_in()
    stored = await office.home.ticket()
    mya, ticket = await office.agent("mya", stored["organisation"]), stored["id"]
    found = await row(office, mya, ticket)
    assert (found.urgency, found.reasons, found.last_kind, found.media_seconds) == (
        "U2",
        ("not_heard_yet",),
        "audio",
        9,
    )
    page = await office.do(mya, thread, ticket)
    (note,) = page.items[0].attachments
    assert note.heard == []
    await office.do(mya, saying.heard, note.id)
    await office.do(mya, saying.heard, note.id)
    page = await office.do(mya, thread, ticket)
    assert [who for who, _ in page.items[0].attachments[0].heard] == [mya.id]
    found = await row(office, mya, ticket)
    assert (found.urgency, found.reasons) == ("U2", ())  # the reason is gone, the floor is for people to lower
    await refused(office, mya, "no_such_message", saying.heard, uuid4())


ZAWGYI = next(row["text"] for row in samples() if row["id"] == "my-02-zg")


async def test_a_repair_can_be_undone_and_done_again(office, mya):
    ticket = (await office.says("aye", ZAWGYI))["id"]

    async def shown():
        page = await office.do(mya, thread, ticket)
        return next(item for item in page.items if said(item))

    words = await shown()
    assert words.repaired
    assert (words.text != ZAWGYI, words.original) == (True, ZAWGYI)
    repaired = words.text
    await office.do(mya, saying.undo_repair, words.id)
    words = await shown()
    assert (words.text, words.original, words.repaired, words.repair_undone) == (ZAWGYI, repaired, False, True)
    assert (await row(office, mya, ticket)).preview == ZAWGYI
    await refused(office, mya, "nothing_to_repair", saying.undo_repair, words.id)
    await office.do(mya, saying.redo_repair, words.id)
    words = await shown()
    assert (words.text, words.original, words.repaired, words.repair_undone) == (repaired, ZAWGYI, True, False)
    await refused(office, mya, "nothing_to_repair", saying.redo_repair, words.id)


# Whatever the act


ACTS = {
    "take": lambda office, ticket: (holding.take, ticket),
    "raise": lambda office, ticket: (triage.raise_urgency, ticket, "U1"),
    "tag": lambda office, ticket: (triage.add_tag, ticket, "shrimp"),
    "issue": lambda office, ticket: (triage.confirm_issue, ticket, "DOC.PASSPORT"),
    "language": lambda office, ticket: (language.correct, ticket, "shn"),
    "spoken": lambda office, ticket: (language.set_spoken, ticket, "th"),
    "snooze": lambda office, ticket: (ending.snooze, ticket, office.now + timedelta(hours=1)),
    "close": lambda office, ticket: (ending.close, ticket, "not_actionable"),
    "elsewhere": lambda office, ticket: (ending.answered_elsewhere, ticket, "in_person"),
    "note": lambda office, ticket: (saying.note, ticket, "words"),
}


@pytest.mark.parametrize("act", ACTS)
async def test_every_act_is_written_down_told_and_binds_the_ticket_to_its_desk(office, mya, ticket, act):
    cursor, before = await office.do(mya, live.start), len(await office.trail(ticket))
    await office.do(mya, *ACTS[act](office, ticket))
    new = (await office.trail(ticket))[before:]
    assert new
    assert {who for who, _ in new} == {actor(mya.id)}
    told = await office.do(mya, live.changes, cursor)
    assert [changed.id for changed in told.rows] == [ticket]
    assert await office.rows("select touched from ticket where id = %s", ticket) == [(True,)]


@pytest.mark.parametrize("act", ACTS)
async def test_another_organisations_ticket_is_none_at_all(office, ticket, act):
    bela = await office.agent("bela", "kampung-lima")
    before = await office.rows("select * from ticket")
    errors = []
    for id_ in (ticket, uuid4()):
        with pytest.raises(NoTicket) as error:
            await office.do(bela, *ACTS[act](office, id_))
        errors.append(str(error.value))
    assert errors[0] == errors[1]
    assert await office.rows("select * from ticket") == before


async def test_what_is_refused_leaves_nothing_behind(office, mya, ticket):
    ko = await office.agent("ko")
    await office.do(ko, holding.take, ticket)
    before = await office.rows("select count(*), max(id::text) from audit")
    await refused(office, mya, "taken", holding.take, ticket)
    assert await office.rows("select count(*), max(id::text) from audit") == before


async def test_an_act_waits_for_words_that_are_being_taken_in(office, mya, ticket):
    """Intake and agents take the same lock: neither writes over what the other has just written."""
    ((who,),) = await office.rows("select person_id from ticket where id = %s", ticket)
    async with office.home.database.intake() as intake:
        await intake.execute("select id from person where id = %s for no key update", [who])
        taking = asyncio.create_task(office.do(mya, holding.take, ticket))
        done, _ = await asyncio.wait({taking}, timeout=0.3)
        assert not done
    await taking
