"""Telegram: people write to a bot. One update in each webhook. Facts: core.telegram.org/bots/api, version 10."""

from channels.contract import Channel
from channels.telegram.receive import answer, parse, verify
from channels.telegram.settings import Settings, read_settings

__all__ = ["CHANNEL", "Settings"]

CHANNEL: Channel[Settings] = Channel(
    name="telegram",
    proof="x-telegram-bot-api-secret-token",
    settings=read_settings,
    verify=verify,
    parse=parse,
    answer=answer,
    private_ids=True,
)
