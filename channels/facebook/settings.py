"""The keys of a Facebook Page's account in config.yaml."""

import hashlib
import re
from dataclasses import dataclass, field

from channels.contract import BadSettings, Section, need, only, secrets
from channels.reading import ident

GRAPH_VERSION = "v25.0"  #: of Meta's API; each is served for about two years
_VERSION = re.compile(r"v\d{1,3}\.\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One Page, and the app that serves it."""

    app_secret: tuple[str, ...] = field(repr=False)  #: signs webhooks; several while it rotates
    verify_token: tuple[str, ...] = field(repr=False)  #: our own word, asked back once when the webhook is set up
    page_id: str
    page_access_token: str = field(repr=False)  #: for sending
    app_id: str | None = None  #: tells our own messages from those other apps send for the Page
    graph_version: str = GRAPH_VERSION


def read_settings(section: Section) -> Settings:
    """The settings of one account; raises BadSettings."""
    only(section, "app_secret", "verify_token", "page_id", "page_access_token", "app_id", "graph_version")
    need(section, "id")
    page_id = ident(section.get("page_id"))  # YAML makes a number of it
    if not page_id:
        raise BadSettings("page_id", "write the Page's id here, the number from the Page's About tab")
    version = section.get("graph_version") or GRAPH_VERSION
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise BadSettings("graph_version", f"write a version of Meta's API, such as {GRAPH_VERSION}, or leave it out")
    return Settings(
        app_secret=secrets(section, "app_secret"),
        verify_token=secrets(section, "verify_token"),
        page_id=page_id,
        page_access_token=need(section, "page_access_token"),
        app_id=ident(section.get("app_id")) or None,
        graph_version=version,
    )


def page_id(settings: Settings) -> str:
    """What `addressed_to` of an event must be to be this account's."""
    return settings.page_id


def door(settings: Settings) -> str:
    """The same for all Pages of one app: Meta calls one address for all of them."""
    return hashlib.sha256("\n".join(sorted(settings.app_secret)).encode()).hexdigest()
