"""What a person agreed that is done with what they told: for each purpose their own answer, or nobody asked. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Purpose = Literal[
    "record",  # keep what they told
    "contact",  # get in touch with them again
    "employer",
    "agency",
    "brand",
    "government",
    "service",  # a shelter, a lawyer, a doctor
    "story",  # tell it without a name
    "research",
    "broadcasts",
]
Answer = Literal["yes", "no", "ask_again"]
How = Literal["said", "written", "key", "paper"]

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
ANSWERS: tuple[Answer, ...] = get_args(Answer)
HOWS: tuple[How, ...] = get_args(How)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One answer, as somebody wrote it down."""

    purpose: Purpose
    answer: Answer
    how: How
    language: str | None  #: in which it was asked
    author: str
    at: datetime
