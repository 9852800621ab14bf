"""The keys of a Telegram account in config.yaml."""

import re
from dataclasses import dataclass, field

from channels.contract import BadSettings, Section, need, only, secrets

_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")  # what setWebhook accepts


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One bot."""

    account: str  #: the account's id in config.yaml
    bot_token: str = field(repr=False)  #: from BotFather; for sending and fetching files
    secret_token: tuple[str, ...] = field(repr=False)  #: as given to setWebhook; several while it rotates


def read_settings(section: Section) -> Settings:
    """The settings of one account; raises BadSettings."""
    only(section, "bot_token", "secret_token")
    secret_token = secrets(section, "secret_token")
    if not all(_SECRET_TOKEN.fullmatch(token) for token in secret_token):
        raise BadSettings("secret_token", "Telegram allows 1 to 256 of A-Z a-z 0-9 _ -; choose another random one")
    return Settings(account=need(section, "id"), bot_token=need(section, "bot_token"), secret_token=secret_token)
