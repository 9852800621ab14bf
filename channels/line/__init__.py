"""LINE: people write to an official account. Facts: developers.line.biz and LINE's published OpenAPI documents."""

from channels.contract import Channel, Out
from channels.line.look import look
from channels.line.receive import answer, parse, verify
from channels.line.render import LIMITS, render
from channels.line.send import connect, locate, quota, send
from channels.line.settings import Settings, read_settings

__all__ = ["CHANNEL", "Settings"]

OUT: Out[Settings] = Out(
    limits=LIMITS, render=render, connect=connect, send=send, look=look, locate=locate, quota=quota
)

CHANNEL: Channel[Settings] = Channel(
    name="line",
    proof="x-line-signature",
    settings=read_settings,
    verify=verify,
    parse=parse,
    answer=answer,
    out=OUT,
)
