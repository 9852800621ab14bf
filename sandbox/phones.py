"""What each simulated phone has seen, in order: tests and pages ask the phone, not the system's own database."""

import asyncio
import contextlib
import hashlib
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

MOST_KEPT = 10_000  #: things remembered, of all phones together; the oldest go first
Who = tuple[str, str]  #: channel, and the person's id there


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, a sound or another file on a phone."""

    kind: str  #: image, audio, video, file or sticker
    url: str = ""  #: where its bytes are: an address the sender gave, or a path of the stand-in
    name: str = ""
    mime: str = ""
    size: int = 0  #: bytes; 0: not known
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A quick reply or a button that can be tapped."""

    label: str
    value: str  #: what the provider reports when it is tapped
    how: Literal["postback", "text", "link"] = "postback"  #: `text`: it is sent as the person's own words


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing on a phone: what the hotline sent, or what its owner said."""

    seq: int = 0  #: rises by one with each thing on any phone
    channel: str
    person: str  #: the person's id on that channel
    account: str  #: of config.yaml; empty where the stand-in does not know it
    by: Literal["hotline", "person"] = "hotline"
    id: str  #: the provider's
    kind: str = "text"
    text: str = ""
    media: tuple[Media, ...] = ()
    choices: tuple[Choice, ...] = ()
    mark: str = ""  #: what the sender let ride along: LINE's retry key, Messenger's metadata, Twilio's callback
    at: str  #: ISO 8601, UTC
    times: int = 1  #: how often this phone has now got the same: the same mark, or without one the same content
    provider: str = ""  #: twilio, line, facebook or telegram
    content: Any = field(default=None, repr=False)  #: the whole request, as the provider's API names things

    def shown(self) -> dict[str, Any]:
        """As JSON, without the raw request."""
        return {name: value for name, value in asdict(self).items() if name != "content"}


class Phones:
    """All phones, by channel and person."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most, self._seq = most, 0
        self._logs: dict[Who, deque[Item]] = {}
        self._order: deque[Item] = deque()
        self._times: dict[Who, Counter[str]] = {}
        self._news = asyncio.Event()

    def keep(self, item: Item) -> Item:
        """Put one thing on its phone: gives it as kept, with its `seq` and `times`."""
        who, self._seq = (item.channel, item.person), self._seq + 1
        times = self._times.setdefault(who, Counter())
        times[_same(item)] += 1
        kept = replace(item, seq=self._seq, times=times[_same(item)])
        self._logs.setdefault(who, deque()).append(kept)
        self._order.append(kept)
        while len(self._order) > self._most:
            self._drop_oldest()
        self._news.set()
        self._news = asyncio.Event()
        return kept

    def log(self, channel: str, person: str) -> Sequence[Item]:
        """All that is on a phone, oldest first."""
        return list(self._logs.get((channel, person), ()))

    def all(self) -> Iterator[Sequence[Item]]:
        """Every phone that something is on."""
        return (list(log) for log in list(self._logs.values()))

    def sent(self) -> Sequence[Item]:
        """What the hotline sent, on all phones, oldest first."""
        return [item for item in list(self._order) if item.by == "hotline"]

    def forget(self, channel: str | None = None, person: str | None = None) -> None:
        """Empty the phones of a channel, one phone, or all."""
        for who in [who for who in self._logs if channel in (None, who[0]) and person in (None, who[1])]:
            del self._logs[who], self._times[who]
        self._order = deque(item for item in self._order if (item.channel, item.person) in self._logs)

    async def after(self, channel: str, person: str, since: int, seconds: float) -> Sequence[Item]:
        """What came on a phone after that `seq`; waits at most so many seconds for the first of it."""
        until = time.monotonic() + seconds
        while not (found := [item for item in self.log(channel, person) if item.seq > since]):
            left, news = until - time.monotonic(), self._news
            if left <= 0:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await news.wait()
        return found

    def _drop_oldest(self) -> None:
        item = self._order.popleft()
        who = (item.channel, item.person)
        self._logs[who].popleft()
        self._times[who][_same(item)] -= 1
        if not self._logs[who]:
            del self._logs[who], self._times[who]


def _same(item: Item) -> str:
    if item.mark:
        # several messages of one request share its mark: they differ by what they say
        said = f"{item.mark}|{item.kind}|{item.text}|{[m.url or m.sha256 for m in item.media]}"
    else:
        said = f"{item.by}|{item.kind}|{item.text}|{[m.sha256 or m.url for m in item.media]}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
