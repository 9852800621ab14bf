import json
import re
import timeit
import unicodedata
from pathlib import Path

import pytest
import yaml
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from para.convert import zg_to_unicode

from tests.confusion import samples
from translations.burmese import repair
from translations.catalog import keys, say
from translations.zawgyi import to_zawgyi

ROOT = Path(__file__).parents[2]
MYANMAR = re.compile(r"[\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f]")
LANGUAGES = {row["id"]: row for row in samples() if row["lang"] in ("shn", "mnw", "ksw", "en", "th")}

# As newspapers and offices wrote these words while they published in Zawgyi.
WORDS = {
    "သင်္ဘော": "101e 1031 1018 1064 102c",
    "အင်္ဂလိပ်": "1021 1002 1064 101c 102d 1015 1039",
    "တနင်္ဂနွေ": "1010 1014 1002 1064 1031 108f 103c",
    "သင်္ကြန်": "101e 1080 1000 1064 1014 1039",
    "အင်္ကျီ": "1021 1000 103a 108c",
    "လိင်္ဂိ": "101c 102d 1002 108b",
    "သင်္ဂံ": "101e 1002 108d",
    "ဥက္ကဋ္ဌ": "1025 1000 1060 1092",
    "စက္ကူ": "1005 1000 1060 1034",
    "ပုဂ္ဂိုလ်": "1015 102f 1002 1062 102d 1033 101c 1039",
    "ပတ္တမြား": "1015 1010 1071 103b 1019 102c 1038",
    "မန္တလေး": "1019 108f 1072 1031 101c 1038",
    "ဝတ္ထု": "101d 1010 1073 1033",
    "ကမ္ဘာ": "1000 1019 107b 102c",
    "ကမ္ဘောဒီးယား": "1000 1031 1019 107b 102c 1012 102e 1038 101a 102c 1038",
    "တိရစ္ဆာန်": "1010 102d 101b 1005 1067 102c 1014 1039",
    "ဣန္ဒြေ": "1023 1031 1081 108f 1075",
    "ဆန္တွင်": "1006 108f 1096 1004 1039",
    "ပဉ္စမ": "1015 106a 1065 1019",
    "ကဏ္ဍ": "1000 1091",
    "ဝဋ္ဋ": "101d 1097",
    "ပြဿနာ": "103b 1015 1086 1014 102c",
    "ကျွန်တော်": "1000 103c 107d 1014 1039 1031 1010 102c 1039",
    "ကျွန်ုပ်": "1000 103c 107d 108f 1039 102f 1015 1039",
    "ကျွမ်းကျင်": "1000 103c 107d 1019 1039 1038 1000 103a 1004 1039",
    "ယောက်ျား": "1031 101a 102c 1000 1039 103a 102c 1038",
    "လျှင်": "101c 103d 103a 1004 1039",
    "အမျိုး": "1021 1019 103a 102d 1033 1038",
    "ကျူး": "1000 103a 1034 1038",
    "ကြွေး": "1031 1082 1000 103c 1038",
    "ဝန်ကြီး": "101d 1014 1039 1080 1000 102e 1038",
    "ပြည်တွင်း": "103b 1015 100a 1039 1010 103c 1004 1039 1038",
    "မြင့်": "103b 1019 1004 1037 1039",
    "မြှုပ်နှံ": "103b 1019 1087 1033 1015 1039 108f 103d 1036",
    "ကြုံ": "1080 1000 1036 1033",
    "မြို့": "107f 1019 102d 1033 1095",
    "ဖွံ့ဖြိုး": "1016 103c 1036 1095 107f 1016 102d 1033 1038",
    "ရဲ့": "101b 1032 1095",
    "တို့": "1010 102d 102f 1094",
    "နေ့": "1031 1014 1094",
    "ခဲ့": "1001 1032 1037",
    "ပေါ့": "1031 1015 102b 1037",
    "ခေါ်": "1031 1001 105a",
    "နိုင်ငံ": "108f 102d 102f 1004 1039 1004 1036",
    "ရုပ်": "1090 102f 1015 1039",
    "ရှုမြင်": "1090 1088 103b 1019 1004 1039",
    "မှူး": "1019 1089 1038",
    "ရွှေ": "1031 101b 108a",
    "ညှိ": "106b 103d 102d",
    "ညွှန်": "106b 108a 1014 1039",
    "ညို": "100a 102d 1033",
    "ဉာဏ်": "1009 102c 100f 1039",
    "ယဉ်": "101a 1025 1039",
    "စိံ": "1005 108e",
    "၎င်း": "104e",
}


def strings(node) -> list[str]:
    """All strings in nested lists and mappings."""
    if isinstance(node, dict):
        return strings(list(node.values()))
    if isinstance(node, list):
        return [text for part in node for text in strings(part)]
    return [node] if isinstance(node, str) else []


