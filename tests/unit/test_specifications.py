"""What checks our requests against the providers' descriptions notices what is wrong with them."""

import json
from urllib.parse import urlencode

import pytest

from tests import specifications
from tests.scripted import Asked

pytestmark = pytest.mark.skipif(
    not specifications.FOLDER.is_dir(), reason=f"no descriptions of the providers in {specifications.FOLDER}"
)

KEY = "123e4567-e89b-12d3-a456-426614174000"
SENT = {"status": 200, "body": {"sentMessages": [{"id": "461230966842064897"}]}}
TEXT = {"type": "text", "text": "hi"}


def push(*messages, key=KEY, path="/v2/bot/message/push"):
    body = json.dumps({"to": "U1", "messages": messages}).encode()
    return Asked("POST", path, [], {"Content-Type": "application/json", "X-Line-Retry-Key": key}, body)


@pytest.mark.parametrize(
    ("request_", "answer", "noticed"),
    [
        (push(TEXT), SENT, ""),
        (push(), SENT, "messages"),
        (push(*[TEXT] * 6), SENT, "messages"),
        (push({"type": "text"}), SENT, "messages/0"),
        (push({"type": "telegram", "text": "hi"}), SENT, "messages/0"),
        (push({"type": "image", "originalContentUrl": "https://example.com/1.jpg"}), SENT, "messages/0"),
        (push(TEXT | {"quickReply": {"items": [{"type": "action"}] * 14}}), SENT, "messages/0"),
        (push(TEXT, key="no uuid"), SENT, "uuid"),
        (push(TEXT, path="/v2/bot/message/shout"), SENT, "there is no"),
        (push(TEXT), {"status": 200, "body": {"sentMessages": []}}, "sentMessages"),
    ],
)
def test_line(request_, answer, noticed):
    check("line", request_, answer, noticed)


def form(path, **fields):
    return Asked(
        "POST", path, [], {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(fields, True).encode()
    )


MESSAGES = f"/2010-04-01/Accounts/AC{'a' * 32}/Messages.json"


@pytest.mark.parametrize(
    ("request_", "noticed"),
    [
        (form(MESSAGES, To="+66812345678", From="+15005550006", Body="hi", MediaUrl=["https://example.com/1"]), ""),
        (form(MESSAGES, Body="hi"), "To"),
        (form(MESSAGES, To="+66812345678", Words="hi"), "no field Words"),
        (form(MESSAGES, To="+66812345678", ValidityPeriod="soon"), "ValidityPeriod"),
        (form("/2010-04-01/Accounts/AC1/Messages.json", To="+66812345678"), "AC1"),
    ],
)
def test_twilio(request_, noticed):
    check("sms", request_, {"status": 201, "body": {"sid": f"SM{'b' * 32}"}}, noticed)


BUTTONS = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}


@pytest.mark.parametrize(
    ("request_", "noticed"),
    [
        (form("/bot1:A/sendMessage", chat_id="42", text="hi", reply_markup=json.dumps(BUTTONS)), ""),
        (form("/bot1:A/sendMessage", text="hi"), "chat_id is missing"),
        (form("/bot1:A/sendMessage", chat_id="42", text="hi", colour="red"), "no field colour"),
        (form("/bot1:A/sendMessage", chat_id="42", text="hi", protect_content="perhaps"), "protect_content"),
        (form("/bot1:A/sendMessage", chat_id="42", text="hi", reply_markup='{"buttons": []}'), "reply_markup"),
        (form("/bot1:A/shout", chat_id="42"), "there is no"),
    ],
)
def test_telegram(request_, noticed):
    check("telegram", request_, {"status": 200, "body": {"ok": True}}, noticed)


def check(channel, request, answer, noticed):
    faults = specifications.read(channel).faults(request, answer)
    assert bool(faults) == bool(noticed), faults
    assert noticed in " ".join(faults)
