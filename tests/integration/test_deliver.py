"""What an agent writes reaches the person: once, in order, with its fate known."""

import asyncio
from datetime import timedelta

import pytest

from model.deliveries import BROADCAST
from outbound.answer import CannotAnswer, NoTicket
from outbound.words import LONGEST, BadText
from runtime.ids import new_id, now
from sandbox.people import person
from sandbox.providers import facebook, line
from storage import account_state, people
from tests.answering import desk
from workers_queue.deliver import recover

AYE, DARA = person("aye", "my", "TH"), person("dara", "km", "KH")


@pytest.fixture
async def out(home, valkey):
    async with desk(home, valkey) as there:
        yield there


async def writes_on_line(out, text="ကူညီပါ", who=AYE, number=1) -> None:
    webhook = line.text(out.home.accounts["line-th"], who, text, now(), number)
    out.sandbox.notice(webhook)
    await out.home.put(webhook, at=out.home.workplace.clock())
    await out.home.take_in()


async def writes_on_messenger(out, text="ជួយផង", who=DARA, number=1) -> None:
    webhook = facebook.text(out.home.accounts["facebook-kh"], who, text, now(), number)
    out.sandbox.notice(webhook)
    await out.home.put(webhook, at=out.home.workplace.clock())
    await out.home.take_in()


async def replies(out) -> list:
    return [row for row in await out.deliveries() if row["purpose"] == "reply"]


async def waiting_since(out):
    return (await out.home.ticket())["waiting_since"]


async def test_an_answer_goes_back_the_way_the_person_came(out):
    await writes_on_line(out)
    assert await waiting_since(out)
    await out.say("We can help you.")
    assert await waiting_since(out) is None
    await out.deliver()
    items = await out.sandbox.phone("line", AYE).awaits(1)
    assert items[-1].text == "We can help you."
    assert (await out.delivery())["state"] == "sent"
    ticket = await out.home.ticket()
    said = ticket["messages"][-1]
    assert (said["direction"], said["status"], said["author"]) == ("out", "sent", "operator")
    assert said["provider_id"]


async def test_a_fresh_reply_handle_is_used_once_and_then_a_push(out):
    await writes_on_line(out)
    for words in ("one", "two"):
        await out.say(words)
    await out.deliver()
    phone = out.sandbox.phone("line", AYE)
    assert phone.texts[-2:] == ["one", "two"]
    assert out.sandbox.quota_used("line-th") <= 1  # the free answer costs nothing


async def test_forty_answers_by_two_workers_arrive_in_order_and_once(out):
    await writes_on_messenger(out)
    for n in range(40):
        await out.say(f"line {n}")
    other, clients, pace = out.another()
    try:
        await asyncio.gather(out.deliver(), out.deliver(other))
        while await out.deliverer.turn() + await other.turn() or not (out.deliverer.idle and other.idle):
            await asyncio.gather(out.deliver(), out.deliver(other))
    finally:
        await clients.close()
        await pace.close()
    phone = out.sandbox.phone("facebook", DARA)
    assert [item.text for item in phone.received if item.text.startswith("line ")] == [f"line {n}" for n in range(40)]
    assert {item.times for item in phone.received} == {1}


async def test_one_that_cannot_be_made_ready_fails_alone(out):
    await writes_on_line(out)
    at = out.home.workplace
    for words in ("one", "two"):
        await out.say(words)
    async with at.database.intake() as connection:
        asked = "select id, person_id from delivery where purpose = 'reply' order by id"
        id_, who = await (await connection.execute(asked)).fetchone()
        choices = (await people.keys(connection, at.master, [who]))[who].seal("delivery|choices", id_, b"no labels")
        await connection.execute("update delivery set choices = %b where id = %b", [choices, id_])
    await out.deliver()
    assert [(row["state"], row["reason"]) for row in await replies(out)] == [("failed", "mistake"), ("sent", None)]
    assert "two" in out.sandbox.phone("line", AYE).texts


async def test_an_uncertain_answer_is_unknown_and_never_said_again(out):
    await writes_on_messenger(out)
    out.sandbox.fault("drop_after_body", provider="facebook", count=1)
    await out.say("once")
    await out.say("next")
    await out.deliver()
    for _ in range(3):
        out.pass_time(timedelta(minutes=10))
        await out.deliver()
    states = [row["state"] for row in await replies(out)]
    assert states == ["unknown", "sent"]
    phone = out.sandbox.phone("facebook", DARA)
    assert [t for t in phone.texts if t in ("once", "next")] == ["once", "next"]


