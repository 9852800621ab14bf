"""One event's words, understood: repaired, their language known or guessed, their urgency floored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import phonenumbers

from intake.asks import Ask, asked, taken_as
from intake.triage import triage
from model.events import CallEnded, CallStep, Echo, Edited, Event, Kind, Received, Sender, Unsupported
from model.tickets import APP_HINT, CHOSEN, GUESSED, UNKNOWN, WRITTEN, Facts
from translations.menu import own_name, tapped
from translations.understand import Understood, understand

#: Below this a model's guess at the language of a text is worth no more than the language of the person's app.
_SURE = 0.5
#: What a sticker, a button or a place says are words of whoever made it.
_OWN_WORDS = frozenset({"text", "image", "audio", "video", "file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is stored of a message, and what its ticket is told of it."""

    said: Received
    words: Understood
    facts: Facts
    ask: Ask | None = None  #: what it asks of the system itself; `facts` tell of it where that is certain


def as_message(event: Event) -> Received | None:
    """An event as the message that a ticket shows of it; None where there is nothing to show.

    A call is the message of its id, whichever step tells of it. What we cannot read is shown by the provider's name of
    it, under an id of its own: it is no message we could be asked about.
    """
    match event:
        case Received():
            return event
        case CallStep() | CallEnded():
            language = event.language if isinstance(event, CallStep) else None
            return _message(event, event.provider_id, event.sender, "call", language=language)
        case Edited():
            return _message(event, event.provider_id, event.sender, event.kind, text=event.text)
        case Echo():
            kind = event.attachments[0].kind if event.attachments else "text"
            return _message(event, event.provider_id, event.to, kind, text=event.text, attachments=event.attachments)
        case Unsupported(sender=Sender()):
            return _message(event, f"unsupported:{event.event_id}", event.sender, "unsupported", text=event.what)
        case _:
            return None


def _message(event: Event, provider_id: str, sender: Sender | None, kind: Kind, **more: Any) -> Received:
    return Received(event_id=event.event_id, provider_id=provider_id, sender=sender, kind=kind, **more)


def prepare(said: Received, at: datetime, *, account: str, channel: str, languages: Sequence[str] = ()) -> Prepared:
    """Understand and triage one message. `languages`: the account's, as its menu has them. Pure and total."""
    words = understand(said.text, chosen=said.language)
    ask = asked(said, words.text, languages)
    if ask and ask.in_everybodys_words:
        words = replace(words, language=None, confidence=0.0)
    found = triage(words.text, words.language, said.kind, has_media=bool(said.attachments))
    language, rank = _language(words, said)
    facts = Facts(
        provider_id=said.provider_id,
        occurred_at=at,
        account=account,
        channel=channel,
        phone_country=phone_country(said.sender),
        kind=said.kind,
        language=language,
        language_rank=rank,
        urgency=found.urgency,
        reasons=found.reasons,
        issues=found.issues,
        starts_clock=not found.pleasantry,
    )
    if said.kind == "postback" and (choice := tapped(words.text)):
        words = replace(words, text=own_name(choice, unreviewed=True))  # what was tapped, not the code behind it
    return Prepared(said=said, words=words, facts=taken_as(facts, ask) if ask and ask.certain else facts, ask=ask)


def _language(words: Understood, said: Received) -> tuple[str | None, int]:
    guess = words.language if said.kind in _OWN_WORDS else None
    if words.by == "person":
        return words.language, CHOSEN
    if guess and words.by in ("script", "words"):
        return guess, WRITTEN
    if guess and words.confidence >= _SURE:
        return guess, GUESSED
    hint = understand("", chosen=said.sender.language if said.sender else None).language
    return (hint, APP_HINT) if hint else (guess, APP_HINT if guess else UNKNOWN)


def phone_country(sender: Sender | None) -> str | None:
    """ISO 3166 country of the person's own number; None where there is none or it is not a real one."""
    return _country(sender.value) if sender and sender.scope == "phone" else None


@lru_cache(maxsize=4096)
def _country(number: str) -> str | None:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
