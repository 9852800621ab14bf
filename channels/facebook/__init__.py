"""Facebook Messenger: people write to a Page. Facts: developers.facebook.com/docs/messenger-platform."""

from channels.contract import Channel, Out
from channels.facebook.look import look
from channels.facebook.receive import answer, hello, parse, verify
from channels.facebook.render import LIMITS, render
from channels.facebook.send import connect, locate, send
from channels.facebook.settings import Settings, door, page_id, read_settings

__all__ = ["CHANNEL", "Settings"]

OUT: Out[Settings] = Out(limits=LIMITS, render=render, connect=connect, send=send, look=look, locate=locate)

CHANNEL: Channel[Settings] = Channel(
    name="facebook",
    proof="x-hub-signature-256",
    settings=read_settings,
    verify=verify,
    hello=hello,
    parse=parse,
    answer=answer,
    own_id=page_id,
    door=door,
    out=OUT,
)
