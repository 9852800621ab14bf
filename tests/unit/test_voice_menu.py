"""What a caller hears at each step: whole XML, the right words, the right next address."""

import xml.etree.ElementTree as ET
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import BadSettings, Unreadable
from channels.registry import load
from channels.voice import menu
from model.http import Request

VOICE = load("voice")
HOOK = "https://hotline.example.org/hooks/voice-th"
RECORDED = "https://hotline.example.org/prompts/my/"
SECTION = {
    "id": "voice-th",
    "channel": "voice",
    "hook_url": HOOK,
    "account_sid": "AC" + "a" * 32,
    "auth_token": "0123456789abcdef0123456789abcdef",
    "number": "+15005550006",
    "languages": ["my", "th", "km", "en"],
    "prompts": {"my": {"menu": RECORDED + "menu.mp3", "leave_message": RECORDED + "leave.mp3"}},
    "phrases": {
        "voice.menu": {"en": "For English, press {key}. {}", "th": "กด {key}", "km": "ចុច {key}"},
        "voice.leave_message": {"en": "Speak after the tone.", "th": "พูดหลังเสียงสัญญาณ"},
        "voice.goodbye": {"en": "Goodbye & thanks <3"},
    },
}
CALL = {"CallSid": "CA" + "1" * 32, "From": "+66812345678", "Direction": "inbound"}


def request(step="", query="", method="POST", **fields):
    url = HOOK + (f"/{step}" if step else "") + (f"?{query}" if query else "")
    return Request(method=method, url=url, step=step, body=urlencode({**CALL, **fields}).encode())


def heard(step="", query="", section=SECTION, **fields):
    answer = VOICE.answer(request(step, query, **fields), VOICE.settings(section))
    assert (answer.status, answer.content_type) == (200, "text/xml; charset=utf-8")
    return ET.fromstring(answer.body)  # noqa: S314 (our own answer)


def parsed(step="", query="", **fields):
    return VOICE.parse(request(step, query, **fields), VOICE.settings(SECTION))


def without(*keys, **changed):
    return {key: value for key, value in SECTION.items() if key not in keys} | changed


def verbs(element):
    return [child.tag for child in element]


def test_the_menu_plays_speaks_or_leaves_out_each_language_in_order():
    gather = heard().find("Gather")
    assert [(child.tag, child.text) for child in gather] == [
        ("Play", RECORDED + "menu.mp3"),
        ("Say", "กด 2"),
        ("Say", "For English, press 4. {}"),
    ]
    assert gather[1].get("language") == "th-TH"
    assert (gather.get("numDigits"), gather.get("actionOnEmptyResult")) == ("1", "true")


def test_the_menu_goes_on_whatever_happens():
    menu_xml = heard()
    assert verbs(menu_xml) == ["Gather", "Redirect"]
    assert menu_xml.find("Gather").get("action") == menu_xml.find("Redirect").text == f"{HOOK}/language"


def test_a_language_is_never_announced_with_another_ones_sentence():
    gather = heard(section=without("prompts", languages=["vi", "en"])).find("Gather")
    assert [child.text for child in gather] == ["For English, press 2. {}"]


def test_a_menu_without_any_words_is_silent_but_works():
    assert verbs(heard(section=without("prompts", "phrases", languages=["my", "km"])).find("Gather")) == ["Pause"]


def test_one_language_needs_no_menu():
    answer = heard(section=without("prompts", languages=["th"]))
    assert verbs(answer) == ["Say", "Record", "Redirect"]
    assert answer.find("Record").get("action") == f"{HOOK}/voicemail"


def test_a_chosen_language_is_spoken_and_carried_on():
    answer = heard("language", Digits="1")
    record = answer.find("Record")
    assert (answer[0].tag, answer[0].text) == ("Play", RECORDED + "leave.mp3")
    assert record.get("action") == f"{HOOK}/voicemail?language=my"
    assert record.get("recordingStatusCallback") == f"{HOOK}/recording?language=my"
    assert record.get("recordingStatusCallbackEvent") == "completed absent"
    assert (record.get("maxLength"), record.get("finishOnKey"), record.get("timeout")) == ("180", "#", "5")
    assert record.get("playBeep") == "true"
    assert answer.find("Redirect").text == f"{HOOK}/silence?language=my"


@pytest.mark.parametrize("digits", ["", "9", "0", "12", "*", "²", "๑"])
def test_no_key_or_a_wrong_one_repeats_the_menu_once(digits):
    assert heard("language", Digits=digits).find("Gather").get("action") == f"{HOOK}/language?try=2"
    second = heard("language", "try=2", Digits=digits)
    assert verbs(second) == ["Play", "Record", "Redirect"]
    assert second.find("Record").get("action") == f"{HOOK}/voicemail"
    assert parsed("language", Digits=digits)[0].language is None


def test_both_tries_are_two_events():
    first, second = parsed("language", Digits="")[0], parsed("language", "try=2", Digits="2")[0]
    assert first.event_id != second.event_id
    assert second.language == "th"


