"""The strip says what the rules allow, and the form that changes them loses nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model.contact import Forbidden, Rules, allowed
from model.hours import DAYS
from tests.unit.test_contact import CHANNELS, MOMENTS, NOON, RULES
from web.inbox.contact_form import by_channel, changed, times
from web.inbox.strip import strip
from web.local import Local

BANGKOK = "Asia/Bangkok"
ENGLISH = Local("en", BANGKOK)
WRITTEN = [channel for channel in CHANNELS if channel != "voice"]


def texts(rules: Rules, channel: str = "line", *, used: bool = True) -> list[str]:
    return [rule.text for rule in strip(rules, channel, NOON, ENGLISH, used=used).rules]


@given(RULES, st.sampled_from(WRITTEN), MOMENTS, st.booleans())
def test_the_first_sentence_is_green_only_where_writing_is_allowed(rules, channel, at, used):
    shown = strip(rules, channel, at, ENGLISH, used=used)
    verdict = allowed(rules, channel, "write", at, used=used)
    assert (shown.kind == "no") == isinstance(verdict, Forbidden)
    if shown.kind == "yes":
        assert "unknown" not in rules.in_force(at).answers(channel, "write")
    assert shown.forbidden == sum(rule.kind == "no" for rule in shown.rules[1:])


@given(RULES, MOMENTS)
def test_a_call_that_is_not_allowed_is_named_as_a_prohibition(rules, at):
    shown = strip(rules, "line", at, ENGLISH, used=True)
    said = [rule for rule in shown.rules if rule.text == "Safe to call"]
    forbidden = isinstance(allowed(rules, "line", "call", at, used=False), Forbidden)
    assert bool(said) != forbidden
    if forbidden:
        assert any(" call" in rule.text.lower() and rule.kind == "no" for rule in shown.rules)


def test_prohibitions_come_before_what_is_good_to_know():
    rules = Rules(write="yes", phone="own", check="the tree", on={"sms": "no"})
    kinds = [rule.kind for rule in strip(rules, "line", NOON, ENGLISH, used=True).rules[1:]]
    assert kinds == sorted(kinds, key=lambda kind: kind != "no")
    assert texts(rules)[1:] == [
        "Not asked, so: no calls, no voicemail, not our name",
        "Do not write on SMS",
        "Own phone",
        "Ask first: the tree",
    ]


def test_a_shared_phone_is_minded_and_forbids_nothing():
    rules = Rules(write="yes", call="yes", voicemail="no", name="yes", phone="shared", whose="her husband")
    shown = strip(rules, "line", NOON, ENGLISH, used=True)
    assert [rule.kind for rule in shown.rules] == ["yes", "no", "mind", "yes", "yes"]
    assert (shown.forbidden, shown.minded) == (1, ["Shared phone: her husband"])


def test_where_only_this_channel_is_safe_it_says_so():
    assert "Write nowhere else" in texts(Rules(write="no", on={"line": "yes"}))
    assert "Safe to write on LINE" in texts(Rules(write="no", on={"line": "yes"}), "sms")


# The form


@given(RULES, MOMENTS)
def test_what_is_not_asked_stays(rules, at):
    assert changed(rules, {}, (), at, BANGKOK, channels=CHANNELS) == replace(
        rules.in_force(at), checked_at=rules.checked_at
    )


@given(RULES, MOMENTS)
def test_sending_the_form_as_it_stands_changes_nothing(rules, at):
    now = rules.in_force(at)
    assume(now.until is None or now.until - at < timedelta(days=92))
    shown = times(now.hours)
    assume(shown.other or now.hours is None or bool(shown.start))
    sent = {name: getattr(now, name) for name in ("write", "call", "voicemail", "name", "phone", "whose", "check")}
    sent |= {"from": shown.start, "to": shown.end, "zone": now.hours.timezone if now.hours else BANGKOK}
    sent |= {f"on-{channel}": value for channel, value in by_channel(now, CHANNELS).items()}
    made = changed(rules, sent, [day for day in DAYS if day in shown.days], at, BANGKOK, channels=CHANNELS)
    assert (made.write, made.on, made.call, made.until) == (now.write, now.on, now.call, now.until)
    if now.hours and shown.start:
        for hours in range(0, 24 * 7, 5):
            then = at + timedelta(hours=hours)
            assert made.hours.is_open(then) == now.hours.is_open(then)
    else:
        assert made.hours == now.hours


@pytest.mark.parametrize(("start", "end"), [("00:00", "00:00"), ("08:00", "00:00"), ("22:00", "04:00")])
def test_hours_round_midnight(start, end):
    made = changed(Rules(), {"from": start, "to": end, "zone": BANGKOK}, DAYS, NOON, BANGKOK, channels=())
    assert (times(made.hours).start, times(made.hours).end) in {(start, end), ("", "")}


def test_channels_nobody_knows_are_none():
    made = changed(Rules(), {"on-fax": "yes", "on-sms": "perhaps"}, (), NOON, BANGKOK, channels=CHANNELS)
    assert made.on == {}
