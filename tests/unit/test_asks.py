"""What a message asks of the system itself, and what that makes of it for its ticket."""

from dataclasses import replace

import pytest

from intake.asks import FORGET, Ask, answers_the_menu, asked, taken_as
from intake.prepare import prepare
from model.events import Attachment, Received, Sender
from model.tickets import APP_HINT, CHOSEN, WRITTEN
from tests.unit.test_merge import NOON, facts

MENU = ("my", "km", "th")
AYE = Sender(scope="telegram", value="42", language="ne")


def said(text, kind="text", **more):
    return Received(event_id="1", provider_id="1", kind=kind, sender=AYE, text=text, **more)


def of(text, kind="text", **more):
    return asked(said(text, kind, **more), text, MENU)


@pytest.mark.parametrize(
    ("text", "kind", "ask"),
    [
        ("language:th", "postback", Ask(what="language", language="th")),
        ("language:th", "text", None),  # nobody types that
        ("ไทย", "postback", Ask(what="language", language="th")),  # Messenger gives the button's words
        ("ไทย", "text", Ask(what="language", language="th", certain=False)),
        ("Thai", "text", Ask(what="language", language="th", certain=False)),
        ("2", "text", Ask(what="language", language="km", certain=False, number=True)),
        ("4", "text", None),
        ("stop", "text", Ask(what="stop", language="en")),
        ("stop", "postback", Ask(what="stop", language="en")),
        ("start", "text", Ask(what="start", language="en")),
        ("/start", "text", Ask(what="start", language="en")),  # as it is for whoever never said stop: a greeting
        ("/start poster12", "text", None),
        ("delete my data", "text", Ask(what="forget", language="en")),
        ("stop", "sticker", None),
        ("stop", "image", None),
        ("GET_STARTED", "postback", None),
        ("", "text", None),
    ],
)
def test_what_a_message_asks_for(text, kind, ask):
    assert of(text, kind) == ask


def test_words_with_a_picture_are_for_a_person():
    assert of("stop", attachments=(Attachment(kind="image", ref="x"),)) is None


@pytest.mark.parametrize(
    ("number", "menu_is_out", "somebody_answered", "is_one"),
    [
        (True, True, False, True),
        (True, False, False, False),  # two what?
        (True, True, True, False),  # "how many months do they owe you?" "2"
        (False, False, False, True),
        (False, True, True, False),  # "where are you from?" "Nepali"
    ],
)
def test_what_answers_a_menu(number, menu_is_out, somebody_answered, is_one):
    ask = Ask(what="language", language="km", certain=False, number=number)
    assert answers_the_menu(ask, menu_is_out=menu_is_out, somebody_answered=somebody_answered) is is_one


WORDS = facts(language="en", language_rank=WRITTEN, urgency="U3", reasons=("language_unknown",), issues=("WAG.UNPAID",))


@pytest.mark.parametrize(
    ("ask", "language", "rank"),
    [
        (Ask(what="language", language="km"), "km", CHOSEN),
        (Ask(what="stop", language="th"), "th", WRITTEN),
        (Ask(what="stop", language="en"), "en", WRITTEN),  # as the facts had it
    ],
)
def test_a_wish_starts_no_clock_and_raises_nothing(ask, language, rank):
    taken = taken_as(WORDS, ask)
    assert taken == replace(
        WORDS, language=language, language_rank=rank, urgency="U4", reasons=(), issues=(), starts_clock=False
    )


def test_a_wish_to_be_forgotten_waits_for_a_person_the_same_day():
    taken = taken_as(facts(starts_clock=False), Ask(what="forget", language="en"))
    assert (taken.urgency, taken.reasons, taken.starts_clock) == ("U2", (FORGET,), True)
    assert taken_as(facts(urgency="U1"), Ask(what="forget")).urgency == "U1"


@pytest.mark.parametrize(
    ("text", "kind", "starts_clock", "language", "rank"),
    [
        ("language:th", "postback", False, "th", CHOSEN),
        ("stop", "text", False, "ne", APP_HINT),  # a word that everybody knows: the language of the app says more
        ("/start", "text", False, "ne", APP_HINT),
        ("မက်ဆေ့ချ်တွေ ထပ်မပို့ပါနဲ့တော့", "text", False, "my", WRITTEN),
        ("delete my data", "text", True, "en", WRITTEN),
        ("2", "text", True, "ne", APP_HINT),  # ordinary words until the menu is known to be out
    ],
)
def test_a_certain_wish_is_prepared_as_one(text, kind, starts_clock, language, rank):
    found = prepare(said(text, kind), NOON, account="telegram-my", channel="telegram", languages=MENU).facts
    assert (found.starts_clock, found.language, found.language_rank) == (starts_clock, language, rank)


def test_a_tap_is_shown_as_what_was_tapped():
    words = prepare(said("language:th", "postback"), NOON, account="a", channel="telegram", languages=MENU).words
    assert (words.text, words.original) == ("ภาษาไทย", "language:th")
