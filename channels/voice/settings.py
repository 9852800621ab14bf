"""One phone line of config.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.contract import BadSettings, Section, need, only, secrets
from channels.reading import mapping

_MOST_LANGUAGES = 9  # keys 1 to 9
_LONGEST_MESSAGE = 3600  # seconds; Twilio's own default
_RECORDABLE = ("menu", "leave_message", "goodbye")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A Twilio number that people call, and what it says."""

    account_sid: str
    auth_tokens: tuple[str, ...] = field(repr=False)  #: all are accepted, the first is used for sending
    number: str
    hook_url: str  #: where Twilio calls us, without a slash at the end
    languages: tuple[str, ...]  #: BCP 47; the first has key 1
    recordings: Mapping[str, Mapping[str, str]]  #: language → menu | leave_message | goodbye → URL of an audio file
    phrases: Mapping[str, Mapping[str, str]]  #: catalog key → language → text
    voicemail_seconds: int
    home: str | None = None  #: country of a number without a country code

    def language_of(self, key: str) -> str | None:
        """The language behind a key of the phone; None for a key without one."""
        return dict(zip("123456789", self.languages, strict=False)).get(key)


def settings(section: Section) -> Settings:
    """Reads the account's section; raises BadSettings with the key and what to write."""
    only(section, "account_sid", "auth_token", "number", "prompts", "voicemail_seconds")
    languages = _languages(section)
    return Settings(
        account_sid=need(section, "account_sid"),
        auth_tokens=secrets(section, "auth_token"),
        number=need(section, "number", 'write the number in quotes, like "+15005550006"'),
        hook_url=need(section, "hook_url", "missing; it is made from network.public_url").rstrip("/"),
        languages=languages,
        recordings=_recordings(section.get("prompts"), languages),
        phrases=_phrases(section.get("phrases")),
        voicemail_seconds=_voicemail_seconds(section.get("voicemail_seconds", 180)),
        home=section.get("home"),
    )


def _languages(section: Section) -> tuple[str, ...]:
    value = section.get("languages")
    if not isinstance(value, list | tuple) or not value or not all(isinstance(v, str) and v for v in value):
        raise BadSettings("languages", "write a list like [my, th]; the first gets key 1")
    if len(value) > _MOST_LANGUAGES or len(set(value)) < len(value):
        raise BadSettings("languages", "a phone menu has the keys 1 to 9: write at most nine languages, each once")
    return tuple(value)


def _recordings(value: Any, languages: tuple[str, ...]) -> Mapping[str, Mapping[str, str]]:
    if value is not None and not isinstance(value, dict):
        raise BadSettings("prompts", 'write {my: {menu: "https://…", leave_message: "https://…"}}')
    for language, files in mapping(value).items():
        if language not in languages:
            raise BadSettings("prompts", f"{language} is not one of this account's languages")
        for name, url in mapping(files).items():
            if name not in _RECORDABLE:
                raise BadSettings("prompts", f"{name} is not spoken here; write {', '.join(_RECORDABLE)}")
            if not isinstance(url, str) or not url.startswith(("https://", "http://")):
                raise BadSettings("prompts", f"{language}.{name} must be the address of an audio file, https://…")
    return {language: mapping(files) for language, files in mapping(value).items()}


def _phrases(value: Any) -> Mapping[str, Mapping[str, str]]:
    return {key: mapping(texts) for key, texts in mapping(value).items()}


def _voicemail_seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LONGEST_MESSAGE:
        raise BadSettings("voicemail_seconds", f"write a whole number from 1 to {_LONGEST_MESSAGE}")
    return value
