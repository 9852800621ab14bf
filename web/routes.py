"""Who may call what. A handler that is in no table cannot be reached, and no route can be made without saying for whom.

`web/routes.txt` is the table of all routes and roles, written down: a change of it is seen in review, and a test
compares it with what really answers (tests/promises/test_18_who_may_call_what.py).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from model.agents import ANSWERING, ROLES, Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Who = Role | Literal["public", "signing-in"]
COLUMNS: tuple[Who, ...] = ("public", "signing-in", *ROLES)

PUBLIC: frozenset[Who] = frozenset(("public",))  #: anybody on the internet
SIGNING_IN: frozenset[Who] = frozenset(("signing-in",))  #: whose password was right, and whose second factor is due
EVERYBODY: frozenset[Who] = frozenset(ROLES)  #: whoever is signed in
DESK: frozenset[Who] = frozenset(ANSWERING)  #: who reads and answers tickets


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path, and for whom. `quiet` is for what a page asks by itself: it keeps no session awake."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "*"]
    path: str
    handler: Handler
    who: frozenset[Who]
    quiet: bool = False

    def __post_init__(self) -> None:
        if not self.who or not self.who <= set(COLUMNS):
            raise ValueError(f"{self.method} {self.path}: say who may call it, of {', '.join(COLUMNS)}")
        if "public" in self.who and len(self.who) > 1:
            raise ValueError(f"{self.method} {self.path}: what anybody may call needs no other name")


def table(rows: Iterable[tuple[str, str, Sequence[str]]]) -> str:
    """Routes as they stand in routes.txt: method, path, and an x for each who may call."""
    ordered = sorted(rows, key=lambda row: (row[1], row[0]))
    width = max((len(path) for _, path, _ in ordered), default=0)
    lines = [f"{'':7} {'':{width}}  " + "  ".join(COLUMNS)]
    for method, path, who in ordered:
        marks = "  ".join(f"{'x' if column in who else '·':{len(column)}}" for column in COLUMNS)
        lines.append(f"{method:7} {path:{width}}  {marks}".rstrip())
    return "\n".join(lines) + "\n"
