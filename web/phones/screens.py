"""What stands on a phone's screen, from what the sandbox says is on the phone."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from web.phones.stand_in import StandIn
from web.phones.workers import Worker

Shown = Literal["image", "audio", "video", "file"]
_NEWEST = 60  #: things shown of a phone
_FILES: Mapping[str, Shown] = {"image": "image", "audio": "audio", "video": "video", "sticker": "image"}
#: What is shown by its name alone, as the texts `phones.kind_…` say it.
NAMED = frozenset(("sticker", "location", "follow", "start", "postback", "file", "image", "audio", "video"))


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A picture, a sound or another file, and where our own pages have it; no address: it can only be named."""

    kind: Shown
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing on a phone."""

    mine: bool  #: the worker said it
    text: str
    kind: str  #: one of NAMED where there is neither text nor file; else empty
    files: Sequence[File]
    choices: Sequence[Mapping[str, str]]
    at: datetime
    times: int
    ends_minute: bool  #: the next thing is of another minute or from the other side: the time stands below


@dataclass(frozen=True, slots=True, kw_only=True)
class Screens:
    """All phones of a worker; `seq` tells what is newest on them."""

    seq: int
    logs: Mapping[str, Sequence[Thing]]


async def screens(stand_in: StandIn, worker: Worker, public_url: str) -> Screens:
    """As they are now."""
    asked = [stand_in.get(worker.phone(channel), newest=_NEWEST) for channel in worker.ids]
    found = dict(zip(worker.ids, await asyncio.gather(*asked), strict=True))
    seq = max((item["seq"] for log in found.values() for item in log), default=0)
    return Screens(seq=seq, logs={channel: _things(log, public_url) for channel, log in found.items()})


async def news(stand_in: StandIn, worker: Worker, since: int, seconds: float) -> bool:
    """Wait until something comes on any of the phones; False when nothing did."""
    waiting = [
        asyncio.ensure_future(stand_in.get(worker.phone(channel), since=since, wait=seconds)) for channel in worker.ids
    ]
    try:
        for done in asyncio.as_completed(waiting):
            if await done:
                return True
        return False
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _things(log: Sequence[Mapping[str, Any]], public_url: str) -> list[Thing]:
    shown = [item for item in log if _says_something(item)]
    return [_thing(item, after, public_url) for item, after in zip(shown, [*shown[1:], None], strict=False)]


def _says_something(item: Mapping[str, Any]) -> bool:
    return bool(item["text"] or item["media"] or item["choices"] or item["kind"] in NAMED)


def _thing(item: Mapping[str, Any], after: Mapping[str, Any] | None, public_url: str) -> Thing:
    files = [_file(media, public_url) for media in item["media"]]
    last = after is None or after["by"] != item["by"] or after["at"][:16] != item["at"][:16]
    return Thing(
        mine=item["by"] == "person",
        text=item["text"],
        kind="" if item["text"] or any(file.address for file in files) else _named(item),
        files=[file for file in files if file.address],
        choices=item["choices"],
        at=datetime.fromisoformat(item["at"]),
        times=item["times"],
        ends_minute=last,
    )


def _named(item: Mapping[str, Any]) -> str:
    return item["kind"] if item["kind"] in NAMED else "file"


def _file(media: Mapping[str, Any], public_url: str) -> File:
    kind, url = _FILES.get(media["kind"], "file"), str(media["url"])
    if url.startswith("/sandbox/"):
        return File(kind=kind, address=f"/phones/file?at={quote(url, safe='')}")
    if url.startswith(f"{public_url}/"):
        return File(kind=kind, address=urlsplit(url).path)  # our own link, which needs no way round by the internet
    return File(kind=kind, address="")
