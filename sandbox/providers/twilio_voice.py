"""What Twilio sends while somebody calls: one request for each step of the call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from sandbox.accounts import Account
from sandbox.media import File
from sandbox.people import Person
from sandbox.providers import twilio
from sandbox.webhook import Webhook, hexes

WITHHELD = "+266696687"  # ANONYMOUS on a keypad: what stands for a number that is not shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One incoming call."""

    account: Account
    caller: str  #: E.164, or what stands for a withheld number
    country: str
    at: datetime
    number: int  #: makes the ids: the same number is the same call

    @property
    def sid(self) -> str:
        """Twilio's id of the call."""
        return "CA" + hexes(32, "call", self.account.id, self.number)

    def recording_sid(self, seconds: int) -> str:
        """Twilio's id of what the caller says after the tone, so long."""
        return "RE" + hexes(27, "recording", self.account.id, self.number) + File("mp3", seconds).code


def call(account: Account, person: Person, at: datetime, number: int, *, withheld: bool = False) -> Call:
    """A call of that person, who may hide the number."""
    return Call(
        account=account, caller=WITHHELD if withheld else person.phone, country=person.country, at=at, number=number
    )


def ringing(this: Call) -> Webhook:
    """It rings; nobody has paid anything yet."""
    return ask(this, this.account.hook_url, "ringing", {}, "ringing", (this.sid,))


def pressed(this: Call, keys: str) -> Webhook:
    """The caller pressed a key in the language menu, or none (`""`)."""
    return ask(this, _step(this, "language"), "in-progress", {"Digits": keys, "msg": "Gather End"}, "language")


def voicemail(this: Call, seconds: int) -> Webhook:
    """The caller has spoken after the tone; the recording may not be ready yet."""
    return ask(this, _step(this, "voicemail"), "in-progress", spoken(this, seconds, "#"), "voicemail")


def recorded(this: Call, seconds: int, url: str | None = None, state: str = "completed") -> Webhook:
    """The recording can be fetched, or (`absent`) there is none. `url` as the answered TwiML asked for it."""
    form = {
        "AccountSid": this.account.key("account_sid"), "CallSid": this.sid, "RecordingSid": this.recording_sid(seconds),
        "RecordingUrl": recording_url(this, seconds), "RecordingStatus": state, "RecordingDuration": str(seconds),
        "RecordingChannels": "1", "RecordingSource": "RecordVerb", "RecordingStartTime": format_datetime(this.at),
        "RecordingTrack": "both",
    }  # fmt: skip
    return twilio.request(this.account, url or _step(this, "recording"), form, f"recording {state}")


def silence(this: Call) -> Webhook:
    """The caller said nothing after the tone."""
    return ask(this, _step(this, "silence"), "in-progress", {}, "silence")


def ended(this: Call, state: str, seconds: int) -> Webhook:
    """The call is over: `completed`, `busy`, `no-answer`, `canceled` or `failed`; seconds in all."""
    more = {
        "Timestamp": format_datetime(this.at), "CallbackSource": "call-progress-events", "SequenceNumber": "0",
        "CallDuration": str(seconds), "Duration": str(-(-seconds // 60)),
    }  # fmt: skip
    return ask(this, _step(this, "status"), state, more, f"call {state}")


def whole_call(this: Call, key: str, seconds: int) -> list[Webhook]:
    """A call that goes well, step by step, without listening to the answers (`twilio_call.follow` does)."""
    return [ringing(this), pressed(this, key), voicemail(this, seconds), recorded(this, seconds),
            ended(this, "completed", seconds + 12)]  # fmt: skip


def ask(
    this: Call, url: str, state: str, more: Mapping[str, str], note: str, message_ids: tuple[str, ...] = ()
) -> Webhook:
    """Any request of a call: what all of them say, and `more`."""
    own = this.account.key("number")
    form = {
        "AccountSid": this.account.key("account_sid"), "ApiVersion": "2010-04-01", "CallSid": this.sid,
        "CallStatus": state, "Direction": "inbound", "From": this.caller, "Caller": this.caller, "To": own,
        "Called": own, "FromCountry": this.country, "FromCity": "", "FromState": "", "FromZip": "",
        "ToCountry": "US", "ToCity": "", "ToState": "", "ToZip": "", **more,
    }  # fmt: skip
    return twilio.request(this.account, url, form, note, message_ids)


def spoken(this: Call, seconds: int, ended_by: str) -> dict[str, str]:
    """What a request says after a `<Record>`; `ended_by` is the key pressed or `hangup`."""
    return {
        "RecordingUrl": recording_url(this, seconds), "RecordingSid": this.recording_sid(seconds),
        "RecordingDuration": str(seconds), "Digits": ended_by,
    }  # fmt: skip


def recording_url(this: Call, seconds: int) -> str:
    """Where the recording is, without the `.mp3` that asks for a format."""
    return twilio.api_url(this.account, f"Recordings/{this.recording_sid(seconds)}")


def _step(this: Call, step: str) -> str:
    return f"{this.account.hook_url}/{step}"
