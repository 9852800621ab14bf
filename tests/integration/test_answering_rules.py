"""Which way an answer goes, what it looks like there, and what stops a broadcast but not an answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.telegram.receive import message_ref
from gateway.answering import allow_texts
from gateway.live import live_findings
from gateway.stores import Stores
from model.deliveries import BROADCAST
from outbound.answer import CannotAnswer
from runtime.config_form import Cost
from runtime.ids import now
from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_voice
from storage import listing
from tests.answering import desk
from workers_queue import budget

AYE, RAM = person("aye", "my", "TH"), person("ram", "ne", "MY")
UNICODE = "သင့်စာ ရောက်ပါပြီ။ ကျွန်တော်တို့ ကူညီပါမယ်။"


@pytest.fixture
async def out(home, valkey):
    async with desk(home, valkey) as there:
        yield there


async def writes(out, text, number=1, who=AYE) -> None:
    webhook = line.text(out.home.accounts["line-th"], who, text, now(), number)
    out.sandbox.notice(webhook)
    await out.home.put(webhook, at=out.home.workplace.clock())
    await out.home.take_in()


async def calls(out) -> None:
    call = twilio_voice.call(out.home.accounts["voice-th"], AYE, now(), 5)
    await out.home.put(twilio_voice.ringing(call), at=now())
    await out.home.take_in()


async def test_a_caller_is_texted_only_where_that_is_known_to_be_safe(out):
    await calls(out)
    with pytest.raises(CannotAnswer) as refused:
        await out.say("hello")
    assert refused.value.reason == "no_text"
    ticket = await out.home.ticket()
    at, home = out.home.workplace, out.home
    here = Stores(settings=at.settings, master=at.master, data=home.data, owner=home.owner, redis_url=home.redis_url)
    assert await allow_texts(here, str(ticket["number"]), yes=True) == 0
    said = await out.say("hello")
    assert said.account == "sms-th"
    await out.deliver()
    assert (await out.delivery())["state"] == "sent"
    assert out.sandbox.phone("sms", AYE).texts[-1] == "hello"


async def test_nobody_writes_an_answer_that_the_provider_would_not_take_any_more(out):
    """Messenger lets a person of the organisation answer for a week; here they write it as the week ends."""
    webhook = facebook.text(out.home.accounts["facebook-kh"], AYE, "help", now(), 1)
    await out.home.put(webhook, at=now())
    await out.home.take_in()
    heard = (await out.home.ticket())["messages"][0]["occurred_at"]
    with pytest.raises(CannotAnswer) as refused:
        await out.say("too late", at=heard + timedelta(days=7))
    assert refused.value.reason == "window_closed"
    assert await out.deliveries() == []
    await out.say("in time", at=heard + timedelta(days=7) - timedelta(minutes=1))


async def test_a_phone_that_writes_zawgyi_is_answered_in_zawgyi(out):
    from translations.zawgyi import to_zawgyi

    await writes(out, to_zawgyi("ကျွန်မတို့ အလုပ်ရှင်က လစာမပေးဘူး။ ကူညီပေးပါ။ မြန်မာနိုင်ငံ"))
    assert (await out.home.ticket())["messages"][0]["encoding"] == "zawgyi"
    await out.say(UNICODE)
    await out.deliver()
    assert out.sandbox.phone("line", AYE).texts[-1] == to_zawgyi(UNICODE) != UNICODE
    assert (await out.home.ticket())["messages"][-1]["text"] == UNICODE


async def test_an_agents_zawgyi_is_kept_as_unicode(out):
    from translations.zawgyi import to_zawgyi

    await writes(out, "help me please")
    await out.say(to_zawgyi(UNICODE))
    await out.deliver()
    assert out.sandbox.phone("line", AYE).texts[-1] == UNICODE


async def test_a_used_up_reserve_stops_broadcasts_and_no_answer(out):
    out.sandbox.quota("line-th", 100, 85)
    await writes(out, "help")
    at = out.home.workplace
    await budget.look(at, out.clients)
    out.deliverer.claims.no_broadcasts = await budget.closed(at)
    assert out.deliverer.claims.no_broadcasts == {"line-th": "reserve"}
    said = await out.say("news for everybody")
    async with at.database.intake() as connection:
        await connection.execute(
            "update delivery set priority = %s, purpose = 'broadcast' where id = %s", [BROADCAST, said.delivery]
        )
    await out.say("an answer")
    await out.deliver()
    texts = out.sandbox.phone("line", AYE).texts
    assert "an answer" in texts
    assert "news for everybody" not in texts
    (account,) = [a for a in await listing.accounts(out.home.database) if a["id"] == "line-th"]
    assert (account["quota_limit"], account["quota_used"] >= 85) == (100, True)


async def test_a_month_cap_closes_an_account_for_broadcasts(out):
    await writes(out, "help")
    at = out.home.workplace
    costly = replace(at.settings.accounts["line-th"], cost=Cost(per_message=1.0, month_cap=1.0))
    at.settings = replace(at.settings, accounts={**at.settings.accounts, "line-th": costly})
    assert await budget.closed(at) == {}
    for words in ("one", "two", "three"):
        await out.say(words)
    await out.deliver()
    assert await budget.closed(at) == {"line-th": "month_cap"}


async def test_a_reaction_to_our_words_finds_them(out):
    webhook = telegram.text(out.home.accounts["telegram-my"], RAM, "मद्दत गर्नुस्", now(), 1)
    out.sandbox.notice(webhook)
    await out.home.put(webhook, at=now())
    await out.home.take_in()
    await out.say("We can help.")
    await out.deliver()
    sent = out.sandbox.phone("telegram", RAM).received[-1]
    ticket = await out.home.ticket()
    ours = ticket["messages"][-1]
    chat, number = str(sent.id).split(":") if ":" in str(sent.id) else (str(RAM.telegram_id), str(sent.id))
    assert ours["provider_id"] == out.home.workplace.master.veil(message_ref(int(chat), int(number)))


async def test_every_provider_is_asked_what_is_missing(out):
    found = [finding async for finding in live_findings(out.home.workplace.settings)]
    asked = {finding.what.partition(",")[0] for finding in found}
    assert asked == set(out.home.workplace.settings.accounts)
    assert all(finding.says for finding in found)
