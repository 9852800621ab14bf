"""Reading what strangers send without ever failing: each helper takes any value and gives a safe one."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from channels.contract import Unreadable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ID = 200
MADE_UP = "made-"  #: how an id begins that is no provider's but a hash of what was said
_NOTHING: Mapping[str, Any] = {}


def read_json(body: bytes) -> Any:
    """Any JSON value.

    Falls back to the standard library for what orjson refuses but people's phones produce (lone surrogates, huge
    numbers). Raises Unreadable where there is no JSON at all or its nesting is absurd.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply") from None
    except ValueError:
        raise Unreadable("the body is not JSON") from None


def read_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object of an answer; an empty one where it is anything else. Raises nothing."""
    try:
        return mapping(read_json(body))
    except Unreadable:
        return _NOTHING


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def items(value: Any) -> Sequence[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def words(value: Any) -> str:
    """Text as a person wrote it; lone surrogates and NUL become U+FFFD. Empty for anything but text."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


def one_line(*values: Any, between: str = ", ") -> str:
    """What several values say, in one line; those that are not text or say nothing are left out."""
    said = (" ".join(words(value).split()) for value in values)
    return between.join(part for part in said if part)


def place(latitude: Any, longitude: Any, *names: Any) -> str:
    """A place in one line, its names first: "Factory, Samut Sakhon, 13.5475, 100.2744".

    Degrees, rounded to 0.1 m. Empty where the coordinates are missing or not on earth.
    """
    north, east = number(latitude), number(longitude)
    if north is None or east is None or abs(north) > 90 or abs(east) > 180:
        return ""
    return one_line(*names, f"{round(north, 6)}, {round(east, 6)}")


def ident(value: Any) -> str:
    """An id for a text column: printable and short; an absurdly long one is replaced by its hash. Empty if none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = "".join(c for c in words(str(value)) if c.isprintable()) if isinstance(value, str) else _digits(value)
    return text if len(text) <= _LONGEST_ID else hashlib.sha256(text.encode()).hexdigest()


def _digits(value: int) -> str:
    return (
        str(value)
        if abs(value) < 1 << 64
        else hashlib.sha256(value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)).hexdigest()
    )


def whole(value: Any) -> int | None:
    """A whole number that a bigint can hold, also when it came as text ("12"); None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < 1 << 63 else None


def number(value: Any) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        return None
    return float(value)


def moment(value: Any, *, per_second: int) -> datetime | None:
    """A time counted since 1970 in seconds (`per_second=1`) or milliseconds (1000); None when absent or absurd."""
    count = whole(value)
    if count is None or not 0 < count // per_second < 4_102_444_800:  # the year 2100
        return None
    return _EPOCH + timedelta(milliseconds=count * 1000 // per_second)


def made_up_id(raw: Any) -> str:
    """A stable id for an event whose provider gave none: the hash of what it said."""
    try:
        shown = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):  # lone surrogates, huge numbers, nesting deeper than orjson writes
        shown = repr(list(_flat(raw))).encode()
    return MADE_UP + hashlib.sha256(shown).hexdigest()[:32]


def _flat(raw: Any) -> Iterator[Any]:
    """All that a JSON value holds, without recursion: how deep that may go depends on who called."""
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            keys = sorted(value)
            yield keys
            waiting.extend(value[key] for key in keys)
        elif isinstance(value, list):
            yield "list", len(value)
            waiting.extend(value)
        else:
            yield value
