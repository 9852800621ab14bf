"""The accounts of a config.yaml, as far as the providers' side needs them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

CHANNELS = ("voice", "sms", "line", "facebook", "telegram")
_NAME = re.compile(r"\$\{(\w+)\}")


class BadConfig(ValueError):
    """The config cannot be used; the text names the place and says what to write there. It holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One connected account, seen from the provider."""

    id: str
    channel: str
    public_url: str  #: where the world reaches the gateway, no slash at the end; Twilio signs it
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    inbound: bool = True  #: False: an account that is only sent from
    api_base: str | None = None  #: where the provider's API stands in; media addresses point there
    keys: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def hook_path(self) -> str:
        """The path of the account's webhook."""
        return f"/hooks/{self.id}"

    @property
    def hook_url(self) -> str:
        """The address the provider was told to call."""
        return self.public_url + self.hook_path

    def key(self, name: str, default: str | None = None) -> str:
        """A setting or secret; of several secrets the first, which is the one a provider signs with.

        Raises BadConfig when it is missing and there is no default.
        """
        value = self.keys.get(name, default)
        value = value[0] if isinstance(value, list) and value else value
        if value is None or value == "":
            raise BadConfig(f"account {self.id}: {name} is missing; write it in config.yaml")
        return str(value)


def names_in(config_text: str) -> list[str]:
    """The ${NAMES} used in a config, each once, in order of appearance; those in comments do not count."""
    found = [name for text in _texts(_load(config_text)) for name in _NAME.findall(text)]
    return list(dict.fromkeys(found))


def read_accounts(
    config_text: str, env: Mapping[str, str], *, api_base: str | None = None, public_url: str | None = None
) -> list[Account]:
    """All accounts of a config, `${NAMES}` filled in from `env`.

    `api_base` and `public_url` outrank what the config says. Raises BadConfig.
    """
    config = _load(config_text)
    base = public_url or _filled(_section(config.get("network")).get("public_url"), env, "network")
    if not isinstance(base, str) or not base.startswith(("http://", "https://")):
        raise BadConfig("network.public_url: write the address at which the world reaches the gateway, with https://")
    rows = config.get("accounts")
    if not isinstance(rows, list) or not rows:
        raise BadConfig("accounts: write a list with at least one account")
    return [_account(_section(row), env, base.rstrip("/"), api_base) for row in rows]


def _account(row: Mapping[str, Any], env: Mapping[str, str], public_url: str, api_base: str | None) -> Account:
    ident, channel = row.get("id"), row.get("channel")
    if not isinstance(ident, str) or not ident:
        raise BadConfig("accounts: every account needs an id")
    if channel not in CHANNELS:
        raise BadConfig(f"account {ident}: channel must be one of {', '.join(CHANNELS)}")
    keys = {str(name): _filled(value, env, f"account {ident}") for name, value in row.items()}
    return Account(
        id=ident,
        channel=channel,
        public_url=public_url,
        countries=_names(keys.get("countries")),
        languages=_names(keys.get("languages")),
        inbound=keys.get("inbound") is not False,
        api_base=(api_base or keys.get("api_base") or "").rstrip("/") or None,
        keys=keys,
    )


def _filled(value: Any, env: Mapping[str, str], where: str) -> Any:
    if isinstance(value, list):
        return [_filled(item, env, where) for item in value]
    if not isinstance(value, str):
        return value
    missing = [name for name in _NAME.findall(value) if name not in env]
    if missing:
        raise BadConfig(f"{where}: {missing[0]} is not set; put it into the environment or the secrets file")
    return _NAME.sub(lambda found: env[found[1]], value)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where it was built in


def _load(config_text: str) -> Mapping[str, Any]:
    try:
        return _section(yaml.load(config_text, _LOADER))  # noqa: S506 - both are safe ones
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise BadConfig(f"not YAML{f', line {mark.line + 1}' if mark else ''}; check indents and quotes") from None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _section(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> tuple[str, ...]:
    # YAML 1.1 reads a bare `no` (Norway) as False.
    items: Sequence[Any] = value if isinstance(value, list) else ()
    return tuple("NO" if item is False else str(item) for item in items)
