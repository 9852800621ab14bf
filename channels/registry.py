"""Find a channel by the name of its folder."""

import importlib
import pkgutil
from functools import cache
from typing import Any

import channels
from channels.contract import Channel


def names() -> list[str]:
    """The channels there are: every package in this folder."""
    return [module.name for module in pkgutil.iter_modules(channels.__path__) if module.ispkg]


@cache
def load(name: str) -> Channel[Any]:
    """The channel of that name.

    Raises KeyError for a name without a folder.
    """
    if name not in names():
        raise KeyError(name)
    channel: Channel[Any] = importlib.import_module(f"channels.{name}").CHANNEL
    return channel
