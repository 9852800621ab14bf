"""Where a command finds its settings, keys, database and Redis; each error says what to type."""

from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from runtime.keys import Master, load_master
from runtime.services import services
from runtime.settings import Settings, load, process_environment
from storage.mirror import AccountRow

SANDBOX_SECRETS = "sandbox.env"  #: in the data directory: the invented secrets of the demo accounts


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

    Raises BadConfig.
    """
    environ = dict(process_environment())
    if sandbox:
        invented = dotenv_values(data / SANDBOX_SECRETS, interpolate=False)
        environ = {name: value for name, value in invented.items() if value} | environ
    return load(config, environ, secrets_required=secrets_required, unreviewed_phrases=sandbox)


def master_key(given: Settings, data: Path) -> Master:
    """The master key of a data directory; raises ValueError when its file holds something else."""
    return load_master(given.master_key_file or data / "keys" / "master.key")


def stores(config: Path, data: Path, *, secrets_required: bool = True, sandbox: bool = False) -> Stores:
    """Everything at once; raises BadConfig, NotRunning or ValueError."""
    given = settings(config, data, secrets_required=secrets_required, sandbox=sandbox)
    owner, redis_url = urls(given, data)
    return Stores(settings=given, master=master_key(given, data), data=data, owner=owner, redis_url=redis_url)


def urls(given: Settings, data: Path) -> tuple[str, str]:
    """Addresses of the database and of Redis, embedded or not."""
    running = services(data)
    owner = running.database_url if running and given.database == "embedded" else given.database
    redis_url = running.redis_url if running and given.redis == "embedded" else given.redis
    if not owner or owner == "embedded":
        raise NotRunning(f"The database in {data} does not run. Start the system: worker-voice serve --data {data}")
    if not redis_url or redis_url == "embedded":
        raise NotRunning(f"Valkey in {data} does not run. Start the system: worker-voice serve --data {data}")
    return owner, redis_url


def account_rows(given: Settings) -> list[AccountRow]:
    """The accounts as the database mirrors them."""
    return [
        AccountRow(id=a.id, channel=a.channel, countries=a.countries, languages=a.languages, inbound=a.inbound)
        for a in given.accounts.values()
    ]
