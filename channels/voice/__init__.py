"""Phone calls through Twilio."""

from channels.contract import Channel
from channels.voice.menu import PHRASES
from channels.voice.receive import answer, parse, verify
from channels.voice.settings import Settings, settings

__all__ = ["CHANNEL", "Settings"]

CHANNEL = Channel(
    name="voice",
    proof="x-twilio-signature",
    settings=settings,
    verify=verify,
    parse=parse,
    answer=answer,
    phrases=PHRASES,
)
