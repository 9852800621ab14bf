"""How a text becomes radio messages: 3GPP TS 23.038 (alphabets) and 23.040 (concatenation).

Twilio charges each of them: twilio.com/docs/glossary/what-sms-character-limit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from channels.splitting import utf16

_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")  # each takes an escape before it


@dataclass(frozen=True, slots=True)
class Alphabet:
    """How letters are written, and how many fit."""

    name: Literal["GSM-7", "UCS-2"]
    size: Callable[[str], int]  #: of a text, in units
    alone: int  #: units in a message that is not divided
    each: int  #: units in a segment of one that is


def _septets(text: str) -> int:
    return len(text) + sum(letter in _EXTENSION for letter in text)


GSM_7 = Alphabet("GSM-7", _septets, alone=160, each=153)
UCS_2 = Alphabet("UCS-2", utf16, alone=70, each=67)


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs."""

    alphabet: Literal["GSM-7", "UCS-2"]
    units: int  #: septets or UTF-16 units
    segments: int  #: radio messages; 0 for no text


def alphabet(text: str) -> Alphabet:
    """One letter outside the short alphabet (Thai, Burmese, an emoji, a curly quote) makes the whole text UCS-2."""
    return GSM_7 if all(letter in _ALPHABET or letter in _EXTENSION for letter in text) else UCS_2


def count(text: str) -> Segments:
    """How long a text is, and in how many segments it goes.

    A letter of two units is not divided: where one does not fit, a segment ends a unit early.
    """
    used = alphabet(text)
    units = used.size(text)
    if units <= used.alone:
        return Segments(used.name, units, min(units, 1))
    segments, room = 1, used.each
    for letter in text:
        size = used.size(letter)
        if size > room:
            segments, room = segments + 1, used.each
        room -= size
    return Segments(used.name, units, segments)
