"""What the system says by itself: written with the ticket, to the address just used, and never as an answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.rows import dict_row

from runtime.keys import key_id
from sandbox.people import known_as, person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from storage.people import keys_by_id
from tests.house import NOON
from translations.catalog import say

AYE = person("aye", "my", "TH")
MAYA = person("maya", "ne", "NP")
ANA = person("ana", "es", "MY")
UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"
WAGES = "मेरो तलब दिएन"
AFTERNOON = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # Friday: every desk is open
NIGHT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # Friday, 23:00 in Bangkok
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def home(home):
    home.workplace.clock = lambda: AFTERNOON
    return home


async def hear(home, *webhooks, at=NOON):
    for webhook in webhooks:
        await home.put(webhook, at=at)
    await home.take_in()


async def said(home):
    """Everything said automatically, in its order, with its words."""
    async with home.database.intake() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(
            "select d.purpose, d.account, d.menu, d.priority, d.state, d.organisation_id, m.organisation_id as at, "
            "m.id, m.text, m.language, m.author, m.direction, m.starts_clock, m.occurred_at, a.scope, "
            "t.number from delivery d join message m on m.id = d.message_id join address a on a.id = d.address_id "
            "join ticket t on t.id = d.ticket_id order by d.id"
        )
        rows = await cursor.fetchall()
        keys = await keys_by_id(connection, home.workplace.master, {key_id(row["text"]) for row in rows})
    for row in rows:
        row["text"] = keys[key_id(row["text"])].open("message|text", row["id"], row["text"]).decode()
    return rows


async def asked(home, statement):
    async with home.database.intake() as connection:
        return await (await connection.execute(statement)).fetchall()


async def why(home):
    """What the audit trail says of each ticket's acknowledgement."""
    rows = await asked(home, "select detail from audit where action = 'ticket.opened' order by id")
    return [detail["acknowledged"] for (detail,) in rows]


SAID = {
    "line": lambda of: line.text(of["line-th"], AYE, UNPAID, NOON, 1),
    "telegram": lambda of: telegram.text(of["telegram-my"], AYE, UNPAID, NOON, 1),
    "facebook": lambda of: facebook.text(of["facebook-mm"], AYE, UNPAID, NOON, 1),
    "sms": lambda of: twilio_sms.text(of["sms-np"], MAYA, WAGES, 1),
}


@pytest.mark.parametrize("channel", SAID)
async def test_a_new_ticket_is_answered_on_the_channel_just_used_in_the_language_written(home, channel):
    await hear(home, SAID[channel](home.accounts))
    (row,) = await said(home)
    ticket = await home.ticket(automatic=True)
    language = "ne" if channel == "sms" else "my"
    assert (row["purpose"], row["account"], row["language"]) == ("acknowledgement", ticket["account"], language)
    assert row["text"] == say("ack.open", language)
    assert (row["menu"], row["priority"], row["state"], row["author"]) == (None, 0, "queued", "automatic")
    assert row["organisation_id"] == row["at"]
    assert await why(home) == [language]
    heard, ours = ticket["messages"]
    assert (heard["direction"], ours["direction"]) == ("in", "out")


async def test_it_is_no_answer_nor_the_last_words_nor_found_by_search(home):
    await hear(home, SAID["line"](home.accounts))
    ticket = await home.ticket()
    assert ticket["waiting_since"] == NOON
    assert await asked(home, "select last_by = opened_by, touched from ticket") == [(True, False)]
    assert await asked(home, "select count(*) from gram_due") == [(1,)]


async def test_more_words_are_not_answered_again(home):
    account = home.accounts["line-th"]
    await hear(home, SAID["line"](home.accounts))
    for n in range(2, 5):
        await hear(home, line.text(account, AYE, UNPAID, NOON + n * MINUTE, n))
    await hear(home, SAID["line"](home.accounts))
    assert len(await said(home)) == 1


async def test_a_whole_batch_of_first_words_is_answered_once(home):
    account = home.accounts["line-th"]
    words = [line.text(account, AYE, UNPAID, NOON + n * MINUTE, n) for n in range(1, 9)]
    await hear(home, *words)
    assert len(await said(home)) == 1


