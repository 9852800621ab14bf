import asyncio
import dataclasses
import json
import re
import signal
import stat
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox import media, sign
from sandbox.accounts import Account, BadConfig, names_in, read_accounts
from sandbox.app import make_app
from sandbox.casting import turns, with_room
from sandbox.courier import MOST_OPEN, RETRIES
from sandbox.people import person
from sandbox.posting import posts, webhook_of
from sandbox.providers import facebook, line, telegram, twilio_call, twilio_sms, twilio_voice
from sandbox.providers.twilio_call import Caller
from sandbox.script import LANGUAGES, BadMessages, Line, channels_for, own_conversations, parse
from sandbox.secrets import invent
from sandbox.simulate import simulate

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PUBLIC = "https://gw.example.org"
TOKEN = "0123456789abcdef0123456789abcdef"
SECRETS = {
    "voice": {"account_sid": "AC" + "a" * 32, "auth_token": TOKEN, "number": "+15005550006"},
    "sms": {"account_sid": "AC" + "a" * 32, "auth_token": TOKEN, "number": "+15005550006"},
    "line": {"channel_secret": "8c570fa6dd201bb328f1c1eac23a96d8", "channel_access_token": "t"},
    "facebook": {"app_secret": "b7c1d0e2f3a4958677889900aabbccdd", "page_id": "102938475610293"},
    "telegram": {"bot_token": "123:ABC", "secret_token": "s3cr3t_TOKEN-1"},
}
LANGUAGES_OF = {"voice": ("my", "th", "en"), "telegram": ("en", "ne", "bn"), "line": ("my", "km", "lo", "th")}
ACCOUNTS = {
    channel: Account(
        id=f"{channel}-1",
        channel=channel,
        public_url=PUBLIC,
        countries=("TH",),
        languages=LANGUAGES_OF.get(channel, ()),
        keys=keys,
    )
    for channel, keys in SECRETS.items()
}
EVERYWHERE = list(ACCOUNTS.values())
AYE = person("aye", "my", "TH")


def form_of(webhook):
    return dict(parse_qsl(webhook.body.decode(), keep_blank_values=True))


# ── Signatures: vectors worked by hand from the providers' documents ──


@pytest.mark.parametrize(
    ("token", "url", "form", "signature"),
    [
        (
            TOKEN,
            f"{PUBLIC}/hooks/twilio/sms?tenant=mm",
            [
                ("AccountSid", "AC" + "a" * 32),
                ("Body", "မင်္ဂလာပါ"),
                ("From", "+66812345678"),
                ("MessageSid", "SM" + "b" * 32),
                ("NumMedia", "0"),
                ("To", "+15005550006"),
            ],
            "4m8G1DzCAHc8yNNV0wiYgw6C8QE=",
        ),
        (
            TOKEN,
            f"{PUBLIC}/hooks/twilio/voice",
            [("Digits", "2"), ("Digits", "1"), ("Digits", "2"), ("CallSid", "CA" + "c" * 32)],
            "KUWh8RsHbowlSHNe9+/IvUCFLh4=",
        ),
        (
            TOKEN,
            f"{PUBLIC}/hooks/twilio/voice",
            [("Body", ""), ("From", "+66812345678")],
            "noI8B/r2UDI8wjDdZ16zC7ivZxc=",
        ),
        (TOKEN, f"{PUBLIC}/h", [("a", "1")], "KOz9JwKaXakmqEWviVvxj5qUaGo="),
        (TOKEN, f"{PUBLIC}:8443/h", [("a", "1")], "m29UbCN/2ZOvRIzObUnn/cqASLM="),
        (TOKEN, f"{PUBLIC}/h?From=%2B66812345678&Body=hi", [], "IhsmTrMLgcsJLGQSuba50MdL3e0="),
        (
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            [
                ("CallSid", "CA1234567890ABCDE"),
                ("Caller", "+14158675309"),
                ("Digits", "1234"),
                ("From", "+14158675309"),
                ("To", "+18005551212"),
            ],
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
    ],
)
def test_twilio_signature(token, url, form, signature):
    assert sign.twilio(token, url, form) == (("X-Twilio-Signature", signature),)


LINE_TEXT = (
    '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[{"type":"message","mode":"active",'
    '"timestamp":1765000000000,"source":{"type":"user","userId":"U4af4980629aaaaaaaaaaaaaaaaaaaaaa"},'
    '"webhookEventId":"01KB7Y3MZ0Z7X9QK4T2R6V8N1C","deliveryContext":{"isRedelivery":false},'
    '"replyToken":"38ef843bde154d9b91c21320ffd17a0f","message":{"type":"text","id":"585000000000000001",'
    '"quoteToken":"q3Plxr4AgKd","text":"สวัสดี"}}]}'
)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (
            '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}',
            "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=",
        ),
        (LINE_TEXT, "DBQUjYllMNQdC2ROqcHKJGjWrMweQmrGjVZO7wiN4TU="),
    ],
)
def test_line_signature(body, signature):
    assert sign.line("8c570fa6dd201bb328f1c1eac23a96d8", body.encode()) == (("X-Line-Signature", signature),)


