"""Messenger's Graph API, as a plain HTTP client sees it."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from sandbox.providers import facebook
from tests.sandbox_cast import ACCOUNTS, AYE, EVERYWHERE, SECRETS
from tests.sandbox_server import sandbox_server

PAGE = SECRETS["facebook"]["page_id"]
BEARER = {"Authorization": f"Bearer {SECRETS['facebook']['page_access_token']}"}
TO = {"recipient": {"id": AYE.facebook_id}}


async def ask(client, body, path="/v25.0/me/messages", headers=BEARER, **more):
    async with client.post(path, json=body, headers=headers, **more) as answer:
        return answer.status, await answer.json()


def graph(sandbox):
    return aiohttp.ClientSession(sandbox.url)


async def test_a_message_carries_its_metadata_to_the_phone():
    replies = [{"content_type": "text", "title": "ខ្មែរ", "payload": "lang=km"}]
    async with sandbox_server(EVERYWHERE) as sandbox, graph(sandbox) as client:
        message = {"text": "Which?", "metadata": "out:7", "quick_replies": replies}
        status, sent = await ask(
            client, {**TO, "messaging_type": "RESPONSE", "message": message}, f"/v25.0/{PAGE}/messages"
        )
        (item,) = sandbox.phone("facebook", AYE).received
    assert (status, sent) == (200, {"recipient_id": AYE.facebook_id, "message_id": item.id})
    assert (item.text, item.mark, item.account) == ("Which?", "out:7", "facebook-1")
    assert [(c.label, c.value) for c in item.choices] == [("ខ្មែរ", "lang=km")]


async def test_a_file_may_come_in_the_request_itself():
    form = aiohttp.FormData()
    form.add_field("recipient", json.dumps({"id": AYE.facebook_id}))
    form.add_field("message", json.dumps({"attachment": {"type": "image", "payload": {"is_reusable": False}}}))
    form.add_field("filedata", b"\xff\xd8\xff picture", filename="slip.jpg", content_type="image/jpeg")
    async with sandbox_server(EVERYWHERE) as sandbox, graph(sandbox) as client:
        async with client.post("/v25.0/me/messages", data=form, headers=BEARER) as answer:
            assert answer.status == 200
        (media,) = sandbox.phone("facebook", AYE).received[0].media
        async with client.get(media.url) as answer:
            assert (await answer.read(), answer.content_type) == (b"\xff\xd8\xff picture", "image/jpeg")
    assert (media.kind, media.name, media.size) == ("image", "slip.jpg", 11)


def heard_ago(**ago):
    at = datetime.now(UTC) - timedelta(**ago)
    return facebook.text(ACCOUNTS["facebook"], AYE, "hello", at, 1)


@pytest.mark.parametrize(
    ("ago", "tag", "goes"),
    [
        ({"hours": 23}, {}, True),
        ({"hours": 25}, {}, False),
        ({"hours": 25}, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, True),
        ({"days": 8}, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, False),
    ],
)
async def test_the_window_is_measured_from_the_last_words(ago, tag, goes):
    async with sandbox_server(EVERYWHERE) as sandbox, graph(sandbox) as client:
        sandbox.notice(heard_ago(**ago))
        status, answer = await ask(client, {**TO, **tag, "message": {"text": "a"}})
        assert len(sandbox.phone("facebook", AYE).received) == goes
    error = answer.get("error", {})
    assert (status, error.get("code"), error.get("error_subcode")) == (
        (200, None, None) if goes else (400, 10, 2018278)
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"message": {"text": "a"}}, 100),
        ({**TO, "message": {}}, 100),
        ({**TO, "message": {"text": "a" * 2001}}, 100),
        ({**TO, "message": {"text": "a", "attachment": {"type": "image", "payload": {"url": "https://x"}}}}, 100),
        ({**TO, "message": {"attachment": {"type": "image", "payload": {}}}}, 100),
        ({**TO, "message": {"text": "a", "quick_replies": [{"title": "t"}] * 14}}, 100),
        ({**TO, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE", "message": {"text": "a"}}, 100),
        ({**TO, "messaging_type": "HELLO", "message": {"text": "a"}}, 100),
    ],
)
async def test_a_wrong_message_is_refused(body, code):
    async with sandbox_server(EVERYWHERE) as sandbox, graph(sandbox) as client:
        status, answer = await ask(client, body)
        assert (status, answer["error"]["code"], sandbox.sent) == (400, code, [])


async def test_tokens_pages_and_proofs():
    body = {**TO, "message": {"text": "a"}}
    secret, token = (SECRETS["facebook"][name] for name in ("app_secret", "page_access_token"))
    proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    async with sandbox_server(EVERYWHERE) as sandbox, graph(sandbox) as client:
        assert (await ask(client, body, headers={}))[1]["error"]["code"] == 190
        assert (await ask(client, body, "/v25.0/123/messages"))[1]["error"]["code"] == 200
        assert (await ask(client, body, params={"appsecret_proof": "0" * 64}))[1]["error"]["code"] == 100
        assert (await ask(client, body, params={"appsecret_proof": proof}))[0] == 200
        assert (await ask(client, body, headers={}, params={"access_token": token}))[0] == 200


async def test_the_page_its_app_and_its_people_can_be_asked_about():
    async with sandbox_server(EVERYWHERE) as sandbox, graph(sandbox) as client:

        async def get(path):
            async with client.get(f"/v25.0/{path}", headers=BEARER) as answer:
                return await answer.json()

        sandbox.world.meet("facebook", AYE)
        assert (await get("me?fields=id,name"))["id"] == PAGE
        assert "message_echoes" in (await get(f"{PAGE}/subscribed_apps"))["data"][0]["subscribed_fields"]
        assert (await get("debug_token?input_token=x"))["data"]["is_valid"] is True
        assert (await get(AYE.facebook_id))["first_name"] == AYE.name.split()[0]
