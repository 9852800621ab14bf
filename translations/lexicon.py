"""Phrases that raise the urgency of a message, kept per language in `locale/<language>/urgency.yaml`.

How a phrase is written stands in `translations/phrases.py`. A phrase under `harmless` ("accident insurance") is
taken out before the others are looked for, in the order of the file: a longer one has to stand before a shorter one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any

from translations.languages import ENGLISH_NAMES
from translations.phrases import UNSPACED, by_letters, heads, is_latin, normal, pattern, with_groups
from translations.written import read

_NEIGHBOURS = {"id": ("ms",), "ms": ("id",), "hi": ("ur",), "ur": ("hi",)}  #: taken for one another too easily
_LATIN = re.compile("[a-z]")
_SHORT = 100  #: characters a mere pleasantry may have
_START = 4  #: letters of a head's beginning that are indexed
_BREAK = "\n"  #: stands where something harmless stood; a gap does not reach over it


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase was found. Carries no word of the message."""

    of: str  #: a taxonomy code (`OSH.INJURY`) or a rule (`danger_now`)
    phrase: str  #: which phrase: `my:OSH.INJURY:3`


@dataclass(frozen=True, slots=True, eq=False)
class _Phrase:
    rank: int  #: where it stands in its file
    written: str
    tight: bool
    hit: Hit | None  #: None: harmless

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when its head is met for the first time: of thousands few ever are."""
        return _compiled(self.written, self.tight)

    @property
    def question(self) -> bool:
        """Whether it recognises a question for information: those are looked for among harmless words, too."""
        return self.hit is not None and self.hit.of.startswith("INF.")


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The phrases of a language in one way of writing."""

    tight: bool  #: matched against the message without its blanks
    heads: Mapping[str, tuple[_Phrase, ...]]  #: by a literal part, looked for first as that costs almost nothing
    starts: Mapping[str, tuple[str, ...]]  #: the heads by their first letters, so that few are looked for at all
    short: tuple[str, ...]  #: heads too short for that
    pleasantries: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases of a language."""

    language: str
    native: _Shelf  #: in its own script; empty for languages written in Latin letters
    latin: _Shelf  #: in Latin letters, romanised ones too


def hits(text: str, language: str | None) -> tuple[Hit, ...]:
    """Every phrase found, of the language, of the languages sharing the text's script, and of English.

    With language None and Latin letters, of every language. Never raises.
    """
    spaced = normal(text)
    tight = spaced.replace(" ", "")
    starts = {False: _starts(spaced), True: _starts(tight)}
    found: list[Hit] = []
    for shelf in _shelves(spaced, language):
        found += _search(shelf, tight if shelf.tight else spaced, starts[shelf.tight])
    return tuple(dict.fromkeys(found))


def pleasant(text: str, language: str | None) -> bool:
    """Whether a message says only thanks, yes, hello or an emoji."""
    if len(text) > _SHORT:
        return False
    left = spaced = normal(text)
    for shelf in _shelves(spaced, language):
        if shelf.pleasantries:
            left = shelf.pleasantries.sub(" ", left.replace(" ", "") if shelf.tight else left)
    return bool(spaced.strip()) and not any(character.isalnum() for character in left)


@cache
def _compiled(written: str, tight: bool) -> re.Pattern[str]:
    return re.compile(pattern(written, tight))


@cache
def load(language: str) -> Lexicon:
    """The lexicon of a language, read once. Raises FileNotFoundError for a language we do not have."""
    data = read("locale", language, "urgency.yaml")
    return Lexicon(language, _shelf(data, language, latin=False), _shelf(data, language, latin=True))


def warm() -> None:
    """Loads every lexicon, so that no message has to wait for it: half a second."""
    for language in ENGLISH_NAMES:
        load(language)


def _shelves(spaced: str, language: str | None) -> Iterator[_Shelf]:
    """The shelves to search: by the letters that are there, whatever the language is thought to be."""
    for code in _latin_languages(language) if _LATIN.search(spaced) else ("en",):  # "en" has the emoji, too
        yield load(code).latin
    if not spaced.isascii():
        yield from (load(code).native for code in by_letters(spaced))


@cache
def _latin_languages(language: str | None) -> tuple[str, ...]:
    if language is None or language not in ENGLISH_NAMES:
        return tuple(ENGLISH_NAMES)
    return tuple(dict.fromkeys((language, *_NEIGHBOURS.get(language, ()), "en")))


def _starts(text: str) -> Set[str]:
    return {text[at : at + _START] for at in range(len(text))}


def _search(shelf: _Shelf, text: str, starts: Set[str]) -> Iterator[Hit]:
    likely = chain(shelf.short, *(shelf.starts[start] for start in starts & shelf.starts.keys()))
    near = tuple(dict.fromkeys(chain.from_iterable(shelf.heads[head] for head in likely if head in text)))
    cleared = text
    for phrase in sorted((phrase for phrase in near if phrase.hit is None), key=attrgetter("rank")):
        cleared = phrase.pattern.sub(_BREAK, cleared)
    for phrase in near:
        if phrase.hit and phrase.pattern.search(text if phrase.question else cleared):
            yield phrase.hit


# --- reading the files ----------------------------------------------------------------------------------------------


def _shelf(data: dict[str, Any], language: str, *, latin: bool) -> _Shelf:
    tight = language in UNSPACED and not latin
    groups = {f"<{name}>": f"({'|'.join(words)})" for name, words in data.get("groups", {}).items()}

    def mine(section: list[str]) -> list[tuple[int, str]]:
        full = (with_groups(written, groups) for written in section)
        return [(number, written) for number, written in enumerate(full) if is_latin(written) is latin]

    sections = {**data.get("rules", {}), **data.get("issues", {})}
    wanted: list[tuple[str, Hit | None]] = [(written, None) for _, written in mine(data.get("harmless", []))]
    for of, section in sections.items():
        wanted += [(written, Hit(of, f"{language}:{of}:{number}")) for number, written in mine(section)]
    by_head: dict[str, list[_Phrase]] = {}
    for rank, (written, hit) in enumerate(wanted):
        phrase = _Phrase(rank, written, tight, hit)
        for head in heads(written, tight):
            by_head.setdefault(head, []).append(phrase)
    pleasantries = sorted((pattern(w, tight) for _, w in mine(data.get("pleasantries", []))), key=len, reverse=True)
    return _Shelf(
        tight,
        {head: tuple(phrases) for head, phrases in by_head.items()},
        _grouped(head for head in by_head if len(head) >= _START),
        tuple(head for head in by_head if len(head) < _START),
        re.compile("|".join(pleasantries)) if pleasantries else None,
    )


def _grouped(heads: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for head in heads:
        groups[head[:_START]] = (*groups.get(head[:_START], ()), head)
    return groups
