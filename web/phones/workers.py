"""Whose phones are shown: one invented worker with five of them, or one phone that somebody wrote from."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from web.phones.stand_in import StandIn

CHANNELS = ("voice", "sms", "line", "facebook", "telegram")
#: Language and country of the workers who are always there; together they reach every desk of the demo network.
CAST = (
    ("my", "TH"), ("km", "TH"), ("lo", "TH"), ("th", "TW"), ("ne", "MY"), ("bn", "MY"), ("id", "HK"), ("vi", "TW"),
    ("ta", "SG"), ("ur", "AE"), ("si", "QA"), ("tl", "HK"), ("hi", "QA"), ("my", "MY"), ("en", "TH"),
)  # fmt: skip
_KEY = re.compile(r"([a-z]{2,3})-([A-Z]{2})-\w{1,12}")
_LATEST = 40  #: phones of others that can be chosen


class NoSuchWorker(Exception):
    """An address that names nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Somebody invented. `key` is `my-TH-1`, or channel and id there: `line:U0123`."""

    key: str
    name: str
    language: str
    country: str
    ids: Mapping[str, str]  #: by channel

    @property
    def path(self) -> str:
        """Of what concerns this worker, below `/phones/`."""
        return quote(self.key, safe="")

    def phone(self, channel: str) -> str:
        """The path of a phone in the sandbox. Raises NoSuchWorker where they have none on that channel."""
        if channel not in self.ids:
            raise NoSuchWorker
        return f"phones/{channel}/{quote(self.ids[channel], safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One who can be chosen."""

    key: str
    language: str
    country: str
    name: str = ""
    channel: str = ""  #: of a phone that somebody wrote from by themselves


def cast() -> list[Choice]:
    return [Choice(key=f"{language}-{country}-1", language=language, country=country) for language, country in CAST]


def somebody_new(language: str, country: str) -> str:
    """The key of a worker whom nobody knows yet. Raises NoSuchWorker for what is no language or country."""
    key = f"{language}-{country}-{secrets.token_hex(4)}"
    if not _KEY.fullmatch(key):
        raise NoSuchWorker
    return key


async def find(stand_in: StandIn, key: str) -> Worker:
    """The worker of a key. Raises NoSuchWorker."""
    if named := _KEY.fullmatch(key):
        known = await stand_in.post("people", {"key": key, "language": named[1], "country": named[2]})
        return Worker(key=key, name=known["name"], language=named[1], country=named[2], ids=known["ids"])
    channel, _, ident = key.partition(":")
    for phone in await stand_in.get("phones"):
        if (phone["channel"], phone["person"]) == (channel, ident):
            return Worker(
                key=key, name=phone["name"], language=phone["language"], country=phone["country"], ids={channel: ident}
            )
    raise NoSuchWorker


async def latest(stand_in: StandIn, but: Worker) -> Sequence[Choice]:
    """Those who wrote by themselves, the latest first."""
    phones = await stand_in.get("phones")
    return [_choice(phone) for phone in phones if phone["person"] not in but.ids.values()][:_LATEST]


def _choice(phone: Mapping[str, Any]) -> Choice:
    return Choice(
        key=f"{phone['channel']}:{phone['person']}",
        language=phone["language"],
        country=phone["country"],
        name=phone["name"],
        channel=phone["channel"],
    )


async def account(stand_in: StandIn, worker: Worker, channel: str) -> str | None:
    """The id of the account this worker writes to on a channel; None: of one who wrote by themselves, as before."""
    if ":" in worker.key:
        return None
    found = (await _accounts(stand_in, worker)).get(channel)
    return str(found["id"]) if found else None


async def numbers(stand_in: StandIn, worker: Worker) -> Mapping[str, str]:
    """The number of the hotline on each channel that has one."""
    found = await _accounts(stand_in, worker)
    return {channel: account["number"] for channel, account in found.items() if account["number"]}


async def _accounts(stand_in: StandIn, worker: Worker) -> Mapping[str, Mapping[str, Any]]:
    """Of the accounts people can write to, the best for this worker's country and language by channel."""
    able = [account for account in await stand_in.get("accounts") if account["inbound"]]
    worst_first = sorted(
        reversed(able), key=lambda a: (worker.country in a["countries"], worker.language in a["languages"])
    )
    return {account["channel"]: account for account in worst_first}
