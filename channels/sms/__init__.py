"""SMS and MMS through Twilio."""

from channels.contract import Channel
from channels.sms.receive import answer, parse, verify
from channels.sms.settings import Settings, settings

__all__ = ["CHANNEL", "Settings"]

CHANNEL = Channel(name="sms", proof="x-twilio-signature", settings=settings, verify=verify, parse=parse, answer=answer)
