import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.confusion import samples
from translations.burmese import repair
from translations.understand import understand

ZAWGYI = [row for row in samples() if "unicode" in row]
MYANMAR = [row for row in samples() if row["lang"] in ("my", "shn", "mnw", "ksw") and "unicode" not in row]
MYANMAR_TEXT = st.text(st.characters(min_codepoint=0x1000, max_codepoint=0x109F) | st.sampled_from(" \n။a1"))


def test_there_is_something_to_convert():
    assert len(ZAWGYI) >= 3
    assert {row["lang"] for row in MYANMAR} == {"my", "shn", "mnw", "ksw"}


@pytest.mark.parametrize("row", ZAWGYI, ids=lambda row: row["id"])
def test_zawgyi_becomes_its_unicode_twin(row):
    repaired = repair(row["text"])
    assert repaired.encoding == "zawgyi"
    assert repaired.original == row["text"]
    assert repaired.probability >= 0.95
    assert unicodedata.normalize("NFC", repaired.text) == unicodedata.normalize("NFC", row["unicode"])


@pytest.mark.parametrize("row", ZAWGYI, ids=lambda row: row["id"])
@pytest.mark.parametrize("chosen", ["mnw", "shn", "ksw", "kac"])
def test_who_chose_another_language_of_that_script_is_left_alone(row, chosen):
    assert repair(row["text"], chosen=chosen).text == row["text"]


@pytest.mark.parametrize("row", ZAWGYI, ids=lambda row: row["id"])
def test_who_chose_burmese_is_converted(row):
    assert understand(row["text"], chosen="my-MM").encoding == "zawgyi"


@pytest.mark.parametrize("row", MYANMAR, ids=lambda row: row["id"])
def test_unicode_is_untouched(row):
    repaired = repair(row["text"])
    assert (repaired.text, repaired.encoding) == (row["text"], "unicode")


@pytest.mark.parametrize("text", ["", "hello", "12", "สวัสดี", "😀", "https://example.org/?q=1"])
def test_text_without_myanmar_letters_is_certainly_not_zawgyi(text):
    repaired = repair(text)
    assert (repaired.text, repaired.encoding, repaired.probability) == (text, "unicode", 0.0)


@pytest.mark.parametrize("row", ZAWGYI + MYANMAR, ids=lambda row: row["id"])
def test_repairing_twice_changes_nothing_more(row):
    once = repair(row["text"]).text
    assert repair(once).text == once


def test_words_spelled_alike_in_both_need_no_conversion():
    assert repair("မရဘူး").encoding == "unicode"


@given(st.text() | MYANMAR_TEXT)
def test_any_text_is_taken_and_kept(text):
    repaired = repair(text)
    assert repaired.original == text
    assert 0.0 <= repaired.probability <= 1.0
    assert repaired.encoding == "zawgyi" or repaired.text == text


@given(st.text(st.characters(categories=["Cs", "Lo", "Mn", "Mc"])))
def test_lone_surrogates_are_taken_too(text):
    assert repair(text).original == text
