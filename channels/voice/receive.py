"""What Twilio tells us in the course of a call, and what the caller hears next.

Facts: twilio.com/docs/voice/twiml#request-parameters, …/twiml/record, …/api/call-resource#statuscallback.
The step of the URL says how far the call is:
"" rings, language (a key, or none), voicemail or silence, recording (its file is ready), status (it is over).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from channels import twilio_webhook
from channels.contract import Unreadable
from channels.reading import ident, made_up_id, whole, words
from channels.twilio_webhook import Form, read_form, read_query
from channels.voice import menu
from channels.voice.settings import Settings
from model.events import Attachment, CallEnded, CallStep, Event, Ignored, Received, Sender, Unsupported
from model.http import Request, Response

_ENDS: Mapping[str, Literal["completed", "busy", "no-answer", "canceled", "failed"]] = {
    "completed": "completed",
    "busy": "busy",
    "no-answer": "no-answer",
    "canceled": "canceled",
    "failed": "failed",
}
_NOT_OVER = ("queued", "initiated", "ringing", "in-progress")
_CALLBACKS = ("recording", "status")  # nobody is on the line to hear an answer
_NO_FIELDS = Form({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What the requests of one call have in common."""

    id: str
    step: str
    form: Form
    again: bool  #: the second time we ask for a language
    pressed: str | None  #: the language of the key just pressed
    chosen: str | None  #: the language chosen earlier, carried in our own URLs
    at: datetime | None

    @property
    def sender(self) -> Sender:
        """The other end; a hidden number is a person of its own each call."""
        other_end = "To" if self.form.get("Direction").startswith("outbound") else "From"
        known = twilio_webhook.phone_sender(self.form.get(other_end))
        return known or Sender(scope="call", value=self.id, answerable=False)


def verify(request: Request, settings: Settings) -> None:
    """Raises NotAuthentic unless Twilio signed this request for this account."""
    twilio_webhook.verify(request, settings.account_sid, settings.auth_tokens)


def parse(request: Request, settings: Settings) -> Sequence[Event]:
    """The step the call has come to, and the message that was left. Raises only Unreadable."""
    call = _call(request, read_form(request), read_query(request), settings)
    return _STEPS.get(request.step, _unknown)(call)


def answer(request: Request, settings: Settings) -> Response:
    """What the caller hears next, whatever came: silence on the line would be the worst answer."""
    if request.step in _CALLBACKS:
        return twilio_webhook.NOTHING_TO_SAY
    try:
        call = _call(request, read_form(request), read_query(request), settings)
    except Unreadable:
        call = _call(request, _NO_FIELDS, _NO_FIELDS, settings)
    return twilio_webhook.twiml(_next_words(call, settings))


def _next_words(call: _Call, line: Settings) -> str:
    match call.step:
        case "":
            return menu.ask_language(line) if len(line.languages) > 1 else menu.take_message(line, None)
        case "language":
            ask_again = call.pressed is None and not call.again
            return menu.ask_language(line, again=True) if ask_again else menu.take_message(line, call.pressed)
        case "voicemail" | "silence":
            return menu.goodbye(line, call.chosen)
        case _:
            return menu.hang_up()


def _call(request: Request, form: Form, query: Form, line: Settings) -> _Call:
    carried = query.get("language")
    return _Call(
        id=ident(form.get("CallSid")) or made_up_id([[name, *form.getall(name)] for name in sorted(form)]),
        step=request.step,
        form=form,
        again=query.get("try") == "2",
        pressed=line.language_of(form.get("Digits")),
        chosen=carried if carried in line.languages else None,
        at=_moment(form.get("Timestamp")),
    )


def _ringing(call: _Call) -> list[Event]:
    """Known from here on, even if the caller hangs up at once: a missed call is how many ask to be called."""
    return [CallStep(event_id=f"{call.id}:ringing", occurred_at=call.at, provider_id=call.id, sender=call.sender,
                     step="ringing")]  # fmt: skip


def _language(call: _Call) -> list[Event]:
    event_id = f"{call.id}:language" + (":2" if call.again else "")
    return [CallStep(event_id=event_id, occurred_at=call.at, provider_id=call.id, sender=call.sender,
                     step="language", language=call.pressed)]  # fmt: skip


def _silence(call: _Call) -> list[Event]:
    return [CallStep(event_id=f"{call.id}:silence", occurred_at=call.at, provider_id=call.id, sender=call.sender,
                     step="silence", language=call.chosen)]  # fmt: skip


def _voicemail(call: _Call) -> list[Event]:
    step = CallStep(event_id=f"{call.id}:voicemail", occurred_at=call.at, provider_id=call.id, sender=call.sender,
                    step="voicemail", language=call.chosen)  # fmt: skip
    return [step, _message(call, call.sender)] if ident(call.form.get("RecordingSid")) else [step]


def _recording(call: _Call) -> list[Event]:
    """Twilio's second word on a recording: usually the same message again, sometimes the only word."""
    status, sid = call.form.get("RecordingStatus"), ident(call.form.get("RecordingSid"))
    if status == "completed" and sid:
        return [_message(call, None)]
    event_id = ident(f"{call.id}:recording:{status}")
    if status == "absent":
        return [Ignored(event_id=event_id, what="recording absent", why="the caller said nothing; the call tells it")]
    if status == "in-progress":
        return [Ignored(event_id=event_id, what="recording in-progress", why="the caller is still speaking")]
    return [Unsupported(event_id=event_id, what=f"recording {ident(status)}"[:80])]


def _message(call: _Call, sender: Sender | None) -> Received:
    """The message left. Both requests that tell of it give the same ids, so the second is dropped."""
    form = call.form
    sid = ident(form.get("RecordingSid"))
    sound = Attachment(kind="audio", ref=words(form.get("RecordingUrl")), seconds=whole(form.get("RecordingDuration")))
    return Received(
        event_id=sid,
        occurred_at=_moment(form.get("RecordingStartTime")),
        provider_id=sid,
        kind="audio",
        sender=sender,
        attachments=(sound,),
        in_call=call.id,
        language=call.chosen,
    )


def _status(call: _Call) -> list[Event]:
    status = call.form.get("CallStatus")
    if status in _NOT_OVER:
        return [Ignored(event_id=f"{call.id}:{status}", what=f"call {status}", why="the call is not over yet")]
    if status not in _ENDS:
        event_id = ident(f"{call.id}:{status}")
        return [Unsupported(event_id=event_id, what=f"call {ident(status)}"[:80], sender=call.sender)]
    return [CallEnded(event_id=f"{call.id}:ended", occurred_at=call.at, provider_id=call.id, sender=call.sender,
                      status=_ENDS[status], seconds=whole(call.form.get("CallDuration")) or 0)]  # fmt: skip


def _unknown(call: _Call) -> list[Event]:
    step = ident(call.step)
    return [Unsupported(event_id=ident(f"{call.id}:{step}"), what=f"step {step}"[:80], sender=call.sender)]


_STEPS: Mapping[str, Callable[[_Call], list[Event]]] = {
    "": _ringing,
    "language": _language,
    "voicemail": _voicemail,
    "recording": _recording,
    "silence": _silence,
    "status": _status,
}


def _moment(text: str) -> datetime | None:
    """A time as mail writes it (RFC 2822), in UTC; None when absent or absurd."""
    try:
        given = parsedate_to_datetime(text)
        moment = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 1970 <= moment.year < 2100 else None
