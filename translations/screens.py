"""The texts of the screens, by key and language, from `locale/<language>/screens.po`.

A text whose entry is marked `#, fuzzy` has been reviewed by no speaker; it is shown all the same, and the choice of
languages calls such a language a draft.
"""

import gettext
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

#: Languages the screens are written in, each with its own name.
LANGUAGES: Mapping[str, str] = {"en": "English", "my": "မြန်မာ", "th": "ไทย"}


def keys(language: str = "en") -> frozenset[str]:
    """The keys of all texts. Raises KeyError for a language the screens are not written in."""
    return frozenset(str(_id(message.id)) for message in _catalog(language) if message.id)


def text(key: str, language: str, /, **values: object) -> str:
    """A text with its placeholders filled; `n` chooses among singular and plural.

    In English where the language has none. Raises KeyError for an unknown key.
    """
    for code in (language, "en"):
        if code in LANGUAGES and (found := _found(key, code, values.get("n"))):
            return found.format_map(values) if values else found
    raise KeyError(f"no text {key!r}: add it to translations/locale/en/screens.po")


def reviewed(language: str) -> bool:
    """Whether a speaker has reviewed every text of a language."""
    return not any(message.fuzzy for message in _catalog(language) if message.id)


def _found(key: str, language: str, n: object) -> str | None:
    found = _texts(language).get(key)
    if found is None or isinstance(found, str):
        return found
    return found[_plural(language)(n) if isinstance(n, int) else -1]


@cache
def _texts(language: str) -> Mapping[str, str | tuple[str, ...]]:
    """The texts that are there, by key: a list asks for hundreds, and the catalog takes its time for each."""
    texts = {str(_id(message.id)): message.string for message in _catalog(language) if message.id and message.string}
    return {key: text if isinstance(text, str) else tuple(text) for key, text in texts.items()}


def _id(id_: str | tuple[str, ...] | list[str]) -> str:
    return id_ if isinstance(id_, str) else id_[0]


@cache
def _plural(language: str) -> Callable[[int], int]:
    rule: Callable[[int], int] = gettext.c2py(_catalog(language).plural_expr)
    return rule


@cache
def _catalog(language: str) -> Catalog:
    if language not in LANGUAGES:  # also keeps any other text out of the path
        raise KeyError(language)
    return read_po(BytesIO(files("translations").joinpath("locale", language, "screens.po").read_bytes()))
