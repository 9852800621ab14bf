"""Who may sign in: the people who answer, and what each of them may do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

Role = Literal["agent", "supervisor", "safeguarding", "mobilizer", "csoadmin", "operator"]
Stage = Literal["code", "enrol", "full"]
Theme = Literal["system", "light", "dark"]
Density = Literal["normal", "compact"]

ROLES: tuple[Role, ...] = get_args(Role)
THEMES: tuple[Theme, ...] = get_args(Theme)
DENSITIES: tuple[Density, ...] = get_args(Density)
#: Whose account opens more than their own desk: a password alone is not enough for them.
SECOND_FACTOR: frozenset[Role] = frozenset(("supervisor", "safeguarding", "csoadmin", "operator"))
#: Who reads and answers tickets, and may be given one.
ANSWERING: frozenset[Role] = frozenset(("agent", "supervisor", "safeguarding"))
#: A mobilizer never sees tickets, the operator never sees words: neither may be anything else beside it.
ALONE: frozenset[Role] = frozenset(("mobilizer", "operator"))
#: A sign-in name: no letters that look like others; behind the @ an organisation's id.
_HANDLE = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}@[a-z0-9-]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Somebody who may sign in, as their colleagues and their own screen know them."""

    id: UUID
    organisation: UUID
    handle: str  #: what is typed to sign in, `mya@shwe`
    name: str  #: what colleagues see
    roles: tuple[Role, ...]
    languages: tuple[str, ...]  #: BCP 47, what they speak
    screen_language: str
    theme: Theme = "system"
    density: Density = "normal"
    single_keys: bool = True  #: whether single letters do something; off for those who dictate (WCAG 2.1.4)
    demo: bool = False  #: of the sandbox: opens nothing outside it
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser that somebody signed in with."""

    id: UUID
    agent: Agent
    stage: Stage  #: `code`: the second factor is due; `enrol`: it must first be set up; `full`: signed in
    created_at: datetime
    seen_at: datetime  #: the last time its agent did something, to the minute
    ends_at: datetime  #: whatever is done, it ends here


def actor(agent: UUID) -> str:
    """How messages and the audit trail name an agent."""
    return f"agent:{agent}"


def agent_id(actor: str | None) -> UUID | None:
    """The agent an actor names; None for intake, the operator and whatever else acts."""
    kind, _, id_ = (actor or "").partition(":")
    return UUID(id_) if kind == "agent" else None


def needs_second_factor(roles: Sequence[Role]) -> bool:
    """Whether these roles may not be used with a password alone."""
    return bool(SECOND_FACTOR.intersection(roles))


def bad_roles(roles: Sequence[str]) -> str | None:
    """Why these roles cannot be given, None when they can."""
    if unknown := [role for role in roles if role not in ROLES]:
        return f"there is no role {unknown[0]}: write one of {', '.join(ROLES)}"
    if not roles:
        return f"somebody without a role can do nothing: write one of {', '.join(ROLES)}"
    if len(set(roles)) > 1 and (alone := ALONE.intersection(roles)):
        return f"{sorted(alone)[0]} cannot be joined with another role: give that person two accounts"
    return None


def handle(name: str, organisation: str) -> str | None:
    """The sign-in name made of its two pieces, `mya@shwe`; None where it cannot be one."""
    made = f"{name.strip().lower()}@{organisation}"
    return made if _HANDLE.fullmatch(made) else None


def read_handle(typed: str) -> str | None:
    """A sign-in name as somebody typed it; None for what cannot be one."""
    name, _, organisation = typed.strip().lower().partition("@")
    return handle(name, organisation)
