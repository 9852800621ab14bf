"""Cut a long text into messages where a reader would pause, and never inside what is seen as one letter."""

from collections.abc import Callable, Iterator, Sequence

import regex

Measure = Callable[[str], int]  #: the length of a text as a provider counts it; that of a whole is the sum of its parts

# What is seen as one letter (\X), and what reads wrong when torn from the letter after it: the signs that stack the
# next consonant below (Burmese, Khmer), and Thai and Lao vowels, which are written before their consonant.
_CLUSTER = regex.compile(r"(?:\X(?<=[\u1039\u17d2\u0e40-\u0e44\u0ec0-\u0ec4]))*\X")

_LINE_ENDS = frozenset(["\n", "\r\n", "\r", "\u2028", "\u2029"])
_ENDS_SENTENCE = tuple("။។៕।॥۔؟。！？｡")  #: these always do, with or without a space after them
_MAY_END_SENTENCE = tuple(".!?…")  #: these where a space follows: not in 2,500.50
_BETWEEN_WORDS = "\u200b"  #: the space that is not seen, in Khmer, Burmese and Thai
_PARAGRAPH, _LINE, _SENTENCE, _WORD, _NOWHERE = range(5)


def utf16(text: str) -> int:
    """The length in UTF-16 units, as Java and JavaScript count: an emoji is at least two."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def split(text: str, limit: int, measure: Measure = utf16) -> list[str]:
    """The text in as many pieces as it needs, none longer than `limit`, none without anything to see.

    Cuts after a paragraph, else a line, else a sentence, else a word, as long as the piece stays at least half full;
    else between two letters. White space at a cut is left out; nothing else is lost, changed or said twice. `limit`
    is at least 2.
    """
    if measure(text) <= limit:
        return [text] if text.strip() else []
    clusters, pieces, start = list(_clusters(text, limit, measure)), [], 0
    while start < len(clusters):
        full = _fitting(clusters, start, limit, measure)
        stop = full if full == len(clusters) else _best_cut(clusters, start, full)
        pieces.append((start, stop))
        start = stop
    return list(_trimmed(clusters, pieces))


def shorten(text: str, limit: int, measure: Measure = utf16) -> str:
    """As much of the text's beginning as `limit` holds."""
    clusters = list(_clusters(text, limit, measure))
    return "".join(clusters[: _fitting(clusters, 0, limit, measure)])


def _clusters(text: str, limit: int, measure: Measure) -> Iterator[str]:
    """What must not be torn; a letter under a tower of marks that no message could hold comes mark by mark."""
    for cluster in _CLUSTER.findall(text):
        if measure(cluster) <= limit:
            yield cluster
        else:
            yield from cluster


def _fitting(clusters: Sequence[str], start: int, limit: int, measure: Measure) -> int:
    """The end of the longest run from `start` that `limit` holds."""
    length, stop = 0, start
    while stop < len(clusters) and (length := length + measure(clusters[stop])) <= limit:
        stop += 1
    return max(stop, start + 1)


def _best_cut(clusters: Sequence[str], start: int, full: int) -> int:
    """The best place to cut in the second half of a full piece; of equals the last."""
    half = start + (full - start) // 2
    return min(range(full, half, -1), key=lambda place: _kind(clusters, place))


def _kind(clusters: Sequence[str], place: int) -> int:
    """What ends between the cluster before `place` and the one at it."""
    before, after = clusters[place - 1], clusters[place]
    if before in _LINE_ENDS or after in _LINE_ENDS:
        around = [*clusters[max(place - 2, 0) : place], after]
        return _PARAGRAPH if sum(cluster in _LINE_ENDS for cluster in around) > 1 else _LINE
    if before.endswith(_ENDS_SENTENCE):
        return _SENTENCE
    if after.isspace():
        return _SENTENCE if before.endswith(_MAY_END_SENTENCE) else _WORD
    return _WORD if before.isspace() or before.endswith(_BETWEEN_WORDS) else _NOWHERE


def _trimmed(clusters: Sequence[str], pieces: Sequence[tuple[int, int]]) -> Iterator[str]:
    """The pieces without the white space at their cuts; those of white space alone are left out."""
    for start, stop in pieces:
        first, last = start, stop
        while start > 0 and first < last and clusters[first].isspace():
            first += 1
        while stop < len(clusters) and first < last and clusters[last - 1].isspace():
            last -= 1
        piece = "".join(clusters[first:last])
        if piece.strip():
            yield piece
