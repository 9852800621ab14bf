"""What may be said: a text made fit to send. Pure."""

import unicodedata
from typing import Literal, get_args

LONGEST = 10_000  #: characters; some forty text messages, more than anybody reads on a phone
#: They turn the direction of what follows and can make a text read as another one (CVE-2021-42574). Marks such as RLM,
#: and the joiners that scripts need, stay.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


Why = Literal["empty", "too_long", "choices", "choice_long", "field_long", "name_long", "tag_long", "variable"]
WHYS: tuple[Why, ...] = get_args(Why)


class BadText(ValueError):
    """A text that cannot be sent or kept; says why, and what to do. Screens say `why` with `values` in their words."""

    def __init__(self, message: str, why: Why, **values: int | str) -> None:
        super().__init__(message)
        self.why, self.values = why, values


def fit(text: str) -> str:
    """The text without control characters, blanks at its ends, and lone halves of characters. Raises BadText."""
    sound = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    lines = unicodedata.normalize("NFC", sound).replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in lines if c in "\n\t" or not (unicodedata.category(c) == "Cc" or c in _TURNING)).strip()
    if not any(_shows(c) for c in kept):
        raise BadText("There is nothing to send: write at least one letter, number or emoji.", "empty")
    if len(kept) > LONGEST:
        raise BadText(
            f"The text has {len(kept):,} characters, and {LONGEST:,} can be sent: shorten it, or send a file.",
            "too_long",
            count=len(kept),
            most=LONGEST,
        )
    return kept


def _shows(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn")
