"""The keys of a LINE account in config.yaml."""

import re
from dataclasses import dataclass, field

from channels.contract import BadSettings, Section, need, only, secrets

_USER_ID = re.compile(r"U[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One official account."""

    account: str  #: the account's id in config.yaml
    channel_secret: tuple[str, ...] = field(repr=False)  #: signs webhooks; several while it rotates
    channel_access_token: str = field(repr=False)  #: for sending and fetching files
    bot_user_id: str | None = None  #: the account's own user id; where set, other destinations are refused


def read_settings(section: Section) -> Settings:
    """The settings of one account; raises BadSettings."""
    only(section, "channel_secret", "channel_access_token", "bot_user_id")
    bot_user_id = section.get("bot_user_id")
    if bot_user_id is not None and not (isinstance(bot_user_id, str) and _USER_ID.fullmatch(bot_user_id)):
        raise BadSettings(
            "bot_user_id", "write U and 32 of 0-9 a-f, from the console's Basic settings, or leave it out"
        )
    return Settings(
        account=need(section, "id"),
        channel_secret=secrets(section, "channel_secret"),
        channel_access_token=need(section, "channel_access_token"),
        bot_user_id=bot_user_id,
    )
