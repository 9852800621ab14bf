import string

import pytest

from model.media import WHYS
from translations import lexicon
from translations.catalog import keys, languages, reviewed, say
from translations.languages import CODES


def _placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_are_twenty_one_languages():
    assert set(languages()) == CODES
    assert len(languages()) == 21


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("key", keys())
def test_every_text_is_there_with_the_same_placeholders(key, language):
    assert say(key, language).strip()
    assert _placeholders(say(key, language)) == _placeholders(say(key, "en"))


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_no_language_silently_speaks_english(language):
    for key in ("voice.menu", "voice.leave_message", "voice.goodbye", "language.name"):
        assert say(key, language) != say(key, "en")


def test_placeholders_are_filled():
    assert say("voice.menu", "en", key=3) == "For English, press 3."
    assert "3" in say("voice.menu", "my", key=3)


def test_unreviewed_texts_are_known_as_such():
    assert reviewed("voice.menu", "en")
    assert not any(reviewed("voice.menu", code) for code in languages() if code != "en")


@pytest.mark.parametrize("why", WHYS)
def test_agents_are_told_why_a_file_is_not_here(why):
    assert say(f"media.{why}", "en").endswith(".")


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError, match=r"voice\.nothing"):
        say("voice.nothing", "en")
    with pytest.raises(KeyError):
        reviewed("voice.nothing", "my")
    with pytest.raises(KeyError):
        say("", "en")


@pytest.mark.parametrize("language", ["xx", "", "../en", "en/../my"])
def test_an_unknown_language_hears_english(language):
    assert say("voice.goodbye", language) == say("voice.goodbye", "en")


def test_names():
    assert say("language.name", "my") == "မြန်မာဘာသာ"
    assert say("language.name_en", "ksw") == "S'gaw Karen"


@pytest.mark.parametrize("language", languages())
def test_nothing_said_names_an_organisation_or_an_issue(language):
    for key in ("voice.leave_message", "voice.goodbye"):
        assert not lexicon.hits(say(key, language), language)
