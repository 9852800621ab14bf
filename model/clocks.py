"""How long people may wait, by how urgent their matter is, and how long one has waited. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from model.hours import Hours
from model.taxonomy import Urgency

_MINUTES, _HOURS = timedelta(minutes=1), timedelta(hours=1)
_NEARLY = 0.8  #: of the time is used


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What one urgency promises (our own proposal: no public figures of such networks were found)."""

    answer: timedelta  #: until a person answers words
    call_back: timedelta  #: until a person calls back, or answers, whoever could not be put through
    alert: timedelta  #: after so long unclaimed a supervisor is told; of U1 it is near its end from then on
    safety: timedelta | None  #: until the safety questions are asked


TARGETS: Mapping[Urgency, Target] = {
    "U1": Target(answer=15 * _MINUTES, call_back=5 * _MINUTES, alert=5 * _MINUTES, safety=1 * _HOURS),
    "U2": Target(answer=2 * _HOURS, call_back=30 * _MINUTES, alert=1 * _HOURS, safety=8 * _HOURS),
    "U3": Target(answer=24 * _HOURS, call_back=2 * _HOURS, alert=12 * _HOURS, safety=72 * _HOURS),
    "U4": Target(answer=48 * _HOURS, call_back=8 * _HOURS, alert=24 * _HOURS, safety=None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A clock that runs: "1 h 52 min of 2 h"."""

    since: datetime
    waited: timedelta  #: on the person's own clock
    counted: timedelta  #: of that, while the desk was open; all of it for U1
    target: timedelta
    due_at: datetime | None  #: when the target is reached; None for a desk that never opens
    state: Literal["fine", "near", "late"]

    @property
    def left(self) -> timedelta:
        """Until the target is reached; less than nothing when it is past."""
        return self.target - self.counted


def answer_wait(urgency: Urgency, channel: str, since: datetime, now: datetime, hours: Hours) -> Wait:
    """How long somebody has waited for an answer. `hours`: the organisation's; danger knows no closing time."""
    promised = TARGETS[urgency]
    target = promised.call_back if channel == "voice" else promised.answer
    return _wait(target, promised.alert if urgency == "U1" else _NEARLY * target, urgency, since, now, hours)


def safety_wait(urgency: Urgency, since: datetime, now: datetime, hours: Hours) -> Wait | None:
    """How long the safety questions have been open since a ticket opened; None where none need be asked."""
    target = TARGETS[urgency].safety
    return _wait(target, _NEARLY * target, urgency, since, now, hours) if target else None


def _wait(target: timedelta, near: timedelta, urgency: Urgency, since: datetime, now: datetime, hours: Hours) -> Wait:
    now = max(now, since)
    always = urgency == "U1"
    counted = now - since if always else hours.open_between(since, now)
    return Wait(
        since=since,
        waited=now - since,
        counted=counted,
        target=target,
        due_at=since + target if always else hours.after_open(since, target),
        state="late" if counted >= target else "near" if counted >= near else "fine",
    )
