"""The form that changes the contact rules: all questions, or one of them. What a form does not show stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import available_timezones

from babel.core import get_global

from desk.seat import Cannot
from model.contact import ANSWERS, Answer, Phone, Rules
from model.hours import DAYS, BadHours, Hours, parse_hours
from web.inbox.seats import moment_of

_LONGEST_END = timedelta(days=92)
_SAME = "same"  #: on this channel as everywhere


@dataclass(frozen=True, slots=True)
class Times:
    """Safe hours as the form shows them: the same every day, or too many for it."""

    start: str = ""
    end: str = ""
    days: frozenset[str] = frozenset(DAYS)
    other: bool = False  #: they differ from day to day: kept as they are unless new ones are typed


def times(hours: Hours | None) -> Times:
    """What the form shows of hours."""
    if hours is None or not hours.spans or hours.always:
        return Times()
    first = {(start % 1440, end - start) for start, end in hours.spans}
    if len(first) > 1:
        return Times(other=True)
    ((start, length),) = first
    days = frozenset(DAYS[begin // 1440 % 7] for begin, _ in hours.spans)
    return Times(_clock(start), _clock((start + length) % 1440), days)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def by_channel(rules: Rules, used: Sequence[str]) -> Mapping[str, str]:
    """What the form says of each channel that is spoken of: those the person uses, and those with a rule."""
    return {channel: rules.on.get(channel, _SAME) for channel in sorted({*used, *rules.on})}


def zones(countries: Sequence[str], organisation: str, now: str | None) -> list[str]:
    """Clocks to choose from: the one that is set, the organisation's, and those of where these people are."""
    of = get_global("zone_territories")
    near = sorted(zone for zone, country in of.items() if country in countries and zone in available_timezones())
    return list(dict.fromkeys(filter(None, (now, organisation, *near))))[:12]


def changed(
    rules: Rules, given: Mapping[str, str], days: Sequence[str], at: datetime, timezone: str, *, channels: Sequence[str]
) -> Rules:
    """Rules with what a form says; answers whose time is over are not brought back by it.

    `channels`: those that can be spoken of. Raises BadHours and Cannot (`in_the_past`, `too_far`).
    """
    now = rules.in_force(at)
    return replace(
        now,
        write=_answer(given, "write", now.write),
        on=_on(given, now, channels),
        call=_answer(given, "call", now.call),
        voicemail=_answer(given, "voicemail", now.voicemail),
        name=_answer(given, "name", now.name),
        hours=_hours(now, given, days),
        until=_end(given["until"], at, timezone) if "until" in given else now.until,
        phone=_phone_of(given, now.phone),
        whose=given["whose"].strip() if "whose" in given else now.whose,
        check=given["check"].strip() if "check" in given else now.check,
        remark=given["remark"].strip() if "remark" in given else now.remark,
        checked_at=at if given.get("asked") else rules.checked_at,
    )


def _answer(given: Mapping[str, str], name: str, before: Answer) -> Answer:
    return next((answer for answer in ANSWERS if answer == given.get(name)), before)


def _on(given: Mapping[str, str], rules: Rules, channels: Sequence[str]) -> Mapping[str, Answer]:
    on = dict(rules.on)
    for channel in channels:
        match given.get(f"on-{channel}"):
            case "same":
                on.pop(channel, None)
            case "yes" | "no" | "unknown" as said:
                on[channel] = said
    return on


def _phone_of(given: Mapping[str, str], before: Phone) -> Phone:
    return next((phone for phone in get_args(Phone) if phone == given.get("phone")), before)


def _hours(rules: Rules, given: Mapping[str, str], days: Sequence[str]) -> Hours | None:
    if "from" not in given:
        return rules.hours
    start, end, zone = (given.get(name, "").strip() for name in ("from", "to", "zone"))
    if not start and not end:
        return rules.hours if times(rules.hours).other else None
    if zone not in available_timezones():
        raise BadHours(None, "is no clock we know", "choose one from the list")
    end = "24:00" if end == "00:00" else end
    chosen = [day for day in DAYS if day in days] or list(DAYS)
    return parse_hours(dict.fromkeys(chosen, f"{start}-{end}"), zone)


def _end(written: str, at: datetime, timezone: str) -> datetime | None:
    """Until when: an end that cannot be read or is past must not turn into one that never comes."""
    if not written:
        return None
    until = moment_of(written, timezone)
    if until is None or until <= at:
        raise Cannot("in_the_past")
    if until - at > _LONGEST_END:
        raise Cannot("too_far")
    return until
