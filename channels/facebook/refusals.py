"""What Meta's error codes mean. Facts: developers.facebook.com/docs/messenger-platform/error-codes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from channels.reading import items, mapping, read_object, whole
from model.deliveries import Meaning, Refused

AWAY = Meaning("away", retry=True)
_TOO_FAST = Meaning("too_fast", retry=True)
_BLOCKED = Meaning("blocked", "address")
_WINDOW = Meaning("window_closed")  # until the person writes again
_PERMISSION = Meaning("permission", "account")

_BY_SUBCODE: Mapping[tuple[int, int], Meaning] = {
    (2, 2018344): _PERMISSION,  # the Page's owner must accept a contract
    (10, 2018065): _WINDOW,
    (10, 2018108): _BLOCKED,
    (10, 2018278): _WINDOW,
    (10, 2534022): _WINDOW,
    (100, 2018001): Meaning("bad_address", "address"),  # nobody, or somebody of another Page
    (100, 2018047): Meaning("file"),
    (100, 2018074): Meaning("file"),
    (100, 2018109): Meaning("file"),
    (200, 1545041): _BLOCKED,
    (551, 1545041): _BLOCKED,
}

_BY_CODE: Mapping[int, Meaning] = {
    1: AWAY,
    2: AWAY,
    4: _TOO_FAST,
    10: _PERMISSION,
    17: _TOO_FAST,
    32: _TOO_FAST,
    100: Meaning("content"),
    190: Meaning("credentials", "account"),
    200: _PERMISSION,
    230: _PERMISSION,
    368: Meaning("suspended", "account"),
    551: _BLOCKED,
    613: _TOO_FAST,
    1200: AWAY,
    80006: _TOO_FAST,
}


def refusal(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Refused | None:
    """What an answer says that is no success; None where it says nothing and the message may have been taken."""
    error = mapping(body.get("error"))
    code, subcode = whole(error.get("code")), whole(error.get("error_subcode"))
    if code is None:
        return _without_code(status, headers) if 300 <= status < 500 else None
    meaning = _BY_SUBCODE.get((code, subcode or 0)) or _BY_CODE.get(code) or _by_status(status)
    return Refused(meaning=_later(meaning, headers), code=f"{code}/{subcode}" if subcode else str(code))


def _without_code(status: int, headers: Mapping[str, str]) -> Refused:
    return Refused(meaning=_later(_by_status(status), headers), code=str(status))


def _by_status(status: int) -> Meaning:
    if status == 429:
        return _TOO_FAST
    return AWAY if status >= 500 else Meaning("other")


def _later(meaning: Meaning, headers: Mapping[str, str]) -> Meaning:
    """The same, with the time to wait where Meta tells it: in minutes, for each kind of use and each business."""
    if meaning is not _TOO_FAST:
        return meaning
    usage = read_object(headers.get("X-Business-Use-Case-Usage", "").encode())
    waits = [
        whole(mapping(kind).get("estimated_time_to_regain_access")) or 0
        for use in usage.values()
        for kind in items(use)
    ]
    minutes = min(max(waits, default=0), 24 * 60)
    return Meaning("too_fast", retry=True, after=timedelta(minutes=minutes) if minutes > 0 else None)