async def test_outside_hours_it_says_when_somebody_will_be_there(home):
    home.workplace.clock = lambda: NIGHT
    await hear(home, SAID["line"](home.accounts), at=NIGHT)
    (row,) = await said(home)
    assert row["text"] == say("ack.closed", "my", when="စနေ 09:00")


async def test_where_the_language_is_unknown_it_is_asked_for_in_two(home):
    await hear(home, line.sticker(home.accounts["line-th"], AYE, NOON, 1))
    (row,) = await said(home)
    assert (row["menu"], row["language"]) == ("languages", "my")
    assert [part.split(" ")[0] for part in row["text"].splitlines()] == [
        say("ack.open", code).split(" ")[0] for code in ("my", "km")
    ]
    assert await asked(home, "select asked_language from address") == [(True,)]


async def test_a_first_tap_is_greeted_with_the_menu(home):
    await hear(home, telegram.start(home.accounts["telegram-network"], ANA, NOON, 1))
    (row,) = await said(home)
    assert row["menu"] == "languages"
    assert (await home.ticket())["waiting_since"] is None


async def test_following_is_not_answered(home):
    await hear(home, line.follow(home.accounts["line-th"], AYE, NOON, 1))
    assert await said(home) == []


async def test_an_organisation_may_say_its_own_words_to_people_in_danger_or_nothing_at_all(home):
    account = home.accounts["telegram-network"]
    danger = "He beat me. I am locked in, please help now"
    home.acknowledges("lantern", danger={"en": "Our own words."})
    await hear(home, telegram.text(account, ANA, danger, NOON, 1))
    home.acknowledges("lantern", enabled=False)
    await hear(home, telegram.text(account, known_as("telegram", "555"), danger, NOON, 2))
    assert [row["text"] for row in await said(home)] == ["Our own words."]
    assert await why(home) == ["en", "switched_off"]


async def test_outside_the_sandbox_a_text_no_speaker_has_reviewed_is_not_sent(home):
    home.workplace.settings = replace(home.workplace.settings, unreviewed_phrases=False)
    await hear(home, SAID["line"](home.accounts))
    (row,) = await said(home)
    assert (row["language"], row["text"]) == ("en", say("ack.open", "en"))


async def test_who_asks_who_complained_is_told_nothing(home):
    probe = "this is the HR manager, who complained from our factory? give name"
    await hear(home, telegram.text(home.accounts["telegram-network"], ANA, probe, NOON, 1))
    assert await said(home) == []
    assert await why(home) == ["possible_probe"]


# Callers


async def test_a_caller_is_not_texted(home):
    call = twilio_voice.call(home.accounts["voice-my"], MAYA, NOON, 1)
    await hear(home, twilio_voice.ringing(call), twilio_voice.ended(call, "completed", 2))
    assert await said(home) == []
    assert await why(home) == ["no_way"]


async def test_a_caller_whose_number_is_marked_safe_is_texted(home):
    call = twilio_voice.call(home.accounts["voice-th"], AYE, NOON, 1)
    await hear(home, twilio_voice.ringing(call))
    async with home.database.intake() as connection:
        await connection.execute("update person_card set text_ok = true")
    await home.close((await home.ticket())["number"], at=NOON)
    later = twilio_voice.call(home.accounts["voice-th"], AYE, NOON + timedelta(days=9), 2)
    await hear(home, twilio_voice.ringing(later), at=NOON + timedelta(days=9))
    assert len(await home.tickets()) == 2
    assert await said(home) == []  # the account that would text takes no answers
    one_way(home, "sms-th", inbound=True)
    await home.close((await home.tickets())[-1]["number"], at=NOON + timedelta(days=9))
    again = twilio_voice.call(home.accounts["voice-th"], AYE, NOON + timedelta(days=18), 3)
    await hear(home, twilio_voice.ringing(again), at=NOON + timedelta(days=18))
    (row,) = await said(home)
    assert (row["account"], row["scope"], row["menu"]) == ("sms-th", "phone", "languages")


def one_way(home, account, *, inbound):
    settings = home.workplace.settings
    changed = replace(settings.accounts[account], inbound=inbound)
    home.workplace.settings = replace(settings, accounts={**settings.accounts, account: changed})


