"""What the providers send."""

import json
import re

import pytest

from sandbox import sign
from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_sms
from tests.sandbox_cast import ACCOUNTS, AT, AYE, PUBLIC, SECRETS, TOKEN, form_of


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