def test_messenger_signature_is_over_the_escaped_bytes():
    body = (
        rb'{"object":"page","entry":[{"id":"1","time":1765000000000,"messaging":[{"sender":{"id":"2"},'
        rb'"recipient":{"id":"1"},"timestamp":1765000000000,"message":{"mid":"m_1","text":"\u1019\u102c"}}]}]}'
    )
    assert dict(sign.messenger("b7c1d0e2f3a4958677889900aabbccdd", body)) == {
        "X-Hub-Signature-256": "sha256=f692be838fc80ab5ed4c2923eae4ce37e9a6b5a0270d28a9a159e83f97d567ad",
        "X-Hub-Signature": "sha1=4a49d8755ccc7dd76124751e71c8f42f9d1b9d23",
    }


def test_telegram_repeats_its_secret():
    assert sign.telegram("s3cr3t_TOKEN-1") == (("X-Telegram-Bot-Api-Secret-Token", "s3cr3t_TOKEN-1"),)


# ── What the providers send ──


def test_line_text_has_the_documented_shape_in_plain_utf8():
    webhook = line.text(ACCOUNTS["line"], AYE, "လစာ", AT, 7)
    assert "လစာ".encode() in webhook.body
    content = json.loads(webhook.body)
    (event,) = content["events"]
    assert re.fullmatch("U[0-9a-f]{32}", content["destination"])
    assert re.fullmatch("U[0-9a-f]{32}", event["source"]["userId"])
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", event["webhookEventId"])
    assert event["timestamp"] == 1795348800000
    assert event["message"]["id"] == webhook.message_ids[0]
    assert set(event) == {
        "type", "mode", "timestamp", "source", "webhookEventId", "deliveryContext", "replyToken", "message",
    }  # fmt: skip
    assert dict(webhook.headers)["X-Line-Signature"] == sign.line(SECRETS["line"]["channel_secret"], webhook.body)[0][1]


def test_line_ulid_begins_with_its_time():
    early, late = (
        json.loads(line.sticker(ACCOUNTS["line"], AYE, at, 1).body)["events"][0]["webhookEventId"]
        for at in (AT, AT.replace(minute=1))
    )
    assert early[:10] < late[:10]


def test_line_batch_and_redelivery_keep_every_id():
    account = ACCOUNTS["line"]
    people = [person(key, "km", "TH") for key in ("a", "b", "c")]
    single = [line.text(account, who, "hi", AT, number) for number, who in enumerate(people)]
    again = json.loads(line.redelivery(account, line.batch(account, single)).body)["events"]
    first = [json.loads(webhook.body)["events"][0] for webhook in single]
    assert [event["webhookEventId"] for event in again] == [event["webhookEventId"] for event in first]
    assert len({event["source"]["userId"] for event in again}) == 3
    assert all(event["deliveryContext"] == {"isRedelivery": True} for event in again)


def test_line_unsend_names_the_message_and_unfollow_has_no_token():
    account = ACCOUNTS["line"]
    (unsent,) = json.loads(line.unsend(account, AYE, 7, AT, 8).body)["events"]
    assert (unsent["unsend"]["messageId"],) == line.text(account, AYE, "x", AT, 7).message_ids
    (left,) = json.loads(line.unfollow(account, AYE, AT, 9).body)["events"]
    assert "replyToken" not in left
    assert json.loads(line.ping(account).body)["events"] == []


