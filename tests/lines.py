"""A channel's way to its provider, for tests: where a file is and how its copy is deleted, as the test says."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from channels.contract import Fetch, Limits, NoFile, Out
from model.deliveries import Unknown
from outbound.clients import Line, NoAccount
from outbound.fetch import Downloads
from outbound.remake import Remaker
from runtime.settings import Account
from tests.house import House
from tests.provider import HOSTS
from workers_queue.fetch import Fetcher

Where = Fetch | NoFile | Callable[[], Awaitable[Fetch | NoFile]]


@dataclass
class Lines:
    """Stands in for every account's client. `url` is where a file is of which nothing else is said."""

    accounts: Mapping[str, Account]
    url: str
    api_base: str | None = None
    hosts: tuple[str, ...] = HOSTS
    where: dict[str, Where] = field(default_factory=dict)  #: by `ref`
    away: set[str] = field(default_factory=set)  #: accounts that are not set up
    keeps: bool = False  #: whether the providers keep files until they are told to delete them
    removes: bool = True  #: whether they do
    asked: list[str] = field(default_factory=list)  #: refs, in the order of asking
    removed: list[str] = field(default_factory=list)

    async def line(self, account_id: str) -> Line:
        if account_id in self.away:
            raise NoAccount(account_id)
        account = replace(self.accounts[account_id], api_base=self.api_base)
        out: Out[Any] = Out(
            limits=Limits(text=1000, unit="characters", per_second=10),
            render=lambda outgoing, settings: [],
            connect=_never,
            send=_unsent,
            look=_unseen,
            locate=_locate,
            remove=_remove if self.keeps else None,
        )
        return Line(account=account, out=out, client=self)

    async def close(self) -> None:
        pass


async def _locate(client: Lines, ref: str, settings: Any) -> Fetch | NoFile:
    client.asked.append(ref)
    where = client.where.get(ref, Fetch(url=client.url, headers={"Authorization": "Basic x"}, hosts=client.hosts))
    return await where() if callable(where) else where


async def _remove(client: Lines, ref: str, settings: Any) -> bool:
    if client.removes:
        client.removed.append(ref)
    return client.removes


def _never(settings: Any, api_base: str | None) -> Any:
    raise AssertionError("nobody connects in these tests")


async def _unsent(client: Any, part: Any) -> Unknown:
    return Unknown(why="test")


async def _unseen(client: Any, settings: Any, url: str) -> list[Any]:
    return []


def fetcher(home: House, lines: Lines, downloads: Downloads, slot: str = "test") -> Fetcher:
    """A fetcher of this house that asks these lines."""
    return Fetcher(replace(home.workplace, slot=slot), lines, downloads, Remaker())
