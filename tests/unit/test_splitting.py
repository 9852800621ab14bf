"""Long texts become messages: nothing lost, nothing doubled, no letter torn."""

import re

import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.splitting import shorten, split, utf16

# Letters with marks above, below and around; stacked consonants; vowels before their consonant; families of emojis.
PARTS = [
    "မင်္ဂလာပါ", "လစာမရသေးပါ။", "က္က", "သွားလေ့လာ", "ၶႃႈ", "เก็บหนังสือเดินทาง", "น้ำ", "ໂມງ", "ខ្ញុំ", "ស្ត្រី។", "ង្រ៉",
    "नमस्ते।", "க்ஷ", "শ্রমিক", "ශ්‍රී", "پاسپورٹ؟", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇹🇭", "e\u0301", "a", "Zz",
    ".", "! ", "? ", "1,500.50", " ", "\n", "\n\n", "\r\n", "\t", "\u200b", "\u00a0", "\u2029", "\ufeff",
    "\u0301", "\u1039", "\u17d2", "\u0e40", "\0",
]  # fmt: skip
texts = st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=60).map("".join)
limits = st.integers(2, 40)


def seen(text: str) -> str:
    """Without white space, which may be left out at a cut."""
    return re.sub(r"\s", "", text)


@given(texts, limits, st.sampled_from([utf16, len]))
@example("\u0301" * 50, 2, len)
@example(" " * 50 + "a" + " " * 50, 10, len)
@example("a" + "\u0301" * 50 + "b", 10, len)
@example("😀" * 5, 2, utf16)
@settings(max_examples=500)
def test_nothing_is_lost_and_nothing_doubled(text, limit, measure):
    pieces = split(text, limit, measure)
    assert all(piece.strip() and measure(piece) <= limit for piece in pieces)
    place = 0
    for piece in pieces:
        found = text.find(piece, place)
        assert found >= place
        assert not text[place:found].strip(), "only white space is left out"
        place = found + len(piece)
    assert not text[place:].strip()
    assert "".join(map(seen, pieces)) == seen(text)


@given(texts, st.integers(30, 60))
@settings(max_examples=500)
def test_no_letter_is_torn(text, limit):
    edges = {0, len(text)} | {found.end() for found in regex.finditer(r"\X", text)}
    place = 0
    for piece in split(text, limit):
        place = text.index(piece, place)
        letters = regex.findall(r"\X", text)
        assert place in edges or any(utf16(letter) > limit for letter in letters)
        place += len(piece)
        assert place in edges or any(utf16(letter) > limit for letter in letters)


@given(texts, limits)
def test_what_fits_stays_as_it_is(text, limit):
    whole = split(text, max(limit, utf16(text)))
    assert whole == ([text] if text.strip() else [])


def test_it_cuts_where_a_reader_pauses():
    words = "word " * 8
    assert split(f"{words}\n\none\n{words}", 60, len)[0] == words.strip(), "a paragraph before a line"
    assert split(f"{words}\nOne. Two {words}", 60, len)[0] == words.strip(), "a line before a sentence"
    assert split(f"{words}Over. {words}{words}", 60, len)[0] == f"{words}Over.", "a sentence before a word"
    assert split(f"{words}1,500.50 {words}", 46, len)[0] == words.strip(), "no sentence ends inside a number"
    assert split("လစာမရပါ။" * 4, 20, len)[0] == "လစာမရပါ။" * 2, "Burmese needs no space after its full stop"
    assert split("ប្រាក់ខែ\u200b" * 4, 20, len)[0] == "ប្រាក់ខែ\u200b" * 2, "Khmer words have a space that is not seen"


def test_the_text_keeps_its_own_edges():
    assert split("  one two  ", 8, len) == ["  one", "two  "]


def test_an_early_pause_does_not_make_a_short_message():
    assert split("Hello.\n\n" + "ก" * 100, 50, len)[0] == "Hello.\n\n" + "ก" * 42


def test_a_stack_and_a_leading_vowel_stay_with_their_consonant():
    assert split("က္က" * 5, 4, len) == ["က္က"] * 5
    assert split("ខ្ម" * 5, 4, len) == ["ខ្ម"] * 5
    assert split("เก" * 5, 3, len) == ["เก"] * 5
    assert split("👩‍👩‍👧‍👦" * 3, 12, utf16) == ["👩‍👩‍👧‍👦"] * 3


def test_a_hundred_thousand_characters():
    text = ("အလုပ်ရှင်က လစာ မပေးဘူး။ " * 5000)[:100_000]
    pieces = split(text, 5000)
    assert 20 <= len(pieces) <= 21
    assert all(piece.endswith("။") for piece in pieces[:-1])
    assert "".join(map(seen, pieces)) == seen(text)


def test_emojis_count_twice():
    assert [utf16(text) for text in ("a", "က", "😀", "👍🏽", "")] == [1, 1, 2, 4, 0]
    assert split("😀" * 10, 10) == ["😀" * 5] * 2


def test_a_label_is_shortened_between_letters():
    assert shorten("ภาษาไทย", 20) == "ภาษาไทย"
    assert shorten("👩‍👩‍👧‍👦👍🏽", 12) == "👩‍👩‍👧‍👦"
    assert shorten("มือ" * 10, 4, len) == "มือ"
