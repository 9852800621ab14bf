"""The texts we speak and send, by key and language, from `locale/<language>/messages.po`.

A text whose entry is marked `#, fuzzy` has been reviewed by no speaker. `say` says it all the same; whoever sends it to
a person asks `sendable` first. English is where the texts come from, and counts as reviewed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from translations.languages import ENGLISH_NAMES
from translations.written import read

_TABLE = "language.name_en"
_PHRASES = ("urgency.yaml", "requests.yaml")  #: lists of phrases, reviewed as a whole: `reviewed: true` stands in them
#: beginnings of keys whose texts only agents read: what nobody has translated is shown in English
OF_THE_DESK = ("refused.", "account.", "delivery.", "media.")


def languages() -> tuple[str, ...]:
    """The codes of all languages (BCP 47)."""
    return tuple(ENGLISH_NAMES)


def keys() -> tuple[str, ...]:
    """The keys of all texts."""
    return (_TABLE, *_keys_of("en"))


def say(key: str, language: str, /, **values: object) -> str:
    """A text with its placeholders filled; in English where the language has none. Raises KeyError for an unknown key.

    `language.name` is the language's own name, `language.name_en` its English one.
    """
    if key == _TABLE:
        return ENGLISH_NAMES.get(language, language)
    text = _text(key, language) or _text(key, "en")
    if text is None:
        raise KeyError(f"no text {key!r}: add it to translations/locale/en/messages.po")
    return text.format_map(values) if values else text


def reviewed(key: str, language: str) -> bool:
    """Whether a speaker has reviewed this text in this language. Raises KeyError for an unknown key."""
    say(key, language)
    if key == _TABLE:
        return True
    catalog = _catalog(language)
    message = catalog.get(key) if catalog else None
    return bool(message and message.string and not message.fuzzy)


def sendable(key: str, languages: Iterable[str], *, unreviewed: bool = False) -> str:
    """The first of these languages in which a text may be sent; English where it may be sent in none of them.

    Only what a speaker has reviewed may, unless `unreviewed` allows the rest (the sandbox). Raises KeyError for an
    unknown key.
    """
    say(key, "en")
    return next((code for code in languages if reviewed(key, code) or (unreviewed and _text(key, code))), "en")


@dataclass(frozen=True, slots=True)
class Review:
    """How much of one file of a language waits for a speaker."""

    waiting: int  #: texts no speaker has reviewed, or phrases of a list no speaker has reviewed
    missing: int  #: texts for the people who write to us that nobody has written
    all: int


def review(language: str) -> Mapping[str, Review]:
    """What waits for a speaker's review, by file. Raises KeyError for a language we do not have."""
    found = _catalog(language)
    if found is None:
        raise KeyError(f"no language {language!r}")
    written = [message for message in found if message.id and message.string]
    spoken = {key for key in _keys_of("en") if not key.startswith(OF_THE_DESK)}
    texts = Review(
        sum(1 for message in written if message.fuzzy),
        len(spoken - {str(message.id) for message in written}),
        len(written),
    )
    return {"messages.po": texts, **{name: _phrases(language, name) for name in _PHRASES}}


def _phrases(language: str, name: str) -> Review:
    data = read("locale", language, name)
    count = sum(len(of) for name, section in data.items() if name != "groups" for of in _lists(section))
    return Review(0 if data.get("reviewed") is True else count, 0, count)


def _lists(section: object) -> Iterable[list[str]]:
    if isinstance(section, Mapping):
        return [of for of in section.values() if isinstance(of, list)]
    return [section] if isinstance(section, list) else []


def _text(key: str, language: str) -> str | None:
    catalog = _catalog(language)
    message = catalog.get(key) if catalog and key else None
    return str(message.string) if message and message.string else None


def _keys_of(language: str) -> Iterator[str]:
    catalog = _catalog(language)
    return (str(message.id) for message in catalog or () if message.id)


@cache
def _catalog(language: str) -> Catalog | None:
    if language not in ENGLISH_NAMES:  # also keeps any other text out of the path
        return None
    path = files("translations").joinpath("locale", language, "messages.po")
    return read_po(BytesIO(path.read_bytes()))
