"""The strip above the words: how this person may be reached without harm; and the form that changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from model.contact import Act, Allowed, Answer, Forbidden, Phone, Rules, allowed
from model.hours import DAYS, BadHours, Hours, parse_hours
from web.inbox.seats import moment_of
from web.local import Local

Kind = Literal["yes", "ask", "no"]
_WEEK = 7 * 24 * 60
_LONGEST_END = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the strip: allowed, not asked yet, or forbidden."""

    kind: Kind
    text: str
    more: str = ""  #: beside it, quieter


@dataclass(frozen=True, slots=True)
class Strip:
    """All of it; the first sentence is what shows on a narrow screen."""

    kind: Kind
    rules: Sequence[Rule]


def strip(rules: Rules, channel: str, at: datetime, local: Local, *, used: bool) -> Strip:
    """What the rules say of answering on a channel now. `used`: the person wrote on it themselves."""
    now = rules.in_force(at)
    first = _write(now, channel, at, local, used=used)
    calls = [_spoken(now, channel, what, at, local) for what in ("call", "voicemail", "name")]
    lines = [first, *calls, *_phone(now, local)]
    if rules.until and at < rules.until:
        lines.append(Rule("ask", local.text("strip.until", until=local.moment(rules.until))))
    elif rules.until:
        lines.append(Rule("no", local.text("strip.over")))
    return Strip(first.kind, lines)


def _write(rules: Rules, channel: str, at: datetime, local: Local, *, used: bool) -> Rule:
    on, there = local.text(f"channel.{channel}"), _there(rules, at, local)
    verdict = allowed(rules, channel, "write", at, used=used)
    if isinstance(verdict, Forbidden):
        if verdict.why == "not_now" and verdict.opens_at:
            return Rule(
                "no", local.text("strip.not_before", on=on, at=_soon(verdict.opens_at, at, rules, local)), there
            )
        return Rule("no", local.text("strip.write_unasked" if verdict.why == "not_known" else "strip.write_no", on=on))
    if "unknown" in rules.answers(channel, "write"):
        return Rule("ask", local.text("strip.write_ask", on=on))
    ends = closes(rules.hours, at) if rules.hours else None
    if ends:
        return Rule("yes", local.text("strip.write_until", on=on, at=_soon(ends, at, rules, local)), there)
    return Rule("yes", local.text("strip.write_yes", on=on))


def _spoken(rules: Rules, channel: str, what: Act, at: datetime, local: Local) -> Rule:
    verdict = allowed(rules, channel, what, at, used=False)
    if isinstance(verdict, Allowed):
        return Rule("yes", local.text(f"strip.{what}_yes"))
    ending = {"no": "no", "not_known": "ask", "not_now": "later"}[verdict.why]
    return Rule("no", local.text(f"strip.{what}_{ending}"))


def _phone(rules: Rules, local: Local) -> list[Rule]:
    lines = []
    if rules.phone == "shared":
        lines.append(
            Rule(
                "no", local.text("strip.shared_with", whose=rules.whose) if rules.whose else local.text("strip.shared")
            )
        )
    if rules.phone == "unknown":
        lines.append(Rule("ask", local.text("strip.phone_ask")))
    if rules.check:
        lines.append(Rule("ask", local.text("strip.check", check=rules.check)))
    if rules.remark:
        lines.append(Rule("ask", rules.remark))
    return lines


def _there(rules: Rules, at: datetime, local: Local) -> str:
    """What the person's clock shows, where that is another one than the organisation's."""
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


# The form


@dataclass(frozen=True, slots=True)
class Times:
    """Safe hours as the form shows them: the same every day, or too many for it."""

    start: str = ""
    end: str = ""
    days: frozenset[str] = frozenset(DAYS)
    other: bool = False  #: they differ from day to day: kept as they are unless new ones are typed


def times(hours: Hours | None) -> Times:
    """What the form shows of hours."""
    if hours is None or not hours.spans:
        return Times()
    first = {(start % 1440, end - start) for start, end in hours.spans}
    if len(first) > 1:
        return Times(other=True)
    ((start, length),) = first
    days = frozenset(DAYS[begin // 1440 % 7] for begin, _ in hours.spans)
    return Times(_clock(start), _clock((start + length) % 1440), days)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def zones(countries: Sequence[str], organisation: str, now: str | None) -> list[str]:
    """Clocks to choose from: the one that is set, the organisation's, and those of where these people are."""
    of = get_global("zone_territories")
    near = sorted(zone for zone, country in of.items() if country in countries and zone in available_timezones())
    return list(dict.fromkeys(filter(None, (now, organisation, *near))))[:12]


def changed(rules: Rules, given: Mapping[str, str], days: Sequence[str], at: datetime, timezone: str) -> Rules:
    """Rules with what the form says. What it does not show stays. Raises BadHours."""
    hours = _hours(rules, given, days)
    return replace(
        rules,
        write=_answer(given, "write", rules.write),
        on=rules.on if _answer(given, "write", rules.write) == rules.write else {},
        call=_answer(given, "call", rules.call),
        voicemail=_answer(given, "voicemail", rules.voicemail),
        name=_answer(given, "name", rules.name),
        hours=hours,
        until=_end(given.get("until", ""), at, timezone) if given.get("until_as") != "kept" else rules.until,
        phone=_phone_of(given, rules.phone),
        whose=given.get("whose", rules.whose).strip(),
        check=given.get("check", rules.check).strip(),
        remark=given.get("remark", rules.remark).strip(),
        checked_at=at if given.get("asked") else rules.checked_at,
    )


def _answer(given: Mapping[str, str], name: str, before: Answer) -> Answer:
    match given.get(name):
        case "yes" | "no" | "unknown" as said:
            return said
    return before


def _phone_of(given: Mapping[str, str], before: Phone) -> Phone:
    return next((phone for phone in get_args(Phone) if phone == given.get("phone")), before)


def _hours(rules: Rules, given: Mapping[str, str], days: Sequence[str]) -> Hours | None:
    start, end, zone = (given.get(name, "").strip() for name in ("from", "to", "zone"))
    if not start and not end:
        return rules.hours if times(rules.hours).other and given.get("hours_as") == "kept" else None
    if zone not in available_timezones():
        raise BadHours(None, "is no clock we know", "choose one from the list")
    chosen = [day for day in DAYS if day in days] or list(DAYS)
    return parse_hours(dict.fromkeys(chosen, f"{start}-{end}"), zone)


def _end(written: str, at: datetime, timezone: str) -> datetime | None:
    until = moment_of(written, timezone) if written else None
    return until if until and at < until <= at + _LONGEST_END else None
