"""Whether the system answers by itself, and what it says: each rule a line."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.acknowledge import Answer, Circumstances, Silence, acknowledge, confirm
from model.hours import Hours, around_the_clock, parse_hours
from model.network import Acknowledgement
from model.tickets import APP_HINT, CHOSEN, GUESSED, UNKNOWN, WRITTEN
from translations import catalog
from translations.languages import ENGLISH_NAMES

FRIDAY_EVENING = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)  # 21:30 in Bangkok
DESK = parse_hours({"mon-fri": "08:00-20:00"}, "Asia/Bangkok")
PLAIN = Circumstances(
    new_ticket=True,
    channel="line",
    inbound=True,
    no_way=None,
    wish=None,
    urgency="U3",
    reasons=(),
    language="my",
    language_rank=WRITTEN,
    languages=("my", "km", "th"),
    default_language="en",
    unreviewed=True,
    hours=around_the_clock("Asia/Bangkok"),
    acknowledgement=Acknowledgement(),
    at=FRIDAY_EVENING,
    said_lately=0,
    most=3,
)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"new_ticket": False}, "old_ticket"),
        ({"acknowledgement": Acknowledgement(enabled=False)}, "switched_off"),
        ({"inbound": False}, "one_way"),
        ({"no_way": "no_text"}, "no_way"),
        ({"no_way": "blocked"}, "no_way"),
        ({"no_way": "opted_out"}, "no_way"),
        ({"wish": "stop"}, "a_wish"),
        ({"wish": "forget"}, "a_wish"),
        ({"wish": "language"}, "a_wish"),
        ({"reasons": ("language_unknown", "possible_probe")}, "possible_probe"),
        ({"said_lately": 3}, "enough"),
        ({"said_lately": 9}, "enough"),
    ],
)
def test_when_nothing_is_said(facts, why):
    assert acknowledge(replace(PLAIN, **facts)) == Silence(why)


@pytest.mark.parametrize(
    ("facts", "key", "languages", "menu"),
    [
        ({}, "ack.open", ("my",), False),
        ({"language": "th", "language_rank": CHOSEN}, "ack.open", ("th",), False),
        ({"language": "vi"}, "ack.open", ("vi",), False),  # not one of the account's: it is what was written
        ({"said_lately": 2}, "ack.open", ("my",), False),
        ({"urgency": "U1"}, "ack.open", ("my",), False),
        # Shan has no text yet: the account's next language
        ({"language": "shn"}, "ack.open", ("my",), False),
        # nobody knows the language: two of the account's, and a choice
        ({"language": None, "language_rank": UNKNOWN}, "ack.open", ("my", "km"), True),
        ({"language": "th", "language_rank": GUESSED}, "ack.open", ("th", "my"), True),
        ({"language": "ne", "language_rank": APP_HINT}, "ack.open", ("ne", "my"), True),
        ({"language": None, "language_rank": UNKNOWN, "languages": ("th",)}, "ack.open", ("th", "en"), True),
        ({"language": None, "language_rank": UNKNOWN, "channel": "sms"}, "ack.open", ("my",), True),
        # outside hours
        ({"hours": DESK}, "ack.closed", ("my",), False),
        ({"hours": DESK, "at": datetime(2026, 11, 20, 5, tzinfo=UTC)}, "ack.open", ("my",), False),
        ({"hours": Hours(timezone="Asia/Bangkok", spans=())}, "ack.open", ("my",), False),  # no time can be promised
        # outside the sandbox only what has been reviewed
        ({"unreviewed": False}, "ack.open", ("en",), False),
        ({"unreviewed": False, "language": None, "language_rank": UNKNOWN}, "ack.open", ("en",), True),
    ],
)
def test_what_is_said(facts, key, languages, menu):
    said = acknowledge(replace(PLAIN, **facts))
    assert isinstance(said, Answer)
    assert (said.key, said.languages, said.menu, said.own) == (key, languages, menu, "")


def test_when_somebody_will_be_there_stands_in_the_language_and_on_the_clock_of_the_organisation():
    said = acknowledge(replace(PLAIN, language="en", hours=DESK))
    assert said.text == "Hello. Your message has arrived. Somebody will be here: Monday 08:00"
    assert "วันจันทร์ 08:00" in acknowledge(replace(PLAIN, language="th", hours=DESK)).text
    both = acknowledge(replace(PLAIN, language=None, language_rank=UNKNOWN, languages=("en", "id"), hours=DESK))
    assert "Monday 08:00" in both.text
    assert "Senin 08:00" in both.text


def test_with_a_choice_comes_the_line_that_asks_for_it():
    said = acknowledge(replace(PLAIN, language=None, language_rank=UNKNOWN, languages=("en", "my")))
    assert said.text.splitlines() == [
        f"{catalog.say('ack.open', 'en')} {catalog.say('ack.choose_language', 'en')}",
        f"{catalog.say('ack.open', 'my')} {catalog.say('ack.choose_language', 'my')}",
    ]


DANGER = Acknowledgement(danger={"my": "our own words", "en": "in English"})


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"urgency": "U1"}, "our own words"),
        ({"urgency": "U1", "unreviewed": False}, "our own words"),  # the organisation had them reviewed
        ({"urgency": "U1", "language": "en"}, "in English"),
        ({"urgency": "U1", "language": None, "language_rank": UNKNOWN}, "our own words"),
        ({"urgency": "U1", "language": "th"}, catalog.say("ack.open", "th")),  # none in Thai
        ({"urgency": "U2"}, catalog.say("ack.open", "my")),
        ({"urgency": "U1", "acknowledgement": Acknowledgement()}, catalog.say("ack.open", "my")),
    ],
)
def test_what_is_said_to_people_in_danger_is_the_organisations_choice(facts, text):
    assert acknowledge(replace(PLAIN, **{"acknowledgement": DANGER, **facts})).text == text


@pytest.mark.parametrize(
    ("facts", "why"),
    [({"no_way": "no_text"}, "no_way"), ({"inbound": False}, "one_way"), ({"said_lately": 3}, "enough")],
)
def test_when_a_wish_is_not_confirmed(facts, why):
    assert confirm(replace(PLAIN, wish="stop", **facts), phrase="my") == Silence(why)


@pytest.mark.parametrize(
    ("wish", "facts", "phrase", "key", "language"),
    [
        ("stop", {}, "en", "stop.confirmed", "my"),
        ("stop", {"language": None, "language_rank": UNKNOWN}, "th", "stop.confirmed", "th"),
        ("stop", {"language": None, "language_rank": UNKNOWN}, None, "stop.confirmed", "my"),
        ("stop", {"new_ticket": False}, "en", "stop.confirmed", "my"),
        ("stop", {"acknowledgement": Acknowledgement(enabled=False)}, "en", "stop.confirmed", "my"),
        ("start", {}, "en", "start.confirmed", "my"),
        ("forget", {"reasons": ("asked_to_forget",)}, "en", "forget.received", "my"),
        ("language", {"language": "th", "language_rank": CHOSEN}, "km", "language.chosen", "km"),
        ("language", {"language": "shn", "language_rank": CHOSEN}, "shn", "language.chosen", "my"),
        ("language", {"unreviewed": False}, "my", "language.chosen", "en"),
    ],
)
def test_how_a_wish_is_confirmed(wish, facts, phrase, key, language):
    said = confirm(replace(PLAIN, wish=wish, **facts), phrase=phrase)
    assert isinstance(said, Answer)
    assert (said.key, said.languages, said.menu) == (key, (language,), False)


def test_a_choice_is_confirmed_by_the_languages_own_name():
    assert "ខ្មែរ" in confirm(replace(PLAIN, wish="language"), phrase="km").text
    reviewed = confirm(replace(PLAIN, wish="language", unreviewed=False), phrase="km").text
    assert reviewed == "Thank you. Your language: ខ្មែរ. You can write to us at any time."


codes = st.sampled_from(sorted(ENGLISH_NAMES))
ALL = st.builds(
    Circumstances,
    new_ticket=st.booleans(),
    channel=st.sampled_from(["line", "sms", "telegram", "facebook", "voice"]),
    inbound=st.booleans(),
    no_way=st.sampled_from([None, None, "no_text", "blocked"]),
    wish=st.none(),
    urgency=st.sampled_from(["U1", "U2", "U3", "U4"]),
    reasons=st.sampled_from([(), ("possible_probe",), ("danger_now",)]),
    language=st.none() | codes,
    language_rank=st.integers(UNKNOWN, CHOSEN),
    languages=st.lists(codes, min_size=1, max_size=9, unique=True).map(tuple),
    default_language=codes,
    unreviewed=st.booleans(),
    hours=st.sampled_from([DESK, around_the_clock("Asia/Kathmandu")]),
    acknowledgement=st.builds(Acknowledgement, enabled=st.booleans()),
    at=st.integers(0, 10**7).map(lambda s: datetime.fromtimestamp(1_790_000_000 + s, UTC)),
    said_lately=st.integers(0, 4),
    most=st.integers(1, 4),
)


@given(ALL)
def test_nothing_unreviewed_is_said_and_nothing_is_left_unfilled(facts):
    said = acknowledge(facts)
    if isinstance(said, Silence):
        return
    assert said.text.strip()
    assert "{" not in said.text
    assert len(said.languages) in (1, 2)
    keys = [said.key, *(["ack.choose_language"] if said.menu else [])]
    for language in said.languages:
        assert all(facts.unreviewed or catalog.reviewed(key, language) for key in keys)
    assert facts.new_ticket
    assert facts.inbound
    assert facts.no_way is None
    assert facts.said_lately < facts.most
    assert "possible_probe" not in facts.reasons
