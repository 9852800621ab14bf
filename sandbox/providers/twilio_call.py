"""A caller who does what the answered TwiML says: hears the menu, presses a key, speaks after the tone, hangs up."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin
from xml.etree import ElementTree

from sandbox.providers import twilio_voice
from sandbox.providers.twilio_voice import Call
from sandbox.webhook import Webhook

MOST_REQUESTS = 15  #: a menu that never ends is left; Twilio itself would go on for hours
MENU_SECONDS = 12  #: that listening to the menu takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What the caller will do."""

    presses: str = ""  #: the key pressed at every menu; empty: none
    speaks: int = 0  #: seconds of speech after the tone; 0: silence
    leaves: Literal["at the end", "while ringing", "in the menu", "while speaking"] = "at the end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The request a verb leads to, and the one that follows when the recording is ready."""

    request: Webhook
    url: str
    later: Webhook | None = None
    last: bool = False


def follow(call: Call, caller: Caller) -> Generator[Webhook, bytes, None]:
    """Yields each request of the call and is sent the body of the answer; an empty or broken answer ends the call.

    The first request rings, the last is the status callback.
    """
    answer = yield twilio_voice.ringing(call)
    if caller.leaves == "while ringing":
        yield twilio_voice.ended(call, "no-answer", 0)
        return
    url, document = call.account.hook_url, verbs(answer)
    refused = rejected(document)
    for _ in range(MOST_REQUESTS):
        step = next_step(document, call, caller, url)
        if step is None:
            break
        answer = yield step.request
        if step.later:
            yield step.later
        if step.last:
            break
        url, document = step.url, verbs(answer)
    yield twilio_voice.ended(call, refused or "completed", 0 if refused else MENU_SECONDS + caller.speaks)


def next_step(document: Sequence[ElementTree.Element], call: Call, caller: Caller, url: str) -> Step | None:
    """Where the document leads this caller; None: the call is over.

    After silence a `<Record>` does not call its action: the next verb is reached.
    """
    absent: Webhook | None = None
    for verb in document:
        if verb.tag in ("Gather", "Record") and caller.leaves == "in the menu":
            return None
        if verb.tag == "Gather" and (caller.presses or verb.get("actionOnEmptyResult") == "true"):
            return _gathered(verb, call, caller, url)
        if verb.tag == "Record" and caller.speaks:
            return _recorded(verb, call, caller, url)
        if verb.tag == "Record":
            absent = _file_ready(verb, call, url, 0, "absent")
        if verb.tag == "Redirect":
            target = urljoin(url, (verb.text or "").strip())
            request = twilio_voice.ask(call, target, "in-progress", {}, "redirect")
            return Step(request=request, url=target, later=absent)
        if verb.tag in ("Hangup", "Reject", "Dial", "Enqueue"):  # talking to an agent is not imitated
            return None
    return None


def _gathered(verb: ElementTree.Element, call: Call, caller: Caller, url: str) -> Step:
    target = urljoin(url, verb.get("action") or url)
    form = {"Digits": caller.presses, "msg": "Gather End"}
    return Step(request=twilio_voice.ask(call, target, "in-progress", form, "keys"), url=target)


def _recorded(verb: ElementTree.Element, call: Call, caller: Caller, url: str) -> Step:
    target = urljoin(url, verb.get("action") or url)
    hung_up = caller.leaves == "while speaking"
    form = twilio_voice.spoken(call, caller.speaks, "hangup" if hung_up else "#")
    request = twilio_voice.ask(call, target, "completed" if hung_up else "in-progress", form, "voicemail")
    later = _file_ready(verb, call, url, caller.speaks, "completed")
    return Step(request=request, url=target, later=later, last=hung_up)


def _file_ready(verb: ElementTree.Element, call: Call, url: str, seconds: int, state: str) -> Webhook | None:
    """The callback about the recording, where the verb asks for one in that state."""
    callback = verb.get("recordingStatusCallback")
    if not callback or state not in verb.get("recordingStatusCallbackEvent", "completed").split():
        return None
    return twilio_voice.recorded(call, seconds, urljoin(url, callback), state)


def rejected(document: Sequence[ElementTree.Element]) -> str | None:
    """How a call ends that was refused before it was answered."""
    if not document or document[0].tag != "Reject":
        return None
    return "busy" if document[0].get("reason") == "busy" else "failed"


def verbs(answer: bytes) -> Sequence[ElementTree.Element]:
    """The verbs of a TwiML answer, in order; none when it is not TwiML."""
    try:
        root = ElementTree.fromstring(answer)  # noqa: S314 - from the gateway under test, on our own machine
    except ElementTree.ParseError:
        return ()
    return list(root) if root.tag == "Response" else ()