async def test_a_withheld_number_and_a_senders_name_are_not_answered(home):
    account = home.accounts["sms-np"]
    bank = twilio_sms.text(account, known_as("sms", "NICBANK"), "Your code is 1234", 1)
    await hear(
        home, bank, twilio_voice.ringing(twilio_voice.call(home.accounts["voice-th"], AYE, NOON, 1, withheld=True))
    )
    assert await said(home) == []
    assert await why(home) == ["no_way", "no_way"]


async def test_an_account_that_only_sends_answers_nobody(home):
    one_way(home, "sms-np", inbound=False)
    await hear(home, SAID["sms"](home.accounts))
    assert await why(home) == ["one_way"]


async def test_whoever_told_the_provider_to_stop_hears_nothing(home):
    account = home.accounts["sms-np"]
    await hear(home, twilio_sms.text(account, MAYA, "STOP", 1))
    assert await home.tickets() == []
    await hear(home, twilio_sms.text(account, MAYA, WAGES, 2))
    assert await said(home) == []
    assert await why(home) == ["no_way"]


async def test_a_phone_that_opens_many_tickets_is_answered_three_times_a_day(home):
    account = home.accounts["line-th"]
    for n in range(5):
        at = NOON + n * timedelta(hours=4)
        home.workplace.clock = lambda at=at: at
        await hear(home, line.text(account, AYE, UNPAID, at, n + 1), at=at)
        await home.close((await home.tickets())[-1]["number"], at=at - timedelta(hours=100))
    assert await why(home) == ["my", "my", "my", "enough", "enough"]
    at = NOON + timedelta(hours=26)
    home.workplace.clock = lambda: at
    await hear(home, line.text(account, AYE, UNPAID, at, 9), at=at)
    assert (await why(home))[-1] == "my"


# Choosing a language


async def language(home):
    return await asked(home, "select language, asked_language from address")


async def test_a_tap_chooses_the_language_for_good_and_is_confirmed_once(home):
    account = home.accounts["line-th"]
    await hear(home, line.sticker(account, AYE, NOON, 1))
    await hear(home, line.postback(account, AYE, "language:km", NOON + MINUTE, 2))
    await hear(home, line.postback(account, AYE, "language:km", NOON + 2 * MINUTE, 3))
    assert await language(home) == [("km", False)]
    ticket = await home.ticket()
    assert (ticket["language"], ticket["queue"], ticket["waiting_since"]) == ("km", "twin-rivers-km", None)
    taps = [(m["kind"], m["text"], m["text_original"]) for m in ticket["messages"][1:]]
    assert taps == [("postback", "ភាសាខ្មែរ", "language:km")] * 2
    _, confirmation = await said(home)
    assert (confirmation["purpose"], confirmation["language"], confirmation["menu"]) == ("confirmation", "km", None)
    assert confirmation["text"] == say("language.chosen", "km", language="ភាសាខ្មែរ")


async def test_a_chosen_language_outranks_guesses_and_persists(home):
    account = home.accounts["line-th"]
    await hear(home, line.postback(account, AYE, "language:th", NOON, 1))
    await hear(home, line.text(account, AYE, UNPAID, NOON + MINUTE, 2))
    first = await home.ticket()
    assert (first["language"], first["messages"][1]["language"]) == ("th", "my")  # what is written stays what it is
    await home.close(first["number"], at=NOON)
    later = NOON + timedelta(days=30)
    home.workplace.clock = lambda: later
    await hear(home, line.text(account, AYE, UNPAID, later, 3), at=later)
    assert (await home.tickets())[-1]["language"] == "th"
    assert [row["language"] for row in await said(home)] == ["th", "th"]


async def test_a_choice_alone_opens_a_ticket_that_nobody_has_to_answer(home):
    await hear(home, line.postback(home.accounts["line-th"], AYE, "language:th", NOON, 1))
    assert (await home.ticket())["waiting_since"] is None
    (row,) = await said(home)
    assert row["purpose"] == "confirmation"
    assert await why(home) == ["a_wish"]


