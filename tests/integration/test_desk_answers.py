"""Answers: held when the page was behind, called back in time, refused by rule, waiting for safe hours, sent."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from desk import answering, canned, contact, drafts
from desk.answering import send_again, settle_unknown, undo
from desk.composing import composing
from desk.listing import rows_of
from desk.reading import Message, thread
from desk.seat import Cannot, NoTicket
from model.contact import Rules
from model.hours import parse_hours
from outbound.answer import CannotAnswer, Newer
from outbound.words import BadText
from tests.answering import desk
from tests.house import NOON

UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"


@pytest.fixture
async def mya(office):
    return await office.agent("mya")


@pytest.fixture
async def ko(office):
    return await office.agent("ko")


@pytest.fixture
async def ticket(office):
    return (await office.says("aye", UNPAID))["id"]


async def row(office, agent, ticket):
    (found,) = await office.do(agent, rows_of, [ticket])
    return found


async def state(office, delivery) -> str:
    ((found,),) = await office.rows("select state from delivery where id = %s", delivery)
    return found


async def test_an_answer_stops_the_clock_and_can_be_called_back(office, mya, ticket):
    said = await office.send(mya, ticket, "မင်္ဂလာပါ။ တစ်ယောက်တည်းလား။")
    assert (said.account, said.due_at) == ("line-th", office.now + answering.UNDO)
    found = await row(office, mya, ticket)
    assert (found.waiting_since, found.sent_state) == (None, "queued")
    assert await office.do(mya, undo, said.delivery) == "မင်္ဂလာပါ။ တစ်ယောက်တည်းလား။"
    found = await row(office, mya, ticket)
    assert found.waiting_since == NOON + timedelta(hours=3)
    assert await state(office, said.delivery) == "cancelled"
    draft = (await office.do(mya, drafts.load, ticket))["reply"]
    assert (draft.text, draft.newer) == ("မင်္ဂလာပါ။ တစ်ယောက်တည်းလား။", ())
    shown = [i for i in (await office.do(mya, thread, ticket)).items if isinstance(i, Message)]
    assert [m for m in shown if m.agent == mya.id] == []


async def test_it_is_too_late_to_call_back_what_has_left(office, mya, ko, ticket):
    said = await office.send(mya, ticket, "Hello")
    with pytest.raises(Cannot, match="not_yours"):
        await office.do(ko, undo, said.delivery)
    async with office.home.database.intake() as connection:
        await connection.execute("update delivery set state = 'sending' where id = %s", [said.delivery])
    with pytest.raises(Cannot, match="too_late"):
        await office.do(mya, undo, said.delivery)
    with pytest.raises(Cannot, match="no_such_message"):
        await office.do(mya, undo, uuid4())


async def test_what_was_tried_is_not_called_back(office, mya, ticket):
    """It may have arrived: then a record that says it was never sent would be a lie."""
    said = await office.send(mya, ticket, "Hello")
    async with office.home.database.intake() as connection:
        await connection.execute("update delivery set tries = 1 where id = %s", [said.delivery])
    with pytest.raises(Cannot, match="too_late"):
        await office.do(mya, undo, said.delivery)
    assert await state(office, said.delivery) == "queued"


async def test_an_answer_to_words_that_are_not_the_last_is_held_and_stays_a_draft(office, mya, ticket):
    seen = (await office.do(mya, thread, ticket)).last_seen
    await office.says("aye", "ရဲခေါ်မယ်တဲ့")
    with pytest.raises(Newer) as held:
        await office.send(mya, ticket, "Are you alone?", last_seen=seen)
    newer = [i for i in (await office.do(mya, thread, ticket)).items if i.id in held.value.messages]
    assert [m.text for m in newer] == ["ရဲခေါ်မယ်တဲ့"]
    draft = (await office.do(mya, drafts.load, ticket))["reply"]
    assert (draft.text, list(draft.newer)) == ("Are you alone?", held.value.messages)
    assert await office.rows("select 1 from delivery where purpose = 'reply'") == []
    await office.send(mya, ticket, draft.text)  # read, then decided
    assert await office.do(mya, drafts.load, ticket) == {}


async def test_late_words_hold_an_answer_too_though_they_were_said_before(office, mya, ticket):
    seen = (await office.do(mya, thread, ticket)).last_seen
    await office.says("aye", "ရဲခေါ်မယ်တဲ့", at=NOON)
    with pytest.raises(Newer):
        await office.send(mya, ticket, "Are you alone?", last_seen=seen)


async def test_of_two_who_answer_at_once_one_is_sent_and_the_other_stays_a_draft(office, mya, ko, ticket):
    seen = (await office.do(mya, thread, ticket)).last_seen
    tries = await asyncio.gather(
        office.send(mya, ticket, "Hello from Mya", last_seen=seen),
        office.send(ko, ticket, "Hello from Ko", last_seen=seen),
        return_exceptions=True,
    )
    held = [error for error in tries if isinstance(error, Newer)]
    assert len(held) == 1
    loser = (mya, ko)[tries.index(held[0])]
    draft = (await office.do(loser, drafts.load, ticket))["reply"]
    assert draft.text == f"Hello from {loser.name}"
    assert list(draft.newer) == held[0].messages
    assert await office.rows("select count(*) from delivery where purpose = 'reply'") == [(1,)]


async def test_ones_own_answers_and_automatic_ones_hold_nobody_up(office, mya, ticket):
    seen = (await office.do(mya, thread, ticket)).last_seen
    await office.send(mya, ticket, "One", last_seen=seen)
    await office.send(mya, ticket, "Two", last_seen=seen)


async def test_what_a_page_made_up_as_the_last_message_is_not_believed(office, mya, ticket):
    other = (await office.says("begum", UNPAID))["id"]
    foreign = (await office.do(mya, thread, other)).last_seen
    for seen in (uuid4(), foreign):
        with pytest.raises(Newer):
            await office.send(mya, ticket, "Hello", last_seen=seen)


async def test_an_answer_goes_nowhere_in_another_organisation(office, ticket):
    bela = await office.agent("bela", "kampung-lima")
    with pytest.raises(NoTicket):
        await office.send(bela, ticket, "Hello", last_seen=uuid4())
    with pytest.raises(NoTicket):
        await office.do(bela, drafts.save, ticket, "reply", "Hello")
    with pytest.raises(NoTicket):
        await office.do(bela, drafts.load, ticket)
    assert await office.rows("select 1 from draft") == []


# Contact rules


async def test_an_answer_is_refused_by_rule_and_may_wait_for_safe_hours(office, mya, ticket):
    nights = Rules(write="yes", hours=parse_hours({"mon-sun": "20:00-22:00"}, "Asia/Bangkok"))
    await office.do(mya, contact.write, ticket, nights, was=None)
    with pytest.raises(CannotAnswer) as refused:
        await office.send(mya, ticket, "Hello")
    opens = NOON + timedelta(hours=8)  # 20:00 in Bangkok
    assert (refused.value.reason, refused.value.opens_at) == ("not_safe", opens)
    assert (await office.do(mya, drafts.load, ticket))["reply"].text == "Hello"
    said = await office.send(mya, ticket, "Hello", when_safe=True)
    assert said.due_at == opens
    assert await state(office, said.delivery) == "queued"


async def test_whoever_says_no_is_not_written_to(office, mya, ticket):
    known = await office.do(mya, contact.known, ticket)
    assert (known.rules, known.version) == (Rules(), None)
    version = await office.do(mya, contact.write, ticket, Rules(write="no"), was=None)
    for when_safe in (False, True):
        with pytest.raises(CannotAnswer, match="not_safe"):
            await office.send(mya, ticket, "Hello", when_safe=when_safe)
    with pytest.raises(Cannot, match="changed"):
        await office.do(mya, contact.write, ticket, Rules(write="yes"), was=None)
    await office.do(mya, contact.write, ticket, Rules(write="no", on={"line": "yes"}), was=version)
    await office.send(mya, ticket, "Hello")


async def test_rules_are_kept_version_by_version_and_sealed(office, mya, ticket):
    first = await office.do(mya, contact.write, ticket, Rules(write="no", whose="the foreman"), was=None)
    second = await office.do(mya, contact.write, ticket, Rules(write="yes", check="green mango"), was=first)
    versions = await office.do(mya, contact.history, ticket)
    assert [(v.id, v.rules.write, v.author) for v in versions] == [
        (second, "yes", f"agent:{mya.id}"),
        (first, "no", f"agent:{mya.id}"),
    ]
    stored = b"".join(bytes(rules) for (rules,) in await office.rows("select rules from contact_rule"))
    assert b"mango" not in stored
    assert "mango" not in str(await office.rows("select detail from audit"))
    with pytest.raises(BadText):
        await office.do(mya, contact.write, ticket, Rules(remark="x" * 501), was=second)
    bela = await office.agent("bela", "kampung-lima")
    with pytest.raises(NoTicket):
        await office.do(bela, contact.known, ticket)


# On its way, through the real deliverer


async def test_the_deliverer_asks_the_rules_again_before_anything_leaves(office, mya, ticket, valkey):
    async with desk(office.home, valkey) as there:
        office.now = there.home.workplace.clock()
        said = await office.send(mya, ticket, "Hello")
        await office.do(mya, contact.write, ticket, Rules(write="no"), was=None)
        there.pass_time(timedelta(seconds=10))
        await there.deliver()
        assert await state(office, said.delivery) == "failed"
        assert await office.rows("select reason from delivery where id = %s", said.delivery) == [("not_safe",)]
        assert (await row(office, mya, ticket)).waiting_since is not None


async def test_what_waits_for_safe_hours_leaves_when_they_begin_and_not_before(office, mya, ticket, valkey):
    async with desk(office.home, valkey) as there:
        office.now = there.home.workplace.clock()
        said = await office.send(mya, ticket, "Hello")
        opens = (office.now + timedelta(hours=6)).replace(minute=0, second=0, microsecond=0)
        end = opens + timedelta(hours=1)
        hours = parse_hours({"mon-sun": f"{opens:%H:%M}-{end:%H:%M}"}, "UTC")
        await office.do(mya, contact.write, ticket, Rules(write="yes", hours=hours), was=None)
        there.pass_time(timedelta(seconds=10))
        await there.deliver()
        assert await office.rows("select state, due_at, held_until from delivery where id = %s", said.delivery) == [
            ("queued", opens, opens)
        ]
        there.pass_time(opens - office.now - timedelta(minutes=1))
        await there.deliver()
        assert await state(office, said.delivery) == "queued"
        there.pass_time(timedelta(minutes=2))
        await there.deliver()
        assert await state(office, said.delivery) in ("sent", "delivered")


async def test_what_was_called_back_never_leaves(office, mya, ticket, valkey):
    async with desk(office.home, valkey) as there:
        office.now = there.home.workplace.clock()
        said = await office.send(mya, ticket, "Hello")
        await there.deliver()
        assert await state(office, said.delivery) == "queued"  # it can still be called back
        await office.do(mya, undo, said.delivery)
        there.pass_time(timedelta(minutes=1))
        await there.deliver()
        assert await state(office, said.delivery) == "cancelled"


async def test_quick_replies_go_along_where_the_channel_shows_them(office, mya, ticket, valkey):
    async with desk(office.home, valkey) as there:
        office.now = there.home.workplace.clock()
        said = await office.send(mya, ticket, "Are you alone?", choices=["Yes", "No"])
        there.pass_time(timedelta(seconds=10))
        await there.deliver()
        assert await state(office, said.delivery) in ("sent", "delivered")
        stored = await office.rows("select choices from delivery where id = %s", said.delivery)
        assert b"Yes" not in bytes(stored[0][0])
    with pytest.raises(BadText):
        await office.send(mya, ticket, "Which?", choices=["x" * 21])


async def test_a_failed_answer_is_sent_again_and_an_unknown_one_settled(office, mya, ticket):
    said = await office.send(mya, ticket, "Hello")
    seen = (await office.do(mya, thread, ticket)).last_seen
    with pytest.raises(Cannot, match="too_late"):
        await office.do(mya, send_again, said.delivery, last_seen=seen)
    async with office.home.database.intake() as connection:
        await connection.execute("update delivery set state = 'unknown' where id = %s", [said.delivery])
    again = await office.do(mya, send_again, said.delivery, last_seen=seen)
    shown = [i for i in (await office.do(mya, thread, ticket)).items if isinstance(i, Message)]
    assert [m.text for m in shown if m.agent == mya.id] == ["Hello", "Hello"]
    await office.do(mya, settle_unknown, said.delivery, arrived=True)
    assert (await state(office, said.delivery), await state(office, again.delivery)) == ("delivered", "queued")
    with pytest.raises(Cannot, match="too_late"):
        await office.do(mya, settle_unknown, said.delivery, arrived=False)


async def test_what_failed_is_sent_once_more_by_one_of_them_and_the_way_it_went(office, mya, ko, ticket):
    said = await office.send(mya, ticket, "Hello")
    async with office.home.database.intake() as connection:
        await connection.execute("update delivery set state = 'failed' where id = %s", [said.delivery])
    seen = (await office.do(mya, thread, ticket)).last_seen
    again = await office.do(mya, send_again, said.delivery, last_seen=seen)
    assert again.account == said.account
    for agent in (mya, ko):
        newest = (await office.do(agent, thread, ticket)).last_seen
        with pytest.raises(Cannot, match="said_again"):
            await office.do(agent, send_again, said.delivery, last_seen=newest)
    await office.do(mya, undo, again.delivery)  # called back, it may be said after all
    await office.do(mya, send_again, said.delivery, last_seen=seen)


async def test_an_answer_that_did_not_arrive_after_all_starts_the_clock_again(office, mya, ticket):
    said = await office.send(mya, ticket, "Hello")
    async with office.home.database.intake() as connection:
        await connection.execute("update delivery set state = 'unknown' where id = %s", [said.delivery])
    await office.do(mya, settle_unknown, said.delivery, arrived=False)
    assert (await row(office, mya, ticket)).waiting_since is not None


# Ready and half written


async def test_the_composer_knows_its_ways(office, mya, ticket):
    composer = await office.do(mya, composing, ticket)
    (way,) = composer.ways
    assert (way.account, way.channel, way.reason, way.segments) == ("line-th", "line", None, None)
    assert (composer.language, composer.last_at) == ("my", office.now)
    assert way.limits.text > 0
    await office.do(mya, contact.write, ticket, Rules(write="no"), was=None)
    (way,) = (await office.do(mya, composing, ticket)).ways
    assert way.reason == "not_safe"


async def test_a_draft_is_one_agents_own_and_sealed(office, mya, ko, ticket):
    await office.do(mya, drafts.save, ticket, "reply", "half a sen", language="my", to=("line-th", uuid4()))
    await office.do(mya, drafts.save, ticket, "reply", "half a sentence", language="my")
    await office.do(mya, drafts.save, ticket, "note", "remember this")
    found = await office.do(mya, drafts.load, ticket)
    assert {kind: draft.text for kind, draft in found.items()} == {"reply": "half a sentence", "note": "remember this"}
    assert found["reply"].to is None
    assert await office.do(ko, drafts.load, ticket) == {}
    assert b"sentence" not in b"".join(bytes(text) for (text,) in await office.rows("select text from draft"))
    await office.do(mya, drafts.save, ticket, "note", "  ")
    assert set(await office.do(mya, drafts.load, ticket)) == {"reply"}
    with pytest.raises(BadText):
        await office.do(mya, drafts.save, ticket, "note", "x" * 20_001)
    await office.do(mya, drafts.save, ticket, "note", "half a character \ud83d")
    assert (await office.do(mya, drafts.load, ticket))["note"].text == "half a character ?"


async def test_drafts_saved_at_the_same_moment_leave_one(office, mya, ticket):
    await asyncio.gather(*(office.do(mya, drafts.save, ticket, "reply", f"draft {n}") for n in range(5)))
    assert (await office.do(mya, drafts.load, ticket))["reply"].text.startswith("draft ")
    assert await office.rows("select count(*) from draft") == [(1,)]


async def test_answers_kept_ready_are_the_organisations_own(office, mya):
    arun, bela = (
        await office.agent("arun", "shwe", "supervisor"),
        await office.agent("bela", "kampung-lima", "csoadmin"),
    )
    id_ = await office.do(
        arun, canned.save, language="my", title="Safe to talk?", text="{pseudonym}, is it safe?", quick=True
    )
    await office.do(arun, canned.save, language="en", title="Hours", text="Until eight")
    assert [one.title for one in await office.do(mya, canned.every)] == ["Hours", "Safe to talk?"]
    (one,) = await office.do(mya, canned.every, language="my")
    assert (one.id, one.quick) == (id_, True)
    assert await office.do(bela, canned.every) == []
    with pytest.raises(Cannot, match="no_such_message"):
        await office.do(bela, canned.save, language="my", title="Mine", text="mine", id=id_)
    with pytest.raises(Cannot, match="supervisor_only"):
        await office.do(mya, canned.save, language="my", title="Mine", text="mine")
    with pytest.raises(BadText, match="phone"):
        await office.do(arun, canned.save, language="my", title="Bad", text="{phone}")
    await office.do(arun, canned.save, language="my", title="Safe?", text="Is it safe?", id=id_)
    await office.do(arun, canned.retire, id_)
    assert [one.title for one in await office.do(mya, canned.every)] == ["Hours"]
    assert b"Until" not in b"".join(bytes(text) for (text,) in await office.rows("select text from canned"))


def test_what_is_not_known_stays_in_the_text_for_the_agent_to_see():
    text, missing = canned.filled("{pseudonym}: {organisation}, {x}", {"pseudonym": "Teak 417", "x": "{agent}"})
    assert (text, missing) == ("Teak 417: {organisation}, {agent}", ["organisation"])
