"""Colleagues who are called by name in a note: `@Mya Thandar`."""

import re
from collections.abc import Collection, Iterator


def pieces(text: str, names: Collection[str]) -> Iterator[tuple[str, bool]]:
    """A text in pieces, in order and whole, and whether a piece calls somebody. The longest name that fits counts."""
    longest_first = sorted(filter(None, names), key=len, reverse=True)
    if not longest_first:
        yield text, False
        return
    calls = re.compile("(@(?:" + "|".join(map(re.escape, longest_first)) + "))", re.IGNORECASE)
    for place, piece in enumerate(calls.split(text)):
        if piece:
            yield piece, place % 2 == 1


def called(text: str, names: Collection[str]) -> set[str]:
    """Which of the names a text calls."""
    found = {piece[1:].casefold() for piece, calls in pieces(text, names) if calls}
    return {name for name in names if name.casefold() in found}
