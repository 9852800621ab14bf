"""Phone calls through Twilio."""

from channels.contract import Channel, Out
from channels.twilio_send import connect
from channels.voice.look import look
from channels.voice.menu import PHRASES
from channels.voice.receive import answer, parse, verify
from channels.voice.send import LIMITS, locate, remove, render, send
from channels.voice.settings import Settings, settings

__all__ = ["CHANNEL", "Settings"]

OUT: Out[Settings] = Out(
    limits=LIMITS, render=render, connect=connect, send=send, look=look, locate=locate, remove=remove
)

CHANNEL: Channel[Settings] = Channel(
    name="voice",
    proof="x-twilio-signature",
    settings=settings,
    verify=verify,
    parse=parse,
    answer=answer,
    phrases=PHRASES,
    out=OUT,
)
