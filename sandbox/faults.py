"""What goes wrong because somebody asked for it: which requests are struck, how often, and with what."""

import difflib
import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from sandbox.refusals import PROVIDERS, WITH_HINT, Refusal, coded, kinds, refusal

AFTER = "_after_body"  #: at the end of a kind: the request is taken first, and its message reaches the phone
PLACES = ("send", "media", "look", "any")  #: messages and calls; files; all other questions; all of these
#: Done to the connection or the answer, the same with every provider.
WIRE = {
    "hang": "no answer at all, for `seconds` (without them until the sandbox ends)",
    "drop": "the connection is closed without an answer",
    "slow": "answered properly, but only after `seconds`",
    "500_no_body": "status 500 and nothing else",
    "502_html": "a proxy's error page",
    "html_200": "status 200 and a page of a stranger in between",
    "garbled_200": "status 200 and half of a JSON text",
    "swallowed": "answered as a success, and reaches nobody",
    "undelivered": "taken, and later reported as undelivered with `code` (Twilio)",
    "preparing": "status 202: the file is not ready yet (LINE's content)",
}  # fmt: skip
_TAKES_ANYWAY = ("slow", "swallowed", "undelivered")
_ALIASES = {"drop_before": "drop", "retry_after": WITH_HINT}
_NUMBERS = ("seconds", "retry_after", "probability")
_WHOLE = ("count", "code", "subcode", "status", "seed")
_WORDS = ("provider", "account", "person", "on", "message")


class BadFault(ValueError):
    """A fault cannot be made; the text says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to a provider, as far as faults ask."""

    provider: str
    account: str = ""  #: id in config.yaml
    person: str = ""  #: whom it is about
    on: str = "send"  #: send, media or look


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong. Without a filter it strikes every request of its place."""

    id: int
    kind: str  #: a provider's own refusal (`refusals.kinds`), one of WIRE, or `coded`
    after_body: bool = False
    provider: str | None = None
    account: str | None = None
    person: str | None = None
    on: str = "send"
    seconds: float | None = None  #: for `hang` and `slow`
    retry_after: float | None = None  #: seconds of the hint of a 429
    code: int | None = None
    subcode: int | None = None
    status: int | None = None
    message: str = ""
    count: int | None = None  #: how often it still strikes; None: until it is removed
    probability: float = 1.0
    struck: int = 0  #: how often it has struck
    rng: Random = field(default_factory=Random, repr=False)

    def fits(self, call: Call) -> bool:
        """Whether it is about this request."""
        return (
            self.count != 0
            and self.on in (call.on, "any")
            and self.provider in (None, call.provider)
            and self.account in (None, call.account)
            and self.person in (None, call.person)
            and self.kind in able(call.provider)
        )

    def refusal(self, provider: str) -> Refusal:
        """What the provider answers; not for kinds of WIRE."""
        if self.kind == "coded":
            return coded(provider, self.code or self.status or 500, self.subcode, self.status, self.message)
        return refusal(provider, self.kind, self.retry_after)

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {name: value for name, value in asdict(self).items() if name != "rng" and value not in (None, "")}


def able(provider: str) -> frozenset[str]:
    """Every kind that can strike a provider. Blocked by a person, LINE answers as always and delivers nothing."""
    silent = {"blocked"} if provider == "line" else frozenset[str]()
    return kinds(provider) | WIRE.keys() | {"coded"} | silent


class Faults:
    """All that is broken now; the oldest fault that fits strikes."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._all: list[Fault] = []

    def add(self, asked: Mapping[str, Any]) -> Fault:
        """A fault as README.md describes it. Raises BadFault."""
        fault = _read(asked, next(self._ids))
        self._all.append(fault)
        return fault

    def strike(self, call: Call) -> Fault | None:
        """The fault that hits this request, counted; None: all goes well."""
        for fault in self._all:
            if fault.fits(call) and fault.rng.random() < fault.probability:
                fault.struck += 1
                fault.count = None if fault.count is None else fault.count - 1
                return fault
        return None

    def all(self) -> list[Fault]:
        """Those asked for and not removed, used up or not."""
        return list(self._all)

    def remove(self, ident: int | None = None) -> bool:
        """Take back one or all; whether there was one."""
        found = [fault for fault in self._all if ident in (None, fault.id)]
        self._all = [fault for fault in self._all if fault not in found]
        return bool(found)


def _read(asked: Mapping[str, Any], ident: int) -> Fault:
    known = ("kind", *_NUMBERS, *_WHOLE, *_WORDS)
    if unknown := next((key for key in asked if key not in known), None):
        raise BadFault(f"{unknown}: unknown; write one of {', '.join(known)}")
    given = {name: asked[name] for name in known if asked.get(name) is not None}
    _check_types(given)
    kind, after, seconds = _kind(given)
    values = {name: given[name] for name in (*_NUMBERS, *_WHOLE, *_WORDS) if name in given and name != "seed"}
    if seconds is not None:
        values["seconds"] = seconds
    fault = Fault(id=ident, kind=kind, after_body=after, rng=Random(given.get("seed", ident)), **values)
    _check(fault)
    return fault


def _kind(given: Mapping[str, Any]) -> tuple[str, bool, float | None]:
    """The kind, whether the request is taken first, and the seconds written behind a colon (`slow:3`)."""
    written = str(given.get("kind") or ("coded" if "code" in given or "status" in given else ""))
    name, _, seconds = written.partition(":")
    after = name.endswith(AFTER)
    name = name.removesuffix(AFTER)
    try:
        return _ALIASES.get(name, name), after, float(seconds) if seconds else None
    except ValueError:
        raise BadFault("kind: after the colon write a number of seconds") from None


def _check_types(given: Mapping[str, Any]) -> None:
    for name in (*_NUMBERS, *_WHOLE):
        value = given.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int if name in _WHOLE else int | float) or value < 0:
            raise BadFault(f"{name}: write a number, 0 or more")
    for name in _WORDS:
        if not isinstance(given.get(name, ""), str):
            raise BadFault(f"{name}: write a text")


def _check(fault: Fault) -> None:
    if fault.provider not in (None, *PROVIDERS):
        raise BadFault(f"provider: write one of {', '.join(PROVIDERS)}")
    if fault.on not in PLACES:
        raise BadFault(f"on: write one of {', '.join(PLACES)}")
    providers = [fault.provider] if fault.provider else PROVIDERS
    known = frozenset[str]().union(*map(able, providers))
    if fault.kind not in known:
        near = difflib.get_close_matches(fault.kind, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(sorted(known))}"
        raise BadFault(f"kind: {fault.provider or 'no provider'} knows no {fault.kind or 'empty kind'}; {hint}")
    if fault.after_body and fault.kind in _TAKES_ANYWAY:
        raise BadFault(f"kind: {fault.kind} takes the message anyway; leave out {AFTER}")
    if fault.kind == "slow" and fault.seconds is None:
        raise BadFault("kind: write how slow, as slow:3, or seconds")
