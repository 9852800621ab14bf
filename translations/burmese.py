"""Zawgyi, the old Burmese font encoding, turned into Unicode when that is certain.

Zawgyi writes other shapes on the code points of Mon, Shan and Karen letters, so no single code point decides.
The detector of myanmartools does, together with what the person chose; the converter of paraencoder then converts.
(Its own detector takes Shan and Karen for Zawgyi and is never asked.)
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from myanmartools import ZawgyiDetector
from para.convert import zg_to_unicode

CERTAIN = 0.95  #: the detector's own advice for converting without asking
_ENOUGH = 600  #: characters the detector reads: more only cost time
_NEVER = frozenset({"mnw", "shn", "ksw", "kac"})

MYANMAR = re.compile(r"[\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f]")
UNUSED = r"\u1022\u1028\u1035\u105b-\u105f\u1098-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  #: letters Zawgyi leaves unused
# What Zawgyi cannot produce: letters it leaves unused, a Mon, Karen or Shan consonant at the start of a word (there
# Zawgyi has only shapes that hang below another letter), and the Karen tone U+1062 U+103A.
_NOT_ZAWGYI = re.compile(rf"[{UNUSED}]|(?:^|\s)[\u1061\u1075-\u107d]|\u1062\u103a")


@dataclass(frozen=True, slots=True)
class Repaired:
    """A text in Unicode, and what it was."""

    text: str
    original: str  #: exactly what was given
    encoding: Literal["unicode", "zawgyi"]
    probability: float  #: that the original is Zawgyi, 0 to 1; 0 for text without Myanmar letters


@cache
def _detector() -> ZawgyiDetector:
    return ZawgyiDetector()


def repair(text: str, *, chosen: str | None = None) -> Repaired:
    """The text in Unicode; converted only where it is certainly Zawgyi. Never raises.

    `chosen` is the language a person chose (BCP 47): with a Mon, Shan, Karen or Kachin choice nothing is converted.
    Call before any Unicode normalisation, which would reorder what Zawgyi wrote.
    """
    if text.isascii() or not MYANMAR.search(text):
        return Repaired(text, text, "unicode", 0.0)
    probability = _probability(text)
    if probability < CERTAIN or chosen in _NEVER or _NOT_ZAWGYI.search(text):
        return Repaired(text, text, "unicode", probability)
    converted: str = zg_to_unicode(text, force=True)
    if converted == text:  # words spelled alike in both encodings
        return Repaired(text, text, "unicode", probability)
    return Repaired(converted, text, "zawgyi", probability)


def _probability(text: str) -> float:
    found = float(_detector().get_zawgyi_probability(text[:_ENOUGH]))
    return max(found, 0.0)  # minus infinity where no letter is known to the detector