def test_messenger_escapes_all_but_ascii_and_slashes():
    webhook = facebook.text(ACCOUNTS["facebook"], AYE, "မာ 1/2 👍", AT, 7)
    assert rb"\u1019\u102c 1\/2 \ud83d\udc4d" in webhook.body
    (entry,) = json.loads(webhook.body)["entry"]
    (event,) = entry["messaging"]
    assert entry["id"] == event["recipient"]["id"] == "102938475610293"
    assert event["sender"]["id"] == AYE.facebook_id
    assert event["message"] == {"mid": webhook.message_ids[0], "text": "မာ 1/2 👍"}


def test_messenger_batch_has_many_entries_and_echo_comes_from_the_page():
    account = ACCOUNTS["facebook"]
    batch = facebook.batch(account, [facebook.image(account, AYE, AT, n) for n in (1, 2, 3)])
    assert len(json.loads(batch.body)["entry"]) == len(batch.message_ids) == 3
    echo = json.loads(facebook.echo(account, AYE, "We can help.", "m_out", AT, metadata="out:1").body)
    (event,) = echo["entry"][0]["messaging"]
    assert event["sender"]["id"] == "102938475610293"
    assert event["message"]["is_echo"] is True
    assert event["message"]["metadata"] == "out:1"


@pytest.mark.parametrize(
    ("made", "key"),
    [
        (facebook.read(ACCOUNTS["facebook"], AYE, AT), "read"),
        (facebook.delivery(ACCOUNTS["facebook"], AYE, ["m_1"], AT), "delivery"),
        (facebook.reaction(ACCOUNTS["facebook"], AYE, "m_1", AT), "reaction"),
        (facebook.edit(ACCOUNTS["facebook"], AYE, "new", 1, AT, 2), "message_edit"),
    ],
)
def test_messenger_signs_of_life_are_no_messages(made, key):
    (event,) = json.loads(made.body)["entry"][0]["messaging"]
    assert set(event) == {"sender", "recipient", "timestamp", key}
    assert made.message_ids == ()


def test_telegram_updates():
    account = ACCOUNTS["telegram"]
    text = json.loads(telegram.text(account, AYE, "မာ", AT, 7).body)
    edit = json.loads(telegram.edit(account, AYE, "မာ!", 7, AT, 8).body)
    assert set(text) == {"update_id", "message"}
    assert text["update_id"] < edit["update_id"]
    assert text["message"]["message_id"] == edit["edited_message"]["message_id"]
    assert text["message"]["from"]["language_code"] == "my"
    gone = json.loads(telegram.blocked(account, AYE, AT, 9).body)["my_chat_member"]
    assert gone["new_chat_member"]["status"] == "kicked"
    group = telegram.group_text(account, AYE, "hi", AT, 10)
    assert json.loads(group.body)["message"]["chat"]["id"] < 0
    assert group.message_ids == ()


def test_sms_form():
    webhook = twilio_sms.text(ACCOUNTS["sms"], AYE, "လစာမရသေးပါ & ?", 7)
    form = form_of(webhook)
    assert form["Body"] == "လစာမရသေးပါ & ?"
    assert form["MessageSid"] == form["SmsSid"] == webhook.message_ids[0]
    assert re.fullmatch("SM[0-9a-f]{32}", form["MessageSid"])
    signature = sign.twilio(TOKEN, f"{PUBLIC}/hooks/sms-1", form.items())
    assert dict(webhook.headers)["X-Twilio-Signature"] == signature[0][1]


def test_sms_stop_mms_and_status():
    account = ACCOUNTS["sms"]
    stop = twilio_sms.text(account, AYE, "Stop", 1)
    assert form_of(stop)["OptOutType"] == "STOP"
    assert stop.message_ids == ()
    mms = form_of(twilio_sms.image(account, AYE, 2))
    assert mms["NumMedia"] == "1"
    assert mms["MediaUrl0"].startswith("https://api.twilio.com/2010-04-01/Accounts/AC")
    status = twilio_sms.status(account, "SM1", AYE.phone, "undelivered", 30005)
    assert (status.step, form_of(status)["ErrorCode"]) == ("status", "30005")