async def test_an_uncertain_push_is_repeated_with_its_key(out):
    await writes_on_line(out)
    out.pass_time(timedelta(minutes=5))  # the reply handle is old: a push it must be
    out.sandbox.fault("drop_after_body", provider="line", count=1)
    await out.say("once")
    await out.deliver()
    out.pass_time(timedelta(minutes=1))
    await out.deliver()
    assert (await out.delivery())["state"] == "sent"
    phone = out.sandbox.phone("line", AYE)
    assert phone.texts.count("once") == 1


async def test_a_worker_that_dies_while_sending(out):
    """What may have been sent is unknown; where the provider knows a key it is sent again."""
    await writes_on_line(out)
    await writes_on_messenger(out)
    out.pass_time(timedelta(minutes=5))
    tickets = await out.home.tickets()
    for ticket in tickets:
        await out.say("alive", ticket)
    out.sandbox.fault("hang")
    await out.deliverer.turn()
    async with asyncio.timeout(10):
        while {row["state"] for row in await replies(out)} != {"sending"}:
            await out.deliverer.turn()
    for task in out.deliverer.under_way:  # the process is gone
        task.cancel()
    out.sandbox.mend()
    await recover(out.home.workplace, slot=out.home.workplace.slot)
    another, clients, pace = out.another()
    try:
        await out.deliver(another)
    finally:
        await clients.close()
        await pace.close()
    by_account = {row["account"]: row["state"] for row in await replies(out)}
    assert by_account == {"line-th": "sent", "facebook-kh": "unknown"}


async def begins(out) -> None:
    """Everything due is sent, and nothing is written down yet."""
    await out.deliverer.turn()
    await asyncio.wait(out.deliverer.under_way)


async def is_heard_back(out, item, words="x", who=DARA) -> None:
    """Messenger tells of a message of ours: that it went, and that it arrived."""
    account, at = out.home.accounts["facebook-kh"], out.home.workplace.clock()
    metadata = f"out:{(await out.delivery())['id']}"
    for news in (
        facebook.echo(account, who, words, item.id, at, metadata=metadata),
        facebook.delivery(account, who, [item.id], at),
    ):
        await out.home.put(news, at=at)
        await out.home.take_in()


async def leases(out) -> int:
    async with out.home.database.intake() as connection:
        cursor = await connection.execute("select count(*) from delivery where lease is not null")
        return (await cursor.fetchone())[0]


TWO_PARTS = " ".join(["ជួយ"] * 700)


def second_part(out, kind, **more) -> None:
    """The first request to Messenger is taken, and this becomes of the second."""
    out.sandbox.fault("slow", provider="facebook", seconds=0, count=1)
    out.sandbox.fault(kind, provider="facebook", **more)


async def test_a_first_part_that_arrived_does_not_hide_that_the_second_was_refused(out):
    await writes_on_messenger(out)
    since = await waiting_since(out)
    second_part(out, "blocked", count=1)
    await out.say(TWO_PARTS)
    await begins(out)
    (first,) = out.sandbox.phone("facebook", DARA).received
    await is_heard_back(out, first)
    assert (await out.delivery())["state"] == "sending"
    await out.deliver()
    for _ in range(2):
        row = await out.delivery()
        assert (row["state"], row["reason"], row["units"]) == ("failed", "blocked", 1)
        await is_heard_back(out, first)  # told once more, and later
    assert await waiting_since(out) == since
    assert await leases(out) == 0


async def test_a_second_part_is_tried_again_before_the_next_answer(out):
    await writes_on_messenger(out)
    second_part(out, "429", count=1, retry_after=60)
    await out.say(TWO_PARTS)
    await out.say("the next")
    first, _ = await replies(out)
    await begins(out)
    account, at, phone = (
        out.home.accounts["facebook-kh"],
        out.home.workplace.clock(),
        out.sandbox.phone("facebook", DARA),
    )
    (item,) = phone.received
    await out.home.put(facebook.echo(account, DARA, "x", item.id, at, metadata=f"out:{first['id']}"), at=at)
    await out.home.take_in()
    await out.deliver()
    assert [row["state"] for row in await replies(out)] == ["queued", "queued"]
    for _ in range(3):
        out.pass_time(timedelta(minutes=2))
        await out.deliver()
    assert [(row["state"], row["units"]) for row in await replies(out)] == [("sent", 2), ("sent", 1)]
    assert (" ".join(phone.texts[:2]), phone.texts[2:]) == (TWO_PARTS, ["the next"])


