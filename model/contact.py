"""How a person may be reached without harm: what they told us, and what follows from it. Pure.

A rule is the person's own word, as an agent wrote it down. What nobody asked is unknown, and then the person is
answered where they wrote, and nothing else: not called, not written to elsewhere first, no message left.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from model.hours import Hours

Answer = Literal["yes", "no", "unknown"]
Act = Literal["write", "call", "voicemail", "name"]  #: the last: say who we are to whoever answers
Phone = Literal["own", "shared", "unknown"]

ANSWERS: tuple[Answer, ...] = ("yes", "no", "unknown")
_PLAIN = ("write", "call", "voicemail", "name", "phone", "whose", "check", "remark")  #: written as they are
PHONES: tuple[Phone, ...] = ("own", "shared", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What one organisation knows of reaching one person. Carries words: never log one."""

    write: Answer = "unknown"
    on: Mapping[str, Answer] = field(default_factory=dict)  #: by channel, where writing there is another matter
    call: Answer = "unknown"
    voicemail: Answer = "unknown"
    name: Answer = "unknown"
    hours: Hours | None = None  #: when it is safe, on the person's own clock; None: at any time
    until: datetime | None = None  #: after that all of it is unknown again
    phone: Phone = "unknown"
    whose: str = ""  #: who else has the phone
    check: str = ""  #: what the person says, or is asked, so that both sides know whom they talk to
    remark: str = ""
    checked_at: datetime | None = None  #: when the person was last asked

    def in_force(self, at: datetime) -> "Rules":
        """The rules as they hold at a moment: past their time nothing is known."""
        if self.until is None or at < self.until:
            return self
        return Rules(phone=self.phone, whose=self.whose, check=self.check, remark=self.remark)

    def answers(self, channel: str, what: Act) -> tuple[Answer, ...]:
        """What the person answered: a message can only be left where calling is safe."""
        match what:
            case "write":
                return (self.on.get(channel, self.write),)
            case "call":
                return (self.call,)
            case "voicemail":
                return (self.call, self.voicemail)
            case "name":
                return (self.name,)


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be done."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """It may not be done, and why."""

    why: Literal[
        "no",  # the person said no
        "not_known",  # nobody asked, and this is not the channel they use
        "not_now",  # yes, but not at this hour
    ]
    opens_at: datetime | None = None  #: of `not_now`: from when on it may


Verdict = Allowed | Forbidden


def allowed(rules: Rules, channel: str, what: Act, at: datetime, *, used: bool) -> Verdict:
    """Whether something may be done at an aware moment. `used`: the person wrote to us on this channel themselves."""
    now = rules.in_force(at)
    answers = now.answers(channel, what)
    if "no" in answers:
        return Forbidden("no")
    if "unknown" in answers and not (what == "write" and used):
        return Forbidden("not_known")
    if what == "name" or now.hours is None or now.hours.is_open(at):
        return Allowed()
    return Forbidden("not_now", _opens_at(now, channel, what, at, used=used))


def _opens_at(rules: Rules, channel: str, what: Act, at: datetime, *, used: bool) -> datetime | None:
    """When the safe hours begin, or the rules end if that comes first and what is unknown then is allowed."""
    opens = rules.hours.next_open(at) if rules.hours else at
    if rules.until is None or (opens is not None and opens < rules.until):
        return opens
    return rules.until if allowed(rules, channel, what, rules.until, used=used) == Allowed() else None


def dump(rules: Rules) -> bytes:
    """Rules as JSON, to be sealed."""
    hours = rules.hours and {"timezone": rules.hours.timezone, "spans": rules.hours.spans}
    moments = {name: at.isoformat() for name in ("until", "checked_at") if (at := getattr(rules, name))}
    plain = {name: getattr(rules, name) for name in _PLAIN}
    return json.dumps(
        plain | moments | {"on": dict(rules.on)} | ({"hours": hours} if hours else {}), ensure_ascii=False
    ).encode()


def load(written: bytes) -> Rules:
    """Rules from what `dump` made of them."""
    known = json.loads(written)
    hours = known.get("hours")
    return Rules(
        on=known["on"],
        hours=Hours(timezone=hours["timezone"], spans=tuple((a, b) for a, b in hours["spans"])) if hours else None,
        until=_moment(known.get("until")),
        checked_at=_moment(known.get("checked_at")),
        **{name: known[name] for name in _PLAIN},
    )


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
