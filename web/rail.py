"""The links down the side of every page, for those who may follow them."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.agents import Role
from web.routes import DESK, EVERYBODY, Who


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the side; `text` is a key of the screens' texts, `icon` a symbol of icons.svg."""

    text: str
    path: str
    icon: str
    who: frozenset[Who]
    sandbox: bool = False  #: only where all people are invented


@dataclass(frozen=True, slots=True)
class Section:
    """Links that belong together; the first section has no title."""

    title: str | None
    links: Sequence[Link]


RAIL = (
    Section(None, [Link("rail.inbox", "/inbox", "inbox", DESK), Link("rail.desks", "/", "globe", EVERYBODY)]),
    Section("rail.yours", [Link("rail.account", "/account", "settings", EVERYBODY)]),
    Section("rail.trying", [Link("rail.phones", "/phones", "phone", EVERYBODY, sandbox=True)]),
)


def rail(roles: Sequence[Role], *, sandbox: bool = False) -> list[Section]:
    """What these roles may follow; sections without a link are left out."""
    shown = [
        Section(part.title, [link for link in part.links if link.who.intersection(roles) and link.sandbox <= sandbox])
        for part in RAIL
    ]
    return [part for part in shown if part.links]
