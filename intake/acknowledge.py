"""Whether the system answers by itself, and in which words. Pure: every rule is a line of a table in the tests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from model.deliveries import Reason
from model.hours import Hours
from model.network import Acknowledgement
from model.taxonomy import Urgency
from model.tickets import WRITTEN
from translations.catalog import say, sendable
from translations.menu import own_name
from translations.moments import moment
from translations.requests import What

_CONFIRMS: Mapping[What, str] = {
    "language": "language.chosen",
    "stop": "stop.confirmed",
    "start": "start.confirmed",
    "forget": "forget.received",
}
_CHOOSE = "ack.choose_language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that decides about an automatic answer: codes and times, no words of the person."""

    new_ticket: bool
    channel: str  #: of the account that would say it
    inbound: bool  #: whether that account takes what people answer
    no_way: Reason | None  #: why nothing can be written back to where this came from
    wish: What | None  #: what the message itself asked for
    urgency: Urgency
    reasons: tuple[str, ...]
    language: str | None  #: the ticket's
    language_rank: int
    languages: tuple[str, ...]  #: the account's, in its order
    default_language: str  #: the network's
    unreviewed: bool  #: whether texts that no speaker has reviewed may go: in the sandbox alone
    hours: Hours  #: of the organisation that answers
    acknowledgement: Acknowledgement
    at: datetime
    said_lately: int  #: automatic answers of this sort to this address within a day
    most: int  #: that may be


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is said. `why` is a stable word, for the audit trail."""

    why: Literal["old_ticket", "switched_off", "one_way", "no_way", "a_wish", "possible_probe", "enough"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said."""

    key: str  #: of the catalog
    languages: tuple[str, ...]  #: in which it is said, one after another; the first is the message's
    values: Mapping[str, Mapping[str, str]]  #: what is filled in, by language
    own: str = ""  #: the organisation's own words, in place of the catalog's
    menu: bool = False  #: whether a choice of languages goes with it

    @property
    def text(self) -> str:
        """The words as they go out."""
        return "\n".join(self._said(language) for language in self.languages)

    def _said(self, language: str) -> str:
        words = self.own or say(self.key, language, **self.values.get(language, {}))
        return f"{words} {say(_CHOOSE, language)}" if self.menu and not self.own else words


def acknowledge(facts: Circumstances) -> Answer | Silence:
    """What a new ticket is answered: that the words have arrived, and from when on somebody is there.

    Where the language is not known it is said in two of the account's (one on SMS, which is paid by the piece), with a
    choice of all of them.
    """
    if silence := _why_not(facts):
        return silence
    known, order = _order(facts)
    danger = facts.acknowledgement.danger if facts.urgency == "U1" else {}
    if own := next((code for code in ([known] if known else order) if code in danger), None):
        return Answer(key="", own=danger[own], languages=(own,), values={}, menu=not known)
    opens_at = None if facts.hours.is_open(facts.at) else facts.hours.next_open(facts.at)
    key = "ack.closed" if opens_at else "ack.open"
    keys = (key,) if known else (key, _CHOOSE)
    most = 1 if known or facts.channel == "sms" else 2
    languages = _speakable(keys, order, facts.unreviewed)[:most]
    values = {}
    if opens_at:
        zone = facts.hours.timezone
        values = {code: {"when": moment(opens_at, code, zone, now=facts.at)} for code in languages}
    return Answer(key=key, languages=languages, values=values, menu=not known)


def confirm(facts: Circumstances, *, phrase: str | None) -> Answer | Silence:
    """What a wish is answered, once it has been carried out. `phrase`: the language in which it was said, or chosen."""
    if facts.wish is None:
        raise ValueError("there is no wish to confirm")
    if silence := _cannot(facts):
        return silence
    known, order = _order(facts)
    key = _CONFIRMS[facts.wish]
    first = (phrase, known) if facts.wish == "language" else (known, phrase)
    languages = _speakable((key,), [code for code in (*first, *order) if code], facts.unreviewed)[:1]
    chosen = {"language": own_name(phrase, unreviewed=facts.unreviewed)} if phrase and facts.wish == "language" else {}
    return Answer(key=key, languages=languages, values={code: chosen for code in languages})


def _why_not(facts: Circumstances) -> Silence | None:
    if not facts.new_ticket:
        return Silence("old_ticket")
    if not facts.acknowledgement.enabled:
        return Silence("switched_off")
    if facts.wish:
        return Silence("a_wish")  # it is confirmed instead
    if "possible_probe" in facts.reasons:
        return Silence("possible_probe")  # it sounds like an employer asking who complained
    return _cannot(facts)


def _cannot(facts: Circumstances) -> Silence | None:
    if facts.no_way:
        return Silence("no_way")
    if not facts.inbound:
        return Silence("one_way")
    return Silence("enough") if facts.said_lately >= facts.most else None


def _order(facts: Circumstances) -> tuple[str | None, list[str]]:
    """The language if it is known, and all that may be spoken in the order in which they are tried."""
    known = facts.language if facts.language_rank >= WRITTEN else None
    tried = (facts.language, *facts.languages, facts.default_language, "en")
    return known, list(dict.fromkeys(code for code in tried if code))


def _speakable(keys: Iterable[str], order: Iterable[str], unreviewed: bool) -> tuple[str, ...]:
    """Those of these languages in which all of these texts may be sent."""
    keys = tuple(keys)
    return tuple(
        code
        for code in dict.fromkeys(order)
        if all(sendable(key, [code], unreviewed=unreviewed) == code for key in keys)
    )