@pytest.mark.parametrize(
    ("words", "expected"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ก" * 70, 1), ("ก" * 71, 2), ("😀" * 36, 2)],
)
def test_sms_segments(words, expected):
    assert twilio_sms.segments(words) == expected


# ── A call follows what it is answered ──

MENU = (
    b'<?xml version="1.0"?><Response><Gather action="/hooks/voice-1/language?try=1" actionOnEmptyResult="true"'
    b' numDigits="1"><Say>hi</Say></Gather></Response>'
)
TAKE = (
    b'<?xml version="1.0"?><Response><Play>x</Play>'
    b'<Record action="https://gw.example.org/hooks/voice-1/voicemail" recordingStatusCallback="recording"'
    b' recordingStatusCallbackEvent="completed absent"/><Redirect>/hooks/voice-1/silence</Redirect></Response>'
)
BYE = b"<Response><Hangup/></Response>"
ANSWERS = {"": MENU, "language": TAKE, "voicemail": BYE, "silence": BYE, "recording": b"", "status": b""}
CALL = twilio_voice.call(ACCOUNTS["voice"], AYE, AT, 1)


def listen(caller, answers=ANSWERS, call=CALL):
    """All requests of a call that is answered by step."""
    steps = twilio_call.follow(call, caller)
    heard = [next(steps)]
    try:
        while True:
            heard.append(steps.send(answers[heard[-1].step]))
    except StopIteration:
        return heard


def test_voicemail_goes_the_way_the_answers_say():
    heard = listen(Caller(presses="2", speaks=41))
    assert [webhook.step for webhook in heard] == ["", "language", "voicemail", "recording", "status"]
    assert heard[1].path == "/hooks/voice-1/language?try=1"
    assert form_of(heard[1])["Digits"] == "2"
    assert form_of(heard[2])["RecordingDuration"] == "41"
    assert form_of(heard[3])["RecordingStatus"] == "completed"
    assert form_of(heard[4])["CallStatus"] == "completed"
    assert len({form_of(webhook)["CallSid"] for webhook in heard}) == 1
    assert [webhook.message_ids for webhook in heard] == [(CALL.sid,), (), (), (), ()]


def test_every_request_of_a_call_is_signed_with_the_public_address():
    for webhook in listen(Caller(presses="1", speaks=5)):
        expected = sign.twilio(TOKEN, PUBLIC + webhook.path, form_of(webhook).items())
        assert dict(webhook.headers)["X-Twilio-Signature"] == expected[0][1]


@pytest.mark.parametrize(
    ("caller", "steps", "status"),
    [
        (Caller(), ["", "language", "silence", "recording", "status"], "completed"),
        (Caller(leaves="while ringing"), ["", "status"], "no-answer"),
        (Caller(leaves="in the menu"), ["", "status"], "completed"),
        (
            Caller(presses="1", speaks=3, leaves="while speaking"),
            ["", "language", "voicemail", "recording", "status"],
            "completed",
        ),
    ],
)
def test_hanging_up_and_silence(caller, steps, status):
    heard = listen(caller)
    assert [webhook.step for webhook in heard] == steps
    assert form_of(heard[-1])["CallStatus"] == status


def test_a_silent_recording_is_reported_absent_and_its_action_is_not_called():
    heard = listen(Caller())
    assert [form_of(w)["RecordingStatus"] for w in heard if w.step == "recording"] == ["absent"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b'<Response><Reject reason="busy"/></Response>', "busy"),
        (b"<Response/>", "completed"),
        (b"OK", "completed"),
        (b"", "completed"),
        (b"<html><Gather/></html>", "completed"),
    ],
)
def test_an_answer_without_a_way_on_ends_the_call(answer, status):
    heard = listen(Caller(presses="1", speaks=9), {"": answer, "status": b""})
    assert [form_of(webhook)["CallStatus"] for webhook in heard] == ["ringing", status]


def test_a_menu_without_end_is_left():
    heard = listen(Caller(presses="1"), {"": MENU, "language": MENU, "status": b""})
    assert len(heard) == twilio_call.MOST_REQUESTS + 2


def test_whole_call_and_withheld_number():
    hidden = twilio_voice.call(ACCOUNTS["voice"], AYE, AT, 2, withheld=True)
    steps = twilio_voice.whole_call(hidden, "1", 30)
    assert [webhook.step for webhook in steps] == ["", "language", "voicemail", "recording", "status"]
    assert form_of(steps[0])["From"] == "+266696687"


# ── Who says what ──


