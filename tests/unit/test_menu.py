"""Choosing a language: what is offered, and how an answer is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.deliveries import Choice
from translations.catalog import reviewed
from translations.languages import ENGLISH_NAMES
from translations.menu import choices, names, numbered, own_name, tapped
from translations.requests import Found, find

MENU = ("my", "km", "th", "shn", "ksw")


def test_each_language_is_offered_by_its_own_name():
    assert choices(("my", "th", "en")) == (
        Choice("မြန်မာ", "language:my"),
        Choice("ไทย", "language:th"),
        Choice("English", "language:en"),
    )


def test_a_name_no_speaker_has_reviewed_is_offered_in_the_sandbox_alone():
    assert not reviewed("language.name", "ksw")
    assert own_name("ksw") == "S'gaw Karen"  # the Unicode CLDR does not know it either
    assert own_name("ksw", unreviewed=True) == "ကညီကျိာ်"
    assert own_name("my", unreviewed=True) == "မြန်မာဘာသာ"


@given(st.lists(st.sampled_from(sorted(ENGLISH_NAMES)), unique=True, min_size=1, max_size=13))
def test_what_is_tapped_or_typed_as_a_number_is_what_was_offered(languages):
    for position, choice in enumerate(choices(languages)):
        assert tapped(choice.value) == languages[position]
        assert numbered(f" {position + 1}. ", languages) == languages[position]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("1", "my"), ("၁", "my"), ("၂", "km"), ("២", "km"), ("๓", "th"), ("3.", "th"), (" 4 ", "shn"), ("5️⃣", None),
        ("0", None), ("6", None), ("12", None), ("1 2", None), ("2 months", None), ("", None), ("²", "km"),
        ("1a", None), ("1111111111111", None),
    ],
)  # fmt: skip
def test_a_number_typed_alone(text, language):
    assert numbered(text, MENU) == language


@pytest.mark.parametrize("text", ["language:", "language:xx", "language:MY", "language:my en", "my", "LANGUAGE:my", ""])
def test_what_is_no_tap(text):
    assert tapped(text) is None


@pytest.mark.parametrize("language", ENGLISH_NAMES)
def test_every_name_under_which_a_language_is_offered_chooses_it(language):
    for name in {*names(language), own_name(language), own_name(language, unreviewed=True)}:
        assert find(name) == Found("language", language)
        assert find(f" {name.upper()}! ") == Found("language", language)


@given(st.text())
def test_any_text_is_read_without_fail(text):
    assert numbered(text, MENU) in (None, *MENU)
    assert tapped(text) in (None, *ENGLISH_NAMES)
