"""What Twilio's error codes mean, in a refusal and in a later status callback.

Facts: twilio.com/docs/api/errors, one page a code.
"""

from collections.abc import Mapping
from datetime import timedelta

from model.deliveries import Meaning

AWAY = Meaning("away", retry=True)
_TOO_FAST = Meaning("too_fast", retry=True)
_HOURS = timedelta(hours=3)

_BY_MEANING: tuple[tuple[Meaning, tuple[int, ...]], ...] = (
    (Meaning("bad_address", "address"), (21211, 21214, 21217, 21265, 30005)),
    (Meaning("no_text", "address"), (21614, 21635, 30006)),  # a landline, or no mobile
    (Meaning("no_text"), (21612,)),  # not from this number of ours
    (Meaning("opted_out", "address"), (21610,)),
    (Meaning("blocked", "address"), (30004,)),
    (Meaning("out_of_reach", retry=True, after=_HOURS), (30003,)),
    (Meaning("credentials", "account"), (20003, 20008, 20404)),  # 20404: no such account
    (Meaning("suspended", "account"), (10001, 20005, 30002, 30037, 90010)),
    (Meaning("permission", "account"), (20006, 21212, 21601, 21603, 21606, 21659, 21660, 21661, 21703, 21704, 21705)),
    (Meaning("permission"), (21408, 21608, 30024, 30032, 30034)),  # this country, this number: others may be reached
    (Meaning("content"), (21602, 21617, 21619, 30007, 30010, 30110)),
    (Meaning("file"), (11200, 12300, 21620, 21623, 30011, 30019)),
    (_TOO_FAST, (20429, 21611, 30001, 30022, 30036)),  # 30036: it waited too long at Twilio's and was never sent
    (Meaning("too_fast", retry=True, after=_HOURS), (30023,)),  # the day's messages to one carrier
    (AWAY, (20500, 20503, 21730, 30017, 30410)),
    (Meaning("other"), (30008,)),  # the carrier does not say: it may even have arrived
)
_BY_CODE: Mapping[str, Meaning] = {str(code): meaning for meaning, codes in _BY_MEANING for code in codes}

#: For an answer whose code is none of these, or which has none.
_BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning("content"),
    401: Meaning("credentials", "account"),
    403: Meaning("permission", "account"),
    404: Meaning("credentials", "account"),
    429: _TOO_FAST,
}


def meaning_of(code: str, status: int = 0) -> Meaning:
    """What one of Twilio's codes means; `status` is that of the HTTP answer it came in, if any."""
    unknown = AWAY if status >= 500 else Meaning("other")
    return _BY_CODE.get(code) or _BY_STATUS.get(status, unknown)