def test_what_cannot_be_said_in_the_language_is_said_in_english_and_else_not():
    assert [(child.tag, child.text) for child in heard("voicemail", "language=my")] == [
        ("Say", "Goodbye & thanks <3"),
        ("Hangup", None),
    ]
    assert verbs(heard("voicemail", "language=my", section=without("phrases"))) == ["Pause", "Hangup"]


@pytest.mark.parametrize("step", ["voicemail", "silence"])
def test_the_end_is_a_goodbye(step):
    assert verbs(heard(step)) == ["Say", "Hangup"]


@pytest.mark.parametrize("step", ["status", "recording"])
def test_callbacks_are_only_acknowledged(step):
    assert VOICE.answer(request(step), VOICE.settings(SECTION)).status == 204


def test_an_unknown_step_hangs_up_and_is_kept():
    assert verbs(heard("queue")) == ["Hangup"]
    assert parsed("queue")[0].what == "step queue"


def test_every_voice_belongs_to_its_locale_unless_it_is_a_name():
    voices = menu._VOICES.values()  # noqa: SLF001
    assert all(locale in voice for locale, voice in voices if voice.startswith("Google."))


def test_the_two_words_on_one_recording_are_one_message():
    fields = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/r", "RecordingDuration": "41"}
    step, message = parsed("voicemail", "language=my", **fields)
    (again,) = parsed("recording", "language=my", RecordingStatus="completed", **fields)
    assert (step.step, step.language, message.language, again.language) == ("voicemail", "my", "my", "my")
    assert (message.event_id, message.provider_id, message.in_call) == (again.event_id, "RE1", again.in_call)
    assert (message.sender.value, again.sender) == ("+66812345678", None)
    assert message.attachments == again.attachments
    assert message.attachments[0].seconds == 41


def test_times_are_utc_and_nonsense_has_none():
    assert parsed(Timestamp="Sun, 22 Nov 2026 19:00:31 +0700")[0].occurred_at.isoformat() == "2026-11-22T12:00:31+00:00"
    assert parsed(Timestamp="Fri, 31 Dec 9999 23:59:59 -1400")[0].occurred_at is None
    assert parsed(Timestamp="yesterday")[0].occurred_at is None


def test_a_withheld_caller_stays_one_person_through_the_call_and_no_longer():
    steps = [parsed(step, From="+266696687")[0].sender for step in ("", "language", "silence", "status")]
    steps += [parsed("status", From="Anonymous", CallStatus="completed")[0].sender]
    assert {(sender.scope, sender.value, sender.answerable) for sender in steps} == {("call", CALL["CallSid"], False)}
    assert parsed(From="+266696687", CallSid="CA2")[0].sender != steps[0]


FIELDS = st.dictionaries(
    st.sampled_from(
        ["CallSid", "From", "To", "Direction", "Digits", "CallStatus", "CallDuration", "Timestamp", "RecordingSid",
         "RecordingStatus", "RecordingUrl", "RecordingDuration", "RecordingStartTime"]
    ),
    st.text() | st.sampled_from(["completed", "absent", "outbound-api", "1", "Sun, 22 Nov 9999 12:00:00 -2359"]),
)  # fmt: skip
BODIES = FIELDS.map(lambda fields: urlencode(fields, errors="replace").encode()) | st.binary()
STEPS = st.sampled_from(["", "language", "voicemail", "recording", "silence", "status", "queue"]) | st.text()


@given(STEPS, st.text() | st.sampled_from(["language=my", "language=xx", "try=2", "try=2&try=3"]), BODIES)
def test_any_request_is_read_and_answered_with_whole_xml(step, query, body):
    asked = Request(method="POST", url=f"{HOOK}/{step}?{query}", step=step, body=body)
    settings = VOICE.settings(SECTION)
    try:
        events = VOICE.parse(asked, settings)
    except Unreadable:
        events = ()
    assert all(0 < len(event.event_id) <= 220 for event in events)
    answer = VOICE.answer(asked, settings)
    assert answer.status == 204 or len(ET.fromstring(answer.body)) > 0  # noqa: S314 (our own answer)


def test_ten_thousand_fields_still_get_an_answer():
    asked = Request(method="POST", url=f"{HOOK}/language", step="language", body=b"&".join([b"a=1"] * 10_000))
    assert b"<Gather" in VOICE.answer(asked, VOICE.settings(SECTION)).body


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"languages": []}, "languages"),
        ({"languages": ["my", "my"]}, "languages"),
        ({"languages": list("abcdefghij")}, "languages"),
        ({"number": 15005550006}, "number"),
        ({"hook_url": ""}, "hook_url"),
        ({"prompts": {"vi": {}}}, "prompts"),
        ({"prompts": {"my": {"hello": "https://x"}}}, "prompts"),
        ({"prompts": {"my": {"menu": "menu.mp3"}}}, "prompts"),
        ({"prompts": ["menu.mp3"]}, "prompts"),
        ({"voicemail_seconds": "long"}, "voicemail_seconds"),
        ({"voicemail_seconds": 0}, "voicemail_seconds"),
        ({"voicemail_second": 60}, "voicemail_second"),
    ],
)
def test_wrong_settings_name_their_key(change, key):
    with pytest.raises(BadSettings) as wrong:
        VOICE.settings({**SECTION, **change})
    assert wrong.value.key == key
