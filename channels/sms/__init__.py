"""SMS and MMS through Twilio."""

from channels.contract import Channel, Out
from channels.sms.look import look
from channels.sms.receive import answer, parse, verify
from channels.sms.render import LIMITS, render
from channels.sms.send import locate, remove, send
from channels.sms.settings import Settings, settings
from channels.twilio_codes import meaning_of
from channels.twilio_send import connect

__all__ = ["CHANNEL", "Settings"]

OUT: Out[Settings] = Out(
    limits=LIMITS,
    render=render,
    connect=connect,
    send=send,
    look=look,
    locate=locate,
    remove=remove,
    meaning=meaning_of,
)

CHANNEL: Channel[Settings] = Channel(
    name="sms", proof="x-twilio-signature", settings=settings, verify=verify, parse=parse, answer=answer, out=OUT
)
