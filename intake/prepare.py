"""One received message, understood: its words repaired, its language known or guessed, its urgency floored."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import phonenumbers

from intake.triage import triage
from model.events import Received, Sender
from model.tickets import APP_HINT, CHOSEN, GUESSED, UNKNOWN, WRITTEN, Facts
from translations.understand import Understood, understand

#: Below this a model's guess at the language of a text is worth no more than the language of the person's app.
_SURE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is stored of a message, and what its ticket is told of it."""

    facts: Facts
    words: Understood


def prepare(event: Received, sender: Sender, at: datetime, *, account: str, channel: str) -> Prepared:
    """Understand and triage one message. Pure and total."""
    words = understand(event.text, chosen=event.language)
    found = triage(words.text, words.language, event.kind, has_media=bool(event.attachments))
    language, rank = _language(words, sender)
    facts = Facts(
        provider_id=event.provider_id,
        occurred_at=at,
        account=account,
        channel=channel,
        phone_country=phone_country(sender),
        kind=event.kind,
        language=language,
        language_rank=rank,
        urgency=found.urgency,
        reasons=found.reasons,
        issues=found.issues,
        starts_clock=not found.pleasantry,
    )
    return Prepared(facts=facts, words=words)


def _language(words: Understood, sender: Sender) -> tuple[str | None, int]:
    if words.by == "person":
        return words.language, CHOSEN
    if words.language and words.by in ("script", "words"):
        return words.language, WRITTEN
    if words.language and words.confidence >= _SURE:
        return words.language, GUESSED
    hint = understand("", chosen=sender.language).language
    return (hint, APP_HINT) if hint else (words.language, APP_HINT if words.language else UNKNOWN)


def phone_country(sender: Sender) -> str | None:
    """ISO 3166 country of the person's own number; None where the channel has none or it is not a real one."""
    return _country(sender.value) if sender.scope == "phone" else None


@lru_cache(maxsize=4096)
def _country(number: str) -> str | None:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
