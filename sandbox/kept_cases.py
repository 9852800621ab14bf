"""What the stand-in case stores hold, what they were sent, and what is broken in them."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

STATE: web.AppKey["CaseStores"] = web.AppKey("case_stores")

#: Fields of Primero's forms by type.
FIELDS = {
    "other_agency_id": "text", "status": "text", "risk_level": "text", "registration_date": "date",
    "date_closure": "date", "module_id": "text", "owned_by": "text", "protection_concerns": "list",
    "client_code": "text", "worker_alias": "text", "case_version": "number", "language": "text",
}  # fmt: skip
#: What can go wrong. `slow` answers after `seconds`, `late` does what is asked after `seconds`; the `lost` kinds do
#: what is asked, the second of them late, and lose the answer.
KINDS = (
    "down", "slow", "late", "lost", "lost_late", "hang", "401", "403", "404", "409", "410", "422", "429", "500", "503",
    "html", "redirect",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, so many times."""

    store: str  #: webhook or primero
    kind: str
    count: int | None = None  #: None: until it is mended
    seconds: float = 0.0
    method: str | None = None  #: GET, POST or PATCH alone
    struck: int = 0


@dataclass(slots=True, kw_only=True)
class CaseStores:
    """What both hold, what they were sent, and what is broken."""

    secrets: tuple[str, ...] = ()  #: of the webhook; empty: none is checked
    user: str = ""  #: of Primero; empty: anybody may in
    password: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: FIELDS)  #: others are dropped in silence, as Primero does
    not_searchable: frozenset[str] = frozenset()  #: filters that are passed over
    hooked: dict[str, dict[str, Any]] = field(default_factory=dict)  #: newest data of each ticket
    withdrawn: dict[str, int] = field(default_factory=dict)  #: of those that left, the version that said so
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)  #: of Primero, by id
    received: deque[bytes] = field(default_factory=lambda: deque(maxlen=10_000))  #: all of every request
    requests: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=10_000))  #: method and path
    tokens: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def fault(self, store: str, kind: str, **more: Any) -> Fault:
        """Something goes wrong from now on. Raises ValueError for a kind that is not known."""
        if kind not in KINDS or store not in ("webhook", "primero"):
            raise ValueError(f"store: webhook or primero; kind: one of {', '.join(KINDS)}")
        self.faults.append(Fault(store=store, kind=kind, **more))
        return self.faults[-1]

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        self.faults.clear()

    def strike(self, store: str, method: str) -> Fault | None:
        """The fault that hits this request, counted."""
        for fault in self.faults:
            if fault.store == store and fault.count != 0 and fault.method in (None, method):
                fault.struck += 1
                fault.count = None if fault.count is None else fault.count - 1
                return fault
        return None


def no(request: web.Request, status: int, detail: Any = None, headers: Mapping[str, str] | None = None) -> web.Response:
    """A refusal, in Primero's form."""
    error = {"status": status, "resource": request.path, "message": "no"} | ({"detail": detail} if detail else {})
    return web.json_response({"errors": [error]}, status=status, headers=headers)