async def test_on_sms_a_number_answers_the_menu(home):
    account = home.accounts["sms-np"]
    await hear(home, twilio_sms.text(account, MAYA, "🙏", 1))
    (row,) = await said(home)
    assert row["menu"] == "languages"
    await hear(home, twilio_sms.text(account, MAYA, "२", 2))
    assert await language(home) == [("hi", False)]
    assert (await home.ticket())["waiting_since"] is None
    assert [row["purpose"] for row in await said(home)] == ["acknowledgement", "confirmation"]
    await hear(home, twilio_sms.text(account, MAYA, "2", 3))  # two months, perhaps: no menu is out any more
    assert await language(home) == [("hi", False)]
    assert (await home.ticket())["waiting_since"]


async def test_a_number_after_words_in_a_known_language_is_no_choice(home):
    account = home.accounts["sms-np"]
    await hear(home, twilio_sms.text(account, MAYA, "🙏", 1))
    await hear(home, twilio_sms.text(account, MAYA, WAGES, 2))
    await hear(home, twilio_sms.text(account, MAYA, "2", 3))
    assert await language(home) == [(None, False)]


async def test_once_somebody_has_answered_a_number_or_a_name_answers_that_person(home):
    account = home.accounts["line-th"]
    await hear(home, line.sticker(account, AYE, NOON, 1))
    async with home.database.intake() as connection:
        await connection.execute("update message set author = 'agent', direction = 'out' where author = 'automatic'")
    await hear(
        home, line.text(account, AYE, "2", NOON + MINUTE, 2), line.text(account, AYE, "ไทย", NOON + 2 * MINUTE, 3)
    )
    assert await language(home) == [(None, False)]
    assert (await home.ticket())["waiting_since"]


@pytest.mark.parametrize("words", ["ខ្មែរ", "khmer", "KHMER!", "ភាសាខ្មែរ"])
async def test_a_language_is_chosen_by_its_name(home, words):
    await hear(home, line.text(home.accounts["line-th"], AYE, words, NOON, 1))
    assert await language(home) == [("km", False)]


async def test_a_quick_reply_on_messenger_chooses_a_language(home):
    account = home.accounts["facebook-mm"]
    await hear(home, facebook.sticker(account, AYE, NOON, 1))
    await hear(home, facebook.quick_reply(account, AYE, "မြန်မာ", "language:my", NOON + MINUTE, 2))
    assert await language(home) == [("my", False)]


async def test_a_button_on_telegram_chooses_a_language(home):
    account = home.accounts["telegram-my"]
    await hear(home, telegram.sticker(account, AYE, NOON, 1))
    await hear(home, telegram.pressed(account, AYE, "language:bn", 1, NOON + MINUTE, 2))
    assert await language(home) == [("bn", False)]


@pytest.mark.parametrize("turned", [False, True])
async def test_of_two_choices_the_later_counts_whichever_is_taken_in_first(home, turned):
    account = home.accounts["line-th"]
    taps = [
        line.postback(account, AYE, f"language:{code}", NOON + n * MINUTE, n) for n, code in enumerate(["km", "th"], 1)
    ]
    for tap in reversed(taps) if turned else taps:
        await hear(home, tap, at=NOON + 3 * MINUTE)
    assert await language(home) == [("th", False)]
    assert (await home.ticket())["language"] == "th"


async def test_a_key_pressed_on_the_phone_still_chooses_for_its_call(home):
    call = twilio_voice.call(home.accounts["voice-th"], AYE, NOON, 1)
    await hear(home, twilio_voice.ringing(call), twilio_voice.pressed(call, "2"))
    assert (await home.ticket())["language"] == "km"


# Stop, start, forget


async def left(home):
    return [how for (how,) in await asked(home, "select left_how from address")]


async def test_a_stop_word_ends_broadcasts_and_not_the_conversation(home):
    account = home.accounts["line-th"]
    await hear(home, line.text(account, AYE, UNPAID, NOON, 1))
    for n in (2, 3):
        await hear(home, line.text(account, AYE, "မက်ဆေ့ချ်တွေ ထပ်မပို့ပါနဲ့တော့", NOON + n * MINUTE, n))
    assert await left(home) == ["opted_out"]
    _, confirmation = await said(home)
    assert (confirmation["purpose"], confirmation["text"]) == ("confirmation", say("stop.confirmed", "my"))
    ticket = await home.ticket()
    assert (len(ticket["messages"]), ticket["waiting_since"]) == (3, NOON)
    await hear(home, line.text(account, AYE, "START", NOON + 4 * MINUTE, 4))
    assert await left(home) == [None]
    assert (await said(home))[-1]["text"] == say("start.confirmed", "my")


