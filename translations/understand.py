"""One text, understood: encoding repaired, normalised, its language known or guessed."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from translations.burmese import repair
from translations.identify import By, identify
from translations.languages import CODES


@dataclass(frozen=True, slots=True)
class Understood:
    """What the rest of the house reads, beside what the person wrote."""

    text: str  #: Unicode, NFC
    original: str  #: exactly as written
    encoding: Literal["unicode", "zawgyi"]
    language: str | None  #: one of `languages.CODES`, or what the person chose
    script: str | None  #: ISO 15924
    confidence: float  #: 0 to 1; 1 for a person's choice
    by: By | Literal["person"]


def understand(text: str, *, chosen: str | None = None) -> Understood:
    """Repair, normalise, identify. `chosen`, a person's or an agent's choice, outranks the guess. Never raises."""
    chosen = _base(chosen)
    repaired = repair(text, chosen=chosen)
    clean = repaired.text if repaired.text.isascii() else unicodedata.normalize("NFC", repaired.text)
    guess = identify(clean)
    if chosen:
        return Understood(clean, text, repaired.encoding, chosen, guess.script, 1.0, "person")
    return Understood(clean, text, repaired.encoding, guess.language, guess.script, guess.confidence, guess.by)


def _base(tag: str | None) -> str | None:
    """`my` for `my-MM` or `my_MM`; None for a language we do not have."""
    code = (tag or "").replace("_", "-").partition("-")[0].lower()
    return code if code in CODES else None