def carried() -> list[str]:
    """Every Burmese text of the repository, in Unicode."""
    sandbox = json.loads((ROOT / "sandbox/messages.json").read_text("utf-8"))["conversations"]
    phrases = yaml.safe_load((ROOT / "translations/locale/my/urgency.yaml").read_text("utf-8"))
    texts = [
        *(row.get("unicode", row["text"]) for row in samples() if row["lang"] == "my"),
        *strings([row["lines"] for row in sandbox if row.get("language") == "my" and "encoding" not in row]),
        *strings(phrases),
        *(say(key, "my") for key in keys()),
    ]
    return sorted({text for text in texts if MYANMAR.search(text)})


def foreign_names() -> list[str]:
    """Names of countries, languages and money: Burmese spelt as it seldom is."""
    burmese = Locale("my")
    return sorted({*burmese.territories.values(), *burmese.languages.values(), *burmese.currencies.values()})


def back(zawgyi: str) -> str:
    return unicodedata.normalize("NFC", zg_to_unicode(zawgyi, force=True))


LETTERS = "ကခဂဃငစဆဇဈဉညဋဌဍဎဏတထဒဓနပဖဗဘမယရလဝသဟဠအ"
MEDIALS = ["", "ျ", "ြ", "ွ", "ှ", "ျွ", "ြွ", "ျှ", "ြှ", "ွှ", "ျွှ", "ြွှ"]
VOWELS = ["", "ာ", "ါ", "ိ", "ီ", "ု", "ူ", "ေ", "ဲ", "ော", "ေါ", "ော်", "ေါ်", "ို", "ံ", "ုံ", "ိံ"]
TONES = ["", "့", "း"]


def one_of(*choices):
    return st.tuples(*map(st.sampled_from, choices)).map("".join)


# What reads back takes စျ for ဈ, and mixes up medials after kinzi and ya after a stacked letter.
SYLLABLES = st.one_of(
    one_of(LETTERS, MEDIALS, VOWELS, TONES),
    one_of(LETTERS, MEDIALS, ["", "ေ", "ို", "ု", "ော"], "ကငစညဉတနပမ", ["်", "့်", "်း"]),
    one_of(LETTERS, ["\u1039"], "ကခဂဃစဆဇဈဋဌဏတထဒဓနပဖဗဘမလ", ["", "ြ", "ွ"], VOWELS, TONES),
    one_of("သမ", ["င်္"], "ကခဂဃစဆဇတဒပဘမလသ", VOWELS, TONES),
    st.sampled_from([*"ဣဤဥဦဧဩဪဿ၍၏၊။ ၁၅", "ယောက်ျား", "ကျွန်ုပ်", "၎င်း", "ok", "\n"]),
).filter(lambda syllable: not syllable.startswith("စျ"))


@pytest.mark.parametrize("word", WORDS)
def test_hard_words(word):
    assert " ".join(f"{ord(sign):04x}" for sign in to_zawgyi(word)) == WORDS[word]
    assert back(to_zawgyi(word)) == word


@pytest.mark.parametrize("source", [carried, foreign_names])
def test_burmese_reads_back(source):
    texts = source()
    assert len(texts) > 500
    assert [text for text in texts if back(to_zawgyi(text)) != unicodedata.normalize("NFC", text)] == []


def test_longer_texts_are_zawgyi_beyond_doubt():
    texts = [text for text in carried() if len(MYANMAR.findall(text)) > 20 and "…" not in text]
    assert len(texts) > 30
    for text in texts:
        repaired = repair(to_zawgyi(text))
        assert (repaired.text, repaired.encoding) == (unicodedata.normalize("NFC", text), "zawgyi")
        assert repaired.probability > 0.95


@given(st.lists(SYLLABLES, max_size=12).map("".join))
def test_well_formed_syllables_read_back(text):
    assert back(to_zawgyi(text)) == unicodedata.normalize("NFC", text)


def test_marks_typed_in_another_order_show_the_same():
    assert to_zawgyi("မ\u103c\u102f\u102d\u1037") == to_zawgyi("မ\u103c\u102d\u102f\u1037")
    assert to_zawgyi("န\u103a\u1037") == to_zawgyi("န\u1037\u103a")


@pytest.mark.parametrize("row", LANGUAGES.values(), ids=LANGUAGES)
def test_other_languages_are_unchanged(row):
    assert to_zawgyi(row["text"]) == row["text"]


def test_of_two_languages_only_burmese_is_changed():
    shan = "မႂ်ႇသုင်ၶႃႈ"
    assert to_zawgyi(f"ကျေးဇူး\n{shan}\nThank you") == f"ေက်းဇူး\n{shan}\nThank you"


@given(st.text() | st.text(st.characters(min_codepoint=0x1000, max_codepoint=0x109F) | st.sampled_from(" \n။a1")))
def test_any_text_is_taken_and_nothing_else_in_it_changed(text):
    assert MYANMAR.sub("", to_zawgyi(text)) == MYANMAR.sub("", text)


@given(st.text(st.characters(categories=["Cs", "Lo", "Mn", "Mc"])))
def test_lone_surrogates_are_taken_too(text):
    assert isinstance(to_zawgyi(text), str)


def test_two_hundred_characters_take_less_than_a_fifth_of_a_millisecond():
    text = "".join(carried())[-200:]
    assert min(timeit.repeat(lambda: to_zawgyi(text), number=10, repeat=20)) / 10 < 0.0002
