"""Wishes that are for the system itself: found where they are certain, and nowhere else."""

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests import confusion
from translations import requests
from translations.catalog import files
from translations.languages import ENGLISH_NAMES
from translations.phrases import with_groups
from translations.requests import Found, find

ROWS = confusion.wishes()
#: nobody here can write them: only the names of these languages are known
UNWRITTEN = {"shn", "mnw", "ksw", "kac"}


def written(language):
    return yaml.safe_load(files("translations").joinpath("locale", language, "requests.yaml").read_text("utf-8"))


@pytest.mark.parametrize("row", [row for row in ROWS if row["set"] == "tuned"], ids=lambda row: row["text"])
def test_what_the_phrases_were_corrected_with_is_found(row):
    found = confusion.wish_in(row)
    assert (found.what if found else None) == row["is"]


@pytest.mark.parametrize("row", [row for row in ROWS if row["is"] is None], ids=lambda row: row["text"])
def test_ordinary_words_are_no_wish(row):
    assert confusion.wish_in(row) is None


def test_no_ordinary_message_of_the_triage_samples_is_a_wish():
    assert [row["id"] for row in confusion.samples() if find(row["text"])] == []


@pytest.mark.parametrize("language", sorted(set(ENGLISH_NAMES) - UNWRITTEN))
def test_every_language_can_say_stop_and_forget(language):
    assert {row["is"] for row in ROWS if row["lang"] == language} >= {"stop", "forget", None}


@pytest.mark.parametrize("language", ENGLISH_NAMES)
def test_phrases_are_written_as_they_are_read(language):
    data = written(language)
    assert set(data) <= {"reviewed", "groups", "polite", "stop", "start", "forget", "language"}
    groups = {f"<{name}>": f"({'|'.join(words)})" for name, words in data.get("groups", {}).items()}
    for section in ("polite", "stop", "start", "forget", "language"):
        for phrase in data.get(section, []):
            full = with_groups(phrase, groups)
            depth = 0
            for character in full:
                depth += {"(": 1, ")": -1}.get(character, 0)
                assert depth in (0, 1), f"a list inside a list is not read: {phrase}"
            assert depth == 0, phrase
            assert "…" not in phrase  # a gap would let another person's words in


@pytest.mark.parametrize(
    ("text", "what", "language"),
    [
        ("STOP", "stop", "en"),
        (" stop. ", "stop", "en"),
        ("Stop!!! 🙏", "stop", "en"),
        ("please stop, thank you", "stop", "en"),
        ("s t o p", None, None),
        ("stop hitting me", None, None),
        ("he must stop", None, None),
        ("STOP THE BUS", None, None),
        ("", None, None),
        ("🙏", None, None),
        ("please", None, None),
        ("stop " * 40, None, None),  # longer than any wish
        ("မြန်မာလို", "language", "my"),
        ("bangla", "language", "bn"),
        ("in english please", "language", "en"),
        ("hapus data saya", "forget", None),  # Indonesian and Malay alike
    ],
)
def test_a_whole_message_and_nothing_else(text, what, language):
    assert find(text) == (Found(what, language) if what else None)


@given(st.text(max_size=200))
def test_any_text_is_read_without_fail(text):
    find(text)


@pytest.mark.parametrize(
    "word", ["นะคะ", "ค่ะ", "hi ", "谢谢", "po na po ", "please ", "🙏", "ခင်ဗျာ", "sa akin ", "我要"]
)
def test_politeness_repeated_costs_nothing(word):
    requests.warm()
    began = time.perf_counter()
    find((word * 60)[:119] + "x")
    assert time.perf_counter() - began < 0.05
