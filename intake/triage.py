"""How urgent a message is, at least, and why. A floor for people to work from, never a verdict."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from model.events import Kind
from model.taxonomy import Taxonomy, Urgency, more_urgent
from translations import taxonomy
from translations.lexicon import hits, pleasant

#: Rules that hold whatever the issue is. The names are stable: they are stored as reasons and explained on screen.
RULES: Mapping[str, Urgency] = {
    "danger_now": "U1",
    "cannot_leave": "U1",
    "phone_about_to_be_taken": "U1",
    "injury_untreated": "U1",
    "child": "U1",
    "dying": "U1",
    "at_sea": "U1",
    "police_under_way": "U1",
    "employer_knows": "U1",
    "sexual_violence": "U1",
    "possible_probe": "U3",
}
_UNHEARD = frozenset({"image", "audio", "video"})
_SPOKEN = frozenset({"text", "call"})  #: with media: a voicemail, or a picture sent by MMS
_GESTURES = frozenset({"sticker", "reaction"})
_START = re.compile(r"\s*(?:/start(?:\s\S+)?|get.started)\s*", re.IGNORECASE)  #: what a first tap sends


@dataclass(frozen=True, slots=True)
class Triage:
    """A floor of urgency with its reasons; no word of the message is in it."""

    urgency: Urgency
    reasons: tuple[str, ...] = ()  #: sorted; a rule's name, `issue:` and a code, or one of the plain reasons below
    issues: tuple[str, ...] = ()  #: sorted taxonomy codes
    pleasantry: bool = False  #: thanks, a greeting, a sticker: nothing to answer by itself


def triage(text: str, language: str | None, kind: Kind, *, has_media: bool) -> Triage:
    """The urgency of one message. `text` is repaired Unicode; `language` None where it is unknown. Never raises.

    U4 only where nothing but an information question was recognised, or a mere pleasantry. Plain reasons:
    `not_heard_yet` (a recording or picture, at least U2), `sent_a_place`, `language_unknown`.
    """
    found = sorted({hit.of for hit in hits(text, language)}) if text else []
    issues = tuple(of for of in found if of not in RULES)
    reasons = tuple(sorted([of if of in RULES else f"issue:{of}" for of in found] + _plain(text, language, kind)))
    if _unheard(kind, has_media):
        return Triage(more_urgent("U2", _floor(found)), tuple(sorted((*reasons, "not_heard_yet"))), issues)
    if _pleasantry(text, language, kind) and (not found or (kind in _GESTURES and _floor(found) > "U2")):
        return Triage("U4", (), issues, pleasantry=True)
    urgency = _floor(found) if kind in ("text", "postback", "call") else more_urgent("U3", _floor(found))
    return Triage(urgency, reasons, issues)


def _floor(found: list[str]) -> Urgency:
    """The highest floor of what was found. Questions are U4 only among themselves; with nothing found it is U3."""
    known: Taxonomy = taxonomy.load()
    floors: list[Urgency] = [RULES[of] if of in RULES else known.urgency_of(of) for of in found]
    return min(floors, default="U3")


def _plain(text: str, language: str | None, kind: Kind) -> list[str]:
    reasons = ["sent_a_place"] if kind == "location" else []
    has_words = sum(map(str.isalpha, text[:200])) > 1
    if language is None and kind == "text" and has_words and not pleasant(text, language):
        reasons.append("language_unknown")
    return reasons


def _unheard(kind: Kind, has_media: bool) -> bool:
    return kind in _UNHEARD or (has_media and kind in _SPOKEN)


def _pleasantry(text: str, language: str | None, kind: Kind) -> bool:
    if kind in _GESTURES:
        return True
    if kind == "postback" or kind == "text":
        return bool(_START.fullmatch(text)) or pleasant(text, language)
    return False
