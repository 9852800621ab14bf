"""A call follows what it is answered."""

import pytest

from sandbox import sign
from sandbox.providers import twilio_call, twilio_voice
from sandbox.providers.twilio_call import Caller
from tests.sandbox_cast import ACCOUNTS, AT, AYE, PUBLIC, TOKEN, form_of
from tests.sandbox_gateway import ANSWERS, MENU

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
