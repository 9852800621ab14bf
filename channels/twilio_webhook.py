"""What Twilio's webhooks for calls and for messages share: the signature, the form, the phone numbers.

Facts: twilio.com/docs/usage/webhooks/webhooks-security and the provider's own `twilio.request_validator`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from urllib.parse import parse_qsl, urlparse

import phonenumbers
from twilio.request_validator import RequestValidator, add_port, remove_port

from channels.contract import NotAuthentic, Unreadable, matches
from channels.reading import ident, words
from model.events import Sender
from model.http import Request, Response

_MOST_FIELDS = 1000  # Twilio sends tens; strangers may not make us sort a million before the signature is checked


@dataclass(frozen=True, slots=True)
class Form:
    """Fields by name, each with every value it was sent with, blank ones too: all of them are signed."""

    values: Mapping[str, Sequence[str]]

    def get(self, name: str) -> str:
        """The first value of a field; empty where it is absent."""
        return next(iter(self.getall(name)), "")

    def getall(self, name: str) -> Sequence[str]:
        """Every value of a field in the order sent. Twilio's validator asks a form by this name."""
        return self.values.get(name, ())

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)


_NO_FIELDS = Form({})


def read_form(request: Request) -> Form:
    """The parameters of a webhook: the body's, or the URL's for a GET.

    Wrong percent-encoding and wrong UTF-8 become U+FFFD. Raises Unreadable for JSON and for absurdly many fields.
    """
    if _is_json(request):
        raise Unreadable("the body is JSON; Twilio's calls and messages come as a form")
    return read_query(request) if request.method == "GET" else _fields(request.body.decode("utf-8", "replace"))


def read_query(request: Request) -> Form:
    """The parameters in the URL. Raises Unreadable for absurdly many."""
    return _fields(words(request.url).partition("?")[2].partition("#")[0])


def _fields(text: str) -> Form:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Unreadable(f"the form has more than {_MOST_FIELDS} fields") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Form(values)


def verify(request: Request, account_sid: str, tokens: Sequence[str]) -> None:
    """Raises NotAuthentic unless one of these auth tokens signed the request and it is about this Twilio account."""
    try:
        form = _NO_FIELDS if _is_json(request) else read_form(request)
    except Unreadable as why:
        raise NotAuthentic(str(why)) from None
    check_signature(request, form, tokens)
    if not _is_json(request) and set(form.getall("AccountSid")) != {account_sid}:
        raise NotAuthentic("signed, but for another Twilio account; compare account_sid with the console")


def check_signature(request: Request, form: Form, tokens: Sequence[str]) -> None:
    """Raises NotAuthentic unless `X-Twilio-Signature` covers the URL, the form and the body of this request."""
    _refuse_uncovered_body(request)
    signed = _NO_FIELDS if request.method == "GET" else form  # a GET's parameters are signed as part of its URL
    given = request.header("x-twilio-signature")
    try:
        known = any(
            matches(given, RequestValidator(token).compute_signature(url, signed))
            for token, url in product(tokens, _spellings(request.url))
        )
    except ValueError:
        raise NotAuthentic("the URL is not one that Twilio can call") from None
    if not known:
        raise NotAuthentic("X-Twilio-Signature does not match; check auth_token and network.public_url")


def _refuse_uncovered_body(request: Request) -> None:
    """The signature covers a form; of JSON only a hash in the URL; of a GET's body nothing."""
    if request.method == "GET" and request.body:
        raise NotAuthentic("a GET with a body: the signature does not cover it")
    if _is_json(request) and not matches(_body_hash(request), sha256(request.body).hexdigest()):
        raise NotAuthentic("JSON without its bodySHA256 in the URL")


def _body_hash(request: Request) -> str:
    try:
        return read_query(request).get("bodySHA256")
    except Unreadable:
        return ""


def _is_json(request: Request) -> bool:
    return (request.header("content-type") or "").lower().startswith("application/json")


def _spellings(url: str) -> list[str]:
    """The URL as called, without its port, and with one: Twilio signs either. Raises ValueError for a broken one."""
    parsed = urlparse(url)
    return list(dict.fromkeys([url, str(remove_port(parsed)), str(add_port(parsed))]))


_HIDDEN = frozenset({
    "266696687",  # ANONYMOUS on a keypad; Lesotho to a number parser
    "7378742833",  # RESTRICTED; Russia
    "2562533",  # BLOCKED
    "8656696",  # UNKNOWN
    "86282452253",  # UNAVAILABLE; China
    "anonymous", "restricted", "blocked", "unknown", "unavailable", "private", "withheld", "",
})  # fmt: skip
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]*")
_SHORTEST_CALLABLE = 7  # digits; what is shorter is a service number


def is_hidden(number: str) -> bool:
    """Whether the network put one of its words for "withheld" where the number belongs."""
    spelled = number.strip().lstrip("+").casefold()
    return spelled in _HIDDEN or spelled.startswith("sip:anonymous@")


def phone_sender(number: str, home: str | None = None) -> Sender | None:
    """Whoever has this number, in E.164, so that calls and messages of one number are one person.

    `home` is where a number without a country code belongs. A short code or a number that no country has is kept as
    given and cannot be answered.
    None for a hidden number and for anything that is not a number (a name, a SIP address).
    """
    if is_hidden(number) or not _NUMBER.fullmatch(number.strip()):
        return None
    digits = re.sub(r"[^0-9+]", "", number)
    value = _e164(digits, home)
    if value is None:
        return Sender(scope="phone", value=ident(digits), answerable=False)
    return Sender(scope="phone", value=value)


def _e164(number: str, home: str | None) -> str | None:
    if len(number.lstrip("+")) < _SHORTEST_CALLABLE:
        return None
    try:
        parsed = phonenumbers.parse(number, home)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):  # "valid" would refuse prefixes newer than the library
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def twiml(xml: str) -> Response:
    """TwiML as an answer. Never text/plain: Twilio would send that to the person, or speak it."""
    return Response(content_type="text/xml; charset=utf-8", body=xml.encode())


NOTHING_TO_SAY = Response(status=204)  #: for callbacks: heard
