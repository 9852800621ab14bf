"""The texts of the screens: every key that is used exists, in every language, with the same placeholders."""

import re
import string
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import intake.calls
from channels import registry
from desk.ending import WHERES
from desk.finding import By
from desk.listing import VIEWS, Order
from desk.people import REASONS
from desk.reading import LOOKS, SHOWN
from desk.seat import Why
from desk.triage import RAISED
from intake.triage import RULES
from model.agents import DENSITIES, ROLES, THEMES
from model.consent import ANSWERS, HOWS, PURPOSES
from model.deliveries import State
from model.events import Kind, MediaKind
from model.hours import DAYS
from model.taxonomy import Urgency
from model.tickets import OUTCOMES
from outbound import outfiles
from outbound.words import WHYS
from translations import screens, taxonomy
from web import rail
from web.inbox import several
from web.inbox.list import CHANNELS
from web.inbox.rows import PLAIN, Section
from web.local import Local, direction, wanted
from web.phones.acts import DELIVERED, SENT
from web.phones.screens import NAMED

WEB = files("web")
TEMPLATES = {str(item): item.read_text("utf-8") for item in Path(str(WEB)).glob("templates/**/*.html")}
CODE = {str(item): item.read_text("utf-8") for item in Path(str(WEB)).glob("**/*.py")}
SCRIPTS = {item.name: item.read_text("utf-8") for item in (WEB / "static" / "js").iterdir()}
#: Keys put together of a first half and one of these.
JOINED = {
    "role.": ROLES,
    "theme.": THEMES,
    "density.": DENSITIES,
    "error.": re.findall(r'why="(\w+)"|else "(failed)"', "".join(CODE.values())),
    "sign_in.why_": ("ended", "out", "everywhere"),
    "phones.kind_": NAMED,
    "phones.how_": DELIVERED,
    "phones.send_": SENT,
    "phones.wants_": ("keys", "speech"),
    "phones.refused_": ("clock", "empty", "sandbox"),
    "call.": get_args(intake.calls.Outcome),
    "cannot.": (*get_args(Why), "taken_by"),
    "channel.": registry.names(),
    "day.": DAYS,
    "event.": {action.partition(".")[2] for action in SHOWN}
    | {"moved_itself", "urgency_raised_itself", "spoken_changed_back"},
    "fate.": (*get_args(State), "sent_at", "delivered_at", "read_at", "failed_at"),
    "file.": get_args(MediaKind),
    "find.by_": get_args(By),
    "kind.": get_args(Kind),
    "left.": ("blocked", "unfollowed", "opted_out"),
    "look.": [look.partition(".")[2] for look in LOOKS],
    "outcome.": OUTCOMES,
    "reveal.": REASONS,
    "several.": [of for of in several.OFFERED if of != "take"],
    "several.done_": several.OFFERED,
    "strip.": [
        *(f"{act}_{end}" for act in ("call", "voicemail", "name") for end in ("yes", "no", "later")),
        *(f"to_{act}" for act in ("call", "voicemail", "name")),
    ],
    "bad.": WHYS,
    "bad_file.": get_args(outfiles.Why),
    "consent.for_": PURPOSES,
    "consent.short_": PURPOSES,
    "consent.say_": ANSWERS,
    "consent.how_": HOWS,
    "urgency.": get_args(Urgency),
    "where.": WHERES,
    "view.": VIEWS,
    "list.empty_": VIEWS,
    "list.order_": get_args(Order),
    "list.section_": get_args(Section),
    "list.sent_": ("failed", "unknown"),
    "why.": (*RULES, *PLAIN, RAISED),
    "issue.": taxonomy.load().issues,
}
KEYS = screens.keys()
KEY = r"[a-z]+(?:_[a-z]+)*\.[a-z_]+"


def used() -> set[str]:
    """Every key that templates, code and scripts name."""
    found = set(re.findall(rf'\bt\(\s*"({KEY})"', "".join(TEMPLATES.values())))
    found |= {key for key in re.findall(rf'"({KEY})"', "".join(TEMPLATES.values())) if key.split(".")[0] in PREFIXES}
    found |= {key for text in CODE.values() for key in re.findall(rf'"({KEY})"', text) if key.split(".")[0] in PREFIXES}
    found |= {key for text in TEMPLATES.values() for key in re.findall(rf'or "({KEY})"', text)}
    found |= set(re.findall(r't\("(js\.\w+)"', "".join(SCRIPTS.values())))
    for start, ends in JOINED.items():
        for end in ends:
            word = end if isinstance(end, str) else "".join(end)
            found.add(start + word)
            if start == "error.":
                found.add(f"{start}{word}_text")
    for section in rail.RAIL:
        found |= {link.text for link in section.links} | ({section.title} if section.title else set())
    return {key for key in found if not key.endswith((".html", ".css", ".js", ".svg", "_"))} - {
        "file.taken"  # of the audit trail
    }


