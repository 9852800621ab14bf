"""The keys of a Facebook Page's account in config.yaml."""

import hashlib
from dataclasses import dataclass, field

from channels.contract import BadSettings, Section, need, only, secrets
from channels.reading import ident


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One Page, and the app that serves it."""

    app_secret: tuple[str, ...] = field(repr=False)  #: signs webhooks; several while it rotates
    verify_token: tuple[str, ...] = field(repr=False)  #: our own word, asked back once when the webhook is set up
    page_id: str
    page_access_token: str = field(repr=False)  #: for sending
    app_id: str | None = None  #: tells our own messages from those other apps send for the Page


def read_settings(section: Section) -> Settings:
    """The settings of one account; raises BadSettings."""
    only(section, "app_secret", "verify_token", "page_id", "page_access_token", "app_id")
    need(section, "id")
    page_id = ident(section.get("page_id"))  # YAML makes a number of it
    if not page_id:
        raise BadSettings("page_id", "write the Page's id here, the number from the Page's About tab")
    return Settings(
        app_secret=secrets(section, "app_secret"),
        verify_token=secrets(section, "verify_token"),
        page_id=page_id,
        page_access_token=need(section, "page_access_token"),
        app_id=ident(section.get("app_id")) or None,
    )


def page_id(settings: Settings) -> str:
    """What `addressed_to` of an event must be to be this account's."""
    return settings.page_id


def door(settings: Settings) -> str:
    """The same for all Pages of one app: Meta calls one address for all of them."""
    return hashlib.sha256("\n".join(sorted(settings.app_secret)).encode()).hexdigest()
