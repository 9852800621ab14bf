"""One SMS account of config.yaml."""

from dataclasses import dataclass, field

from channels.contract import BadSettings, Section, need, only, secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A Twilio number, or a messaging service that chooses among several."""

    account_sid: str
    auth_tokens: tuple[str, ...] = field(repr=False)  #: all are accepted, the first is used for sending
    number: str = ""  #: what we send from; empty where a messaging service chooses
    messaging_service_sid: str = ""
    hook_url: str  #: where Twilio calls us, without a slash at the end
    inbound: bool = True  #: False: nobody can write to this sender
    mms: bool = False  #: whether files go as MMS; else as links
    home: str | None = None  #: country of a number without a country code


def settings(section: Section) -> Settings:
    """Reads the account's section; raises BadSettings with the key and what to write."""
    only(section, "account_sid", "auth_token", "number", "messaging_service_sid", "mms")
    return Settings(
        account_sid=need(section, "account_sid"),
        auth_tokens=secrets(section, "auth_token"),
        number=_text(section, "number"),
        messaging_service_sid=_origin(section),
        hook_url=need(section, "hook_url", "missing; it is made from network.public_url").rstrip("/"),
        inbound=section.get("inbound") is not False,
        mms=_mms(section),
        home=section.get("home"),
    )


def _origin(section: Section) -> str:
    service = _text(section, "messaging_service_sid")
    if not service and not _text(section, "number"):
        raise BadSettings("number", 'write the number in quotes, like "+15005550006", or a messaging_service_sid')
    return service


def _text(section: Section, key: str) -> str:
    value = section.get(key, "")
    if not isinstance(value, str):  # YAML reads +1500… without quotes as a whole number
        raise BadSettings(key, 'write it in quotes, like "+15005550006"')
    return value


def _mms(section: Section) -> bool:
    value = section.get("mms", False)
    if not isinstance(value, bool):
        raise BadSettings(
            "mms", "write true where the number can send MMS (United States, Canada, Australia), else false"
        )
    return value
