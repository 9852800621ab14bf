"""Twilio's API as the SDK sees it."""

from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from sandbox.media import PHOTO, File
from sandbox.providers import twilio_sms, twilio_voice
from tests.sandbox_cast import ACCOUNTS, AT, AYE, EVERYWHERE, SECRETS, TOKEN, form_of
from tests.sandbox_server import sandbox_server

SID = SECRETS["sms"]["account_sid"]
NUMBER = SECRETS["sms"]["number"]
BASIC = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}


class Rebased(AsyncTwilioHttpClient):
    """Goes to the stand-in, whatever host the SDK wants."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    async def request(self, method, url, *, headers=None, auth=None, **more):
        there = urlsplit(url)
        query = f"?{there.query}" if there.query else ""
        headers = {**(headers or {}), "Authorization": aiohttp.encode_basic_auth(*auth)}  # aiohttp wants no `auth`
        return await super().request(method, self._base + there.path + query, headers=headers, **more | {"timeout": 10})


@asynccontextmanager
async def twilio(sandbox, token=TOKEN):
    async with Rebased(sandbox.url) as http:
        yield Client(SID, token, http_client=http)


async def refusal(client, **message):
    with pytest.raises(TwilioRestException) as refused:
        await client.messages.create_async(**{"to": AYE.phone, "from_": NUMBER, "body": "x", **message})
    return refused.value.status, refused.value.code


async def test_a_message_is_taken_shown_and_on_the_phone():
    async with sandbox_server(EVERYWHERE) as sandbox, twilio(sandbox) as client:
        sent = await client.messages.create_async(
            to=AYE.phone,
            from_=NUMBER,
            body="สวัสดี" * 20,
            status_callback="https://gw.example.org/hooks/sms-1/status?d=7",
        )
        shown = await client.messages(sent.sid).fetch_async()
        (item,) = sandbox.phone("sms", AYE).received
    assert (sent.status, sent.num_segments, shown.sid, shown.to) == ("queued", "2", sent.sid, AYE.phone)
    assert (item.id, item.account, item.text) == (sent.sid, "sms-1", "สวัสดี" * 20)
    assert item.mark.endswith("?d=7")


async def test_twilio_refuses_with_its_own_codes():
    async with sandbox_server(EVERYWHERE) as sandbox, twilio(sandbox) as client, twilio(sandbox, "wrong") as stranger:
        assert await refusal(stranger) == (401, 20003)
        assert await refusal(client, body="x" * 1601) == (400, 21617)
        assert await refusal(client, body="") == (400, 21619)
        assert await refusal(client, from_="+15005550007") == (400, 21606)
        assert await refusal(client, to="+15005550009") == (400, 21614)
        assert await refusal(client, to="0812345678") == (400, 21211)
        with pytest.raises(TwilioRestException) as missing:
            await client.messages("SM" + "0" * 32).fetch_async()
        assert (missing.value.status, missing.value.code) == (404, 20404)
        assert sandbox.sent == []


async def test_who_said_stop_is_not_written_to_until_start():
    async with sandbox_server(EVERYWHERE) as sandbox, twilio(sandbox) as client:
        sandbox.notice(twilio_sms.text(ACCOUNTS["sms"], AYE, "STOP", 1))
        assert await refusal(client) == (400, 21610)
        sandbox.notice(twilio_sms.text(ACCOUNTS["sms"], AYE, "START", 2))
        await client.messages.create_async(to=AYE.phone, from_=NUMBER, body="welcome")
        assert sandbox.phone("sms", AYE).texts == ["welcome"]
        assert [i.text for i in sandbox.phone("sms", AYE).log] == ["STOP", "START", "welcome"]


async def test_the_account_can_be_looked_at():
    async with sandbox_server(EVERYWHERE) as sandbox, twilio(sandbox) as client:
        (number,) = await client.incoming_phone_numbers.list_async(phone_number=NUMBER)
        with pytest.raises(TwilioRestException):
            await client.messaging.v1.services("MG" + "0" * 32).fetch_async()
        account = await client.api.accounts(SID).fetch_async()
    hooks = ACCOUNTS["sms"].hook_url, ACCOUNTS["voice"].hook_url
    assert (number.sms_url, number.voice_url, account.status) == (*hooks, "active")


async def test_a_call_we_place_shows_on_the_phone():
    async with sandbox_server(EVERYWHERE) as sandbox, twilio(sandbox) as client:
        placed = await client.calls.create_async(to=AYE.phone, from_=NUMBER, url="https://gw.example.org/x")
        await client.calls(placed.sid).update_async(status="canceled")
        shown = await client.calls(placed.sid).fetch_async()
        (item,) = sandbox.phone("voice", AYE).received
    assert (placed.status, shown.status, item.kind, item.id) == ("queued", "canceled", "call", placed.sid)


async def test_media_lie_on_another_host_that_wants_no_credentials():
    async with sandbox_server(EVERYWHERE) as sandbox, aiohttp.ClientSession() as client:
        url = form_of(twilio_sms.image(sandbox.accounts["sms-1"], AYE, 1))["MediaUrl0"]
        async with client.get(url, allow_redirects=False) as stranger:
            assert stranger.status == 401
        async with client.get(url, headers=BASIC, allow_redirects=False) as first:
            assert first.status == 307
            there = sandbox.url + first.headers["Location"]
        async with client.get(there, headers=BASIC) as careless:
            assert careless.status == 400
        async with client.get(there) as second:
            assert (second.status, second.content_type) == (200, "image/jpeg")
            assert len(await second.read()) > 10_000
        assert await deleted_twice(client, f"{url}.json") == [204, 404]
        async with client.get(url, headers=BASIC) as gone:
            assert (gone.status, (await gone.json())["code"]) == (404, 20404)
        assert sandbox.deleted == {url.rpartition("/")[2]}
    assert PHOTO.code == url[-5:]


async def test_a_recording_lasts_as_long_as_it_was_said_and_can_be_deleted():
    call = twilio_voice.call(ACCOUNTS["voice"], AYE, AT, 1)
    async with sandbox_server(EVERYWHERE) as sandbox, aiohttp.ClientSession() as client:
        url = f"{sandbox.url}/2010-04-01/Accounts/{SID}/Recordings/{call.recording_sid(7)}"
        for form, mime in ((".mp3", "audio/mpeg"), (".wav", "audio/x-wav")):
            async with client.get(url + form, headers=BASIC) as sound:
                assert (sound.status, sound.content_type) == (200, mime)
        async with client.get(url + ".json", headers=BASIC) as shown:
            assert (await shown.json())["duration"] == "7"
        assert await deleted_twice(client, f"{url}.json") == [204, 404]
        async with client.get(url + ".mp3", headers=BASIC) as gone:
            assert gone.status == 404
    assert call.recording_sid(7)[-5:] == File("mp3", 7).code


async def deleted_twice(client, url):
    answers = []
    for _ in range(2):
        async with client.delete(url, headers=BASIC) as answer:
            answers.append(answer.status)
    return answers
