"""Facebook Messenger: people write to a Page. Facts: developers.facebook.com/docs/messenger-platform."""

from channels.contract import Channel
from channels.facebook.receive import answer, hello, parse, verify
from channels.facebook.settings import Settings, door, page_id, read_settings

__all__ = ["CHANNEL", "Settings"]

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
)
