"""What people do on their phones, and what stands on the ticket afterwards."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.look import with_outcomes
from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from tests.house import NOON

AYE = person("aye", "my", "TH")
UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"
MINUTE = timedelta(minutes=1)


def at(minutes: int):
    return NOON + minutes * MINUTE


async def test_words_become_a_ticket_of_the_responsible_organisation(home):
    await home.put(line.text(home.accounts["line-th"], AYE, UNPAID, NOON, 1))
    await home.take_in()
    ticket = await home.ticket()
    assert (ticket["organisation"], ticket["queue"], ticket["language"]) == ("shwe", "shwe-my", "my")
    assert (ticket["urgency"], ticket["suggested_issues"]) == ("U2", ["WAG.UNPAID"])
    assert ticket["routed_by"] in {rule.name for rule in home.workplace.settings.network.rules}
    assert ticket["opened_at"] == ticket["waiting_since"] == NOON
    (message,) = ticket["messages"]
    assert (message["kind"], message["direction"], message["text"], message["encoding"]) == (
        "text",
        "in",
        UNPAID,
        "unicode",
    )


async def test_zawgyi_is_readable_and_the_original_kept(home):
    zawgyi = "လစာ ၂ လ မရေသးဘူး။ ဘယ္လို လုပ္ရမလဲ ကူညီပါ။"
    await home.put(line.text(home.accounts["line-th"], AYE, zawgyi, NOON, 1))
    await home.take_in()
    (message,) = (await home.ticket())["messages"]
    assert message["encoding"] == "zawgyi"
    assert message["text"] == "လစာ ၂ လ မရသေးဘူး။ ဘယ်လို လုပ်ရမလဲ ကူညီပါ။"
    assert message["text_original"] == zawgyi


async def test_more_words_join_the_open_ticket_and_danger_moves_it_to_safeguarding(home):
    account = home.accounts["telegram-my"]
    await home.put(telegram.text(account, AYE, "When can I renew my permit?", at(0), 1))
    await home.take_in()
    assert (await home.ticket())["queue"] != "safeguarding"
    await home.put(telegram.text(account, AYE, "He beat me. I am locked in, please help now", at(1), 2))
    await home.take_in()
    ticket = await home.ticket()
    assert (ticket["urgency"], ticket["queue"]) == ("U1", "safeguarding")
    assert ticket["messages"][0]["text"] == "When can I renew my permit?"
    assert ticket["opened_at"] == at(0)


async def test_a_ticket_an_agent_works_on_is_raised_but_not_moved(home):
    account = home.accounts["telegram-my"]
    await home.put(telegram.text(account, AYE, "When can I renew my permit?", at(0), 1))
    await home.take_in()
    before = await home.ticket()
    async with home.database.intake() as connection:
        await connection.execute("update ticket set touched = true")
    await home.put(telegram.text(account, AYE, "He beat me. I am locked in, please help now", at(1), 2))
    await home.take_in()
    after = await home.ticket()
    assert (after["urgency"], after["queue"]) == ("U1", before["queue"])


async def test_an_sms_and_a_call_from_one_number_are_one_person(home):
    account = home.accounts["sms-np"]
    words = twilio_sms.text(account, AYE, "They keep my passport", 1)
    call = twilio_voice.call(home.accounts["voice-my"], AYE, at(1), 2)
    await home.put(words, twilio_voice.ringing(call))
    await home.take_in()
    ticket = await home.ticket()
    assert [m["kind"] for m in ticket["messages"]] == ["text", "call"]


async def test_the_same_words_delivered_again_are_dropped(home):
    account = home.accounts["line-th"]
    words = line.text(account, AYE, UNPAID, NOON, 1)
    await home.put(words, line.redelivery(account, words), line.batch(account, [words, words]))
    await home.take_in()
    assert len((await home.ticket())["messages"]) == 1
    await home.put(words)
    await home.take_in()
    assert len((await home.ticket())["messages"]) == 1
    assert (await home.receipts())[-1]["events"] == ["Received: seen before"]


@pytest.mark.parametrize("first", ["original", "edit"])
async def test_an_edit_shows_the_new_words_whichever_comes_first(home, first):
    account = home.accounts["telegram-my"]
    words = telegram.text(account, AYE, "They owe me one month", at(0), 1)
    edit = telegram.edit(account, AYE, "They owe me three months of wages", 1, at(5), 2)
    for webhook in (words, edit) if first == "original" else (edit, words):
        await home.put(webhook)
        await home.take_in()
    (message,) = (await home.ticket())["messages"]
    assert message["text"] == "They owe me three months of wages"
    assert message["edited_at"] == at(5)
    async with home.database.intake() as connection:
        (count,) = await (await connection.execute("select count(*) from message_version")).fetchone()
    assert count == 1


async def test_an_edit_whose_original_never_comes_is_a_message(home):
    account = home.accounts["telegram-my"]
    await home.put(telegram.edit(account, AYE, "They owe me three months of wages", 1, at(5), 2))
    await home.take_in()
    assert await home.tickets() == []
    assert await home.give_up_waiting() == 1
    (message,) = (await home.ticket())["messages"]
    assert message["text"] == "They owe me three months of wages"


async def test_an_unsent_message_is_marked_and_kept(home):
    account = home.accounts["line-th"]
    await home.put(line.unsend(account, AYE, 1, at(1), 2), line.text(account, AYE, UNPAID, at(0), 1))
    await home.take_in()
    (message,) = (await home.ticket())["messages"]
    assert (message["text"], message["unsent_at"]) == (UNPAID, at(1))


async def test_a_reaction_joins_the_message_it_is_for(home):
    account = home.accounts["facebook-mm"]
    mid = facebook.message_id(account, 1)
    await home.put(facebook.reaction(account, AYE, mid, at(1)), facebook.text(account, AYE, UNPAID, at(0), 1))
    await home.take_in()
    ticket = await home.ticket()
    assert [(m["kind"], m["text"]) for m in ticket["messages"]] == [("text", UNPAID), ("reaction", "❤")]
    assert ticket["waiting_since"] == at(0)


async def test_a_voicemail_is_waiting_to_be_heard(home):
    call = twilio_voice.call(home.accounts["voice-th"], AYE, NOON, 1)
    steps = [
        twilio_voice.recorded(call, 41),
        twilio_voice.ended(call, "completed", 70),
        twilio_voice.pressed(call, "1"),
        twilio_voice.voicemail(call, 41),
        twilio_voice.ringing(call),
    ]
    for step in steps:  # in an order no provider promises to avoid
        await home.put(step)
        await home.take_in()
    ticket = await home.ticket()
    assert ticket["urgency"] == "U2"
    assert "not_heard_yet" in ticket["urgency_reasons"]
    assert ticket["language"] == "my"
    assert sorted(m["kind"] for m in ticket["messages"]) == ["audio", "call"]
    call_message = next(m for m in ticket["messages"] if m["kind"] == "call")
    assert call_message["call"]["seconds"] == 70
    assert set(call_message["call"]["steps"]) == {"ringing", "language", "voicemail"}


@pytest.mark.parametrize(
    ("status", "seconds", "outcome"),
    [("completed", 2, "flash"), ("completed", 40, "hung_up"), ("no-answer", 0, "missed"), ("canceled", 0, "missed")],
)
async def test_a_ticket_says_how_its_call_ended(home, status, seconds, outcome):
    call = twilio_voice.call(home.accounts["voice-th"], AYE, NOON, 1)
    await home.put(twilio_voice.ringing(call), twilio_voice.ended(call, status, seconds))
    await home.take_in()
    ticket = with_outcomes(await home.ticket(), home.workplace.settings.intake.flash_seconds)
    assert [m["call"]["outcome"] for m in ticket["messages"]] == [outcome]


async def test_a_recording_of_a_call_nobody_saw_is_kept(home):
    call = twilio_voice.call(home.accounts["voice-th"], AYE, NOON, 1)
    await home.put(twilio_voice.recorded(call, 12))
    await home.take_in()
    assert await home.tickets() == []
    await home.give_up_waiting()
    (message,) = (await home.ticket())["messages"]
    assert message["kind"] == "audio"


async def test_two_withheld_numbers_are_two_people(home):
    account = home.accounts["voice-th"]
    calls = [twilio_voice.call(account, AYE, at(n), n, withheld=True) for n in (1, 2)]
    await home.put(*map(twilio_voice.ringing, calls))
    await home.take_in()
    assert len({t["person"] for t in await home.tickets()}) == 2


async def test_words_soon_after_closing_reopen_thanks_do_not_and_later_words_open_a_new_ticket(home):
    account = home.accounts["telegram-my"]
    await home.put(telegram.text(account, AYE, "When can I renew my permit?", at(0), 1), at=at(0))
    await home.take_in()
    number = (await home.ticket())["number"]
    await home.close(number, at=at(10))
    await home.put(telegram.text(account, AYE, "thank you", at(20), 2), at=at(20))
    await home.take_in()
    thanked = await home.ticket()
    assert (thanked["status"], thanked["waiting_since"], len(thanked["messages"])) == ("closed", None, 2)
    await home.put(telegram.text(account, AYE, "They still keep my passport", at(30), 3), at=at(30))
    await home.take_in()
    reopened = await home.ticket()
    assert (reopened["status"], reopened["waiting_since"]) == ("open", at(30))
    await home.close(number, at=at(40))
    later = at(40) + timedelta(hours=73)
    await home.put(telegram.text(account, AYE, "They still keep my passport", later, 4), at=later)
    await home.take_in()
    assert [t["status"] for t in await home.tickets()] == ["closed", "open"]


async def test_a_sticker_starts_no_clock(home):
    await home.put(line.sticker(home.accounts["line-th"], AYE, NOON, 1))
    await home.take_in()
    ticket = await home.ticket()
    assert (ticket["messages"][0]["kind"], ticket["waiting_since"]) == ("sticker", None)


async def test_following_opens_no_ticket_and_blocking_is_remembered(home):
    account = home.accounts["line-th"]
    await home.put(line.follow(account, AYE, at(0), 1), line.unfollow(account, AYE, at(1), 2))
    await home.take_in()
    assert await home.tickets() == []
    async with home.database.intake() as connection:
        rows = await (await connection.execute("select left_how from address")).fetchall()
    assert rows == [("unfollowed",)]


async def test_words_said_from_another_app_are_shown_but_are_no_answer(home):
    account = home.accounts["facebook-mm"]
    await home.put(facebook.text(account, AYE, UNPAID, at(0), 1))
    await home.take_in()
    await home.put(facebook.echo(account, AYE, "We will call you", "m_other", at(1)))
    await home.take_in()
    ticket = await home.ticket()
    assert [(m["direction"], m["status"]) for m in ticket["messages"]] == [("in", "received"), ("out", "elsewhere")]
    assert ticket["waiting_since"] == at(0)


async def test_a_group_chat_opens_no_ticket_and_says_why(home):
    await home.put(telegram.group_text(home.accounts["telegram-my"], AYE, "hello all", NOON, 1))
    await home.take_in()
    assert await home.tickets() == []
    (line_,) = (await home.receipts())[0]["events"]
    assert line_.startswith("Ignored:")
    assert "no ticket" in line_


async def test_a_body_that_is_no_json_is_parked_and_can_be_replayed(home):
    good = line.text(home.accounts["line-th"], AYE, UNPAID, NOON, 1)
    await home.put(replace(good, body=b"\x00\xff not json"), good)
    await home.take_in()
    parked, done = await home.receipts()
    assert (parked["state"], done["state"]) == ("parked", "done")
    assert parked["error"]
    assert len((await home.ticket())["messages"]) == 1


async def test_unknown_things_are_shown_on_the_ticket(home):
    account = home.accounts["telegram-my"]
    poll = telegram.text(account, AYE, "x", NOON, 1)
    await home.put(replace(poll, body=poll.body.replace(b'"text":"x"', b'"poll":{"id":"1"}')))
    await home.take_in()
    (message,) = (await home.ticket())["messages"]
    assert (message["kind"], message["text"]) == ("unsupported", "message poll")


async def test_a_page_that_is_served_by_the_same_app_gets_its_own_words(home):
    mine, other = home.accounts["facebook-mm"], home.accounts["facebook-kh"]
    crossed = replace(facebook.text(other, AYE, "សួស្តី", NOON, 1), account_id=mine.id)
    await home.put(crossed)
    await home.take_in()
    assert (await home.ticket())["account"] == "facebook-kh"
