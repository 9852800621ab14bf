"""How each provider says no: the bodies, codes and headers of its own documents, by a name for the fault.

Twilio: twilio.com/docs/api/errors. LINE: developers.line.biz/en/reference/messaging-api/#error-responses. Messenger:
developers.facebook.com/docs/messenger-platform/error-codes. Telegram: the Bot API server's own texts.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from aiohttp import web

PROVIDERS = ("twilio", "line", "facebook", "telegram")
WITH_HINT = "429"  #: the kind whose answer can say when to come back


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that says no."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """As an answer of the stand-in."""
        return web.json_response(self.body, status=self.status, headers=self.headers)


class Denied(Exception):
    """The request ends here, with this answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.status}")
        self.refusal = refusal


def twilio(code: int, status: int = 400, message: str = "The request is not valid.") -> Refusal:
    """Twilio's error object; `code` is one of twilio.com/docs/api/errors."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Refusal(status=status, body={"code": code, "message": message, "more_info": more, "status": status})


def line(status: int, message: str, *properties: str, **more: Any) -> Refusal:
    """LINE's error object; `properties` are what is wrong with the request."""
    details = [{"message": "May not be empty or has a wrong value", "property": name} for name in properties]
    return Refusal(status=status, body={"message": message, **({"details": details} if details else {}), **more})


def facebook(code: int, message: str, subcode: int | None = None, *, status: int = 400, **more: Any) -> Refusal:
    """The Graph API's error object."""
    error = {"message": message, "type": "OAuthException", "code": code}
    error |= {"error_subcode": subcode} if subcode else {}
    return Refusal(status=status, body={"error": {**error, **more, "fbtrace_id": secrets.token_urlsafe(8)}})


def telegram(code: int, description: str, **parameters: Any) -> Refusal:
    """The Bot API's error object."""
    more = {"parameters": parameters} if parameters else {}
    return Refusal(status=code, body={"ok": False, "error_code": code, "description": description, **more})


def refusal(provider: str, kind: str, hint: float | None = None) -> Refusal:
    """A provider's answer to a kind of fault; `hint`: seconds after which to come back. Raises KeyError."""
    if kind == WITH_HINT and hint is not None:
        return _HINTED[provider](hint)
    return _KINDS[provider][kind]


def kinds(provider: str) -> frozenset[str]:
    """What can be asked of a provider."""
    return frozenset(_KINDS[provider])


def coded(provider: str, code: int, subcode: int | None, status: int | None, message: str) -> Refusal:
    """Any code of a provider's documents; for LINE, which has none, the status."""
    message = message or "Asked for by a test"
    if provider == "twilio":
        return twilio(code, status or 400, message)
    if provider == "line":
        return line(status or code, message)
    if provider == "facebook":
        return facebook(code, f"(#{code}) {message}", subcode, status=status or 400)
    return telegram(status or code, message)


_CANNOT = "(#10) This message is sent outside of allowed window."
_TOO_MANY = "Too Many Requests"

