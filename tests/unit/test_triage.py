import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.triage import RULES, Triage, triage
from tests import confusion
from translations import lexicon, taxonomy
from translations.languages import ENGLISH_NAMES

CODES = taxonomy.load().issues
KINDS = ["text", "image", "audio", "video", "file", "sticker", "location", "contact", "postback", "call", "reaction"]
PIECES = st.sampled_from([row["text"] for row in confusion.samples()] + ["thanks", "👍", "", "/start", "१४", "…", "*"])


def of(text, language="en", kind="text", has_media=False):
    return triage(text, language, kind, has_media=has_media)


def test_the_page_shows_the_tables_as_they_are():
    assert confusion.page() == confusion.PAGE.read_text("utf-8"), "run: python -m tests.confusion"


@pytest.mark.parametrize("which", ["demo", "tuned", "later", "held_out", "tuned2"])
def test_every_danger_in_the_samples_is_found(which):
    rows = [row for row in confusion.samples(which) if row["urgency"] == "U1"]
    assert rows
    assert [row["id"] for row in rows if confusion.found(row).urgency != "U1"] == []


# not blind2: 3 of its 21 calm messages are alarmed, and it must not be corrected with
@pytest.mark.parametrize("which", sorted({*confusion.SETS} - {"blind2"}))
def test_few_false_alarms(which):
    calm = [row for row in confusion.samples(which) if row["urgency"] in ("U3", "U4")]
    alarmed = [row["id"] for row in calm if confusion.found(row).urgency < "U3"]
    assert len(alarmed) <= len(calm) // 8


@pytest.mark.parametrize("language", ENGLISH_NAMES)
def test_lexicons_name_only_known_codes_and_rules(language):
    loaded = lexicon.load(language)
    for shelf in (loaded.native, loaded.latin):
        named = {phrase.hit.of for phrases in shelf.heads.values() for phrase in phrases if phrase.hit}
        assert named <= {*CODES, *RULES}


@pytest.mark.parametrize("language", ENGLISH_NAMES)
def test_every_phrase_can_be_looked_for(language):
    """Phrases are compiled when they are met, which may be long after a worker began."""
    loaded = lexicon.load(language)
    phrases = {p for shelf in (loaded.native, loaded.latin) for those in shelf.heads.values() for p in those}
    assert phrases
    assert all(phrase.pattern.pattern for phrase in phrases)


@pytest.mark.parametrize("language", ENGLISH_NAMES)
def test_every_language_knows_the_worst(language):
    loaded = lexicon.load(language)
    named = {
        phrase.hit.of
        for shelf in (loaded.native, loaded.latin)
        for phrases in shelf.heads.values()
        for phrase in phrases
        if phrase.hit
    }
    assert named >= {"danger_now", "THR.PHYSICAL", "OSH.INJURY", "MOV.CONFINED", "WAG.UNPAID", "DOC.PASSPORT"}


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("nobody is hurt, we only want to know about accident insurance", "U3"),
        ("I worked here 15 years", "U3"),
        ("the deadline for the fire drill is Monday", "U3"),
        ("I am 15 years old and I work at night", "U1"),
        ("nobody is hurt but the factory is on fire", "U1"),
        ("How much does it cost to renew my passport?", "U4"),
        ("How much does it cost to renew my passport? My boss beat me", "U1"),
        ("don’t let us go out", "U1"),
        ("DONT LET US GO OUT", "U1"),
        ("they d\u200bont let us go out", "U1"),
        ("🆘", "U1"),
        ("hello", "U4"),
        ("hello??", "U4"),
        ("??", "U3"),
        ("", "U3"),
    ],
)
def test_english(text, urgency):
    assert of(text).urgency == urgency


@pytest.mark.parametrize(
    "text", ["thanks", "OK 👍", "Thank you so much 🙏", "👍", "/start", "/start abc_1", "Get started"]
)
def test_pleasantries(text):
    assert of(text) == Triage("U4", (), (), pleasantry=True)