def test_messages_json_is_well_formed_and_speaks_every_language():
    told = own_conversations()
    assert len({said.id for said in told}) == len(told)
    assert {said.language for said in told} - {None} == set(LANGUAGES)
    assert {said.urgency for said in told} - {""} == {"U1", "U2", "U3", "U4"}
    assert {said.encoding for said in told} == {"unicode", "zawgyi"}
    assert all(channels_for(said) for said in told)
    assert all(said.channel in channels_for(said) for said in told if said.strict)
    assert any(said.copies == 3 for said in told)
    assert max(len(said.lines) for said in told) <= 5


def test_phone_numbers_are_the_same_for_the_same_person_and_differ_between_people():
    assert person("aye", "my", "TH") == AYE
    assert re.fullmatch(r"\+662000\d{5}", AYE.phone)
    assert re.fullmatch(r"\+1\d{3}55501\d\d", person("x", "es", "US").phone)
    assert len({person(f"p{n}", "my", "TH").phone for n in range(200)}) > 190
    assert person("+15005550123", "my", "TH").phone == "+15005550123"


def test_the_first_things_said_cover_all_channels_and_most_languages():
    told = with_room(own_conversations(), EVERYWHERE)
    for seed in range(5):
        first = list(islice(turns(told, EVERYWHERE, seed, endless=True), 100))
        assert {turn.account.channel for turn in first} == set(ACCOUNTS)
        assert len({turn.person.language for turn in first}) >= 18


def test_the_same_seed_tells_the_same_story_and_another_seed_has_other_ids():
    def story(seed):
        return [(t.account.id, t.person, t.line, t.number) for t in turns(told, EVERYWHERE, seed, endless=False)]

    told = own_conversations()
    assert story(3) == story(3)
    assert {turn[3] for turn in story(3)}.isdisjoint({turn[3] for turn in story(4)})


def test_people_write_on_an_account_that_speaks_their_language_in_their_country():
    there = Account(id="line-tw", channel="line", public_url=PUBLIC, countries=("TW",), languages=("vi", "id"))
    (turn,) = turns(
        parse('[{"text": "x", "lang": "id", "country": "TW"}]'), [*EVERYWHERE, there], 1, endless=False, in_order=True
    )
    assert turn.account.id == "line-tw"


def test_accounts_that_only_send_are_not_written_to():
    deaf = [dataclasses.replace(account, inbound=account.channel == "line") for account in EVERYWHERE]
    told = with_room(own_conversations(), deaf)
    assert {turn.account.channel for turn in turns(told, deaf, 1, endless=False)} == {"line"}
    with pytest.raises(BadMessages, match="item-1: no sms account"):
        next(turns(parse('[{"channel": "sms", "text": "x"}]'), deaf, 1, endless=False, in_order=True))


def test_every_turn_is_posted_exactly_once_or_more():
    story = list(turns(own_conversations(), EVERYWHERE, 2, endless=False))
    made = list(posts(story, Random(2), lambda: AT))
    assert sum(post.turns for post in made) == len(story)
    expected = {i for t in story if t.line.kind != "call" for i in webhook_of(t, AT).message_ids}
    assert {i for post in made for webhook in post.webhooks for i in webhook.message_ids} == expected
    assert any(post.turns > 1 for post in made)
    assert any(len(post.webhooks) > 1 for post in made)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[", "not JSON"),
        ("[]", "write a list of items"),
        ('{"a": 1}', "write a list of items"),
        ("[1]", "item 1: write an object"),
        ('[{"text": "x"}, {"text": ""}]', "item 2: text must be the words"),
        ('[{"kind": "stiker"}]', "did you mean sticker"),
        ('[{"text": "x", "channel": "fax"}]', "channel must be one of voice"),
        ('[{"kind": "call", "how": "voicemial"}]', "did you mean voicemail"),
        ('[{"kind": "audio", "seconds": "long"}]', "seconds must be a whole number"),
    ],
)
def test_a_wrong_messages_file_says_what_to_write(text, complaint):
    with pytest.raises(BadMessages, match=complaint):
        parse(text)


def test_a_messages_file_is_read_tolerantly():
    items = [
        {"text": "hi", "colour": "red"},
        {"kind": "missed_call"},
        {"lines": ["a", {"kind": "image"}], "lang": "my-Latn"},
    ]
    one, call, two = parse(json.dumps(items))
    assert one.lines == (Line(text="hi", seconds=20),)
    assert (call.lines[0].kind, call.lines[0].how) == ("call", "ringing")
    assert ([said.kind for said in two.lines], two.language) == (["text", "image"], "my")


