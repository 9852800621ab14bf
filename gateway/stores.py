"""Where a command finds its settings, keys, database and Redis; each error says what to type."""

from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from cases import registry
from runtime.keys import Master, load_master
from runtime.services import remembered, services
from runtime.settings import SANDBOX_API, Settings, load, process_environment
from storage.mirror import AccountRow, StoreRow

SANDBOX_SECRETS = "sandbox.env"  #: in the data directory: the invented secrets of the demo accounts
_NOBODY = "http://127.0.0.1:1"  # where no stand-in is known: invented people's numbers may be somebody's


class NotRunning(Exception):
    """A server this command needs does not run; the text says how to start it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What most commands work with."""

    settings: Settings
    master: Master
    data: Path
    owner: str  #: connection string of the database's owner
    redis_url: str


def settings(config: Path, data: Path, *, secrets_required: bool = True, sandbox: bool = False) -> Settings:
    """config.yaml, its secrets from the environment, `.env`, and in the sandbox the invented ones.

    In the sandbox all accounts speak to its stand-in APIs, never to a provider. Raises BadConfig.
    """
    environ = dict(process_environment())
    if sandbox:
        invented = dotenv_values(data / SANDBOX_SECRETS, interpolate=False)
        environ = {name: value for name, value in invented.items() if value} | environ
    api_base = environ.get(SANDBOX_API) or _NOBODY if sandbox else None
    return load(
        config,
        environ,
        secrets_required=secrets_required,
        unreviewed_phrases=sandbox,
        api_base=api_base,
        store_forms=registry.forms,
    )


def master_key(given: Settings, data: Path, *, make: bool = False) -> Master:
    """The master key of a data directory; raises BadMasterKey."""
    return load_master(given.master_key_file or data / "keys" / "master.key", make=make)


def stores(
    config: Path,
    data: Path,
    *,
    secrets_required: bool = True,
    sandbox: bool = False,
    patient: bool = False,
    make_key: bool = False,
) -> Stores:
    """Everything at once; raises BadConfig, NotRunning or BadMasterKey.

    `patient` is for what keeps running: embedded servers that are down at this moment will be back where they were.
    """
    given = settings(config, data, secrets_required=secrets_required, sandbox=sandbox)
    owner = database_url(given, data, patient=patient)
    master = master_key(given, data, make=make_key)
    return Stores(settings=given, master=master, data=data, owner=owner, redis_url=redis_url(given, data))


def database_url(given: Settings, data: Path, *, patient: bool = False) -> str:
    """Where the database is, as its owner; raises NotRunning."""
    if given.database != "embedded":
        return given.database
    running, known = services(data), remembered(data).get("postgres", {}) if patient else {}
    url = (running and running.database_url) or known.get("url")
    if not url:
        raise NotRunning(f"The database in {data} does not run. Start the system: worker-voice serve --data {data}")
    return str(url)


def redis_url(given: Settings, data: Path) -> str:
    """Where Redis is, or was: nothing depends on its answering."""
    if given.redis != "embedded":
        return given.redis
    return str(remembered(data).get("valkey", {}).get("url") or "redis://127.0.0.1:1")


def account_rows(given: Settings) -> list[AccountRow]:
    """The accounts as the database mirrors them."""
    return [
        AccountRow(id=a.id, channel=a.channel, countries=a.countries, languages=a.languages, inbound=a.inbound)
        for a in given.accounts.values()
    ]


def store_rows(given: Settings) -> list[StoreRow]:
    """The case stores as the database mirrors them."""
    return [
        StoreRow(id=s.id, kind=s.kind, organisations=None if s.organisations is None else sorted(s.organisations))
        for s in given.case_stores
    ]
