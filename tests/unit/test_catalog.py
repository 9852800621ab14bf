import re
import string
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from model.deliveries import Reason, State
from model.media import WHYS
from model.media import State as MediaState
from runtime.settings import load
from translations import lexicon
from translations.catalog import Review, keys, languages, review, reviewed, say, sendable
from translations.languages import CODES
from translations.menu import own_name
from translations.moments import moment

ROOT = Path(__file__).parents[2]


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


#: What people are sent. An employer, an official or a thief may hold the phone.
SENT = ("ack.open", "ack.closed", "ack.choose_language", "language.chosen", "stop.confirmed", "start.confirmed",
        "forget.received")  # fmt: skip
#: nobody here can write them; their speakers are asked to
UNWRITTEN = {"shn", "mnw", "ksw", "kac"}


@cache
def _names():
    """How the network and its organisations may be called."""
    network = load(ROOT / "config.yaml", {}, secrets_required=False).network
    return [named.name.split()[0] for named in (network, *network.organisations.values())]


def _as_sent(key, language):
    when = moment(
        datetime(2026, 11, 25, 1, tzinfo=UTC), language, "Asia/Bangkok", now=datetime(2026, 11, 18, tzinfo=UTC)
    )
    return say(key, language, when=when, language=own_name(language, unreviewed=True))


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("key", SENT)
def test_what_is_sent_is_harmless_whoever_reads_it(key, language):
    text = _as_sent(key, language)
    assert not lexicon.hits(text, language)
    assert not any(name in text for name in _names())
    assert not re.search(r"https?:|www\.|\d{4,}|#", text)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("key", SENT)
def test_what_is_sent_fits_two_text_messages(key, language):
    text = _as_sent(key, language)
    assert len(text.encode("utf-16-be")) // 2 <= (306 if text.isascii() else 134)


@pytest.mark.parametrize("language", [code for code in languages() if code not in {"en", *UNWRITTEN}])
def test_every_language_but_four_has_words_of_its_own(language):
    assert review(language)["messages.po"].missing == 0
    for key in SENT:
        assert say(key, language) != say(key, "en")
        assert not reviewed(key, language)


@pytest.mark.parametrize("language", sorted(UNWRITTEN))
def test_what_nobody_could_write_is_left_out(language):
    for key in SENT:
        assert sendable(key, [language, "my"], unreviewed=True) == "my"


@pytest.mark.parametrize(
    ("wanted", "unreviewed", "language"),
    [
        (["my", "th"], True, "my"),
        (["shn", "th"], True, "th"),  # there is no text in Shan
        (["xx", "../en"], True, "en"),
        (["my", "th"], False, "en"),
        (["my", "en", "th"], False, "en"),
        ([], False, "en"),
    ],
)
def test_in_which_language_a_text_may_be_sent(wanted, unreviewed, language):
    assert sendable("ack.open", wanted, unreviewed=unreviewed) == language


def test_a_text_nobody_knows_is_sent_in_no_language():
    with pytest.raises(KeyError):
        sendable("ack.nothing", ["my"])


@pytest.mark.parametrize("language", ["en", "th", "my"])
def test_agents_are_told_what_happened_in_the_languages_of_the_screens(language):
    wanted = [f"refused.{reason}" for reason in get_args(Reason)] + [f"delivery.{state}" for state in get_args(State)]
    wanted += [f"media.{word}" for word in (*get_args(MediaState), *WHYS)]
    wanted += [f"account.{reason}" for reason in ("credentials", "permission", "suspended", "quota_spent", "away")]
    for key in wanted:
        assert say(key, language)
        assert reviewed(key, language) == (language == "en")
        assert language == "en" or say(key, language) != say(key, "en")


def test_what_waits_for_review_is_counted_by_file():
    assert review("en") == {
        "messages.po": Review(0, 0, len(keys()) - 1),
        "urgency.yaml": Review(0, 0, review("en")["urgency.yaml"].all),
        "requests.yaml": Review(0, 0, review("en")["requests.yaml"].all),
    }
    assert review("ksw")["messages.po"] == Review(waiting=4, missing=len(SENT), all=4)
    for language in set(languages()) - {"en"}:
        assert all(file.waiting == file.all > 0 for file in review(language).values()), language
    with pytest.raises(KeyError):
        review("xx")