PREFIXES = {key.split(".")[0] for key in KEYS}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@cache
def catalog(language: str) -> Catalog:
    return read_po(BytesIO((files("translations") / "locale" / language / "screens.po").read_bytes()))


def said(key: str, language: str) -> list[str]:
    message = catalog(language).get(key)
    return [message.string] if isinstance(message.string, str) else list(message.string)


@pytest.mark.parametrize("language", screens.LANGUAGES)
def test_every_text_that_is_used_is_there(language):
    assert len(used()) > 100
    assert used() - screens.keys(language) == set()


@pytest.mark.parametrize("language", screens.LANGUAGES)
def test_no_text_is_there_that_nobody_uses(language):
    assert screens.keys(language) - used() == set()


@pytest.mark.parametrize("language", screens.LANGUAGES)
@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_text_says_something_with_the_same_placeholders(key, language):
    for text in said(key, language):
        assert text.strip()
        assert placeholders(text) == placeholders(said(key, "en")[-1])


@pytest.mark.parametrize("language", [code for code in screens.LANGUAGES if code != "en"])
def test_what_nobody_reviewed_is_marked(language):
    assert all(message.fuzzy for message in catalog(language) if message.id)
    assert not screens.reviewed(language)
    assert screens.reviewed("en")


def test_no_language_silently_speaks_english():
    names = {f"channel.{channel}" for channel in CHANNELS}  # of products
    same = {key for key in KEYS - names for code in ("th", "my") if said(key, code) == said(key, "en")}
    assert same == set()


def test_one_and_many():
    assert screens.text("account.codes_left", "en", n=1, count=1) == "1 recovery code is left."
    assert screens.text("account.codes_left", "en", n=0, count=0) == "0 recovery codes are left."
    assert "3" in screens.text("account.codes_left", "th", n=3, count=3)


def test_an_unknown_key_or_language():
    with pytest.raises(KeyError, match=r"no\.such"):
        screens.text("no.such", "en")
    assert screens.text("sign_in.title", "xx") == "Sign in"
    with pytest.raises(KeyError):
        screens.keys("../en")


# Times, numbers, names

AT = datetime(2026, 11, 22, 13, 41, tzinfo=UTC)
BANGKOK = "Asia/Bangkok"


def test_times_are_those_of_the_organisations_clock():
    english = Local("en", BANGKOK)
    assert (english.clock(AT), english.day(AT)) == ("20:41", "Sunday 22 November")
    assert english.moment(AT) == "22 November 2026, 20:41"
    assert Local("en", "Asia/Kathmandu").clock(AT) == "19:26"
    assert Local("th", BANGKOK).day(AT) == "วันอาทิตย์ 22 พฤศจิกายน"
    assert Local("my", BANGKOK).day(AT) == "တနင်္ဂနွေ 22 နိုဝင်ဘာ"


def test_a_time_of_nowhere_is_refused():
    with pytest.raises(ValueError, match="zone"):
        Local("en", BANGKOK).clock(datetime(2026, 11, 22))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("language", screens.LANGUAGES)
def test_numbers_can_be_read_aloud_to_somebody_with_another_screen(language):
    assert Local(language).number(12345) == "12,345"
    assert Local(language).text("length.minutes", minutes=1234).startswith("1,234")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 min"),
        (59, "0 min"),
        (60, "1 min"),
        (6720, "1 h 52 min"),
        (-5, "0 min"),
        (86399, "23 h 59 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_how_long_somebody_waited(seconds, words):
    assert Local("en").length(seconds) == words


def test_languages_are_named_in_the_language_of_the_screen():
    assert Local("en").language_name("my") == "Burmese"
    assert Local("th").language_name("my") == "พม่า"
    assert Local("my").language_name("ksw") == "S'gaw Karen"  # where Babel has no name, the English one
    assert Local("en").language_name("xx") == "xx"


def test_directions():
    assert [direction(code) for code in ("en", "my", "ur", "ar-EG", "ur-Latn")][:4] == ["ltr", "ltr", "rtl", "rtl"]


@pytest.mark.parametrize("header", ["", ",", ";q", "*", "en;q=0.5,*", "x" * 10_000, "th" * 50])
def test_any_header_is_read(header):
    assert wanted(header, "en") in screens.LANGUAGES
