"""What is told to the gateway after a message was taken: signed as all webhooks, to the address that was given."""

import json
from collections import Counter

import aiohttp

from sandbox import sign
from tests.sandbox_cast import AYE, EVERYWHERE, PUBLIC, SECRETS, TOKEN, form_of
from tests.sandbox_gateway import gateway
from tests.sandbox_server import sandbox_server

SID = SECRETS["sms"]["account_sid"]
CALLBACK = f"{PUBLIC}/hooks/sms-1/status?delivery=0199"


async def text(client, **more):
    form = {"To": AYE.phone, "From": SECRETS["sms"]["number"], "Body": "a", "StatusCallback": CALLBACK, **more}
    basic = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
    async with client.post(f"/2010-04-01/Accounts/{SID}/Messages.json", data=form, headers=basic) as answer:
        return (await answer.json())["sid"]


async def message(client, words):
    body = {"recipient": {"id": AYE.facebook_id}, "message": {"text": words, "metadata": f"out:{words}"}}
    token = {"Authorization": f"Bearer {SECRETS['facebook']['page_access_token']}"}
    async with client.post("/v25.0/me/messages", json=body, headers=token) as answer:
        return (await answer.json())["message_id"]


async def told(sends, seed=1, **how):
    """What the gateway hears of what `sends` sends."""
    async with gateway() as (url, heard), sandbox_server(EVERYWHERE, url, seed=seed, receipts=True) as sandbox:
        sandbox.world.manners.gap = (0, 0.001)
        for name, value in how.items():
            sandbox.fault(name, **value)
        async with aiohttp.ClientSession(sandbox.url) as client:
            sent = await sends(client)
        await sandbox.world.receipts.settle()
        return sent, heard


def forms(heard):
    return [form_of(webhook) for webhook in heard.webhooks]


async def test_twilio_calls_the_address_it_was_given():
    sid, heard = await told(text)
    assert sorted(form["MessageStatus"] for form in forms(heard)) == ["delivered", "queued", "sent"]
    assert {form["MessageSid"] for form in forms(heard)} == {sid}
    for webhook, form in zip(heard.webhooks, forms(heard), strict=True):
        assert webhook.path == "/hooks/sms-1/status?delivery=0199"
        assert webhook.headers["X-Twilio-Signature"] == sign.twilio(TOKEN, CALLBACK, form.items())[0][1]


async def test_a_message_may_not_arrive():
    _, heard = await told(text, undelivered={"code": 30005})
    fates = {form["MessageStatus"]: form.get("ErrorCode") for form in forms(heard)}
    assert fates == {"queued": None, "sent": None, "undelivered": "30005"}


async def test_without_an_address_nothing_is_told():
    _, heard = await told(lambda client: text(client, StatusCallback=""))
    assert heard.got == []


async def test_now_and_then_the_order_is_wrong_and_the_same_seed_errs_alike():
    async def forty(client):
        return [await text(client) for _ in range(40)]

    async def orders(seed):
        sids, heard = await told(forty, seed)
        by_sid = {sid: [f["MessageStatus"] for f in forms(heard) if f["MessageSid"] == sid] for sid in sids}
        return [tuple(by_sid[sid]) for sid in sids]

    first = await orders(5)
    assert await orders(5) == first != await orders(6)
    found = Counter(first)
    right = ("queued", "sent", "delivered")
    assert found[right] > 25
    assert len(found) > 1
    assert set(map(frozenset, found)) == {frozenset(right)}


async def test_messenger_tells_an_echo_a_delivery_and_a_read():
    mid, heard = await told(lambda client: message(client, "7"))
    events = [json.loads(webhook.body)["entry"][0]["messaging"][0] for webhook in heard.webhooks]
    for webhook in heard.webhooks:
        assert (
            webhook.headers["X-Hub-Signature-256"]
            == sign.messenger(SECRETS["facebook"]["app_secret"], webhook.body)[0][1]
        )
    echo, delivery, read = (next(e for e in events if key in e) for key in ("message", "delivery", "read"))
    assert (echo["message"]["mid"], echo["message"]["metadata"], echo["message"]["is_echo"]) == (mid, "out:7", True)
    assert delivery["delivery"]["mids"] == [mid]
    assert delivery["delivery"]["watermark"] == read["read"]["watermark"] == echo["timestamp"]
    assert delivery["sender"]["id"] == read["sender"]["id"] == AYE.facebook_id


async def test_receipts_can_be_switched_off():
    async with gateway() as (url, heard), sandbox_server(EVERYWHERE, url, receipts=True) as sandbox:
        sandbox.receipts(False)
        async with aiohttp.ClientSession(sandbox.url) as client:
            await text(client)
            await message(client, "a")
        await sandbox.world.receipts.settle()
        assert heard.got == []
