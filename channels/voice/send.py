"""The way out of a call: none yet. What was recorded can be had, and deleted at Twilio's."""

import re
from typing import NoReturn

from channels.contract import CannotSay, Fetch, Limits, NoFile, Part
from channels.twilio_send import Client, Failed, ask, fetch, gone
from channels.voice.settings import Settings
from model.deliveries import Meaning, Outgoing, Refused

_RECORDING = re.compile(r"/Recordings/(?P<recording>\w{34})$", re.ASCII)
_NOT_READY = ("in-progress", "paused", "stopped", "processing")

LIMITS = Limits(text=0, unit="characters", per_second=1)  #: no words go out: see `render`


def render(outgoing: Outgoing, settings: Settings) -> NoReturn:
    """Always raises CannotSay: an answer to a caller goes by SMS, where the number is known safe to text."""
    raise CannotSay("no_text")


async def send(client: Client, part: Part) -> Refused:
    """Nothing is rendered, so nothing is sent."""
    return Refused(meaning=Meaning("not_said"))


async def locate(client: Client, ref: str, settings: Settings) -> Fetch | NoFile:
    """A recording, as MP3. Twilio is asked whether it is ready: for some seconds it does not even know it."""
    found = _RECORDING.search(ref)
    if found is None:
        return NoFile("gone", "no recording")
    recording = await ask(client.rest.recordings(found["recording"]).fetch_async)
    if isinstance(recording, Failed):
        return NoFile("later", recording.code or recording.why)
    if recording.status != "completed":
        return NoFile("later" if recording.status in _NOT_READY else "gone", str(recording.status))
    return fetch(client, settings, f"Recordings/{found['recording']}.mp3")


async def remove(client: Client, ref: str, settings: Settings) -> bool:
    """Delete a recording at Twilio's."""
    found = _RECORDING.search(ref)
    if found is None:
        return False
    return await gone(client.rest.recordings(found["recording"]).delete_async)
