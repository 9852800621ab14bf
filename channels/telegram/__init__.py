"""Telegram: people write to a bot. One update in each webhook. Facts: core.telegram.org/bots/api, version 10."""

from channels.contract import Channel, Out
from channels.telegram.look import look
from channels.telegram.receive import answer, parse, verify
from channels.telegram.render import LIMITS, render
from channels.telegram.send import connect, locate, send
from channels.telegram.settings import Settings, read_settings

__all__ = ["CHANNEL", "Settings"]

OUT: Out[Settings] = Out(limits=LIMITS, render=render, connect=connect, send=send, look=look, locate=locate)

CHANNEL: Channel[Settings] = Channel(
    name="telegram",
    proof="x-telegram-bot-api-secret-token",
    settings=read_settings,
    verify=verify,
    parse=parse,
    answer=answer,
    private_ids=True,
    out=OUT,
)
