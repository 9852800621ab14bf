"""The conversation as an agent reads it: everything that was said, what became of it, and that it was read."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from desk import ending, holding, saying
from desk.reading import Line, Message, every_ticket, seen_by, thread
from desk.seat import NoTicket
from model.agents import actor
from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_voice
from tests.house import NOON

UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"


@pytest.fixture
async def mya(office):
    return await office.agent("mya")


def said(page, direction: str = "in") -> list[Message]:
    return [item for item in page.items if isinstance(item, Message) and item.direction == direction]


def told(page) -> list[Line]:
    return [item for item in page.items if isinstance(item, Line)]


async def agent_of(office, ticket):
    return await office.agent("dao", ticket["organisation"])


async def test_a_thread_is_in_the_order_of_speaking_and_says_what_came_late(office, mya):
    ticket = (await office.says("aye", "ပထမ " + UNPAID, at=NOON))["id"]
    office.pass_time(hours=1)
    await office.says("aye", "တတိယ " + UNPAID)
    await office.says("aye", "ဒုတိယ " + UNPAID, at=NOON + timedelta(minutes=1))
    page = await office.do(mya, thread, ticket)
    assert [m.text.split()[0] for m in said(page)] == ["ပထမ", "ဒုတိယ", "တတိယ"]
    assert [m.late for m in said(page)] == [True, True, False]
    assert all(m.channel == "line" for m in said(page))
    assert page.before is None


async def test_pages_meet_without_a_gap_or_a_double(office, mya):
    ticket = (await office.says("aye", UNPAID, at=NOON))["id"]
    for number in range(11):
        await office.says("aye", f"{number} {UNPAID}", at=NOON + timedelta(minutes=number))
    await office.do(mya, holding.take, ticket)
    whole = await office.do(mya, thread, ticket, limit=100)
    items, before, pages = [], None, 0
    while True:
        page = await office.do(mya, thread, ticket, before=before, limit=5)
        items, pages = [*page.items, *items], pages + 1
        if page.before is None:
            break
        before = page.before
    assert pages == 3
    assert [item.id for item in items] == [item.id for item in whole.items]
    third = said(whole)[2]
    after = await office.do(mya, thread, ticket, after=third.spot, limit=100)
    assert [m.id for m in said(after)] == [m.id for m in said(whole)[3:]]


async def test_the_whole_of_a_person_is_one_click_away(office, mya):
    first = (await office.says("aye", UNPAID))["id"]
    await office.do(mya, ending.close, first, "information_only")
    office.pass_time(days=10)
    second = (await office.says("aye", "ဒုတိယ " + UNPAID))["id"]
    assert len(said(await office.do(mya, thread, second))) == 1
    page = await office.do(mya, thread, second, whole=True)
    assert [m.ticket for m in said(page)] == [first, second]
    looks = await office.rows("select distinct ticket_id from audit where action = 'thread.read'")
    assert {one for (one,) in looks} == {first, second}  # who read it there read it, too
    earlier = await office.do(mya, every_ticket, second)
    assert [(e.id, e.status, e.outcome) for e in earlier] == [
        (second, "open", None),
        (first, "closed", "information_only"),
    ]


async def test_edits_unsends_reactions_and_replies_stand_at_their_message(office):
    account, who = office.home.accounts["telegram-my"], person("begum", "bn", "MY")
    await office.home.put(
        telegram.text(account, who, "আমার মালিক দুই মাসের বেতন দেয়নি", NOON, 1),
        telegram.edit(account, who, "আমার মালিক তিন মাসের বেতন দেয়নি", 1, NOON + timedelta(minutes=1), 2),
    )
    await office.home.take_in()
    ticket = await office.home.ticket()
    (message,) = said(await office.do(await agent_of(office, ticket), thread, ticket["id"]))
    assert message.text == "আমার মালিক তিন মাসের বেতন দেয়নি"
    assert [text for _, text in message.versions] == ["আমার মালিক দুই মাসের বেতন দেয়নি"]
    assert message.edited_at is not None


async def test_what_was_taken_back_is_shown_as_such(office, mya):
    account, who = office.home.accounts["line-th"], person("aye", "my", "TH")
    await office.home.put(line.text(account, who, UNPAID, NOON, 1), line.unsend(account, who, 1, NOON, 2))
    await office.home.take_in()
    ticket = await office.home.ticket()
    (message,) = said(await office.do(mya, thread, ticket["id"]))
    assert (message.text, message.unsent_at is not None) == (UNPAID, True)


async def test_a_reaction_is_folded_onto_what_it_is_for(office):
    account, who = office.home.accounts["facebook-mm"], person("thida", "my", "MM")
    await office.home.put(facebook.text(account, who, UNPAID, NOON, 1))
    await office.home.take_in()
    ticket = await office.home.ticket()
    agent = await agent_of(office, ticket)
    mid = facebook.message_id(account, 1)
    await office.home.put(facebook.reaction(account, who, mid, NOON + timedelta(minutes=1)))
    await office.home.take_in()
    (message,) = said(await office.do(agent, thread, ticket["id"]))
    assert len(message.reactions) == 1


async def test_a_thread_tells_how_it_was_routed_and_what_was_done(office, mya):
    ticket = (await office.says("aye", UNPAID))["id"]
    await office.do(mya, holding.take, ticket)
    await office.do(mya, saying.note, ticket, "A note has no line of its own")
    page = await office.do(mya, thread, ticket)
    opened, taken = told(page)
    assert (opened.action, opened.actor, opened.agent) == ("ticket.opened", "intake", None)
    assert (opened.detail["routed_by"], opened.detail["queue"]) == ("Burmese desk is open", "shwe-my")
    assert "WAG.UNPAID" in opened.detail["reasons"]
    assert (taken.action, taken.agent) == ("ticket.taken", mya.id)


async def test_reading_is_written_down_once_in_a_while_for_each_reader(office, mya):
    ko = await office.agent("ko")
    ticket = (await office.says("aye", UNPAID))["id"]
    for _ in range(3):
        await office.do(mya, thread, ticket)
    await office.do(ko, thread, ticket)
    reads = [(who, act) for who, act in await office.trail(ticket) if act == "thread.read"]
    assert sorted(reads) == sorted([(actor(mya.id), "thread.read"), (actor(ko.id), "thread.read")])
    office.pass_time(minutes=5)
    await office.do(mya, thread, ticket)
    looks = await office.do(mya, seen_by, ticket)
    assert [look.agent for look in looks] == [mya.id, ko.id, mya.id]
    assert "thread.read" not in {line.action for line in told(await office.do(mya, thread, ticket))}


async def test_what_cannot_be_written_down_is_not_read(office, mya):
    ticket = (await office.says("aye", UNPAID))["id"]

    async def broken(seat):
        await thread(seat, ticket)
        raise ZeroDivisionError  # the page breaks before it is sent

    with pytest.raises(ZeroDivisionError):
        await office.do(mya, broken)
    assert (actor(mya.id), "thread.read") not in await office.trail(ticket)


async def test_no_thread_of_another_organisation_opens(office):
    ticket = (await office.says("aye", UNPAID))["id"]
    bela = await office.agent("bela", "kampung-lima")
    for id_ in (ticket, uuid4()):
        with pytest.raises(NoTicket):
            await office.do(bela, thread, id_)
        assert await office.do(bela, every_ticket, id_) == []
        assert await office.do(bela, seen_by, id_) == []


async def test_the_last_message_seen_is_the_newest_in_the_store_wherever_it_stands(office, mya):
    ticket = (await office.says("aye", UNPAID))["id"]
    office.pass_time(hours=2)
    await office.says("aye", "အစောက " + UNPAID, at=NOON)  # said first, came last
    page = await office.do(mya, thread, ticket)
    newest: UUID = max(m.id for m in said(page))
    assert page.last_seen >= newest
    assert said(page)[0].id == newest


async def test_an_erased_person_leaves_times_and_no_words(office, mya):
    ticket = (await office.says("aye", UNPAID))["id"]
    async with office.home.database.intake() as connection:
        await connection.execute("delete from person_key")
    (message, *_) = said(await office.do(mya, thread, ticket))
    assert (message.text, message.unreadable) == (None, True)


async def test_words_moved_to_another_message_do_not_open(office, mya):
    ticket = (await office.says("aye", UNPAID))["id"]
    await office.says("aye", "ဒုတိယ " + UNPAID)
    first, second = said(await office.do(mya, thread, ticket))
    async with office.home.database.intake() as connection:
        await connection.execute(
            "update message set text = (select text from message where id = %s) where id = %s", [first.id, second.id]
        )
    first, second = said(await office.do(mya, thread, ticket))
    assert (first.text, second.text, second.unreadable) == (UNPAID, None, True)


async def test_a_call_says_how_it_ended_and_its_voicemail_hangs_on_it(office):
    call = twilio_voice.call(office.home.accounts["voice-th"], person("moe", "my", "TH"), NOON, 1)
    await office.home.put(
        twilio_voice.ringing(call),
        twilio_voice.pressed(call, "1"),
        twilio_voice.voicemail(call, 41),
        twilio_voice.recorded(call, 41),
        twilio_voice.ended(call, "completed", 70),
    )
    await office.home.take_in()
    ticket = await office.home.ticket()
    agent = await agent_of(office, ticket)
    messages = said(await office.do(agent, thread, ticket["id"]))
    assert [m.call for m in messages if m.kind == "call"] == ["voicemail"]
    assert [a.seconds for m in messages for a in m.attachments] == [41]


async def test_a_missed_call_is_one(office):
    call = twilio_voice.call(office.home.accounts["voice-th"], person("moe", "my", "TH"), NOON, 1)
    await office.home.put(twilio_voice.ringing(call), twilio_voice.ended(call, "no-answer", 0))
    await office.home.take_in()
    ticket = await office.home.ticket()
    (message,) = said(await office.do(await agent_of(office, ticket), thread, ticket["id"]))
    assert (message.kind, message.call) == ("call", "missed")
