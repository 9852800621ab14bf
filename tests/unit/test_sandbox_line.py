"""LINE's API as the SDK sees it."""

from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from linebot.v3.messaging import (
    AsyncApiClient,
    AsyncMessagingApi,
    AsyncMessagingApiBlob,
    Configuration,
    MessageAction,
    MulticastRequest,
    PostbackAction,
    PushMessageRequest,
    QuickReply,
    QuickReplyItem,
    ReplyMessageRequest,
    TextMessage,
)
from linebot.v3.messaging.exceptions import ApiException

from sandbox.providers import line
from tests.sandbox_cast import ACCOUNTS, AT, AYE, EVERYWHERE, SECRETS
from tests.sandbox_gateway import gateway
from tests.sandbox_server import sandbox_server

KEYS = [f"123e4567-e89b-12d3-a456-42661417400{n}" for n in range(10)]
TOKEN_OF = line.hexes(32, "reply token", "line-1", 7)
WROTE = line.text(ACCOUNTS["line"], AYE, "hello", AT, 7)


@asynccontextmanager
async def api(sandbox, token=SECRETS["line"]["channel_access_token"], kind=AsyncMessagingApi):
    async with AsyncApiClient(Configuration(host=sandbox.url, access_token=token)) as client:
        yield kind(client)


def push(*texts, to=AYE.line_id):
    return PushMessageRequest(to=to, messages=[TextMessage(text=text) for text in texts])


async def refusal(call):
    with pytest.raises(ApiException) as refused:
        await call
    return refused.value


async def test_a_retry_key_is_taken_once():
    async with sandbox_server(EVERYWHERE) as sandbox, api(sandbox) as line_api:
        sent = await line_api.push_message(push("a", "b"), x_line_retry_key=KEYS[0])
        again = await refusal(line_api.push_message(push("a", "b"), x_line_retry_key=KEYS[0]))
        await line_api.push_message(push("a"), x_line_retry_key=KEYS[1])
        received = sandbox.phone("line", AYE).received
    assert again.status == 409
    assert again.headers["X-Line-Accepted-Request-Id"]
    assert all(message.id in again.body for message in sent.sent_messages)
    assert [(i.text, i.mark, i.times) for i in received] == [
        ("a", KEYS[0], 1), ("b", KEYS[0], 1), ("a", KEYS[1], 1),
    ]  # fmt: skip


async def test_a_refused_request_leaves_its_key_free():
    async with sandbox_server(EVERYWHERE) as sandbox, api(sandbox) as line_api:
        sandbox.fault("500", count=1)
        assert (await refusal(line_api.push_message(push("a"), x_line_retry_key=KEYS[0]))).status == 500
        sandbox.fault("500_after_body", count=1)
        assert (await refusal(line_api.push_message(push("a"), x_line_retry_key=KEYS[0]))).status == 500
        assert (await refusal(line_api.push_message(push("a"), x_line_retry_key=KEYS[0]))).status == 409
        assert sandbox.phone("line", AYE).texts == ["a"]


async def test_a_reply_token_works_once_soon_and_only_if_handed_out():
    def reply(token=TOKEN_OF):
        return ReplyMessageRequest(reply_token=token, messages=[TextMessage(text="we are here")])

    async with sandbox_server(EVERYWHERE) as sandbox, api(sandbox) as line_api:
        assert "Invalid reply token" in (await refusal(line_api.reply_message(reply()))).body
        sandbox.notice(WROTE)
        await line_api.reply_message(reply())
        assert (await refusal(line_api.reply_message(reply()))).status == 400
        assert [(i.by, i.text) for i in sandbox.phone("line", AYE).log] == [
            ("person", "hello"),
            ("hotline", "we are here"),
        ]
        sandbox.notice(line.text(ACCOUNTS["line"], AYE, "hello", AT, 8))
        sandbox.ahead(timedelta(seconds=61))
        assert (await refusal(line_api.reply_message(reply(line.hexes(32, "reply token", "line-1", 8))))).status == 400


async def test_a_reply_takes_no_retry_key():
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        sandbox.notice(WROTE)
        body = {"replyToken": TOKEN_OF, "messages": [{"type": "text", "text": "a"}]}
        async with client.post("/v2/bot/message/reply", json=body, headers={"X-Line-Retry-Key": KEYS[0]}) as answer:
            assert answer.status == 400
        async with client.post("/v2/bot/message/reply", json=body) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        ([], "messages"),
        ([{"type": "text", "text": "a"}] * 6, "messages"),
        ([{"type": "text", "text": ""}], "messages[0].text"),
        ([{"type": "text", "text": "😀" * 2501}], "messages[0].text"),
        ([{"type": "text", "text": "a"}, {"text": "b"}], "messages[1].type"),
        ([{"type": "image", "originalContentUrl": "https://x"}], "messages[0].previewImageUrl"),
        ([{"type": "audio", "originalContentUrl": "https://x"}], "messages[0].duration"),
    ],
)
async def test_a_wrong_message_is_refused_with_its_place(messages, wrong):
    body = {"to": "U1", "messages": messages}
    async with (
        sandbox_server() as sandbox,
        aiohttp.ClientSession(sandbox.url) as client,
        client.post("/v2/bot/message/push", json=body) as answer,
    ):
        assert (answer.status, (await answer.json())["details"][0]["property"]) == (400, wrong)


