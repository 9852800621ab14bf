"""What can be wrong at work, as codes: the vocabulary tickets, cases and figures share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Urgency = Literal["U1", "U2", "U3", "U4"]  #: now, same day, standard, information; the smaller the more urgent
Indicator = Literal["AV", "DE", "RM", "IS", "PV", "IT", "ID", "WW", "DB", "AC", "EO"]
#: the ILO's indicators of forced labour: abuse of vulnerability, deception, restriction of movement, isolation,
#: physical and sexual violence, intimidation, identity documents, wages withheld, debt bondage, abusive conditions,
#: excessive overtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One kind of problem."""

    code: str  #: `WAG.UNPAID`: category and issue
    label: str  #: English
    ilo_strong: tuple[Indicator, ...] = ()  #: signs to assess, never a verdict
    ilo_possible: tuple[Indicator, ...] = ()
    severity: int  #: 1 critical to 4 not a violation
    urgency: Urgency  #: a floor: answers may raise it, only a supervisor lowers a U1

    @property
    def violation(self) -> bool:
        """Whether this is something done to a worker, rather than a question or thanks."""
        return self.severity < 4


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All issues by code, and the English names of the categories by their three letters."""

    issues: Mapping[str, Issue]
    categories: Mapping[str, str]

    def urgency_of(self, code: str) -> Urgency:
        """The floor of a code; raises KeyError for an unknown one."""
        return self.issues[code].urgency


def more_urgent(a: Urgency, b: Urgency) -> Urgency:
    """The more urgent of two."""
    return min(a, b)