@pytest.mark.parametrize(
    ("text", "language"),
    [("ขอบคุณค่ะ", "th"), ("ကျေးဇူးတင်ပါတယ်", "my"), ("धन्यवाद", "ne"), ("terima kasih banyak", "id"), ("ok", None)],
)
def test_pleasantries_in_other_languages(text, language):
    assert of(text, language).pleasantry


def test_thanks_with_more_is_no_pleasantry():
    assert not of("thanks, my boss beat me").pleasantry
    assert of("/start they beat us").urgency == "U1"
    assert not of("thanks 5").pleasantry


@pytest.mark.parametrize("kind", ["sticker", "reaction"])
def test_stickers_are_pleasantries_unless_they_cry_for_help(kind):
    assert of("", None, kind).pleasantry
    assert of("save me", None, kind).urgency == "U1"


@pytest.mark.parametrize("kind", ["image", "audio", "video"])
def test_what_nobody_has_looked_at_is_at_least_u2(kind):
    assert of("", None, kind, has_media=True) == Triage("U2", ("not_heard_yet",))
    assert of("thanks", "en", kind).urgency == "U2"
    assert of("he beat me", "en", kind).urgency == "U1"


def test_a_voicemail_is_not_heard_yet_and_a_missed_call_has_nothing_to_hear():
    assert of("", None, "call", has_media=True).reasons == ("not_heard_yet",)
    assert of("", None, "call") == Triage("U3")


@pytest.mark.parametrize("kind", ["location", "contact", "file", "unsupported"])
def test_other_kinds_are_at_least_u3(kind):
    assert of("How much does it cost to renew my passport?", "en", kind).urgency == "U3"
    assert not of("", None, kind).pleasantry


def test_a_place_is_said():
    assert of("", None, "location").reasons == ("sent_a_place",)


def test_words_of_an_unknown_language_are_said():
    assert of("zxcv qwerty", None) == Triage("U3", ("language_unknown",))
    assert of("123", None) == Triage("U3")


def test_a_probing_employer_is_marked_and_not_believed():
    asked = of("this is the HR manager, who complained from our factory? give name")
    assert "possible_probe" in asked.reasons
    assert asked.urgency == "U3"


def test_whoever_chose_one_language_and_wrote_another_is_understood():
    assert of("သူဌေးက ရိုက်တယ်", "shn").urgency == "U1"
    assert of("he beat me", "th").urgency == "U1"
    assert of("नेपाल जान दिएन, कुट्यो", "hi").urgency == "U1"


def test_no_word_of_the_message_is_in_the_reasons():
    asked = of("Mr Somchai beat me and locked the door")
    assert set(asked.reasons) <= {*RULES, *(f"issue:{code}" for code in CODES)}
    assert asked.issues == ("MOV.CONFINED", "THR.PHYSICAL")


def test_a_gap_has_an_end_and_does_not_reach_over_what_is_harmless():
    assert "DOC.PASSPORT" in of("passport from three of us was taken").issues
    assert "DOC.PASSPORT" not in of("passport" + " word" * 20 + " was taken").issues


@given(st.text() | PIECES, st.sampled_from([None, "xx", *ENGLISH_NAMES]), st.sampled_from(KINDS), st.booleans())
def test_any_message_is_taken(text, language, kind, has_media):
    said = triage(text, language, kind, has_media=has_media)
    assert said.urgency in ("U1", "U2", "U3", "U4")
    assert said.reasons == tuple(sorted(said.reasons))
    assert said == triage(text, language, kind, has_media=has_media)


def test_the_taxonomy_is_whole():
    assert len(CODES) == 97
    assert taxonomy.load().urgency_of("OSH.INJURY") == "U1"
    assert not CODES["INF.DOCS"].violation
    with pytest.raises(KeyError):
        taxonomy.load().urgency_of("OSH.NOTHING")