async def test_a_provider_that_asks_to_wait_is_waited_for_from_then_on(out):
    """However long the parts before took: here a minute passes whenever somebody looks at the clock."""
    await writes_on_messenger(out)
    second_part(out, "429", count=1, retry_after=90)
    await out.say(TWO_PARTS)
    at = out.home.workplace
    clock = at.clock

    def slowly():
        out.pass_time(timedelta(minutes=1))
        return clock()

    at.clock = slowly
    await begins(out)
    at.clock = clock
    await out.deliver()
    row = await out.delivery()
    assert (row["state"], row["due_at"] > clock() + timedelta(minutes=1)) == ("queued", True)
    async with out.home.database.intake() as connection:
        states = await account_state.states(connection)
    assert states["facebook-kh"].open_until > clock() + timedelta(minutes=1)


@pytest.mark.parametrize("beside", ["500", "slow"])
async def test_a_pause_that_is_asked_for_outlives_what_happens_beside_it(out, beside):
    """Another answer fails, or arrives through an account that failed before, in the same moment."""
    other, third = person("sok", "km", "KH"), person("vanna", "km", "KH")
    for number, who in enumerate((other, DARA, third)):
        await writes_on_messenger(out, who=who, number=number)
    first, second, last = await out.home.tickets()
    out.sandbox.fault("500", provider="facebook", count=1)
    await out.say("fails", first)
    await out.deliver()
    out.sandbox.fault("429", provider="facebook", person=DARA.facebook_id, retry_after=90)
    out.sandbox.fault(beside, provider="facebook", person=third.facebook_id, seconds=0)
    for ticket in (second, last):
        await out.say("beside", ticket)
    await begins(out)
    await out.deliver()
    async with out.home.database.intake() as connection:
        state = (await account_state.states(connection))["facebook-kh"]
    assert state.open_until > out.home.workplace.clock() + timedelta(minutes=1)
    assert (state.failing_since is None) == (beside == "slow")


async def test_a_worker_that_dies_between_two_parts_leaves_an_unknown_fate(out):
    await writes_on_messenger(out)
    second_part(out, "hang")
    await out.say(TWO_PARTS)
    await out.deliverer.turn()
    (first,) = await out.sandbox.phone("facebook", DARA).awaits(1)
    async with asyncio.timeout(10):
        while not (await out.delivery())["units"]:
            await out.deliverer.something_new(0.05)
    await is_heard_back(out, first)
    assert (await out.delivery())["state"] == "sending"
    for task in out.deliverer.under_way:  # the process is gone
        task.cancel()
    await recover(out.home.workplace, slot=out.home.workplace.slot)
    for _ in range(2):
        assert (await out.delivery())["state"] == "unknown"
        await is_heard_back(out, first)
    assert await leases(out) == 0


async def test_an_answer_that_arrives_before_its_worker_knows_is_counted_and_let_go(out):
    await writes_on_messenger(out)
    await out.say("quick")
    await begins(out)
    (item,) = out.sandbox.phone("facebook", DARA).received
    await is_heard_back(out, item)
    await out.deliver()
    row = await out.delivery()
    assert (row["state"], row["units"], row["delivered_at"] is not None) == ("delivered", 1, True)
    assert await leases(out) == 0


async def test_an_answer_that_arrived_is_known_though_its_worker_died(out):
    await writes_on_messenger(out)
    await out.say("quick")
    await begins(out)
    (item,) = out.sandbox.phone("facebook", DARA).received
    await is_heard_back(out, item)
    await recover(out.home.workplace, slot=out.home.workplace.slot)
    row = await out.delivery()
    assert (row["state"], row["units"]) == ("delivered", 1)
    assert await leases(out) == 0


async def test_a_revoked_token_holds_words_back_until_it_is_mended(out):
    await writes_on_messenger(out)
    out.sandbox.fault("invalid_token", provider="facebook")
    await out.say("wait for it")
    await out.deliver()
    row = await out.delivery()
    assert (row["state"], row["reason"]) == ("queued", "credentials")
    out.sandbox.mend()
    out.pass_time(timedelta(minutes=10))
    await out.deliver()
    assert (await out.delivery())["state"] == "sent"


