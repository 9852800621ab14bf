"""What Twilio tells us about messages: one that came, or the fate of one we sent.

Facts: twilio.com/docs/messaging/guides/webhook-request and …/outbound-message-status-in-status-callbacks.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from channels import twilio_webhook
from channels.contract import Unreadable
from channels.reading import ident, made_up_id, words
from channels.sms.settings import Settings
from channels.twilio_webhook import Form, read_form, read_query
from model.events import (
    Attachment,
    DeliveryUpdate,
    Event,
    Ignored,
    Kind,
    MediaKind,
    PersonLeft,
    PersonReturned,
    Received,
    Sender,
    Unsupported,
)
from model.http import Request, Response

_FATES: dict[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "partially_delivered": "sent",  # it left us; that all of it arrived would be a guess
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
_NOT_YET = ("accepted", "scheduled", "queued", "sending")
_KINDS: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}  # by what precedes the slash
_CONTACT_CARDS = ("text/vcard", "text/x-vcard", "text/directory")
_MOST_MEDIA = 20  # Twilio documents ten
_NOTHING = twilio_webhook.twiml('<?xml version="1.0" encoding="UTF-8"?><Response/>')


def verify(request: Request, settings: Settings) -> None:
    """Raises NotAuthentic unless Twilio signed this request for this account."""
    twilio_webhook.verify(request, settings.account_sid, settings.auth_tokens)


def parse(request: Request, settings: Settings) -> Sequence[Event]:
    """One event; SMS carries no time, so the arrival counts. Raises only Unreadable."""
    form = read_form(request)
    if _is_callback(form):
        return [_fate(form, _delivery(read_query(request)))]
    if not _sid(form) and "Body" not in form:
        return [Unsupported(event_id=_message_id(form), what="a request without a message")]
    return [_heard(form)]


def answer(request: Request, settings: Settings) -> Response:
    """Nothing for the person to read: what we say goes out through the outbox."""
    try:
        callback = _is_callback(read_form(request))
    except Unreadable:
        callback = False
    return twilio_webhook.NOTHING_TO_SAY if callback else _NOTHING


def _is_callback(form: Form) -> bool:
    """Both kinds come to one URL; only what a person sent is `received`."""
    return _status(form) not in ("", "received", "receiving") and form.get("SmsStatus") != "received"


def _status(form: Form) -> str:
    return form.get("MessageStatus") or form.get("SmsStatus")


def _sid(form: Form) -> str:
    return next(filter(None, (ident(form.get(key)) for key in ("MessageSid", "SmsSid", "SmsMessageSid"))), "")


def _message_id(form: Form) -> str:
    return _sid(form) or made_up_id([[name, *form.getall(name)] for name in sorted(form)])


def _delivery(query: Form) -> str | None:
    """Our own id, which rides in the callback's URL: it tells which delivery, even where Twilio's answer was lost."""
    try:
        return str(UUID(query.get("delivery")))
    except ValueError:
        return None


def _fate(form: Form, delivery: str | None) -> Event:
    sid, status = _sid(form), _status(form)
    event_id = ident(f"{_message_id(form)}:{status}")
    if status in _NOT_YET:
        return Ignored(event_id=event_id, what=status, why="still on its way; the next status says more")
    if status not in _FATES or not sid:
        what = f"MessageStatus {ident(status)}"[:80] if sid else "a message status without MessageSid"
        return Unsupported(event_id=event_id, what=what)
    return DeliveryUpdate(
        event_id=event_id,
        status=_FATES[status],
        provider_id=sid,
        sender=twilio_webhook.phone_sender(form.get("To")),
        code=ident(form.get("ErrorCode")) or None,
        delivery=delivery,
    )


def _heard(form: Form) -> Event:
    message_id = _message_id(form)
    sender = _writer(ident(form.get("From")), message_id)
    match form.get("OptOutType"):
        case "STOP":
            return PersonLeft(event_id=message_id, sender=sender, how="opted_out")
        case "START":
            return PersonReturned(event_id=message_id, sender=sender, how="opted_in")
    media = _media(form)
    return Received(
        event_id=message_id,
        provider_id=message_id,
        kind=_kind(media),
        sender=sender,
        text=words(form.get("Body")),
        attachments=media,
    )


def _writer(number: str, message_id: str) -> Sender:
    """A hidden number is a person of its own each time; a name (a bank, a shop) may be anybody's."""
    if twilio_webhook.is_hidden(number):
        return Sender(scope="message", value=message_id, answerable=False)
    return twilio_webhook.phone_sender(number) or Sender(scope="sms-name", value=number, answerable=False)


def _media(form: Form) -> tuple[Attachment, ...]:
    given = ((words(form.get(f"MediaUrl{n}")), words(form.get(f"MediaContentType{n}"))) for n in range(_MOST_MEDIA))
    return tuple(Attachment(kind=_media_kind(mime), ref=url, mime=mime or None) for url, mime in given if url)


def _media_kind(mime: str) -> MediaKind:
    return _KINDS.get(mime.partition("/")[0].lower(), "file")


def _kind(media: Sequence[Attachment]) -> Kind:
    """What the message is: its first attachment, else words."""
    if not media:
        return "text"
    mime = (media[0].mime or "").partition(";")[0].strip().lower()
    return "contact" if mime in _CONTACT_CARDS else media[0].kind
