"""Messages and the fates of ours, as Twilio words them; and that no form whatever breaks the reading."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import BadSettings, Unreadable
from channels.registry import load
from model.events import DeliveryUpdate, Ignored, PersonLeft, PersonReturned, Received, Unsupported
from model.http import Request

SMS = load("sms")
SECTION = {
    "id": "sms-th",
    "channel": "sms",
    "hook_url": "https://hotline.example.org/hooks/sms-th",
    "account_sid": "AC" + "a" * 32,
    "auth_token": "0123456789abcdef0123456789abcdef",
    "number": "+15005550006",
}
SETTINGS = SMS.settings(SECTION)
SID = "SM" + "1" * 32
INCOMING = {"MessageSid": SID, "SmsStatus": "received", "From": "+66812345678", "Body": "hello", "NumMedia": "0"}


def posted(body):
    return Request(method="POST", url=SECTION["hook_url"], body=body)


def parsed(fields):
    (event,) = SMS.parse(posted(urlencode(fields).encode()), SETTINGS)
    return event


def fate(status, **more):
    return parsed({"MessageSid": SID, "MessageStatus": status, "SmsStatus": status, "To": "+66812345678", **more})


def test_a_text():
    event = parsed(INCOMING)
    assert event == Received(
        event_id=SID, provider_id=SID, kind="text", text="hello", sender=event.sender, attachments=()
    )
    assert (event.sender.scope, event.sender.value, event.sender.answerable) == ("phone", "+66812345678", True)


@pytest.mark.parametrize(
    ("mime", "kind", "attachment"),
    [
        ("image/png", "image", "image"),
        ("audio/amr", "audio", "audio"),
        ("VIDEO/3gpp", "video", "video"),
        ("application/pdf", "file", "file"),
        ("text/vcard; charset=utf-8", "contact", "file"),
        ("text/x-vcard", "contact", "file"),
        ("", "file", "file"),
    ],
)
def test_kinds_of_media(mime, kind, attachment):
    event = parsed({**INCOMING, "NumMedia": "1", "MediaUrl0": "https://api.twilio.com/m", "MediaContentType0": mime})
    assert (event.kind, event.attachments[0].kind, event.attachments[0].mime) == (kind, attachment, mime or None)


@pytest.mark.parametrize("opt_out", ["STOP", "START", "HELP"])
def test_opting_out_and_in(opt_out):
    event = parsed({**INCOMING, "Body": opt_out, "OptOutType": opt_out})
    assert type(event) is {"STOP": PersonLeft, "START": PersonReturned, "HELP": Received}[opt_out]


@pytest.mark.parametrize(
    ("number", "scope", "value"),
    [("KBANK", "sms-name", "KBANK"), ("12345", "phone", "12345"), ("+266696687", "message", SID), ("", "message", SID)],
)
def test_senders_without_an_answer(number, scope, value):
    sender = parsed({**INCOMING, "From": number}).sender
    assert (sender.scope, sender.value, sender.answerable) == (scope, value, False)


def test_two_hidden_senders_are_two_people():
    one, other = (parsed({**INCOMING, "From": "Anonymous", "MessageSid": f"SM{n:032}"}) for n in (1, 2))
    assert one.sender != other.sender


@pytest.mark.parametrize(
    ("status", "ours"),
    [("sent", "sent"), ("delivered", "delivered"), ("read", "read"), ("undelivered", "failed"), ("failed", "failed"),
     ("canceled", "failed"), ("partially_delivered", "sent")],
)  # fmt: skip
def test_fates(status, ours):
    event = fate(status, ErrorCode="30005")
    assert isinstance(event, DeliveryUpdate)
    assert (event.status, event.provider_id, event.event_id) == (ours, SID, f"{SID}:{status}")
    assert (event.code, event.sender.value) == ("30005", "+66812345678")


@pytest.mark.parametrize("status", ["accepted", "scheduled", "queued", "sending"])
def test_fates_still_open(status):
    assert isinstance(fate(status), Ignored)


def test_a_status_nobody_knows_and_a_status_of_nothing():
    assert fate("evaporated").what == "MessageStatus evaporated"
    assert isinstance(fate("delivered", MessageSid=""), Unsupported)


def test_an_old_callback_with_smsstatus_alone_is_not_a_message_from_ourselves():
    event = parsed({"SmsSid": SID, "SmsStatus": "delivered", "From": "+15005550006", "To": "+66812345678"})
    assert isinstance(event, DeliveryUpdate)


def test_ids_fall_back_to_old_names_and_then_to_the_content():
    nameless = {key: value for key, value in INCOMING.items() if key != "MessageSid"}
    assert parsed({**nameless, "SmsMessageSid": "SM2"}).event_id == "SM2"
    assert parsed({**nameless, "SmsMessageSid": "SM2", "SmsSid": "SM3"}).event_id == "SM3"
    assert parsed(nameless).event_id == parsed(nameless).event_id
    assert parsed(nameless).event_id != parsed({**nameless, "Body": "other"}).event_id


@pytest.mark.parametrize("body", [b"Body=%zz%e1%80&From=%", b"Body=\xff\xfe&MessageSid=SM1", b"&&==&%00=%00", b""])
def test_broken_encoding_is_read_as_well_as_it_can_be(body):
    (event,) = SMS.parse(posted(body), SETTINGS)
    assert event.event_id


def test_a_nul_which_no_database_takes_is_replaced():
    assert parsed({**INCOMING, "Body": "a\0b"}).text == "a\ufffdb"


def test_answers():
    incoming = SMS.answer(posted(urlencode(INCOMING).encode()), SETTINGS)
    assert (incoming.status, incoming.content_type) == (200, "text/xml; charset=utf-8")
    assert incoming.body.endswith(b"<Response/>")
    assert SMS.answer(posted(b"MessageSid=SM1&MessageStatus=sent"), SETTINGS).status == 204
    assert SMS.answer(posted(b"&".join([b"a=1"] * 10_000)), SETTINGS).status == 200


NAMES = st.sampled_from(
    [*INCOMING, "MessageStatus", "OptOutType", "MediaUrl0", "MediaContentType0", "To", "ErrorCode", "SmsSid"]
)
VALUES = st.text() | st.sampled_from(["received", "sent", "STOP", "+66", "+" * 50, "9" * 400, "\x00", "+266696687"])
FORMS = st.lists(st.tuples(NAMES | st.text(), VALUES)).map(lambda pairs: urlencode(pairs, errors="replace").encode())


@given(FORMS | st.binary(), st.sampled_from(["POST", "GET"]))
def test_any_form_is_read_the_same_way_twice_and_answered(body, method):
    request = Request(method=method, url=f"https://x.example/?{body.decode('latin-1')}", body=body)
    try:
        events = SMS.parse(request, SETTINGS)
    except Unreadable:
        events = ()
    else:
        assert len(events) == 1
        assert 0 < len(events[0].event_id) <= 200
        assert events == SMS.parse(request, SETTINGS)
    assert SMS.answer(request, SETTINGS).status in (200, 204)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"number": ""}, "number"),
        ({"number": 15005550006}, "number"),
        ({"account_sid": None}, "account_sid"),
        ({"auth_token": []}, "auth_token"),
        ({"auth_tokens": "x"}, "auth_tokens"),
    ],
)
def test_wrong_settings_name_their_key(change, key):
    with pytest.raises(BadSettings) as wrong:
        SMS.settings({**SECTION, **change})
    assert wrong.value.key == key


def test_settings_do_not_show_their_secrets():
    assert SECTION["auth_token"] not in repr(SETTINGS)
