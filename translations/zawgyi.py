"""Burmese as phones with a Zawgyi font show it: for answers to people whose phone writes Zawgyi.

Unicode stores a syllable as it is spoken and leaves the shapes to the font (Unicode Technical Note 11; code chart
U+1000). Zawgyi stores shapes as they are drawn: what stands left of the letter comes first, and narrow and wide, short
and long, whole and stacked forms have code points of their own, on those of Mon, Karen and Shan letters. Which form
stands where is how newspapers wrote while they published in Zawgyi.
"""

import re
from functools import lru_cache

from translations.burmese import MYANMAR, UNUSED
from translations.identify import identify

# Letters and marks Zawgyi does not have: on their code points it keeps its forms.
_NOT_BURMESE = re.compile(f"[{UNUSED}\u1033\u1034\u105a-\u1097]")

_TALL_AA, _AA, _I, _II, _U, _UU, _E, _AI = map(chr, range(0x102B, 0x1033))
_ANUSVARA, _DOT, _VISARGA = "\u1036", "\u1037", "\u1038"
_ASAT, _YA, _RA, _WA, _HA = map(chr, range(0x103A, 0x103F))

# Letters below another letter; three have a second form below a wide one. What Zawgyi cannot stack stands in a row:
# Unicode's virama U+1039, left as it is, is the visible asat there.
_STACKED = {
    "က": "\u1060", "ခ": "\u1061", "ဂ": "\u1062", "ဃ": "\u1063", "စ": "\u1065", "ဆ": "\u1067", "ဇ": "\u1068",
    "ဈ": "\u1069", "ဋ": "\u106c", "ဌ": "\u106d", "ဏ": "\u1070", "တွ": "\u1096", "တ": "\u1072", "ထ": "\u1074",
    "ဒ": "\u1075", "ဓ": "\u1076", "န": "\u1077", "ပ": "\u1078", "ဖ": "\u1079", "ဗ": "\u107a", "ဘ": "\u107b",
    "မ": "\u107c", "လ": "\u1085",
}  # fmt: skip
_STACKED_BELOW_WIDE = {**_STACKED, "ဆ": "\u1066", "တ": "\u1071", "ထ": "\u1073"}
_WIDE = frozenset("ကဃဆညဏတထဘယလသဟအဿ")

_ONE_FORM = {
    "ဋ္ဋ": "\u1097", "ဋ္ဌ": "\u1092", "ဍ္ဍ": "\u106e", "ဍ္ဎ": "\u106f", "ဏ္ဍ": "\u1091", "ဿ": "\u1086", "၎င်း": "၎",
}  # fmt: skip
_LOW = frozenset("ဈညဋဌဍဎဠ") | _ONE_FORM.keys()  # they reach down to where a short u would stand
# Letters that get shorter above what is stacked below them and above these marks.
_SHORT = {
    "န": ("\u108f", {_YA, _RA, _WA, _HA, _U, _UU}),
    "ရ": ("\u1090", {_U, _UU}),
    "ဉ": ("\u106a", {_YA, _RA, _WA, _HA, _U, _UU}),
    "ည": ("\u106b", {_WA, _HA}),
}

_RAS = "\u103b\u107e\u107f\u1080\u1081\u1082\u1083\u1084"  # +1 round a wide letter, +2 under a mark, +4 over one
_KINZI = "\u1064"
_ABOVE = {_KINZI + _I: "\u108b", _KINZI + _II: "\u108c", _KINZI + _ANUSVARA: "\u108d", _I + _ANUSVARA: "\u108e"}
_BELOW = {
    "": "", _YA: "\u103a", _WA: "\u103c", _HA: "\u103d", _WA + _HA: "\u108a", _HA + _U: "\u1088", _HA + _UU: "\u1089",
    _YA + _WA: "\u103c\u107d", _YA + _HA: "\u103d\u103a", _YA + _WA + _HA: "\u107d\u108a",
}  # fmt: skip
_LONG = str.maketrans({_U: "\u1033", _UU: "\u1034"})
_ZAWGYI_ASAT, _TALL_AA_ASAT = "\u1039", "\u105a"
_DOTS = "\u1037\u1094\u1095"  # from left to right: it moves away from what is there already

