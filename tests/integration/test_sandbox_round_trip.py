"""The sandbox and the system, which share no code, believe each other: words in, an answer out, its fate back in."""

import aiohttp
import pytest

from sandbox.people import person
from tests.answering import desk
from tests.gate import gate

AYE = person("aye", "my", "TH")
#: The account, and the state of an answer once all receipts are in.
ROUND_TRIPS = {
    "sms": ("sms-np", "delivered"),
    "line": ("line-th", "sent"),
    "facebook": ("facebook-mm", "read"),
    "telegram": ("telegram-my", "sent"),
}


@pytest.fixture
async def out(home, valkey):
    async with (
        gate(home, valkey) as door,
        desk(home, valkey, gateway=f"http://127.0.0.1:{door.port}", receipts=True) as there,
    ):
        yield there


async def post(out, path, body):
    async with aiohttp.ClientSession(out.sandbox.url) as client, client.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def say(out, channel, **what):
    status, said = await post(out, f"/sandbox/phones/{channel}/{AYE.id_on(channel)}/say", what)
    assert (status, said.get("accepted")) == (202, True), said
    await out.home.take_in()


@pytest.mark.parametrize("channel", ROUND_TRIPS)
async def test_words_an_answer_and_its_fate(out, channel):
    account, state = ROUND_TRIPS[channel]
    await say(out, channel, account=account, text="လစာ မရသေးဘူး။")
    assert [message["text"] for message in (await out.home.ticket())["messages"]] == ["လစာ မရသေးဘူး။"]
    await out.say("ကူညီပါမယ်။")
    await out.deliver()
    received = out.sandbox.phone(channel, AYE).received
    assert [(item.account, item.text, item.times) for item in received if item.text == "ကူညီပါမယ်။"] == [
        (account, "ကူညီပါမယ်။", 1)
    ]
    await out.sandbox.world.receipts.settle()
    await out.home.take_in()
    assert (await out.delivery())["state"] == state


@pytest.mark.parametrize("channel", ["line", "facebook", "telegram"])
async def test_everything_people_can_send_is_understood(out, channel):
    kinds = ["image", "audio", "video", "file", "sticker"]
    for kind in kinds:
        await say(out, channel, account=ROUND_TRIPS[channel][0], kind=kind, seconds=3)
    messages = [m for m in (await out.home.ticket())["messages"] if m["direction"] == "in"]
    assert [message["kind"] for message in messages] == kinds


def offered(channel, account):
    """A question with one choice, as each provider's API takes it."""
    match channel:
        case "line":
            action = {"type": "postback", "label": "မြန်မာ", "data": "lang=my"}
            ask = {"type": "text", "text": "?", "quickReply": {"items": [{"type": "action", "action": action}]}}
            return "/v2/bot/message/push", {"to": AYE.line_id, "messages": [ask]}, account.key("channel_access_token")
        case "facebook":
            replies = [{"content_type": "text", "title": "မြန်မာ", "payload": "lang=my"}]
            body = {"recipient": {"id": AYE.facebook_id}, "message": {"text": "?", "quick_replies": replies}}
            return "/v25.0/me/messages", body, account.key("page_access_token")
    buttons = {"inline_keyboard": [[{"text": "မြန်မာ", "callback_data": "lang=my"}]]}
    body = {"chat_id": AYE.telegram_id, "text": "?", "reply_markup": buttons}
    return f"/bot{account.key('bot_token')}/sendMessage", body, ""


@pytest.mark.parametrize("channel", ["line", "facebook", "telegram"])
async def test_a_tapped_choice_comes_back_as_its_value(out, channel):
    account = ROUND_TRIPS[channel][0]
    await say(out, channel, account=account, text="hello")
    path, body, token = offered(channel, out.home.accounts[account])
    async with aiohttp.ClientSession(out.sandbox.url, headers={"Authorization": f"Bearer {token}"}) as client:
        assert (await client.post(path, json=body)).status == 200
    await say(out, channel, quick_reply="lang=my")
    messages = (await out.home.ticket())["messages"]
    assert [(m["kind"], m["text"]) for m in messages if m["kind"] == "postback"] == [("postback", "lang=my")]


async def test_a_call_made_by_hand_is_a_call(out):
    status, call = await post(out, f"/sandbox/phones/voice/{AYE.phone}/call", {"account": "voice-th", "open": True})
    assert (status, call["wants"]) == (201, "keys")
    path = f"/sandbox/calls/{call['call']}"
    assert (await post(out, path, {"press": "1"}))[1]["wants"] == "speech"
    assert (await post(out, path, {"speak": 20}))[1]["state"] == "completed"
    await out.home.take_in()
    ticket = await out.home.ticket()
    assert (ticket["language"], sorted(m["kind"] for m in ticket["messages"])) == ("my", ["audio", "call"])
    heard = [item.text for item in out.sandbox.phone("voice", AYE).received if item.kind == "spoken"]
    assert len(heard) > 3
