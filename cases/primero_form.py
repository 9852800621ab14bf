"""How a ticket looks as a Primero case: which of its fields hold what, by config.yaml. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from cases.contract import Content
from model.cases import FIELDS, Snapshot, Told, Withdrawal, moment
from runtime import config_words as words
from runtime.config_file import KeyPath
from runtime.config_form import StoreForm, Text


def _field_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise words.wrong("is no name of a field", "write it as Primero's form has it, as risk_level")
    return value


_NAME = re.compile("[a-z][a-z0-9_]{0,63}")
FieldName = Annotated[str, AfterValidator(_field_name)]  #: as Primero's forms name them
Value = str | bool | int

#: What can be put into a case; `opened_on` and `closed_on` are dates on the organisation's clock.
SOURCES = (
    "number", "version", "status", "outcome", "urgency", "urgency_reasons", "suggested_issues", "language", "channel",
    "country", "organisation", "queue", "opened_at", "opened_on", "closed_at", "closed_on", "messages_in",
    "messages_out", "person",
)  # fmt: skip
#: Fields of every Primero, with the values of its own lookups (lookup-case-status, lookup-risk-level).
MAPPING = {"status": "status", "urgency": "risk_level", "opened_on": "registration_date", "closed_on": "date_closure"}
VALUES: Mapping[str, Mapping[str, Value]] = {
    "status": {"open": "open", "closed": "closed", "handed_over": "transferred", "withdrawn": "closed"},
    "urgency": {"U1": "high", "U2": "high", "U3": "medium", "U4": "low"},
}


class PrimeroForm(StoreForm):
    """A section of `cases.stores` of kind `primero`."""

    url: Annotated[str, AfterValidator(words.base_url)]  #: of the instance, without /api/v2
    user: Text = Field(repr=False)
    password: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(repr=False)
    auth: Literal["token", "basic"] = "token"  #: a token for an hour, or the password with every request
    external_id: FieldName = "other_agency_id"  #: the field that holds the ticket's id, so that people find it too
    mapping: dict[str, FieldName] = MAPPING  #: from ours to theirs; what is mapped is overwritten at every change
    values: dict[str, dict[str, Value]] = Field(
        default_factory=dict
    )  #: from our values to theirs; another value goes as it is
    on_create: dict[FieldName, Value] = Field(
        default_factory=dict
    )  #: sent once, with a new case: `module_id`, `owned_by`

    def mistakes(self) -> Iterator[tuple[KeyPath, str, str]]:
        """Names that do not exist, fields that are mapped twice, and what is mapped without being told."""
        known = (*SOURCES, *FIELDS)
        for part, names in (("mapping", self.mapping), ("values", self.values)):
            for name in names:
                if name not in known:
                    instead = words.nearest(name, known, f"write one of {', '.join(known)}")
                    yield (part, name), f'"{name}" is not known of a ticket', instead
        for name in self.mapping:
            if name in FIELDS and name not in self.fields:
                yield ("mapping", name), f'"{name}" is not told to this store', f"add it to its fields: [{name}]"
        if self.auth == "basic" and ":" in self.user:
            yield ("user",), "holds a colon, which ends the name in basic authorisation", "use another user, or a token"
        targets = [self.external_id, "id", *self.on_create]
        for name, target in self.mapping.items():
            if target in targets:
                yield ("mapping", name), f'the field "{target}" is filled already', "map it to another field"
            targets.append(target)

    def value(self, name: str, ours: Any) -> Any:
        """What stands for one of our values there."""
        if isinstance(ours, list):
            return [self.value(name, item) for item in ours]
        table = {**VALUES.get(name, {}), **self.values.get(name, {})}
        return table.get(str(ours), ours) if ours is not None else None


def render(told: Told, settings: PrimeroForm) -> Content:
    """The `data` of a request: the ticket's id, and the mapped fields."""
    ours = {"status": "withdrawn"} if isinstance(told, Withdrawal) else _sources(told)
    mapped = {field: settings.value(name, ours[name]) for name, field in settings.mapping.items() if name in ours}
    return {settings.external_id: str(told.id), **mapped}


def _sources(told: Snapshot) -> dict[str, Any]:
    zone = ZoneInfo(told.timezone)
    return {
        "number": told.number,
        "version": told.version,
        "status": told.status,
        "outcome": told.outcome,
        "urgency": told.urgency,
        "urgency_reasons": list(told.urgency_reasons),
        "suggested_issues": list(told.suggested_issues),
        "language": told.language,
        "channel": told.channel,
        "country": told.country,
        "organisation": told.organisation,
        "queue": told.queue,
        "opened_at": moment(told.opened_at),
        "opened_on": _day(told.opened_at, zone),
        "closed_at": moment(told.closed_at) if told.closed_at else None,
        "closed_on": _day(told.closed_at, zone),
        "messages_in": told.messages_in,
        "messages_out": told.messages_out,
        "person": told.person,
        **{str(name): value for name, value in told.more.items()},
    }


def _day(at: datetime | None, zone: ZoneInfo) -> str | None:
    return at.astimezone(zone).date().isoformat() if at else None