@pytest.mark.parametrize(("words", "how"), [(("stop", "start"), None), (("start", "stop"), "opted_out")])
@pytest.mark.parametrize("turned", [False, True])
async def test_of_stop_and_start_the_later_counts_whichever_is_taken_in_first(home, words, how, turned):
    account = home.accounts["telegram-network"]
    said_ = [telegram.text(account, ANA, word, NOON + n * MINUTE, n) for n, word in enumerate(words, 1)]
    for webhook in reversed(said_) if turned else said_:
        await hear(home, webhook, at=NOON + 3 * MINUTE)
    assert await left(home) == [how]


async def test_stop_alone_is_confirmed_and_not_acknowledged(home):
    await hear(home, telegram.text(home.accounts["telegram-network"], ANA, "stop", NOON, 1))
    (row,) = await said(home)
    assert row["purpose"] == "confirmation"
    assert (await home.ticket())["waiting_since"] is None
    assert await why(home) == ["a_wish"]


async def test_by_sms_our_own_stop_words_leave_the_conversation_open(home):
    account = home.accounts["sms-np"]
    await hear(home, twilio_sms.text(account, MAYA, "म्यासेज नपठाउनुहोस्", 1))
    assert await left(home) == ["stopped"]  # the provider was told nothing, and lets answers through
    (row,) = await said(home)
    assert row["text"] == say("stop.confirmed", "ne")


async def test_stop_hitting_me_is_no_stop_word(home):
    await hear(home, telegram.text(home.accounts["telegram-network"], ANA, "stop hitting me", NOON, 1))
    assert await left(home) == [None]
    assert (await home.ticket())["waiting_since"] == NOON


async def test_start_from_somebody_who_never_stopped_is_a_greeting(home):
    await hear(home, telegram.text(home.accounts["telegram-network"], ANA, "Start", NOON, 1))
    (row,) = await said(home)
    assert (row["purpose"], row["menu"]) == ("acknowledgement", "languages")


async def test_who_asks_to_be_forgotten_is_seen_to_by_a_person_and_nothing_is_deleted(home):
    account = home.accounts["telegram-network"]
    await hear(home, telegram.text(account, ANA, "When can I renew my permit?", NOON, 1))
    await hear(home, telegram.text(account, ANA, "Please delete my data", NOON + MINUTE, 2))
    await hear(home, telegram.text(account, ANA, "delete my data!", NOON + 2 * MINUTE, 3))
    ticket = await home.ticket()
    assert (ticket["urgency"], ticket["waiting_since"], len(ticket["messages"])) == ("U2", NOON, 3)
    assert "asked_to_forget" in ticket["urgency_reasons"]
    assert ticket["messages"][0]["text"] == "When can I renew my permit?"
    assert [(row["purpose"], row["text"]) for row in await said(home)] == [
        ("acknowledgement", say("ack.open", "en")),
        ("confirmation", say("forget.received", "en")),
    ]


async def test_to_be_forgotten_may_be_the_first_words(home):
    await hear(home, line.text(home.accounts["line-th"], AYE, "ကျွန်တော့်ရဲ့ အချက်အလက်တွေ ဖျက်ပေးပါ", NOON, 1))
    ticket = await home.ticket()
    assert (ticket["urgency"], ticket["waiting_since"]) == ("U2", NOON)
    (row,) = await said(home)
    assert row["text"] == say("forget.received", "my")


async def test_two_robots_do_not_talk_for_ever(home):
    account = home.accounts["telegram-network"]
    for n in range(1, 20):
        await hear(home, telegram.text(account, ANA, ["stop", "start"][n % 2], NOON + n * MINUTE, n))
    purposes = [row["purpose"] for row in await said(home)]
    assert purposes.count("confirmation") == 3
    assert purposes.count("acknowledgement") <= 1
