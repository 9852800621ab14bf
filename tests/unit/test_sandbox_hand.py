"""People moved over HTTP: what they write, tap and ring comes to the gateway as signed webhooks."""

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest

from sandbox import sign
from tests.sandbox_cast import AYE, EVERYWHERE, PUBLIC, SECRETS, TOKEN, form_of
from tests.sandbox_gateway import gateway
from tests.sandbox_server import sandbox_server

CHANNELS = ("sms", "line", "facebook", "telegram")


@asynccontextmanager
async def played(*refuse):
    """A sandbox with a gateway behind it, and a client for both."""
    async with (
        gateway(*refuse) as (url, heard),
        sandbox_server(EVERYWHERE, url) as sandbox,
        aiohttp.ClientSession(sandbox.url) as client,
    ):
        yield sandbox, heard, client


async def post(client, path, body):
    async with client.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def say(client, channel, **what):
    return await post(client, f"/sandbox/phones/{channel}/{AYE.id_on(channel)}/say", what)


def genuine(webhook, channel):
    """Whether the account's own secret made the signature."""
    secret = SECRETS[channel]
    expected = {
        "line": lambda: sign.line(secret["channel_secret"], webhook.body),
        "facebook": lambda: sign.messenger(secret["app_secret"], webhook.body),
        "telegram": lambda: sign.telegram(secret["secret_token"]),
    }.get(channel, lambda: sign.twilio(TOKEN, PUBLIC + webhook.path, form_of(webhook).items()))()
    return all(webhook.headers[name] == value for name, value in expected)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_what_is_said_is_signed_heard_and_on_the_phone(channel):
    async with played() as (sandbox, heard, client):
        status, said = await say(client, channel, text="မာ 👍")
        assert (status, said["accepted"], said["answers"]) == (202, True, [200])
        assert [account for account, _, _ in heard.got] == [f"{channel}-1"]
        assert genuine(heard.webhooks[0], channel)
        assert [(i.by, i.text, i.account) for i in sandbox.phone(channel, AYE).log] == [
            ("person", "မာ 👍", f"{channel}-1")
        ]
        assert (await say(client, channel, text="again"))[1]["ids"] != said["ids"]


@pytest.mark.parametrize("kind", ["image", "audio", "video", "file", "sticker", "location"])
@pytest.mark.parametrize("channel", ["line", "facebook", "telegram"])
async def test_every_kind_of_thing_can_be_sent(channel, kind):
    async with played() as (sandbox, heard, client):
        assert (await say(client, channel, kind=kind, seconds=4))[0] == 202
        assert genuine(heard.webhooks[0], channel)
        (item,) = sandbox.phone(channel, AYE).log
        assert item.kind == kind
        for media in item.media:
            async with client.get(media.url) as answer:
                assert answer.status == 200
                assert (await answer.read())[:5] != b"<html"


async def test_a_hostile_file_can_be_sent_too():
    async with played() as (sandbox, _, client):
        await say(client, "line", kind="image", file="html")
        (item,) = sandbox.phone("line", AYE).log
        token = {"Authorization": f"Bearer {SECRETS['line']['channel_access_token']}"}
        async with client.get(f"/v2/bot/message/{item.id}/content", headers=token) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")


async def test_twice_and_late():
    async with played() as (sandbox, heard, client):
        _, said = await say(client, "line", text="late", copies=2, late_seconds=3600)
        events = [json.loads(body)["events"][0] for _, _, body in heard.got]
        assert said["answers"] == [200, 200]
        assert [event["deliveryContext"]["isRedelivery"] for event in events] == [False, True]
        assert events[0]["webhookEventId"] == events[1]["webhookEventId"]
        assert 3590 < datetime.now(UTC).timestamp() - events[0]["timestamp"] / 1000 < 3700
        assert len(sandbox.phone("line", AYE).log) == 1


async def test_a_gateway_that_refuses_is_told():
    async with played(503) as (_, _, client):
        status, said = await say(client, "sms", text="a")
        assert (status, said["accepted"], said["answers"]) == (502, False, [503])


POSTBACK = {"type": "action", "action": {"type": "postback", "label": "Yes", "data": "a=1"}}
REPLIES = [{"content_type": "text", "title": "Yes", "payload": "a=1"}]
BUTTONS = {"inline_keyboard": [[{"text": "Yes", "callback_data": "a=1"}]]}
ASK = {"type": "text", "text": "?", "quickReply": {"items": [POSTBACK]}}
OFFER = {
    "line": ("/v2/bot/message/push", {"to": AYE.line_id, "messages": [ASK]}),
    "facebook": (
        "/v25.0/me/messages",
        {"recipient": {"id": AYE.facebook_id}, "message": {"text": "?", "quick_replies": REPLIES}},
    ),
    "telegram": ("/bot123:ABC/sendMessage", {"chat_id": AYE.telegram_id, "text": "?", "reply_markup": BUTTONS}),
}
TOKENS = {"line": SECRETS["line"]["channel_access_token"], "facebook": SECRETS["facebook"]["page_access_token"]}


