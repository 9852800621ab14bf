"""A call is one message that grows with its steps, whichever of them arrives first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from model.events import CallEnded, CallStep

_UNANSWERED = ("busy", "no-answer", "canceled", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is known of a call so far."""

    steps: frozenset[str] = frozenset()
    language: str | None = None
    status: str | None = None  #: None while it goes on
    seconds: int = 0


def told(event: CallStep | CallEnded) -> Call:
    """What one event says of its call."""
    if isinstance(event, CallEnded):
        return Call(status=event.status, seconds=event.seconds)
    return Call(steps=frozenset({event.step}), language=event.language)


def merge(a: Call, b: Call) -> Call:
    """Both together; the order does not matter."""
    return Call(
        steps=a.steps | b.steps,
        language=min(filter(None, (a.language, b.language)), default=None),
        status=max(filter(None, (a.status, b.status)), default=None),
        seconds=max(a.seconds, b.seconds),
    )


def call_of(stored: Mapping[str, Any] | None) -> Call:
    """A call as its message stores it; nothing is known of one that was never stored."""
    known = stored or {}
    return Call(
        steps=frozenset(known.get("steps", ())),
        language=known.get("language"),
        status=known.get("status"),
        seconds=known.get("seconds", 0),
    )


Outcome = Literal["ringing", "missed", "flash", "voicemail", "silent", "hung_up"]


def outcome(call: Call, *, flash_seconds: int) -> Outcome:
    """How the call ended, in one word.

    `missed`: we never answered. `flash`: the caller hung up within a few seconds, which asks to be called back.
    """
    if "voicemail" in call.steps:
        return "voicemail"
    if call.status in _UNANSWERED:
        return "missed"
    if "silence" in call.steps:
        return "silent"
    if call.status is None:
        return "ringing"
    return "flash" if call.seconds < flash_seconds else "hung_up"