_KINDS: Mapping[str, Mapping[str, Refusal]] = {
    "twilio": {
        "429": twilio(20429, 429, _TOO_MANY),
        "500": twilio(20500, 500, "An internal server error has occurred"),
        "503": twilio(20503, 503, "Service unavailable"),
        "invalid_token": twilio(20003, 401, "Authenticate"),
        "suspended": twilio(20005, 403, "Account not active"),
        "blocked": twilio(30004, 400, "Message blocked"),
        "opted_out": twilio(21610, 400, "Attempt to send to unsubscribed recipient"),
        "bad_address": twilio(21211, 400, "The 'To' number is not a valid phone number."),
        "landline": twilio(21614, 400, "'To' number is not a valid mobile number"),
        "permission": twilio(21408, 400, "Permission to send an SMS has not been enabled for the region"),
        "content": twilio(21617, 400, "The concatenated message body exceeds the 1600 character limit"),
        "quota": twilio(63038, 429, "Account exceeded the daily messages limit"),
        "404": twilio(20404, 404, "The requested resource was not found"),
    },
    "line": {
        "429": line(429, "The API rate limit has been exceeded. Try again later."),
        "500": line(500, "Internal Server Error"),
        "503": line(503, "Service Unavailable"),
        "invalid_token": line(
            401, "Authentication failed. Confirm that the access token in the authorization header is valid."
        ),
        "permission": line(403, "Access to this API is not available for your account"),
        "suspended": line(403, "This channel is suspended"),
        "quota": line(429, "You have reached your monthly limit."),
        "bad_address": line(400, "The property, 'to', in the request body is invalid (line: -, column: -)"),
        "content": line(400, "The request body has 1 error(s)", "messages[0].text"),
        "invalid_reply_token": line(400, "Invalid reply token"),
        "404": line(404, "Not found"),
        "410": line(410, "Gone"),
    },
    "facebook": {
        "429": facebook(613, "(#613) Calls to this api have exceeded the rate limit.", status=429),
        "500": facebook(1, "An unknown error has occurred.", status=500),
        "503": facebook(2, "Service temporarily unavailable", status=503, is_transient=True),
        "invalid_token": facebook(190, "Invalid OAuth access token - Cannot parse access token", status=401),
        "expired_token": facebook(190, "Error validating access token: Session has expired", 463, status=401),
        "blocked": facebook(551, "(#551) This person isn't available right now.", 1545041),
        "opted_out": facebook(10, "(#10) This person isn't receiving messages from you right now.", 2018108),
        "window_closed": facebook(10, _CANNOT, 2018278),
        "bad_address": facebook(100, "(#100) No matching user found", 2018001),
        "content": facebook(100, "(#100) Length of param message[text] must be less than or equal to 2000"),
        "file": facebook(100, "(#100) Upload attachment failure.", 2018047),
        "permission": facebook(200, "(#200) Requires pages_messaging permission to manage the object", status=403),
        "suspended": facebook(368, "The action attempted has been deemed abusive or is otherwise disallowed"),
        "quota": facebook(4, "(#4) Application request limit reached", status=403),
        "404": facebook(803, "(#803) Some of the aliases you requested do not exist", status=404),
        "410": facebook(803, "(#803) URL signature expired", status=410),
    },
    "telegram": {
        "429": telegram(429, _TOO_MANY),
        "500": telegram(500, "Internal Server Error"),
        "503": telegram(503, "Service Unavailable"),
        "invalid_token": telegram(401, "Unauthorized"),
        "blocked": telegram(403, "Forbidden: bot was blocked by the user"),
        "deactivated": telegram(403, "Forbidden: user is deactivated"),
        "not_started": telegram(403, "Forbidden: bot can't initiate conversation with a user"),
        "bad_address": telegram(400, "Bad Request: chat not found"),
        "content": telegram(400, "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0"),
        "file": telegram(400, "Bad Request: wrong file identifier/HTTP URL specified"),
        "permission": telegram(403, "Forbidden: not enough rights to send text messages to the chat"),
        "migrated": telegram(
            400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001234567890
        ),
        "404": telegram(404, "Not Found"),
    },
}  # fmt: skip


def _twilio_later(seconds: float) -> Refusal:
    return Refusal(status=429, body=_KINDS["twilio"]["429"].body, headers={"Retry-After": str(ceil(seconds))})


def _line_later(seconds: float) -> Refusal:
    # not promised by LINE's documents; a proxy before it may say so
    return Refusal(status=429, body=_KINDS["line"]["429"].body, headers={"Retry-After": str(ceil(seconds))})


def _facebook_later(seconds: float) -> Refusal:
    minutes = ceil(seconds / 60)
    usage = f'{{"page":[{{"type":"messenger","call_count":100,"estimated_time_to_regain_access":{minutes}}}]}}'
    return Refusal(status=429, body=_KINDS["facebook"]["429"].body, headers={"X-Business-Use-Case-Usage": usage})


def _telegram_later(seconds: float) -> Refusal:
    return telegram(429, f"{_TOO_MANY}: retry after {ceil(seconds)}", retry_after=ceil(seconds))


_HINTED = {"twilio": _twilio_later, "line": _line_later, "facebook": _facebook_later, "telegram": _telegram_later}
