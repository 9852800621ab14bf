"""All settings, read once from config.yaml and the environment. No other module reads either."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from channels import registry
from channels.contract import BadSettings, Channel
from model.network import Network
from runtime import config_file
from runtime.config_cases import CaseStore, StoreForms, read_stores
from runtime.config_file import BadConfig, ConfigFile, KeyPath, Problem, at, shown
from runtime.config_form import (
    AccountForm,
    Cost,
    Door,
    FileForm,
    Files,
    Intake,
    Retention,
    StoreForm,
    Workers,
    check,
)
from runtime.config_network import count, read_network, unique
from translations import catalog

__all__ = [
    "SANDBOX_API",
    "Account",
    "BadConfig",
    "CaseStore",
    "Cost",
    "Door",
    "Files",
    "Intake",
    "Problem",
    "Retention",
    "Settings",
    "Workers",
    "load",
    "process_environment",
    "wanted",
]

SANDBOX_API = "WORKER_VOICE_SANDBOX_API"  #: environment, in the sandbox only: where its stand-in provider APIs are


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One connected channel account."""

    id: str  #: safe in a path
    channel: str  #: name of the folder under channels/
    settings: Any = field(repr=False)  #: the channel's own; None where its secrets were neither set nor required
    countries: tuple[str, ...] = ()  #: ISO 3166 alpha-2, where the people are whom it serves
    languages: tuple[str, ...] = ()  #: BCP 47, the first is the account's own
    inbound: bool = True  #: False: it only sends. Should something come in all the same, it is kept
    api_base: str | None = None  #: where the provider's API is; None: where the provider says
    reserve_percent: int = 20  #: of the month's messages, kept for conversations: broadcasts cannot spend them
    cost: Cost | None = None
    per_second: float | None = None  #: messages (SMS: segments) it may send in a second; None: what the channel allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration."""

    network: Network  #: name, public_url, default_language, country; organisations, queues, rules, fallback
    database: str = field(repr=False)  #: `embedded` or postgresql://…; may hold a password
    redis: str = field(repr=False)  #: `embedded` or redis://…; may hold a password
    master_key_file: Path | None  #: None: in the data directory
    pg_bin: Path | None  #: PG_BIN of the environment: PostgreSQL's own programs in place of the embedded ones
    postgres_user: str | None  #: WORKER_VOICE_PG_USER of the environment: whom PostgreSQL runs as when we are root
    accounts: Mapping[str, Account]  #: by id
    case_stores: tuple[CaseStore, ...]  #: the local one first
    intake: Intake
    door: Door
    workers: Workers
    retention: Retention
    files: Files
    unreviewed_phrases: bool = False  #: whether what no speaker has reviewed may be said: in the sandbox alone


def load(
    path: Path,
    environ: Mapping[str, str] = os.environ,
    *,
    secrets_required: bool = True,
    unreviewed_phrases: bool = False,
    api_base: str | None = None,
    store_forms: StoreForms = dict,
) -> Settings:
    """Read config.yaml, with `.env` beside it for variables that the environment does not set.

    `secrets_required=False` is for commands that only look into the store: an account whose secrets are not set then
    has no settings; so it is with case stores. `unreviewed_phrases` lets us say and send what no native speaker has
    checked. `api_base` outranks that of every account: all of them then speak to one stand-in for the providers.
    `store_forms`: the kinds of case stores there are, which lie above this floor.
    Raises BadConfig with every problem there is.
    """
    file = config_file.read(path)
    environment = {**_env_file(path.with_name(".env")), **environ}
    file.fill(environment)
    _tell_missing(file, secrets_required)
    form = check(file, FileForm, ())
    network = read_network(file, form.network if form else None)
    accounts = _accounts(file, network, unreviewed_phrases, api_base)
    case_stores = read_stores(file, store_forms)
    if form is None or network is None or file.problems:
        raise BadConfig(tuple(dict.fromkeys(file.problems)))
    return Settings(
        network=network,
        database=form.database,
        redis=form.redis,
        master_key_file=Path(form.master_key_file) if form.master_key_file else None,
        pg_bin=Path(environment["PG_BIN"]) if environment.get("PG_BIN") else None,
        postgres_user=environment.get("WORKER_VOICE_PG_USER") or None,
        accounts=accounts,
        case_stores=case_stores,
        intake=form.intake,
        door=form.door,
        workers=form.workers,
        retention=form.retention,
        files=form.files,
        unreviewed_phrases=unreviewed_phrases,
    )


def process_environment() -> Mapping[str, str]:
    """The environment of this process, for handing it on to children and to `load`."""
    return os.environ


def wanted(path: Path) -> Mapping[str, str]:
    """The environment variables a configuration asks for, each with the first key it fills. Raises BadConfig."""
    return {name: shown(where) for name, where in config_file.read(path).names().items()}