# ── Against a gateway ──


class Gateway:
    """A small gateway that keeps what it got; `refuse` names the answers to the first tries of each body."""

    def __init__(self, *refuse):
        self.got, self.tries, self.refuse = [], Counter(), refuse
        self.open = self.most_open = 0
        self.first = asyncio.Event()

    async def hook(self, request):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        body = await request.read()
        self.open -= 1
        account, step = request.match_info["account"], request.match_info.get("step", "")
        self.got.append((account, step, body))
        self.first.set()
        self.tries[body] += 1
        if self.tries[body] <= len(self.refuse):
            return web.Response(status=self.refuse[self.tries[body] - 1])
        return web.Response(body=ANSWERS[step] if account == "voice-1" else b"", content_type="text/xml")

    async def ready(self, request):
        return web.Response()

    def app(self):
        app = web.Application()
        app.add_routes([web.get("/readyz", self.ready), web.post("/hooks/{account}", self.hook)])
        app.add_routes([web.post("/hooks/{account}/{step}", self.hook)])
        return app


async def run(gateway, accounts=EVERYWHERE, **how):
    async with TestServer(gateway.app()) as server:
        return await simulate(str(server.make_url("")), accounts, **{"rate": 5000, "hurry": 0, **how})


async def test_simulate_counts_what_it_sent():
    gateway, results = Gateway(), []
    summary = await run(gateway, count=400, seed=3, on_result=results.append)
    assert summary.said >= 400
    assert summary.sent == len(gateway.got) == len(results) == summary.answered[200]
    assert (summary.unanswered, summary.lost) == (0, frozenset())
    assert gateway.most_open <= MOST_OPEN
    assert set(summary.milliseconds) == {"p50", "p95", "p99", "max"}
    assert summary.expected == {(r.account_id, i) for r in results for i in r.message_ids}
    bodies = b"".join(body for _, _, body in gateway.got).decode()
    assert all(ident in bodies for account, ident in summary.expected if account != "telegram-1")


async def test_simulate_is_bounded_by_count_exactly():
    summary = await run(Gateway(), count=37, seed=1)
    assert summary.said == 37


async def test_without_bounds_every_conversation_is_heard_once():
    summary = await run(Gateway(), seed=1)
    assert summary.said == sum(len(said.lines) for said in own_conversations())


async def test_simulate_is_bounded_in_time():
    loop = asyncio.get_running_loop()
    began = loop.time()
    summary = await run(Gateway(), rate=1, seconds=0.3)
    assert summary.said < 30
    assert loop.time() - began < 5


@pytest.mark.parametrize("channel", list(ACCOUNTS))
async def test_only_telegram_and_messenger_come_back_after_a_refusal(channel, tmp_path):
    file = tmp_path / "one.json"
    kind = {"kind": "call", "how": "ringing"} if channel == "voice" else {"text": "hello"}
    file.write_text(json.dumps([{"person": "aye", "channel": channel, "copies": 1, **kind}]), "utf-8")
    gateway = Gateway(503)
    summary = await run(gateway, messages=file, seed=1)
    again = channel in RETRIES
    assert bool(summary.expected) == again
    assert bool(summary.lost) != again
    first = gateway.got[0][2]
    assert gateway.tries[first] == (2 if again else 1)


async def test_retries_end():
    gateway = Gateway(*[500] * 50)
    summary = await run(gateway, [ACCOUNTS["telegram"]], count=5, seed=2)
    assert max(gateway.tries.values()) <= 3 * (len(RETRIES["telegram"]) + 1)
    assert summary.expected == frozenset()
    assert set(summary.answered) == {500}


async def test_a_gateway_that_is_not_there_leaves_everything_unanswered(unused_tcp_port):
    summary = await simulate(f"http://127.0.0.1:{unused_tcp_port}", EVERYWHERE, rate=5000, count=20, hurry=0)
    assert summary.answered == {}
    assert summary.unanswered == summary.sent > 0
    assert summary.milliseconds == {}


