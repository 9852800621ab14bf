"""How a phrase of `urgency.yaml` or `requests.yaml` is written, and what it becomes.

- it is found anywhere in scripts that do not space words, and as whole words elsewhere; `*` at an end lifts that
  boundary (`beat*` finds "beaten"), for inflected languages
- ` … ` is a gap of at most 40 characters: `passport … keep`
- `(a|b)` is either; `<name>` is such a list, kept under `groups` because many phrases use it
- `{age}` is a number from 5 to 17

Both phrase and message are normalised alike first: case, accents of Latin letters, tone marks of Thai and Lao,
nuktas, apostrophes, punctuation, zero-width characters and native digits make no difference.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

#: languages that put no spaces between words: in their own script they are matched without any
UNSPACED = frozenset({"my", "shn", "mnw", "ksw", "km", "lo", "th", "zh"})
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
_SPECIAL = re.compile(r"(\([^)]*\)|…|\{age\})")
_LONGEST = 20_000  #: characters; no channel lets a person write more in one message


def by_letters(text: str) -> Iterator[str]:
    """The languages that a text's letters can belong to, but for those written in Latin ones."""
    return (code for letters, codes in _SCRIPTS if letters.search(text) for code in codes)


def is_latin(written: str) -> bool:
    """Whether a phrase is in Latin letters; digits and emoji alone are."""
    return not any(letters.search(written) for letters, _ in _SCRIPTS)


def with_groups(written: str, groups: Mapping[str, str]) -> str:
    """A phrase with every `<name>` replaced by its list; raises KeyError for a list that is not there."""
    return re.sub(r"<\w+>", lambda name: groups[name[0]], written)


def pattern(written: str, tight: bool) -> str:
    """The regular expression of a phrase, for messages made alike by `normal` (`tight`: and without blanks)."""
    return "".join(_piece(piece, tight) for piece in _SPECIAL.split(written) if piece.strip())


def heads(written: str, tight: bool) -> list[str]:
    """Literals one of which a message must hold for the phrase to match: its part hardest to meet by chance."""
    pieces = [piece for piece in _SPECIAL.split(written) if piece.strip() and piece not in ("…", "{age}")]
    choices = [[max(_literals(choice, tight), key=len) for choice in piece.strip("()").split("|")] for piece in pieces]
    return max(choices, key=lambda literals: min(map(len, literals)))


def _literals(piece: str, tight: bool) -> list[str]:
    """What must stand in a message for this piece to match: whole words with their blanks, open where a star is."""
    if tight:
        return [normal(piece).replace(" ", "")]
    open_ended = f" {piece.strip()} ".replace(" *", "*").replace("* ", "*").split("*")
    return [_same_blanks(part) for part in open_ended if part.strip()]


def _same_blanks(part: str) -> str:
    words = normal(part).strip()
    return f"{' ' if part[0] == ' ' else ''}{words}{' ' if part[-1] == ' ' else ''}"


def _piece(piece: str, tight: bool) -> str:
    if piece == "…":
        return ".{0,40}?"
    if piece == "{age}":
        return r" ?(?<!\d)(?:[5-9]|1[0-7])(?!\d)"
    if piece.startswith("("):
        return f"(?:{'|'.join(_piece(choice, tight) for choice in piece[1:-1].split('|'))})"
    if tight:
        return re.escape(normal(piece).replace(" ", ""))
    return "".join(_word(word) for word in piece.split()) + "(?= )"


def _word(word: str) -> str:
    """A word with the blank before it; the blank after it is only looked at, as the next word begins with it."""
    literal = re.escape(normal(word.strip("*")).strip())
    return f"{'' if word.startswith('*') else ' '}{literal}{'[^ ]*' if word.endswith('*') else ''}"


def normal(text: str) -> str:
    """A text with case, accents, digits and punctuation made alike; one blank between words and at either end."""
    text = unicodedata.normalize("NFKD", text[:_LONGEST].casefold()).translate(_TABLE)
    return f" {' '.join(text.split())} ".replace("ឱ្យ", "ឲ្យ").replace("អោយ", "ឲ្យ")  # one Khmer word, three spellings


def _table() -> dict[int, str | None]:
    nothing = [*range(0x300, 0x370), 0x93C, 0x9BC, *range(0xE47, 0xE4F), *range(0xEC8, 0xECD)]  # accents, nuktas, tones
    nothing += [0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)]  # never seen
    nothing += map(ord, "'’‘`´ʼ")
    table: dict[int, str | None] = dict.fromkeys(nothing)
    table.update(
        dict.fromkeys(
            map(ord, '!"#$%&()*+,-./:;<=>?@[\\]^_{|}~…।॥၊။،؟۔“”„«»‹›–—‐‑•·、。，！？：；（）【】「」《》។៕៖ฯๆ'), " "
        )
    )
    for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xBE6, 0xDE6, 0xE50, 0xED0, 0x1040, 0x1090, 0x17E0):
        table.update({zero + digit: str(digit) for digit in range(10)})
    pictures = [*range(0x2600, 0x27C0), *range(0x1F300, 0x1F3FB), *range(0x1F400, 0x1FB00)]
    table.update({picture: f" {chr(picture)} " for picture in pictures})
    return {**table, ord("đ"): "d", ord("ँ"): "ं", 0x981: "ং"}


_TABLE = _table()
