"""Answers an organisation keeps ready, each in one language, with places for what is safe to fill in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from desk.seat import Cannot, Seat
from outbound.words import BadText, fit
from runtime.ids import new_id
from storage import desk_texts
from storage.desk_texts import StoredCanned
from translations import languages

#: What may be filled in. Nothing that only the person could know, or that gives them away to who holds the phone.
VARIABLES = ("pseudonym", "ticket", "agent", "organisation")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """An answer kept ready."""

    id: UUID
    language: str
    title: str
    text: str
    quick: bool  #: offered above the composer
    author: str
    at: datetime


async def every(seat: Seat, *, language: str | None = None) -> list[Canned]:
    """All of them, or those in one language, by title."""
    key = seat.master.organisation_key(seat.agent.organisation)
    found = [
        Canned(
            id=one.id,
            language=one.language,
            title=key.open("canned|title", one.id, one.title).decode(),
            text=key.open("canned|text", one.id, one.text).decode(),
            quick=one.quick,
            author=one.author,
            at=one.at,
        )
        for one in await desk_texts.canned(seat.connection)
        if language in (None, one.language)
    ]
    return sorted(found, key=lambda one: (one.title.casefold(), one.language))


async def save(
    seat: Seat, *, language: str, title: str, text: str, quick: bool = False, id: UUID | None = None
) -> UUID:
    """Keep an answer ready, a new one or another wording of `id`. For those who look after the organisation.

    Raises BadText, and Cannot (`supervisor_only`, `no_such_language`, `no_such_message`).
    """
    _may(seat)
    title, text = " ".join(fit(title).split())[:_LONGEST_TITLE], fit(text)
    if unknown := variables(text) - set(VARIABLES):
        raise BadText(
            f"{{{min(unknown)}}} is nothing that can be filled in: use {_named(VARIABLES)}.",
            "variable",
            name=min(unknown),
            known=_named(VARIABLES),
        )
    if language not in languages.CODES:
        raise Cannot("no_such_language")
    organisation = seat.agent.organisation
    key, id_ = seat.master.organisation_key(organisation), id or new_id()
    answer = StoredCanned(
        id=id_,
        language=language,
        title=key.seal("canned|title", id_, title.encode()),
        text=key.seal("canned|text", id_, text.encode()),
        quick=quick,
        author=seat.name,
        at=seat.now,
    )
    if not await desk_texts.save_canned(seat.connection, organisation, answer, new=id is None):
        raise Cannot("no_such_message")
    await seat.noted("canned.saved", None, canned=id_)
    return id_


async def retire(seat: Seat, id: UUID) -> None:
    """No longer offer an answer. Raises Cannot (`supervisor_only`, `no_such_message`)."""
    _may(seat)
    if not await desk_texts.retire_canned(seat.connection, id, seat.now):
        raise Cannot("no_such_message")
    await seat.noted("canned.retired", None, canned=id)


def variables(text: str) -> set[str]:
    """The names of what a text wants filled in."""
    return set(_VARIABLE.findall(text))


def filled(text: str, values: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with what is known filled in, and the names of what is not: those stay, for the agent to see."""
    missing = sorted(variables(text) - values.keys())
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text), missing


def _may(seat: Seat) -> None:
    if not (seat.supervises or "csoadmin" in seat.agent.roles):
        raise Cannot("supervisor_only")


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