def _env_file(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        problem = Problem(
            file=str(path), line=None, path="", what="cannot be read", instead="save it as UTF-8, readable"
        )
        raise BadConfig((problem,)) from None
    values = dotenv_values(stream=StringIO(text), interpolate=False)  # a secret may hold a $
    return {name: value for name, value in values.items() if value is not None}


def _tell_missing(file: ConfigFile, secrets_required: bool) -> None:
    for path, names in file.missing.items():
        if secrets_required or not (_of_channel(path) or _of_store(path)):
            for name in names:
                what = f"the environment variable {name} is not set or empty"
                file.wrong(path, what, f"set {name}, or write {name}=… in .env beside this file")


def _of_channel(path: KeyPath) -> bool:
    """Whether a value is for the channel alone: the store can be looked into without it, unlike its address."""
    return path[0] == "accounts" and len(path) > 2 and path[2] not in AccountForm.model_fields


def _of_store(path: KeyPath) -> bool:
    """The same of a case store."""
    return path[:2] == ("cases", "stores") and len(path) > 3 and path[3] not in StoreForm.model_fields


def _accounts(
    file: ConfigFile, network: Network | None, unreviewed: bool, api_base: str | None
) -> Mapping[str, Account]:
    paths: list[KeyPath] = [("accounts", index) for index in range(count(file, "accounts"))]
    unique(file, [(*path, "id") for path in paths])
    found = [_account(file, path, network, unreviewed, api_base) for path in paths]
    return {account.id: account for account in found if account}


def _account(
    file: ConfigFile, path: KeyPath, network: Network | None, unreviewed: bool, api_base: str | None
) -> Account | None:
    form = check(file, AccountForm, path)
    written = at(file.values, path)
    if not isinstance(written, dict) or written.get("channel") not in registry.names():
        return None
    # the channel checks its keys even where a common one is wrong, so that all problems are told at once
    channel = registry.load(written["channel"])
    section = _section(written, channel, network, unreviewed) | ({"api_base": api_base} if api_base else {})
    settings = _channel_settings(file, path, channel, section)
    if form is None:
        return None
    return Account(
        id=form.id,
        channel=form.channel,
        settings=settings,
        countries=tuple(form.countries),
        languages=tuple(form.languages),
        inbound=form.inbound,
        api_base=api_base or form.api_base,
        per_second=form.per_second,
        reserve_percent=form.reserve_percent,
        cost=form.cost,
    )


def _section(
    written: dict[str, Any], channel: Channel[Any], network: Network | None, unreviewed: bool
) -> dict[str, Any]:
    languages = written.get("languages")
    languages = [code for code in languages if code in catalog.languages()] if isinstance(languages, list) else []
    public_url = network.public_url if network else "https://hotline.invalid"
    return written | {
        "id": str(written.get("id")),
        "languages": languages or ["en"],
        "hook_url": f"{public_url}/hooks/{written.get('id')}",
        "phrases": _phrases(channel, languages, network, unreviewed),
        "home": _home(written.get("countries"), network),
    }


def _home(countries: Any, network: Network | None) -> str | None:
    """The one country an account serves; where it serves several, the network's."""
    if isinstance(countries, list) and len(countries) == 1 and isinstance(countries[0], str):
        return countries[0]
    return network.country if network else None


def _phrases(
    channel: Channel[Any], languages: list[str], network: Network | None, unreviewed: bool
) -> dict[str, dict[str, str]]:
    spoken = dict.fromkeys([*languages, network.default_language if network else "en", "en"])
    return {
        key: {
            language: catalog.say(key, language) for language in spoken if unreviewed or catalog.reviewed(key, language)
        }
        for key in channel.phrases
    }


def _channel_settings(file: ConfigFile, path: KeyPath, channel: Channel[Any], section: dict[str, Any]) -> Any:
    """The channel's own settings, None when it refuses them.

    A refused key is mended or taken out and the rest tried again, so that one round tells all that can be told.
    """
    told = {str(where[2]) for where in file.missing if where[:2] == path and len(where) > 2}
    section = {key: value for key, value in section.items() if key not in told}
    while True:
        try:
            settings = channel.settings(section)
        except BadSettings as bad:
            if bad.key in told:
                return None
            told.add(bad.key)
            bare_number = _quotes_are_missing(bad.key, channel, section)
            _note(file, path, bad, present=bad.key in section, bare_number=bare_number)
            value = section.pop(bad.key, None)
            if bare_number:
                section[bad.key] = str(value)
        else:
            return None if told else settings


def _note(file: ConfigFile, path: KeyPath, bad: BadSettings, *, present: bool, bare_number: bool) -> None:
    what, _, instead = bad.what.rpartition("; ")
    what = what or ("is not right" if present else "is missing")
    file.wrong((*path, bad.key), what, "put the value in quotes" if bare_number else instead)


def _quotes_are_missing(key: str, channel: Channel[Any], section: dict[str, Any]) -> bool:
    """Whether a bare number would do as a text: a Page's id is all digits."""
    if not isinstance(section.get(key), int):
        return False
    try:
        channel.settings(section | {key: str(section[key])})
    except BadSettings as again:
        return again.key != key
    return True
