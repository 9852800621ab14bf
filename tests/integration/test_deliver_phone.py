"""Answers by SMS and Telegram, and what people sent there, against the providers' side."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from yarl import URL

from channels import registry
from channels.contract import Fetch, NoFile
from model.http import Request
from outbound.answer import CannotAnswer
from runtime.ids import now
from sandbox.people import person
from sandbox.providers import telegram, twilio_sms
from tests.answering import desk
from workers_queue.deliver import recover

RAM, AYE = person("ram", "ne", "NP"), person("aye", "my", "TH")
LONG = " ".join(f"{n} तलब नपाएको भए हामीलाई भन्नुहोस्।" for n in range(1, 61))


@pytest.fixture
async def out(home, valkey):
    async with desk(home, valkey) as there:
        yield there


async def takes_in(out, *webhooks) -> None:
    out.sandbox.notice(*webhooks)
    await out.home.put(*webhooks, at=out.home.workplace.clock())
    await out.home.take_in()


async def texts_us(out, text="मलाई सहयोग चाहियो", number=1) -> None:
    await takes_in(out, twilio_sms.text(out.home.accounts["sms-np"], RAM, text, number))


async def writes_to_the_bot(out, text="ကူညီပါ", number=1) -> None:
    at = out.home.workplace.clock()
    await takes_in(out, telegram.text(out.home.accounts["telegram-my"], AYE, text, at, number))


async def says(out, text):
    """The delivery of an answer, after everything that is due has gone."""
    await out.say(text)
    await out.deliver()
    return await out.delivery()


async def is_told(out, item, fate, error=None) -> None:
    """Twilio calls the address it was given with the message."""
    account = out.home.accounts["sms-np"]
    await takes_in(out, twilio_sms.status(account, item.id, RAM.phone, fate, error, url=item.mark))


async def test_an_sms_is_answered_and_its_receipt_comes_back(out):
    await texts_us(out)
    assert (await says(out, "हामी सहयोग गर्न सक्छौं।"))["state"] == "sent"
    (item,) = out.sandbox.phone("sms", RAM).received
    assert (item.text, item.times) == ("हामी सहयोग गर्न सक्छौं।", 1)
    await is_told(out, item, "delivered")
    assert (await out.delivery())["state"] == "delivered"


async def test_a_long_sms_arrives_in_order_and_is_counted_by_the_segment(out):
    await texts_us(out)
    row = await says(out, LONG)
    texts = out.sandbox.phone("sms", RAM).texts
    assert len(texts) > 1
    assert " ".join(texts) == LONG
    assert row["units"] == sum(twilio_sms.segments(text) for text in texts)


async def test_a_receipt_tells_the_fate_of_an_answer_nobody_was_sure_of(out):
    await texts_us(out)
    out.sandbox.fault("drop_after_body", provider="twilio", count=1)
    assert (await says(out, "once"))["state"] == "unknown"
    out.pass_time(timedelta(hours=1))
    await out.deliver()
    (item,) = out.sandbox.phone("sms", RAM).received
    assert item.times == 1
    await is_told(out, item, "delivered")
    assert (await out.delivery())["state"] == "delivered"


async def test_a_receipt_tells_why_an_sms_did_not_arrive(out):
    await texts_us(out)
    await says(out, "hello")
    (item,) = out.sandbox.phone("sms", RAM).received
    await is_told(out, item, "undelivered", 30006)
    row = await out.delivery()
    assert (row["state"], row["reason"], row["code"]) == ("failed", "no_text", "30006")


@pytest.mark.parametrize("dies", [False, True])
async def test_a_first_part_that_does_not_arrive_fails_the_answer_though_the_rest_goes(out, dies):
    await texts_us(out)
    since = (await out.home.ticket())["waiting_since"]
    await out.say(LONG)
    await out.deliverer.turn()
    await asyncio.wait(out.deliverer.under_way)
    first, second, *_ = out.sandbox.phone("sms", RAM).received
    await is_told(out, first, "undelivered", 30006)
    assert (await out.delivery())["state"] == "sending"
    if dies:
        await recover(out.home.workplace, slot=out.home.workplace.slot)
    else:
        await out.deliver()
    await is_told(out, second, "delivered")
    row = await out.delivery()
    assert (row["state"], row["reason"], row["code"]) == ("failed", "no_text", "30006")
    assert (await out.home.ticket())["waiting_since"] == since


async def test_a_person_whom_twilio_stops_is_not_texted_again(out):
    await texts_us(out)
    out.sandbox.fault("opted_out", provider="twilio", count=1)
    row = await says(out, "hello")
    assert (row["state"], row["reason"]) == ("failed", "opted_out")
    with pytest.raises(CannotAnswer) as refused:
        await out.say("again")
    assert refused.value.reason == "opted_out"


async def test_a_bots_answer_arrives_as_it_was_written(out):
    await writes_to_the_bot(out)
    words = "<b>ကူညီ</b> _နိုင်_ *ပါသည်* [x](https://example.org)"
    row = await says(out, words)
    (item,) = out.sandbox.phone("telegram", AYE).received
    assert (item.text, item.times) == (words, 1)
    assert row["state"] == "sent"


async def test_a_bot_that_is_too_fast_waits_as_long_as_telegram_says(out):
    await writes_to_the_bot(out)
    out.sandbox.fault("429", provider="telegram", count=1, retry_after=90)
    row = await says(out, "patience")
    assert (row["state"], row["reason"]) == ("queued", "too_fast")
    out.pass_time(timedelta(seconds=60))
    await out.deliver()
    assert out.sandbox.phone("telegram", AYE).texts == []
    out.pass_time(timedelta(seconds=40))
    await out.deliver()
    assert out.sandbox.phone("telegram", AYE).texts == ["patience"]


async def test_a_person_who_blocked_the_bot_can_come_back(out):
    await writes_to_the_bot(out)
    out.sandbox.fault("blocked", provider="telegram", count=1)
    row = await says(out, "hello")
    assert (row["state"], row["reason"]) == ("failed", "blocked")
    with pytest.raises(CannotAnswer):
        await out.say("again")
    out.pass_time(timedelta(minutes=1))  # Telegram tells whole seconds
    await writes_to_the_bot(out, "ပြန်လာပြီ", number=2)
    assert (await says(out, "again"))["state"] == "sent"


# What people sent


async def asks(out, name, question, ref):
    account = out.home.workplace.settings.accounts[name]
    way = registry.load(account.channel).out
    async with way.connect(account.settings, account.api_base) as client:
        return await getattr(way, question)(client, ref, account.settings)


def ref_in(out, webhook) -> str:
    """What a webhook says of its file."""
    account = out.home.workplace.settings.accounts[webhook.account_id]
    request = Request(method="POST", url=f"https://hotline.example.org{webhook.path}", body=webhook.body)
    (event,) = registry.load(account.channel).parse(request, account.settings)
    return event.attachments[0].ref


async def had(found: Fetch) -> tuple[int, bytes]:
    """The file, as a fetcher that keeps the promise of `Fetch.headers` has it."""
    async with aiohttp.ClientSession() as session:
        async with session.get(found.url, headers=found.headers, allow_redirects=False) as first:
            if "Location" not in first.headers:
                return first.status, await first.read()
            elsewhere = first.url.join(URL(first.headers["Location"]))
        async with session.get(elsewhere) as second:
            return second.status, await second.read()


async def test_a_picture_by_mms_is_had_once_and_deleted_at_twilio(out):
    ref = ref_in(out, twilio_sms.image(out.home.accounts["sms-np"], RAM, 7))
    found = await asks(out, "sms-np", "locate", ref)
    status, picture = await had(found)
    assert (status, picture[:2]) == (200, b"\xff\xd8")
    assert await asks(out, "sms-np", "remove", ref)
    assert await asks(out, "sms-np", "remove", ref)  # again, and all is still well
    assert (await had(found))[0] == 404


async def test_a_voice_note_to_the_bot_is_had(out):
    webhook = telegram.voice(out.home.accounts["telegram-my"], AYE, 3, now(), 8)
    found = await asks(out, "telegram-my", "locate", ref_in(out, webhook))
    status, sound = await had(found)
    assert (status, sound[:4]) == (200, b"OggS")


async def test_a_recording_is_had_and_deleted_at_twilio(out):
    account = out.home.workplace.settings.accounts["voice-th"]
    recording = "RE" + "3" * 32
    ref = f"https://api.twilio.com/2010-04-01/Accounts/{account.settings.account_sid}/Recordings/{recording}"
    found = await asks(out, "voice-th", "locate", ref)
    if isinstance(found, NoFile):
        assert found.when == "later"  # not ready at once, as in life
        found = await asks(out, "voice-th", "locate", ref)
    assert (await had(found))[0] == 200
    assert await asks(out, "voice-th", "remove", ref)
    assert recording in out.sandbox.deleted