async def test_the_month_is_counted_by_recipient_and_ends():
    async with sandbox_server(EVERYWHERE) as sandbox, api(sandbox) as line_api:
        sandbox.quota("line-1", 10, used=7)
        people = [f"U{n:032x}" for n in range(2)]
        await line_api.multicast(MulticastRequest(to=people, messages=[TextMessage(text="a"), TextMessage(text="b")]))
        await line_api.push_message(push("c", "d"))
        spent = await refusal(line_api.push_message(push("e")))
        quota, used = await line_api.get_message_quota(), await line_api.get_message_quota_consumption()
        sandbox.notice(WROTE)
        await line_api.reply_message(ReplyMessageRequest(reply_token=TOKEN_OF, messages=[TextMessage(text="free")]))
        assert sandbox.phone("line", people[1]).texts == ["a", "b"]
        assert sandbox.phone("line", AYE).texts == ["c", "d", "free"]
        assert sandbox.quota_used("line-1") == 10
    assert (spent.status, "monthly limit" in spent.body) == (429, True)
    assert (quota.value, used.total_usage) == (10, 10)


async def test_who_blocked_the_account_gets_nothing_and_line_does_not_say():
    async with sandbox_server(EVERYWHERE) as sandbox, api(sandbox) as line_api:
        sandbox.notice(line.unfollow(ACCOUNTS["line"], AYE, AT, 1))
        await line_api.push_message(push("a"))
        assert (await refusal(line_api.get_profile(AYE.line_id))).status == 404
        sandbox.notice(line.follow(ACCOUNTS["line"], AYE, AT, 2, unblocked=True))
        await line_api.push_message(push("b"))
        assert sandbox.phone("line", AYE).texts == ["b"]


async def test_tokens_and_the_account():
    async with sandbox_server(EVERYWHERE) as sandbox, api(sandbox) as line_api, api(sandbox, "old") as stranger:
        assert (await refusal(stranger.push_message(push("a")))).status == 401
        endpoint, info = await line_api.get_webhook_endpoint(), await line_api.get_bot_info()
        sandbox.world.meet("line", AYE)
        profile = await line_api.get_profile(AYE.line_id)
    assert endpoint.endpoint == "https://gw.example.org/hooks/line-1"
    assert info.user_id.startswith("U")
    assert (profile.display_name, profile.language) == (AYE.name, "my")


async def test_the_webhook_test_really_asks_the_gateway():
    async with gateway() as (url, heard), sandbox_server(EVERYWHERE, url) as sandbox, api(sandbox) as line_api:
        result = await line_api.test_webhook_endpoint()
        assert (result.success, result.status_code) == (True, 200)
        assert [(account, b'"events":[]' in body) for account, _, body in heard.got] == [("line-1", True)]


async def test_content_is_prepared_then_there():
    voice = line.audio(ACCOUNTS["line"], AYE, 3, AT, 5).message_ids[0]
    async with sandbox_server(EVERYWHERE) as sandbox, api(sandbox, kind=AsyncMessagingApiBlob) as blob:
        sandbox.fault("preparing", on="media", count=1)
        assert (await blob.get_message_content_transcoding_by_message_id(voice)).status == "processing"
        assert (await blob.get_message_content_with_http_info(voice)).status_code == 202
        assert (await blob.get_message_content_transcoding_by_message_id(voice)).status == "succeeded"
        assert bytes(await blob.get_message_content(voice))[4:11] == b"ftypM4A"
        sandbox.fault("410", on="media", provider="line")
        assert (await refusal(blob.get_message_content(voice))).status == 410


async def test_quick_replies_are_on_the_phone():
    actions = [PostbackAction(label="မြန်မာ", data="lang=my"), MessageAction(label="English", text="english please")]
    replies = QuickReply(items=[QuickReplyItem(action=action) for action in actions])
    async with sandbox_server(EVERYWHERE) as sandbox, api(sandbox) as line_api:
        await line_api.push_message(
            PushMessageRequest(to=AYE.line_id, messages=[TextMessage(text="Which?", quick_reply=replies)])
        )
        (item,) = sandbox.phone("line", AYE).received
    assert [(c.label, c.value, c.how) for c in item.choices] == [
        ("မြန်မာ", "lang=my", "postback"), ("English", "english please", "text"),
    ]  # fmt: skip
