"""Choosing a language: what is offered, and how an answer is read. The order of both is the account's."""

import re
from collections.abc import Sequence
from functools import cache

from babel import Locale, UnknownLocaleError

from model.deliveries import Choice
from translations.catalog import reviewed, say
from translations.languages import CODES
from translations.phrases import normal

_VALUE = re.compile(r"language:([a-z]{2,3})")


def choices(languages: Sequence[str], *, unreviewed: bool = False) -> tuple[Choice, ...]:
    """One answer a language, by the language's own name; `unreviewed` as in `own_name`."""
    return tuple(Choice(own_name(code, unreviewed=unreviewed), f"language:{code}") for code in languages)


def tapped(text: str) -> str | None:
    """The language of a choice's value, as it comes back when somebody taps it; None for anything else."""
    value = _VALUE.fullmatch(text.strip())
    return value[1] if value and value[1] in CODES else None


def numbered(text: str, languages: Sequence[str]) -> str | None:
    """The language of a number typed alone, in any script's digits, counted from 1; None for anything else."""
    said = normal(text).strip()
    if not (said.isascii() and said.isdecimal() and len(said) <= 2 and 1 <= int(said) <= len(languages)):
        return None
    return languages[int(said) - 1]


def own_name(language: str, *, unreviewed: bool = False) -> str:
    """A language's name for itself: ours where a speaker has reviewed it (or `unreviewed` allows it), else the one
    its speakers have given the Unicode CLDR, else the English one.
    """
    if reviewed("language.name", language) or unreviewed:
        return say("language.name", language)
    return _cldr_name(language) or say("language.name_en", language)


def names(language: str) -> tuple[str, ...]:
    """Every name under which we may have offered a language."""
    known = (say("language.name", language), _cldr_name(language), say("language.name_en", language))
    return tuple(dict.fromkeys(name for name in known if name))


@cache
def _cldr_name(language: str) -> str | None:
    try:
        return Locale.parse(language).get_language_name(language)
    except UnknownLocaleError:
        return None
