"""LINE: people write to an official account. Facts: developers.line.biz and LINE's published OpenAPI documents."""

from channels.contract import Channel
from channels.line.receive import answer, parse, verify
from channels.line.settings import Settings, read_settings

__all__ = ["CHANNEL", "Settings"]

CHANNEL: Channel[Settings] = Channel(
    name="line", proof="x-line-signature", settings=read_settings, verify=verify, parse=parse, answer=answer
)
