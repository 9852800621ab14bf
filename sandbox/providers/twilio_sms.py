"""What Twilio sends for SMS and MMS."""

from sandbox.accounts import Account
from sandbox.media import PHOTO, File
from sandbox.people import Person
from sandbox.providers import twilio
from sandbox.webhook import Webhook, hexes

_OPT_OUT = {
    "STOP": "STOP",
    "STOPALL": "STOP",
    "UNSUBSCRIBE": "STOP",
    "START": "START",
    "UNSTOP": "START",
    "HELP": "HELP",
}
# GSM 03.38: its alphabet, and the extension whose characters take two places.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


def text(account: Account, person: Person, words: str, number: int) -> Webhook:
    """A text message; Twilio gives it no time. A lone STOP or START also carries `OptOutType`."""
    chosen = _OPT_OUT.get(words.strip().upper())
    more = {"OptOutType": chosen} if chosen else {}
    note = {"STOP": "opt-out", "START": "opt-in"}.get(chosen or "", "text")
    return _received(account, person, words, message_id(account, number), more, note)


def image(account: Account, person: Person, number: int, words: str = "", file: File = PHOTO) -> Webhook:
    """An MMS with one photo; only numbers of the United States, Canada and Australia get these."""
    sid = "MM" + message_id(account, number)[2:]
    media = "ME" + hexes(27, "media", account.id, number) + file.code
    address = twilio.api_url(account, f"Messages/{sid}/Media/{media}")
    return _received(account, person, words, sid, {"MediaUrl0": address, "MediaContentType0": file.mime}, "mms")


def status(
    account: Account, sid: str, to: str, fate: str, error: int | None = None, *, url: str | None = None
) -> Webhook:
    """The fate of a message we sent: `queued`, `sent`, `delivered`, `undelivered` or `failed`.

    `url`: where the sender asked to be told; without it the account's own.
    """
    service = account.keys.get("messaging_service_sid")
    form = {
        "SmsSid": sid, "SmsStatus": fate, "MessageStatus": fate, "To": to, "MessageSid": sid,
        "AccountSid": account.key("account_sid"), "From": _own_number(account), "ApiVersion": "2010-04-01",
        **({"MessagingServiceSid": str(service)} if service else {}),
    }  # fmt: skip
    failed = {"ErrorCode": str(error)} if error else {}
    return twilio.request(account, url or account.hook_url + "/status", form | failed, f"status {fate}")


def message_id(account: Account, number: int) -> str:
    """Twilio's id of the text message made with that number."""
    return "SM" + hexes(32, "sms", account.id, number)


def segments(words: str) -> int:
    """Into how many radio messages a text is cut: 160 or 70 characters alone, 153 or 67 each where there are more."""
    gsm = all(c in _GSM or c in _EXTENSION for c in words)
    units = sum(2 if c in _EXTENSION else 1 for c in words) if gsm else len(words.encode("utf-16-be")) // 2
    alone, each = (160, 153) if gsm else (70, 67)
    return 1 if units <= alone else -(-units // each)


def _received(account: Account, person: Person, words: str, sid: str, more: dict[str, str], note: str) -> Webhook:
    service = account.keys.get("messaging_service_sid")
    form = {
        "ToCountry": account.countries[0] if account.countries else "US", "SmsMessageSid": sid,
        "NumMedia": "1" if "MediaUrl0" in more else "0", "SmsSid": sid, "FromCountry": person.country,
        "SmsStatus": "received", "Body": words, "To": _own_number(account), "NumSegments": str(segments(words)),
        "MessageSid": sid, "AccountSid": account.key("account_sid"), "From": person.phone, "ApiVersion": "2010-04-01",
        **({"MessagingServiceSid": str(service)} if service else {}), **more,
    }  # fmt: skip
    return twilio.request(account, account.hook_url, form, note, () if note.startswith("opt-") else (sid,))


def _own_number(account: Account) -> str:
    return account.key("number", "+15005550006")
