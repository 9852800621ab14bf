"""Sending messages through Twilio, and having what people sent."""

import re

from channels.contract import Fetch, NoFile, Part
from channels.reading import ident
from channels.sms.settings import Settings
from channels.twilio_send import Client, Failed, ask, fetch, gone
from model.deliveries import Result, Sent, Unknown

_MEDIA = re.compile(r"/Messages/(?P<message>\w{34})/Media/(?P<media>\w{34})$", re.ASCII)

# Twilio's name → the SDK's
_NAMES = {
    "To": "to",
    "From": "from_",
    "MessagingServiceSid": "messaging_service_sid",
    "Body": "body",
    "MediaUrl": "media_url",
    "StatusCallback": "status_callback",
}


async def send(client: Client, part: Part) -> Result:
    """One message. Twilio knows no idempotency key: one that may have arrived is not sent again."""
    answer = await ask(client.rest.messages.create_async, **{_NAMES[name]: v for name, v in part.content.items()})
    if isinstance(answer, Failed):
        return answer.result
    sid = ident(answer.sid)
    return Sent(ids=(sid,), units=part.units) if sid else Unknown(why="no sid")


async def locate(client: Client, ref: str, settings: Settings) -> Fetch | NoFile:
    """A file of an MMS. Twilio sends on to where it keeps it, and that host must not see the token."""
    found = _MEDIA.search(ref)
    if found is None:
        return NoFile("gone", "no media of a message")
    return fetch(client, settings, f"Messages/{found['message']}/Media/{found['media']}")


async def remove(client: Client, ref: str, settings: Settings) -> bool:
    """Delete Twilio's copy of a file."""
    found = _MEDIA.search(ref)
    if found is None:
        return False
    return await gone(client.rest.messages(found["message"]).media(found["media"]).delete_async)
