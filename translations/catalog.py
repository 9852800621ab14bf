"""The texts we speak and send, by key and language, from `locale/<language>/messages.po`.

A text whose entry is marked `#, fuzzy` has been reviewed by no speaker; it is said all the same.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from translations.languages import ENGLISH_NAMES

_TABLE = "language.name_en"


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
