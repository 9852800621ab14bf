"""Phrases that raise the urgency of a message, kept per language in `locale/<language>/urgency.yaml`.

How a phrase is written there:

- it is found anywhere in scripts that do not space words, and as whole words elsewhere; `*` at an end lifts that
  boundary (`beat*` finds "beaten"), for inflected languages
- ` … ` is a gap of at most 40 characters: `passport … keep`
- `(a|b)` is either; `<name>` is such a list, kept under `groups` because many phrases use it
- `{age}` is a number from 5 to 17

Both phrase and message are normalised alike first: case, accents of Latin letters, tone marks of Thai and Lao,
nuktas, apostrophes, punctuation, zero-width characters and native digits make no difference.
A phrase under `harmless` is taken out before the others are looked for ("accident insurance").
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

import yaml

LANGUAGES = tuple("my shn mnw ksw kac km lo th ne hi bn vi id tl ta si ur en es ms zh".split())
_UNSPACED = frozenset("my shn mnw ksw km lo th zh".split())
_NEIGHBOURS = {"id": ("ms",), "ms": ("id",), "hi": ("ur",), "ur": ("hi",)}  #: taken for one another too easily
_BY_SCRIPT = {
    "[\u1000-\u109f]": ("my", "shn", "mnw", "ksw"),
    "[\u1780-\u17ff]": ("km",),
    "[\u0e80-\u0eff]": ("lo",),
    "[\u0e00-\u0e7f]": ("th",),
    "[\u0900-\u097f]": ("ne", "hi"),
    "[\u0980-\u09ff]": ("bn",),
    "[\u0b80-\u0bff]": ("ta",),
    "[\u0d80-\u0dff]": ("si",),
    "[\u0600-\u06ff]": ("ur",),
    "[\u4e00-\u9fff]": ("zh",),
}
_SCRIPTS = tuple((re.compile(letters), languages) for letters, languages in _BY_SCRIPT.items())
_LATIN = re.compile("[a-z]")
_LONGEST = 20_000  #: characters; no channel lets a person write more in one message
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
    pattern: re.Pattern[str]
    hit: Hit | None  #: None: harmless

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
    spaced = _normal(text)
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
    left = spaced = _normal(text)
    for shelf in _shelves(spaced, language):
        if shelf.pleasantries:
            left = shelf.pleasantries.sub(" ", left.replace(" ", "") if shelf.tight else left)
    return bool(spaced.strip()) and not any(character.isalnum() for character in left)


@cache
def load(language: str) -> Lexicon:
    """The lexicon of a language, compiled once. Raises FileNotFoundError for a language we do not have."""
    path = files("translations").joinpath("locale", language, "urgency.yaml")
    data = yaml.safe_load(path.read_text("utf-8"))
    return Lexicon(language, _shelf(data, language, latin=False), _shelf(data, language, latin=True))


def _shelves(spaced: str, language: str | None) -> Iterator[_Shelf]:
    """The shelves to search: by the letters that are there, whatever the language is thought to be."""
    for code in _latin_languages(language) if _LATIN.search(spaced) else ("en",):  # "en" has the emoji, too
        yield load(code).latin
    if not spaced.isascii():
        yield from (load(code).native for letters, codes in _SCRIPTS if letters.search(spaced) for code in codes)


@cache
def _latin_languages(language: str | None) -> tuple[str, ...]:
    if language not in LANGUAGES:
        return LANGUAGES
    return tuple(dict.fromkeys((language, *_NEIGHBOURS.get(language, ()), "en")))


def _starts(text: str) -> Set[str]:
    return {text[at : at + _START] for at in range(len(text))}


def _search(shelf: _Shelf, text: str, starts: Set[str]) -> Iterator[Hit]:
    likely = chain(shelf.short, *(shelf.starts[start] for start in starts & shelf.starts.keys()))
    near = tuple(dict.fromkeys(chain.from_iterable(shelf.heads[head] for head in likely if head in text)))
    cleared = text
    for phrase in near:
        if phrase.hit is None:
            cleared = phrase.pattern.sub(_BREAK, cleared)
    for phrase in near:
        if phrase.hit and phrase.pattern.search(text if phrase.question else cleared):
            yield phrase.hit


# --- reading the files ----------------------------------------------------------------------------------------------


def _shelf(data: dict[str, Any], language: str, *, latin: bool) -> _Shelf:
    tight = language in _UNSPACED and not latin
    groups = {f"<{name}>": f"({'|'.join(words)})" for name, words in data.get("groups", {}).items()}

    def mine(section: list[str]) -> list[tuple[int, str]]:
        full = (re.sub(r"<\w+>", lambda name: groups[name[0]], written) for written in section)
        return [(number, written) for number, written in enumerate(full) if _is_latin(written) is latin]

    sections = {**data.get("rules", {}), **data.get("issues", {})}
    heads: dict[str, list[_Phrase]] = {}
    for of, section in sections.items():
        for number, written in mine(section):
            _place(heads, written, Hit(of, f"{language}:{of}:{number}"), tight)
    for _, written in mine(data.get("harmless", [])):
        _place(heads, written, None, tight)
    pleasantries = sorted((_pattern(w, tight) for _, w in mine(data.get("pleasantries", []))), key=len, reverse=True)
    return _Shelf(
        tight,
        {head: tuple(phrases) for head, phrases in heads.items()},
        _grouped(head for head in heads if len(head) >= _START),
        tuple(head for head in heads if len(head) < _START),
        re.compile("|".join(pleasantries)) if pleasantries else None,
    )


def _grouped(heads: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for head in heads:
        groups[head[:_START]] = (*groups.get(head[:_START], ()), head)
    return groups


def _is_latin(written: str) -> bool:
    return not any(letters.search(written) for letters, _ in _SCRIPTS)


_SPECIAL = re.compile(r"(\([^)]*\)|…|\{age\})")


def _place(heads: dict[str, list[_Phrase]], written: str, hit: Hit | None, tight: bool) -> None:
    """Put a phrase under the heads one of which a message must hold: of its parts, the one hardest to meet by chance."""
    pieces = [piece for piece in _SPECIAL.split(written) if piece.strip() and piece not in ("…", "{age}")]
    choices = [
        [max(_literals(choice, tight), key=len) for choice in piece.strip("()").split("|")] for piece in pieces
    ]
    phrase = _Phrase(re.compile(_pattern(written, tight)), hit)
    for head in max(choices, key=lambda literals: min(map(len, literals))):
        heads.setdefault(head, []).append(phrase)


def _literals(piece: str, tight: bool) -> list[str]:
    """What must stand in a message for this piece to match: whole words with their blanks, open where a star is."""
    if tight:
        return [_normal(piece).replace(" ", "")]
    open_ended = f" {piece.strip()} ".replace(" *", "*").replace("* ", "*").split("*")
    return [_same_blanks(part) for part in open_ended if part.strip()]


def _same_blanks(part: str) -> str:
    words = _normal(part).strip()
    return f"{' ' if part[0] == ' ' else ''}{words}{' ' if part[-1] == ' ' else ''}"


def _pattern(written: str, tight: bool) -> str:
    return "".join(_piece(piece, tight) for piece in _SPECIAL.split(written) if piece.strip())


def _piece(piece: str, tight: bool) -> str:
    if piece == "…":
        return ".{0,40}?"
    if piece == "{age}":
        return r" ?(?<!\d)(?:[5-9]|1[0-7])(?!\d)"
    if piece.startswith("("):
        return f"(?:{'|'.join(_piece(choice, tight) for choice in piece[1:-1].split('|'))})"
    if tight:
        return re.escape(_normal(piece).replace(" ", ""))
    return "".join(_word(word) for word in piece.split()) + "(?= )"


def _word(word: str) -> str:
    """A word with the blank before it; the blank after it is only looked at, as the next word begins with it."""
    literal = re.escape(_normal(word.strip("*")).strip())
    return f"{'' if word.startswith('*') else ' '}{literal}{'[^ ]*' if word.endswith('*') else ''}"


# --- one way of writing ---------------------------------------------------------------------------------------------


def _normal(text: str) -> str:
    """Case, accents, digits and punctuation made alike; words parted by one blank, with one at either end."""
    text = unicodedata.normalize("NFKD", text[:_LONGEST].casefold()).translate(_TABLE)
    return f" {' '.join(text.split())} ".replace("ឱ្យ", "ឲ្យ").replace("អោយ", "ឲ្យ")  # one Khmer word, three spellings


def _table() -> dict[int, str | None]:
    nothing = [*range(0x300, 0x370), 0x93C, 0x9BC, *range(0xE47, 0xE4F), *range(0xEC8, 0xECD)]  # accents, nuktas, tones
    nothing += [0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)]  # never seen
    nothing += map(ord, "'’‘`´ʼ")
    table: dict[int, str | None] = dict.fromkeys(nothing)
    table.update(dict.fromkeys(map(ord, '!"#$%&()*+,-./:;<=>?@[\\]^_{|}~…।॥၊။،؟۔“”„«»‹›–—‐‑•·、。，！？：；（）【】「」《》។៕៖ฯๆ'), " "))
    for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xBE6, 0xDE6, 0xE50, 0xED0, 0x1040, 0x1090, 0x17E0):
        table.update({zero + digit: str(digit) for digit in range(10)})
    pictures = [*range(0x2600, 0x27C0), *range(0x1F300, 0x1F3FB), *range(0x1F400, 0x1FB00)]
    table.update({picture: f" {chr(picture)} " for picture in pictures})
    return {**table, ord("đ"): "d", ord("ँ"): "ं", 0x981: "ং"}


_TABLE = _table()
