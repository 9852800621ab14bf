"""What LINE's refusals mean.

Facts: developers.line.biz/en/reference/messaging-api, "Status codes" and "Error messages".
"""

from collections.abc import Mapping

from model.deliveries import Meaning, Refused

AWAY = Meaning("away", retry=True)

#: Said once more as a push: the handle was used or too old, and nothing arrived.
INVALID_REPLY_TOKEN = "invalid_reply_token"  # noqa: S105 - the name of an error

# Status, words of the message in lower case, the code we give it, and what it means.
_BY_WORDS: tuple[tuple[int, str, str, Meaning], ...] = (
    (400, "invalid reply token", INVALID_REPLY_TOKEN, Meaning("other", retry=True)),
    (400, "the property, 'to'", "invalid_to", Meaning("bad_address", "address")),
    (400, "failed to send messages", "failed_to_send", Meaning("bad_address")),  # among others, for an unknown user
    (429, "monthly limit", "monthly_limit", Meaning("quota_spent", "account")),
    (429, "target limit for additional messages", "monthly_limit", Meaning("quota_spent", "account")),
)

_BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning("content"),
    401: Meaning("credentials", "account"),
    403: Meaning("permission", "account"),
    404: Meaning("bad_address"),
    410: Meaning("bad_address"),
    413: Meaning("content"),
    415: Meaning("content"),
    429: Meaning("too_fast", retry=True),
    500: AWAY,
    502: AWAY,
    503: AWAY,
    504: AWAY,
}


def refusal(status: int, body: str) -> Refused:
    """What it means that LINE answered this."""
    for known, words, code, meaning in _BY_WORDS:
        if status == known and words in body.lower():
            return Refused(meaning=meaning, code=code)
    unknown = AWAY if status >= 500 else Meaning("other")
    return Refused(meaning=_BY_STATUS.get(status, unknown), code=str(status))
