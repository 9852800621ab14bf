from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.contact import ANSWERS, PHONES, Allowed, Forbidden, Rules, allowed, dump, load
from model.hours import Hours, parse_hours

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)  # noon in Bangkok
CHANNELS = ["line", "sms", "voice", "telegram", "facebook"]
ZONES = ["Asia/Bangkok", "Asia/Kathmandu", "Europe/Sofia", "America/New_York", "Australia/Lord_Howe", "Asia/Dubai"]
MOMENTS = st.integers(1_767_225_600, 1_830_297_600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
SPANS = st.lists(
    st.tuples(st.integers(0, 7 * 1440 - 1), st.integers(1, 1440)).map(lambda s: (s[0], s[0] + s[1])), max_size=3
).map(tuple)
HOURS = st.builds(Hours, timezone=st.sampled_from(ZONES), spans=SPANS)
ANSWER = st.sampled_from(ANSWERS)
RULES = st.builds(
    Rules,
    write=ANSWER,
    on=st.dictionaries(st.sampled_from(CHANNELS), ANSWER, max_size=3),
    call=ANSWER,
    voicemail=ANSWER,
    name=ANSWER,
    hours=st.none() | HOURS,
    until=st.none() | MOMENTS,
    phone=st.sampled_from(PHONES),
    whose=st.text(max_size=10),
    check=st.text(max_size=10),
    remark=st.text(max_size=10),
    checked_at=st.none() | MOMENTS,
)
ACTS = st.sampled_from(["write", "call", "voicemail", "name"])


def ask(rules: Rules, what="write", channel="line", at=NOON, used=True):
    return allowed(rules, channel, what, at, used=used)


def test_what_nobody_asked_allows_an_answer_where_they_wrote_and_nothing_else():
    assert ask(Rules()) == Allowed()
    assert ask(Rules(), used=False) == Forbidden("not_known")
    for what in ("call", "voicemail", "name"):
        assert ask(Rules(), what) == Forbidden("not_known")


def test_the_persons_word_counts():
    assert ask(Rules(write="no")) == Forbidden("no")
    assert ask(Rules(write="yes"), used=False) == Allowed()
    assert ask(Rules(call="yes"), "call") == Allowed()
    assert ask(Rules(call="yes", voicemail="no"), "voicemail") == Forbidden("no")
    assert ask(Rules(call="no", voicemail="yes"), "voicemail") == Forbidden("no")  # one must call to leave a message
    assert ask(Rules(voicemail="yes"), "voicemail") == Forbidden("not_known")


def test_one_channel_may_be_another_matter():
    rules = Rules(write="no", on={"line": "yes"})
    assert (ask(rules), ask(rules, channel="sms")) == (Allowed(), Forbidden("no"))
    rules = Rules(on={"sms": "yes"})
    assert ask(rules, channel="sms", used=False) == Allowed()
    assert ask(rules, channel="line", used=False) == Forbidden("not_known")


def test_safe_hours_are_on_the_persons_own_clock():
    nights = Rules(write="yes", call="yes", name="yes", hours=parse_hours({"mon-sun": "20:00-22:00"}, "Asia/Bangkok"))
    opens = NOON + timedelta(hours=8)
    assert ask(nights) == Forbidden("not_now", opens)
    assert ask(nights, "call") == Forbidden("not_now", opens)
    assert ask(nights, "name") == Allowed()  # who we are is no question of the hour
    assert ask(nights, at=opens) == Allowed()
    assert ask(nights, at=opens + timedelta(hours=2)) == Forbidden("not_now", opens + timedelta(days=1))


def test_after_its_time_a_rule_is_unknown_again():
    until = NOON + timedelta(hours=1)
    assert ask(Rules(write="no", until=until), at=until - timedelta(seconds=1)) == Forbidden("no")
    assert ask(Rules(write="no", until=until), at=until) == Allowed()
    assert ask(Rules(write="yes", until=until), at=until, used=False) == Forbidden("not_known")
    kept = Rules(phone="shared", whose="the foreman", check="mango", until=until).in_force(until)
    assert (kept.phone, kept.whose, kept.check) == ("shared", "the foreman", "mango")


def test_whoever_waits_for_the_hours_waits_no_longer_than_the_rule():
    hours = parse_hours({"mon-sun": "20:00-22:00"}, "Asia/Bangkok")
    until = NOON + timedelta(hours=1)
    assert ask(Rules(write="yes", hours=hours, until=until)) == Forbidden("not_now", until)
    assert ask(Rules(write="yes", hours=hours, until=until), used=False) == Forbidden("not_now", None)
    assert ask(Rules(write="yes", hours=Hours(timezone="UTC", spans=()))) == Forbidden("not_now", None)


@given(RULES, st.sampled_from(CHANNELS), ACTS, MOMENTS, st.booleans())
def test_nothing_is_done_that_the_person_has_not_allowed(rules, channel, what, at, used):
    """Said once more, from the other side: whatever is allowed has its yes, and its hour on the clock on the wall."""
    if allowed(rules, channel, what, at, used=used) != Allowed():
        return
    if rules.until is not None and at >= rules.until:
        assert what == "write"
        assert used
        return
    answer = {"write": rules.on.get(channel, rules.write), "call": rules.call, "name": rules.name}
    answers = [rules.call, rules.voicemail] if what == "voicemail" else [answer[what]]
    assert all(a == "yes" for a in answers) or (what == "write" and used and answers == ["unknown"])
    if rules.hours is not None and what != "name":
        wall = at.astimezone(ZoneInfo(rules.hours.timezone))
        minute = wall.weekday() * 1440 + wall.hour * 60 + wall.minute
        assert any(s <= minute < e or s <= minute + 7 * 1440 < e for s, e in rules.hours.spans)


@given(RULES, st.sampled_from(CHANNELS), ACTS, MOMENTS, st.booleans())
def test_what_is_told_to_wait_may_be_done_then_and_not_before(rules, channel, what, at, used):
    verdict = allowed(rules, channel, what, at, used=used)
    if not isinstance(verdict, Forbidden) or verdict.opens_at is None:
        return
    assert verdict.why == "not_now"
    assert verdict.opens_at > at
    assert allowed(rules, channel, what, verdict.opens_at, used=used) == Allowed()
    minute = at
    while minute < min(verdict.opens_at, at + timedelta(hours=26)):
        assert allowed(rules, channel, what, minute, used=used) != Allowed()
        minute += timedelta(minutes=13)


@given(RULES)
def test_rules_come_back_as_they_were_written_down(rules):
    assert load(dump(rules)) == rules


@pytest.mark.parametrize("changed", ["write", "call", "voicemail", "name"])
def test_one_no_is_enough(changed):
    rules = Rules(write="yes", call="yes", voicemail="yes", name="yes")
    assert ask(replace(rules, **{changed: "no"}), changed) == Forbidden("no")
