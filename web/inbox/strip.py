"""The strip above the words: how this person may be reached without harm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from model.contact import Act, Allowed, Forbidden, Rules, Verdict, allowed
from model.hours import Hours
from web.local import Local

Kind = Literal["yes", "ask", "mind", "no"]
Question = Literal["write", "call", "voicemail", "name", "phone"]
_SPOKEN: tuple[Act, ...] = ("call", "voicemail", "name")
_BEFORE_ALL_ELSE: dict[Kind, int] = {"no": 0, "mind": 1}
_WEEK = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the strip: allowed, not asked yet, to be minded, or forbidden."""

    kind: Kind
    text: str
    more: str = ""  #: beside it, quieter
    of: Question | None = None  #: whose answer it is: a press asks again


@dataclass(frozen=True, slots=True)
class Strip:
    """All of it; the first sentence is what shows on a narrow screen."""

    kind: Kind
    rules: Sequence[Rule]
    writes: str  #: the form's name for writing on this channel

    @property
    def forbidden(self) -> int:
        """How many prohibitions stand behind the first sentence: what a folded strip must still tell."""
        return sum(rule.kind == "no" for rule in self.rules[1:])

    @property
    def minded(self) -> list[str]:
        """What else it must tell: whose ears and eyes are near."""
        return [rule.text for rule in self.rules if rule.kind == "mind"]


def strip(rules: Rules, channel: str, at: datetime, local: Local, *, used: bool) -> Strip:
    """What the rules say of answering on a channel now. `used`: the person wrote on it themselves."""
    now = rules.in_force(at)
    first = _write(now, channel, at, local, used=used)
    rest = [*_spoken(now, channel, at, local), *_elsewhere(now, channel, local), *_phone(now, local)]
    if rules.until and at < rules.until:
        rest.append(Rule("ask", local.text("strip.until", until=local.moment(rules.until))))
    elif rules.until:
        rest.insert(0, Rule("no", local.text("strip.over")))
    rest.sort(key=lambda rule: _BEFORE_ALL_ELSE.get(rule.kind, len(_BEFORE_ALL_ELSE)))
    return Strip(first.kind, [first, *rest], f"on-{channel}" if channel in now.on else "write")


def _write(rules: Rules, channel: str, at: datetime, local: Local, *, used: bool) -> Rule:
    on, there = local.text(f"channel.{channel}"), _there(rules, at, local)
    verdict = allowed(rules, channel, "write", at, used=used)
    if isinstance(verdict, Forbidden):
        if verdict.why == "not_now" and verdict.opens_at:
            soon = _soon(verdict.opens_at, at, rules, local)
            return Rule("no", local.text("strip.not_before", on=on, at=soon), there, of="write")
        key = "strip.write_unasked" if verdict.why == "not_known" else "strip.write_no"
        return Rule("no", local.text(key, on=on), of="write")
    if "unknown" in rules.answers(channel, "write"):
        return Rule("ask", local.text("strip.write_ask", on=on), of="write")
    ends = closes(rules.hours, at) if rules.hours else None
    if ends:
        soon = _soon(ends, at, rules, local)
        return Rule("yes", local.text("strip.write_until", on=on, at=soon), there, of="write")
    return Rule("yes", local.text("strip.write_yes", on=on), of="write")


def _spoken(rules: Rules, channel: str, at: datetime, local: Local) -> Iterator[Rule]:
    """Calls, messages and our name. Several that are forbidden are one prohibition: that is read at a glance."""
    told = {what: allowed(rules, channel, what, at, used=False) for what in _SPOKEN}
    noes, unasked = ([what for what in _SPOKEN if told[what] == Forbidden(why)] for why in ("no", "not_known"))
    if len(noes) > 1:
        what = _listed(noes, local)
        yield Rule("no", what[0].upper() + what[1:])
    if unasked:
        yield Rule("no", local.text("strip.unasked", what=_listed(unasked, local)), of=unasked[0])
    for one in _SPOKEN:
        if one not in unasked and (len(noes) < 2 or one not in noes):
            yield _said(one, told[one], local)


def _listed(acts: Sequence[Act], local: Local) -> str:
    return ", ".join(local.text(f"strip.to_{one}") for one in acts)


def _said(what: Act, verdict: Verdict, local: Local) -> Rule:
    if isinstance(verdict, Allowed):
        return Rule("yes", local.text(f"strip.{what}_yes"), of=what)
    return Rule("no", local.text(f"strip.{what}_{'later' if verdict.why == 'not_now' else 'no'}"), of=what)


def _elsewhere(rules: Rules, channel: str, local: Local) -> Iterator[Rule]:
    """Channels where writing is another matter than here."""
    for other, answer in sorted(rules.on.items()):
        if other != channel and answer != "unknown":
            yield Rule(answer, local.text(f"strip.write_{answer}", on=local.text(f"channel.{other}")))
    if channel in rules.on and rules.write == "no":
        yield Rule("no", local.text("strip.nowhere_else"))


def _phone(rules: Rules, local: Local) -> Iterator[Rule]:
    match rules.phone:
        case "shared":
            shared = local.text("strip.shared_with", whose=rules.whose) if rules.whose else local.text("strip.shared")
            yield Rule("mind", shared, of="phone")
        case "own":
            yield Rule("yes", local.text("strip.own_phone"), of="phone")
        case _:
            yield Rule("ask", local.text("strip.phone_ask"), of="phone")
    if rules.check:
        yield Rule("ask", local.text("strip.check", check=rules.check))
    if rules.remark:
        yield Rule("ask", rules.remark)


def _there(rules: Rules, at: datetime, local: Local) -> str:
    """What the person's clock shows."""
    zone = rules.hours.timezone if rules.hours else local.timezone
    return local.text("strip.there", at=f"{at.astimezone(ZoneInfo(zone)):%H:%M}")


def _soon(then: datetime, at: datetime, rules: Rules, local: Local) -> str:
    """An hour of today or of another day, on the person's clock."""
    there = Local(local.language, rules.hours.timezone if rules.hours else local.timezone)
    return there.clock(then) if there.day(then) == there.day(at) else f"{there.day(then)}, {there.clock(then)}"


def closes(hours: Hours, at: datetime) -> datetime | None:
    """When the safe hours that run now are over; None where they do not run, or never end."""
    if hours.always or not hours.is_open(at):
        return None
    there = at.astimezone(ZoneInfo(hours.timezone))
    minute = there.weekday() * 24 * 60 + there.hour * 60 + there.minute
    ends = [end - m for start, end in hours.spans for m in (minute, minute + _WEEK) if start <= m < end]
    return at.replace(second=0, microsecond=0) + timedelta(minutes=max(ends))