@pytest.mark.parametrize("channel", OFFER)
async def test_tapping_a_choice(channel):
    path, body = OFFER[channel]
    async with played() as (sandbox, heard, client):
        token = {"Authorization": f"Bearer {TOKENS.get(channel, '')}"}
        async with client.post(path, json=body, headers=token) as answer:
            assert answer.status == 200
        status, wrong = await say(client, channel, quick_reply="b=2")
        assert (status, "a=1" in wrong["error"]) == (400, True)
        assert (await say(client, channel, quick_reply="a=1"))[0] == 202
        (told,) = heard.webhooks
        assert genuine(told, channel)
        offered = sandbox.phone(channel, AYE).received[0].id
    said = json.loads(told.body)
    match channel:
        case "line":
            assert said["events"][0]["postback"] == {"data": "a=1"}
        case "facebook":
            message = said["entry"][0]["messaging"][0]["message"]
            assert (message["text"], message["quick_reply"]) == ("Yes", {"payload": "a=1"})
        case "telegram":
            query = said["callback_query"]
            assert (query["data"], str(query["message"]["message_id"])) == ("a=1", offered)


async def test_a_whole_call():
    async with played() as (sandbox, heard, client):
        call = {"keys": "2", "seconds": 9}
        status, made = await post(client, f"/sandbox/phones/voice/{AYE.phone}/call", call)
        steps = [step for _, step, _ in heard.got]
        assert (status, made["state"]) == (200, "completed")
        assert steps == ["", "language", "voicemail", "recording", "status"]
        assert all(genuine(webhook, "voice") for webhook in heard.webhooks)
        assert form_of(heard.webhooks[1])["Digits"] == "2"
        assert [(i.kind, i.by, i.text) for i in sandbox.phone("voice", AYE).log] == [
            ("call", "person", ""), ("spoken", "hotline", "hi"), ("spoken", "hotline", ""),
        ]  # fmt: skip


async def test_a_call_step_by_step():
    async with played() as (_, heard, client):
        status, call = await post(client, f"/sandbox/phones/voice/{AYE.phone}/call", {"open": True, "withheld": True})
        path = f"/sandbox/calls/{call['call']}"
        assert (status, call["state"], call["wants"]) == (201, "in-progress", "keys")
        assert (await post(client, path, {"speak": 3}))[0] == 409
        assert (await post(client, path, {"press": "1"}))[1]["wants"] == "speech"
        assert (await post(client, path, {"speak": 3}))[1]["state"] == "completed"
        assert (await post(client, path, {"press": "1"}))[0] == 409
        assert form_of(heard.webhooks[0])["From"] == "+266696687"
        assert [step for _, step, _ in heard.got][-1] == "status"
        assert (await post(client, "/sandbox/calls/CA0", {"press": "1"}))[0] == 404


@pytest.mark.parametrize(
    ("channel", "asked", "complaint"),
    [
        ("line", {"kind": "stiker"}, "did you mean sticker"),
        ("sms", {"kind": "sticker"}, "kind: write one of"),
        ("line", {}, "text: write what"),
        ("line", {"text": "a", "account": "line-9"}, "account: write one of line-1"),
        ("fax", {"text": "a"}, "no account of config.yaml hears anybody on fax"),
        ("line", {"text": "a", "copies": 99}, "copies: write a number from 0 to 20"),
        ("line", {"kind": "image", "file": "exe"}, "file: write one of"),
        ("line", {"quick_reply": "a"}, "nothing to tap"),
    ],
)
async def test_what_cannot_be_said_is_told(channel, asked, complaint):
    async with played() as (_, heard, client):
        status, answer = await post(client, f"/sandbox/phones/{channel}/U1/say", asked)
        assert (status, complaint in answer["error"], heard.got) == (400, True, [])


async def test_without_a_gateway_nothing_can_be_said():
    async with sandbox_server(EVERYWHERE) as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        status, answer = await say(client, "line", text="a")
        assert (status, "without a gateway" in answer["error"]) == (400, True)


async def test_a_page_finds_accounts_samples_and_people():
    async with played() as (_, _, client):
        async with client.get("/sandbox/accounts") as answer:
            shown = await answer.text()
        assert [account["id"] for account in json.loads(shown)] == [account.id for account in EVERYWHERE]
        assert TOKEN not in shown
        async with client.get("/sandbox/samples") as answer:
            assert {sample["language"] for sample in await answer.json()} >= {"my", "ne", "km"}
        status, who = await post(client, "/sandbox/people", {"key": "aye", "language": "my"})
        assert (status, who["ids"]["line"], who["ids"]["sms"]) == (201, AYE.line_id, AYE.phone)
        await post(client, f"/sandbox/phones/line/{AYE.line_id}/say", {"text": "a"})
        async with client.get("/sandbox/phones") as answer:
            (phone,) = await answer.json()
        assert (phone["name"], phone["language"], phone["last"]["text"]) == (AYE.name, "my", "a")