_MARKS = f"[{_TALL_AA}-{_AI}{_ANUSVARA}-{_VISARGA}{_ASAT}-{_HA}]"
_SYLLABLE = re.compile(
    "(င်္)?"  # kinzi
    f"({'|'.join(_ONE_FORM)}|[က-ဪ၀-၉]|(?={_MARKS}))"  # the letter; none where a mark went astray
    f"((?:\u1039(?:{'|'.join(_STACKED)})){{0,4}})"
    f"({_MARKS}{{0,16}})"  # more is no syllable, and would fill the cache
)
_EARLY_ASAT = re.compile(f"{_ASAT}[{_TALL_AA}-{_ANUSVARA}{_YA}-{_HA}]")  # as in ယောက်ျား and ကျွန်ုပ်


def to_zawgyi(text: str) -> str:
    """Burmese Unicode text as Zawgyi. Never raises.

    Text without Myanmar letters comes back unchanged; so does every line with letters of Mon, Karen or Shan, which no
    Zawgyi font has.
    """
    if text.isascii() or not MYANMAR.search(text):
        return text
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    if _NOT_BURMESE.search(line) or identify(line).language == "mnw":  # Mon can do without letters of its own
        return line
    return _SYLLABLE.sub(lambda syllable: _drawn(*syllable.groups("")), line)


@lru_cache(maxsize=4096)  # Burmese has not many more
def _drawn(kinzi: str, letter: str, stacked: str, marks: str) -> str:
    """One syllable, from left to right."""
    wide, ra, wa = letter[:1] in _WIDE, _RA in marks, _WA in marks
    above = (_KINZI if kinzi else "") + _only(_I + _II + _AI + _ANUSVARA, marks)
    below = "".join(mark for mark in (_YA, _WA, _HA) if mark in marks)
    u = _only(_U + _UU, marks)
    if below == _HA and not (ra or stacked):
        below, u = below + u[:1], u[1:]
    elif below or ra or stacked or letter in _LOW:
        u = u.translate(_LONG)
    aa, asat = _only(_TALL_AA + _AA, marks), _ZAWGYI_ASAT * marks.count(_ASAT)
    if asat and aa[-1:] == _TALL_AA:
        aa, asat = aa[:-1] + _TALL_AA_ASAT, asat[1:]
    early = _EARLY_ASAT.match(marks)
    return "".join(
        (
            _E * marks.count(_E),
            _RAS[wide + 2 * bool(above) + 4 * bool(wa or stacked)] if ra else "",
            _letter(letter, stacked, marks),
            _stacked(stacked, wide),
            asat if early else "",
            "\u1087" if ra and below == _HA else _BELOW[below],
            _ABOVE.get(above, above),
            u,
            aa,
            _dot(letter, stacked, below, u, aa) * marks.count(_DOT),
            "" if early else asat,
            _VISARGA * marks.count(_VISARGA),
        )
    )


def _only(wanted: str, marks: str) -> str:
    return "".join(mark for mark in marks if mark in wanted)


def _letter(letter: str, stacked: str, marks: str) -> str:
    if letter == "ဉ" and marks.strip(_DOT + _VISARGA) == _ASAT:
        return "ဥ"  # so everybody wrote it
    short, needed_by = _SHORT.get(letter, ("", set()))
    return short if short and (stacked or needed_by.intersection(marks)) else _ONE_FORM.get(letter, letter)


def _stacked(stacked: str, wide: bool) -> str:
    forms = _STACKED_BELOW_WIDE if wide else _STACKED
    return "".join(forms[letter] for letter in stacked.split("\u1039")[1:])


def _dot(letter: str, stacked: str, below: str, u: str, aa: str) -> str:
    if aa:
        return _DOTS[0]
    if below or u[:1] in ("\u1033", "\u1034") or letter == "ရ":
        return _DOTS[2]
    return _DOTS[1] if u or stacked or letter == "န" else _DOTS[0]
