"""What a message asks of the system itself, and what that makes of it for its ticket."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model.events import Received
from model.taxonomy import more_urgent
from model.tickets import CHOSEN, WRITTEN, Facts
from translations import menu, requests
from translations.requests import What

FORGET = "asked_to_forget"  #: the reason a ticket shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A wish that is not for a person to answer; `forget` alone is for one to look at."""

    what: What
    language: str | None = None  #: the one chosen; of other wishes the one whose phrase it was, if only one has it
    certain: bool = True  #: False: only an answer to a menu of ours makes it one
    number: bool = False  #: a number typed alone

    @property
    def in_everybodys_words(self) -> bool:
        """Whether its words ("stop") tell nothing of the language of whoever says them."""
        return self.what in ("stop", "start") and self.language in (None, "en")


def asked(said: Received, text: str, languages: Sequence[str]) -> Ask | None:
    """What a message asks for; None for an ordinary one. `text` is repaired Unicode, `languages` the account's menu."""
    if said.kind not in ("text", "postback") or said.attachments:
        return None
    if said.kind == "postback" and (tapped := menu.tapped(text)):
        return Ask(what="language", language=tapped)
    if number := menu.numbered(text, languages):
        return Ask(what="language", language=number, certain=False, number=True)
    found = requests.find(text)
    if found is None:
        return None
    typed = found.what == "language" and said.kind == "text"
    return Ask(what=found.what, language=found.language, certain=not typed)


def answers_the_menu(ask: Ask, *, menu_is_out: bool, somebody_answered: bool) -> bool:
    """Whether an uncertain wish is one: once a person has answered, "2" or "Thai" may be an answer to that person."""
    return not somebody_answered and (menu_is_out or not ask.number)


def taken_as(facts: Facts, ask: Ask) -> Facts:
    """The facts of a message that is a wish: nobody has to answer it, unless it is to be forgotten."""
    if ask.what == "forget":
        reasons = tuple(sorted({*facts.reasons, FORGET}))
        return replace(facts, urgency=more_urgent("U2", facts.urgency), reasons=reasons, starts_clock=True)
    wish = replace(facts, urgency="U4", reasons=(), issues=(), starts_clock=False)
    if ask.what == "language":
        return replace(wish, language=ask.language, language_rank=CHOSEN)
    return wish if ask.in_everybodys_words else replace(wish, language=ask.language, language_rank=WRITTEN)