async def test_telegram_keeps_the_order_of_a_chat_even_through_refusals(tmp_path):
    file = tmp_path / "chat.json"
    lines = [f"line {n}" for n in range(20)]
    file.write_text(json.dumps([{"person": "aye", "channel": "telegram", "text": text} for text in lines]), "utf-8")
    gateway = Gateway(500, 502)
    await run(gateway, messages=file, seed=1)
    heard = list(dict.fromkeys(json.loads(body)["message"]["text"] for _, _, body in gateway.got))
    assert heard == lines


async def test_a_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        await simulate("http://127.0.0.1:9", EVERYWHERE, rate=0, count=1)


# ── Accounts and secrets ──

CONFIG = """
network: {public_url: "https://hotline.example.org/"}   # ${IN_A_COMMENT}
accounts:
  - {id: sms-us, channel: sms, inbound: false, account_sid: "${TW_SID}", auth_token: "${TW_TOKEN}",
     number: "${US_NUMBER}"}
  - {id: line-th, channel: line, channel_secret: ["${LINE_NEW}", "${LINE_OLD}"], countries: [TH, NO], languages: [my]}
  - {id: tg, channel: telegram, bot_token: "${TELEGRAM_TOKEN}", secret_token: "${TELEGRAM_SECRET_TOKEN}"}
  - {id: fb, channel: facebook, app_secret: "${TW_TOKEN}", page_id: "${FB_PAGE_ID}", api_base: "${API_URL}"}
"""


def test_names_of_a_config():
    assert names_in(CONFIG) == [
        "TW_SID", "TW_TOKEN", "US_NUMBER", "LINE_NEW", "LINE_OLD", "TELEGRAM_TOKEN", "TELEGRAM_SECRET_TOKEN",
        "FB_PAGE_ID", "API_URL",
    ]  # fmt: skip


def test_invented_secrets_fit_their_names_and_stay(tmp_path):
    file = tmp_path / "var" / "sandbox.env"
    made = invent(names_in(CONFIG), file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.fullmatch("AC[0-9a-f]{32}", made["TW_SID"])
    assert re.fullmatch("[0-9a-f]{32}", made["TW_TOKEN"])
    assert re.fullmatch(r"\+1500555\d{4}", made["US_NUMBER"])
    assert re.fullmatch(r"\d{10}:[\w-]{35}", made["TELEGRAM_TOKEN"])
    assert re.fullmatch(r"[\w-]{32}", made["TELEGRAM_SECRET_TOKEN"])
    assert made["FB_PAGE_ID"].isdigit()
    assert "API_URL" not in made
    assert invent([*names_in(CONFIG), "NEW_NAME"], file).items() >= made.items()
    assert invent(["NEW_NAME"], file) == {"NEW_NAME": invent(["NEW_NAME"], file)["NEW_NAME"]}


def test_a_secrets_file_written_by_hand_is_kept_and_closed_to_others(tmp_path):
    file = tmp_path / "s.env"
    file.write_text("# mine\nTW_TOKEN=abc", "utf-8")
    file.chmod(0o644)
    assert invent(["TW_TOKEN", "OTHER"], file)["TW_TOKEN"] == "abc"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text("utf-8").startswith("# mine\nTW_TOKEN=abc\nOTHER=")


def test_accounts_of_a_config():
    env = {name: name.lower() for name in names_in(CONFIG)} | {"API_URL": "http://127.0.0.1:9/"}
    sms, line_th, tg, fb = read_accounts(CONFIG, env)
    assert (sms.inbound, sms.hook_url) == (False, "https://hotline.example.org/hooks/sms-us")
    assert (line_th.key("channel_secret"), line_th.countries) == ("line_new", ("TH", "NO"))
    assert (fb.api_base, tg.api_base) == ("http://127.0.0.1:9", None)
    assert "line_new" not in repr(line_th)
    with pytest.raises(BadConfig, match="account tg: app_secret is missing"):
        tg.key("app_secret")


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("a: [", "not YAML"),
        ("network: {}", "network.public_url"),
        ("network: {public_url: 'https://x'}", "at least one account"),
        ("network: {public_url: 'https://x'}\naccounts: [{id: a, channel: fax}]", "account a: channel must be"),
        ("network: {public_url: 'https://x'}\naccounts: [{channel: sms}]", "needs an id"),
        (CONFIG, "account sms-us: TW_SID is not set"),
    ],
)
def test_a_config_that_cannot_be_used(config, complaint):
    with pytest.raises(BadConfig, match=complaint):
        read_accounts(config, {})


