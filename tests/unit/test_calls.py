"""A call grows with its steps, in whatever order they are told."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.calls import Call, merge, outcome, told
from model.events import CallEnded, CallStep, Sender

CALLER = Sender(scope="phone", value="+66200000001")


def step(name: str, language: str | None = None) -> CallStep:
    return CallStep(event_id="e", provider_id="c", sender=CALLER, step=name, language=language)


def ended(status: str, seconds: int = 0) -> CallEnded:
    return CallEnded(event_id="e", provider_id="c", sender=CALLER, status=status, seconds=seconds)


events = st.lists(
    st.one_of(
        st.builds(
            step,
            st.sampled_from(["ringing", "language", "voicemail", "silence"]),
            st.sampled_from([None, "my", "km"]),
        ),
        st.builds(
            ended, st.sampled_from(["completed", "busy", "no-answer", "canceled", "failed"]), st.integers(0, 900)
        ),
    ),
    min_size=1,
    max_size=6,
)


@given(events, st.randoms())
def test_order_and_repetition_do_not_matter(heard, random):
    whole = reduce(merge, map(told, heard))
    assert reduce(merge, map(told, random.sample(heard, len(heard)))) == whole
    assert reduce(merge, map(told, heard + heard)) == whole
    assert merge(whole, Call()) == whole


@given(events, st.integers(0, 6))
def test_grouping_does_not_matter(heard, cut):
    left, right = heard[:cut], heard[cut:]
    assert merge(reduce(merge, map(told, left), Call()), reduce(merge, map(told, right), Call())) == reduce(
        merge, map(told, heard)
    )


@pytest.mark.parametrize(
    ("heard", "word"),
    [
        ([step("ringing")], "ringing"),
        ([step("ringing"), step("language", "my")], "ringing"),
        ([step("ringing"), ended("no-answer")], "missed"),
        ([step("ringing"), ended("busy")], "missed"),
        ([step("ringing"), ended("canceled")], "missed"),
        ([ended("failed")], "missed"),
        ([step("ringing"), ended("completed", 0)], "flash"),
        ([step("ringing"), ended("completed", 4)], "flash"),
        ([step("ringing"), ended("completed", 5)], "hung_up"),
        ([step("ringing"), step("language", "my"), ended("completed", 40)], "hung_up"),
        ([step("ringing"), step("silence"), ended("completed", 30)], "silent"),
        ([step("silence")], "silent"),
        ([step("voicemail")], "voicemail"),
        ([step("voicemail"), ended("completed", 3)], "voicemail"),
        ([step("silence"), step("voicemail"), ended("failed")], "voicemail"),
    ],
)
def test_how_a_call_ended(heard, word):
    assert outcome(reduce(merge, map(told, heard)), flash_seconds=5) == word


def test_what_a_call_tells():
    whole = reduce(merge, map(told, [step("ringing"), step("language", "my"), ended("completed", 70)]))
    assert whole == Call(steps=frozenset({"ringing", "language"}), language="my", status="completed", seconds=70)
