"""What Telegram's refusals mean. It has no codes but the status and the words, which are not documented as stable.

Facts: core.telegram.org/bots/api#making-requests; the words are those of the server, github.com/tdlib/telegram-bot-api.
"""

from collections.abc import Mapping
from datetime import timedelta

from model.deliveries import Meaning, Refused, Unknown

AWAY = Meaning("away", retry=True)

_LONGEST_WAIT = 86_400  # seconds
_BAD_ADDRESS = Meaning("bad_address", "address")
_FILE = Meaning("file")

# Status, words of the description in lower case, the code we give it, and what it means.
_BY_WORDS: tuple[tuple[int, str, str, Meaning], ...] = (
    (403, "blocked by the user", "blocked", Meaning("blocked", "address")),
    (403, "user is deactivated", "deactivated", _BAD_ADDRESS),
    (403, "can't initiate conversation", "not_started", _BAD_ADDRESS),
    (400, "chat not found", "chat_not_found", _BAD_ADDRESS),
    (400, "user not found", "user_not_found", _BAD_ADDRESS),
    (400, "peer_id_invalid", "peer_id_invalid", _BAD_ADDRESS),
    (400, "upgraded to a supergroup", "migrated", Meaning("other")),
    (400, "voice_messages_forbidden", "voice_forbidden", _FILE),  # the person takes none
    (400, "photo_", "photo", _FILE),  # PHOTO_INVALID_DIMENSIONS, PHOTO_EXT_INVALID
    (400, "image_process_failed", "photo", _FILE),
    (400, "file", "file", _FILE),
)

_BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning("content"),
    401: Meaning("credentials", "account"),
    403: Meaning("blocked", "address"),
    404: Meaning("credentials", "account"),  # a token of the wrong form
    409: Meaning("permission", "account"),
    413: _FILE,
    429: Meaning("too_fast", retry=True),
}


def refusal(status: int, words: str, retry_after: int | None) -> Refused | Unknown:
    """What it means that Telegram answered this. A server's error in other than its own words may be a proxy's."""
    if status >= 500:
        return Refused(meaning=AWAY, code=str(status)) if words else Unknown(why=str(status))
    if status == 429 and retry_after and retry_after > 0:
        after = timedelta(seconds=min(retry_after, _LONGEST_WAIT))
        return Refused(meaning=Meaning("too_fast", retry=True, after=after), code="429")
    for known, said, code, meaning in _BY_WORDS:
        if status == known and said in words.lower():
            return Refused(meaning=meaning, code=code)
    return Refused(meaning=_BY_STATUS.get(status, Meaning("other")), code=str(status))