# ── The stand-in APIs ──


async def test_stand_in_apis_answer_and_remember():
    async with TestServer(make_app()) as server, aiohttp.ClientSession(str(server.make_url("/"))) as client:

        async def post(path, **how):
            async with client.post(path, **how) as answer:
                return answer.status, await answer.json()

        sms = await post("/2010-04-01/Accounts/AC1/Messages.json", data={"To": "+66200012345", "Body": "a"})
        push = {"to": "U1", "messages": [{"type": "text", "text": "b"}]}
        key = {"X-Line-Retry-Key": "123e4567-e89b-12d3-a456-426614174000"}
        pushed, again = [await post("/v2/bot/message/push", json=push, headers=key) for _ in range(2)]
        graph = await post("/v25.0/1/messages", json={"recipient": {"id": "7"}, "message": {"text": "c"}})
        bot = await post("/bot123:ABC/sendMessage", data={"chat_id": "42", "text": "d"})
        async with client.get("/sandbox/sent") as answer:
            sent = await answer.json()
    assert sms[0] == 201
    assert sms[1]["sid"].startswith("SM")
    assert (pushed[0], again[0], again[1]["sentMessages"]) == (200, 409, pushed[1]["sentMessages"])
    assert graph[1]["recipient_id"] == "7"
    assert bot[1]["result"]["chat"]["id"] == 42
    assert [(s["provider"], s["to"], s["text"]) for s in sent] == [
        ("twilio", "+66200012345", "a"), ("line", "U1", "b"), ("facebook", "7", "c"), ("telegram", "42", "d"),
    ]  # fmt: skip
    assert [s["id"] for s in sent][2:] == [graph[1]["message_id"], str(bot[1]["result"]["message_id"])]


async def test_stand_in_apis_hand_out_media():
    async with TestServer(make_app()) as server, aiohttp.ClientSession(str(server.make_url("/"))) as client:

        async def get(path):
            async with client.get(path) as answer:
                return answer.status, answer.content_type, await answer.read()

        picture, sound = (200, "image/jpeg", media.jpeg()), (200, "audio/mpeg", media.mp3())
        assert await get("/health") == (200, "application/json", b'{"ok": true}')
        assert await get("/2010-04-01/Accounts/AC1/Recordings/RE12.mp3") == sound
        assert await get("/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1") == picture
        assert await get("/v2/bot/message/5850/content") == picture
        _, _, found = await get("/bot123:ABC/getFile?file_id=voice-12")
        assert await get(f"/file/bot123:ABC/{json.loads(found)['result']['file_path']}") == sound
        note = json.loads(
            facebook.audio(
                dataclasses.replace(ACCOUNTS["facebook"], api_base=str(server.make_url("/")).rstrip("/")), AYE, AT, 1
            ).body
        )
        url = note["entry"][0]["messaging"][0]["message"]["attachments"][0]["payload"]["url"]
        assert await get(url.removeprefix(str(server.make_url("/")).rstrip("/"))) == sound


def test_media_are_what_they_say():
    picture = media.jpeg()
    assert picture.startswith(b"\xff\xd8\xff\xe0")
    assert picture.endswith(b"\xff\xd9")
    assert len(media.mp3(2)) > len(media.mp3(1)) > 417
    assert media.mp3()[:2] == media.mp3()[417:419] == b"\xff\xfb"


# ── The program ──

PROGRAM_CONFIG = """
network: {public_url: "https://gw.example.org"}
accounts:
  - {id: line-th, channel: line, channel_secret: "${LINE_SECRET}", languages: [my]}
"""


async def test_the_program_writes_to_the_gateway_and_stops_when_told(tmp_path, unused_tcp_port):
    config = tmp_path / "config.yaml"
    config.write_text(PROGRAM_CONFIG, "utf-8")
    gateway = Gateway()
    async with TestServer(gateway.app()) as server:
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sandbox", "--config", config, "--gateway", str(server.make_url("")),
            "--port", str(unused_tcp_port), "--secrets", tmp_path / "s.env", "--rate", "50", "--quiet",
            cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(30):
            await gateway.first.wait()
            program.send_signal(signal.SIGTERM)
            said, _ = await program.communicate()
    assert (program.returncode, said) == (0, b"")
    assert gateway.got[0][0] == "line-th"
