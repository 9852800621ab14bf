"""What the system says by itself: once, to nobody whose phone may be read by others unasked, in reviewed words alone.

The phones are asked, not our own tables.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from runtime.ids import now
from sandbox.people import known_as, person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from tests.answering import desk
from tests.gate import gate
from tests.house import House
from translations.catalog import reviewed, say
from translations.languages import ENGLISH_NAMES
from translations.menu import own_name

AYE = person("aye", "my", "TH")
UNPAID = "လစာ ၂ လ မရသေးဘူး။"
#: The account, and the language that is chosen.
WRITTEN = {
    "line": ("line-th", "km"),
    "facebook": ("facebook-mm", "en"),
    "telegram": ("telegram-my", "id"),
    "sms": ("sms-np", "hi"),
}


@pytest.fixture
async def out(home, valkey):
    async with (
        gate(home, valkey) as door,
        desk(home, valkey, gateway=f"http://127.0.0.1:{door.port}", quiet=False) as there,
    ):
        yield there


async def says(out, channel, **what):
    """A person does something on the phone, and what it leads to comes back to it."""
    url = f"{out.sandbox.url}/sandbox/phones/{channel}/{AYE.id_on(channel)}/say"
    async with aiohttp.ClientSession() as client, client.post(url, json=what) as answer:
        assert answer.status == 202, await answer.text()
    await out.home.take_in()
    await out.deliver()
    return out.sandbox.phone(channel, AYE).received


@pytest.mark.parametrize("channel", WRITTEN)
async def test_a_worker_is_greeted_chooses_a_language_and_is_told_so(out, channel):
    account, chosen = out.home.accounts[WRITTEN[channel][0]], WRITTEN[channel][1]
    greeting = (await says(out, channel, account=account.id, text="🙏"))[-1]
    assert say("ack.choose_language", account.languages[0]) in greeting.text
    if channel == "sms":
        lines = [f"{n} {own_name(code, unreviewed=True)}" for n, code in enumerate(account.languages, 1)]
        assert greeting.text.splitlines()[-len(lines) :] == lines
        confirmation = (await says(out, channel, account=account.id, text="2"))[-1]
    else:
        assert [choice.label for choice in greeting.choices] == [
            own_name(code, unreviewed=True) for code in account.languages
        ]
        confirmation = (await says(out, channel, quick_reply=f"language:{chosen}"))[-1]
    name = own_name(chosen, unreviewed=True)
    assert confirmation.text == say("language.chosen", chosen, language=name)
    ticket = await out.home.ticket()
    assert (ticket["language"], ticket["waiting_since"]) == (chosen, None)
    assert len(out.sandbox.phone(channel, AYE).received) == 2


async def test_never_twice(out):
    """Many people, each webhook three times, two workers, and a deliverer that is started anew in between."""
    people, home = [person(f"p{n}", "my", "TH") for n in range(15)], out.home
    for n, who in enumerate(people):
        for more in range(3):
            webhook = line.text(home.accounts["line-th"], who, UNPAID, now() + timedelta(seconds=more), 100 * n + more)
            out.sandbox.notice(webhook)
            for _ in range(3):
                await home.put(webhook, at=now())
    other = House(
        replace(home.workplace, slot="other", busy=asyncio.Lock()), home.accounts, home.owner, home.redis_url, home.data
    )
    await asyncio.gather(home.take_in(), other.take_in())
    second, clients, pace = out.another()
    try:
        await asyncio.gather(out.deliver(), out.deliver(second))
        await out.deliver()
    finally:
        await clients.close()
        await pace.close()
    for who in people:
        assert [item.times for item in out.sandbox.phone("line", who).received] == [1]


async def test_never_to_a_number_not_known_safe_to_text(out):
    """Whatever a caller does, nothing is texted to that number; nor to what only looks like one."""
    home, line_, texts = out.home, out.home.accounts["voice-my"], out.home.accounts["sms-np"]
    callers = [person(f"c{n}", "ne", "NP") for n in range(4)]
    calls = [twilio_voice.call(line_, who, now(), n) for n, who in enumerate(callers)]
    await home.put(
        twilio_voice.ringing(calls[0]),
        twilio_voice.ended(calls[0], "no-answer", 0),
        *twilio_voice.whole_call(calls[1], "1", 20),
        twilio_voice.ringing(calls[2]),
        twilio_voice.ended(calls[2], "completed", 2),
        twilio_voice.ringing(twilio_voice.call(line_, callers[3], now(), 9, withheld=True)),
        twilio_sms.text(texts, known_as("sms", "NICBANK"), "Your code is 1234", 1),
        twilio_sms.text(texts, known_as("sms", "32665"), "Win a prize", 2),
        twilio_sms.text(texts, callers[3], "STOP", 3),
        at=now(),
    )
    await home.take_in()
    await out.deliver()
    assert len(await home.tickets()) == 6
    assert list(out.sandbox.sent) == []
    assert await out.deliveries() == []


async def test_outside_the_sandbox_nothing_leaves_that_no_speaker_has_reviewed(out):
    home = out.home
    home.workplace.settings = replace(home.workplace.settings, unreviewed_phrases=False)
    languages = ["my", "km", "th", "ne", "hi", "bn", "vi", "id", "tl", "ta", "si", "ur", "es", "ms", "zh", "ksw"]
    number = 0
    for code in languages:
        who = person(f"w {code}", code, "TH")
        webhooks = [
            telegram.text(home.accounts["telegram-network"], who, own_name(code, unreviewed=True), now(), number + 1),
            line.sticker(home.accounts["line-th"], who, now(), number + 2),
            line.postback(home.accounts["line-th"], who, f"language:{code}", now(), number + 3),
            facebook.text(home.accounts["facebook-mm"], who, "stop", now(), number + 4),
            twilio_sms.text(home.accounts["sms-np"], who, "hello", number + 5),
        ]
        number += 5
        out.sandbox.notice(*webhooks)
        for webhook in webhooks:
            await home.put(webhook, at=now())
            await home.take_in()
    await out.deliver()
    assert len(out.sandbox.sent) > len(languages)
    keys = ("ack.open", "ack.closed", "language.chosen", "stop.confirmed")
    beginnings = tuple(say(key, "en").partition("{")[0] for key in keys)
    assert not any(reviewed(key, code) for key in keys for code in languages), "say here in which languages"
    for item in out.sandbox.sent:
        assert item.text.startswith(beginnings)
        assert {choice.label for choice in item.choices} <= {own_name(code) for code in ENGLISH_NAMES}