async def test_what_could_not_leave_for_a_day_is_given_up_and_the_clock_runs_again(out):
    await writes_on_messenger(out)
    since = await waiting_since(out)
    out.sandbox.fault("invalid_token", provider="facebook")
    await out.say("wait for it")
    await out.deliver()
    out.pass_time(timedelta(hours=25))
    await out.deliver()
    row = await out.delivery()
    assert (row["state"], row["reason"]) == ("failed", "gave_up")
    assert await waiting_since(out) == since


async def test_somebody_who_blocked_us_is_remembered(out):
    await writes_on_messenger(out)
    out.sandbox.fault("blocked", provider="facebook")
    await out.say("hello")
    await out.deliver()
    row = await out.delivery()
    assert (row["state"], row["reason"]) == ("failed", "blocked")
    with pytest.raises(CannotAnswer) as refused:
        await out.say("again")
    assert refused.value.reason == "blocked"
    await writes_on_messenger(out, "ខ្ញុំមកវិញ", number=2)  # whoever writes has come back
    await out.say("again")


async def test_a_window_that_has_closed_is_known_before_anything_is_tried(out):
    await writes_on_messenger(out)
    out.pass_time(timedelta(days=8))
    sent = len(out.sandbox.sent)
    await out.say("too late")
    await out.deliver()
    row = await out.delivery()
    assert (row["state"], row["reason"]) == ("failed", "window_closed")
    assert len(out.sandbox.sent) == sent


async def test_a_spent_month_fails_at_once_and_free_answers_still_go(out):
    out.sandbox.quota("line-th", 10, 10)
    await writes_on_line(out)
    await out.say("free")
    await out.deliver()
    assert (await out.delivery())["state"] == "sent"
    out.pass_time(timedelta(minutes=5))
    await out.say("not free")
    await out.deliver()
    row = await out.delivery()
    assert (row["state"], row["reason"]) == ("failed", "quota_spent")


async def test_conversations_go_before_broadcasts(out):
    from storage import outbox

    await writes_on_messenger(out)
    (first,) = await replies_as(out, "news", BROADCAST)
    await out.say("answer")
    await out.deliver()
    texts = [t for t in out.sandbox.phone("facebook", DARA).texts if t in ("news", "answer")]
    assert texts == ["answer", "news"]
    assert first
    assert outbox


async def replies_as(out, text, priority):
    """A broadcast, as the mobilizers' pages will write one."""
    said = await out.say(text)
    async with out.home.database.intake() as connection:
        await connection.execute(
            "update delivery set priority = %s, purpose = 'broadcast' where id = %s", [priority, said.delivery]
        )
    return [said]


@pytest.mark.parametrize("text", ["", "   \n\t ", "\u200b\u200e", "\x00\x07", "x" * (LONGEST + 1), "ก" * 100_000])
async def test_a_text_that_cannot_be_sent_says_why(out, text):
    await writes_on_line(out)
    with pytest.raises(BadText, match=r"write at least|shorten it"):
        await out.say(text)
    assert await replies(out) == []


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("😀🙏🏽👨‍👩‍👧", "😀🙏🏽👨‍👩‍👧"),
        ("اجرت\u202e رقم\u0007 ١٢٣", "اجرت رقم ١٢٣"),
        ("one\r\ntwo", "one\ntwo"),
    ],
)
async def test_unusual_texts_arrive(out, text, arrives):
    await writes_on_messenger(out)
    await out.say(text)
    await out.deliver()
    assert out.sandbox.phone("facebook", DARA).texts[-1] == arrives


async def test_nobody_answers_another_organisations_ticket(out):
    await writes_on_line(out)
    ticket = await out.home.ticket()
    at = out.home.workplace
    from outbound.answer import answer

    other = next(o for o in at.settings.network.organisations.values() if o.id != ticket["organisation"])
    async with at.database.desk(other.uuid) as connection:
        with pytest.raises(NoTicket):
            await answer(connection, at.master, at.settings, other.uuid, ticket["id"], "hello", author="operator")
        with pytest.raises(NoTicket):
            await answer(connection, at.master, at.settings, other.uuid, new_id(), "hello", author="operator")
