"""Many invented people writing and calling at once: signed webhooks to any running gateway, and what became of them."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from math import inf
from pathlib import Path
from random import Random
from time import monotonic

import aiohttp

from sandbox.accounts import Account
from sandbox.casting import Turn, turns, with_room
from sandbox.courier import MOST_OPEN, Courier, Result
from sandbox.posting import Post, posts
from sandbox.script import conversations_of, own_conversations
from sandbox.world import World

BURST = 0.02  #: chance of each request to start a burst
_LONGEST_BURST = 20
_STORY_LIMIT = 1_000_000  # ids repeat after that


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run came to."""

    said: int  #: things people said or did; a call is one
    sent: int  #: requests, with repeats and retries
    answered: dict[int, int]  #: how many answers of each HTTP status
    unanswered: int  #: requests without an answer in time, or without a connection
    milliseconds: dict[str, float]  #: time to the answer: `p50 p95 p99 max`; empty without answers
    expected: frozenset[tuple[str, str]]  #: (account, the provider's message id) the gateway took: none may be missing
    lost: frozenset[tuple[str, str]]  #: sent, but never taken


@dataclass(slots=True)
class _Tally:
    """Counts results as they come in."""

    on_result: Callable[[Result], None]
    said: int = 0
    sent: int = 0
    unanswered: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    tried: set[tuple[str, str]] = field(default_factory=set)
    taken: set[tuple[str, str]] = field(default_factory=set)

    def note(self, result: Result) -> None:
        """One more request is done."""
        ids = {(result.account_id, ident) for ident in result.message_ids}
        self.sent += 1
        self.tried |= ids
        if result.status is None:
            self.unanswered += 1
        else:
            self.answered[result.status] += 1
            self.seconds.append(result.seconds)
        if result.accepted:
            self.taken |= ids
        self.on_result(result)

    def summary(self) -> Summary:
        """All of it so far."""
        return Summary(
            said=self.said,
            sent=self.sent,
            answered=dict(self.answered),
            unanswered=self.unanswered,
            milliseconds=_percentiles(self.seconds),
            expected=frozenset(self.taken),
            lost=frozenset(self.tried - self.taken),
        )


def _silent(said: object) -> None:
    return None


async def simulate(
    gateway: str,
    accounts: Sequence[Account],
    *,
    messages: Path | None = None,
    rate: float = 2.0,
    count: int | None = None,
    seed: int = 1,
    on_result: Callable[[Result], None] = _silent,
    seconds: float | None = None,
    hurry: float = 1.0,
    world: World | None = None,
) -> Summary:
    """Let people write and call: `rate` things a second, until `count` things or `seconds` are over.

    What is under way then is still waited for, at most a provider's patience (`courier.PATIENCE`).

    Without both, every conversation is heard once. With `count` they are repeated by other people as needed.
    The same seed sends the same messages under the same ids again. `messages` is a file as README.md describes;
    `hurry` multiplies the pauses before retries; a `world` hears all of it, as the providers do.
    Raises BadMessages, BadConfig, and ValueError for a rate of 0.
    """
    if not rate > 0:
        raise ValueError("rate: write a number of messages a second above 0")
    conversations = conversations_of(messages) if messages else with_room(own_conversations(), accounts)
    endless = bool(conversations) and (count is not None or seconds is not None)
    script = turns(conversations, accounts, seed, endless=endless, in_order=messages is not None)
    if world:
        script = _introduced(script, world)
    story = posts(islice(script, count if count is not None else _STORY_LIMIT), Random(seed), lambda: datetime.now(UTC))
    tally = _Tally(on_result)
    until = monotonic() + seconds if seconds is not None else inf
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=MOST_OPEN)) as session:
        notice = world.notice if world else _silent
        courier = Courier(session, gateway, tell=tally.note, notice=notice, hurry=hurry, until=until)
        await _send_all(story, courier, tally, rate, Random(f"bursts {seed}"), until)
    return tally.summary()


def _introduced(script: Iterator[Turn], world: World) -> Iterator[Turn]:
    for turn in script:
        world.meet(turn.account.channel, turn.person)
        yield turn


async def _send_all(
    story: Iterator[Post], courier: Courier, tally: _Tally, rate: float, rng: Random, until: float
) -> None:
    """Keeps the rate on average; a burst runs ahead of it, and the pause after makes up for that."""
    free, began, hasty = asyncio.Semaphore(MOST_OPEN), monotonic(), 0
    async with asyncio.TaskGroup() as tasks:
        for post in story:
            hasty = hasty - 1 if hasty else rng.randint(5, _LONGEST_BURST) * (rng.random() < BURST)
            due = began + tally.said / rate
            if not hasty and due > monotonic():
                await asyncio.sleep(min(due, until) - monotonic())
            if monotonic() >= until:
                return
            await free.acquire()
            tally.said += post.turns
            task = tasks.create_task(_carry(post, courier))
            task.add_done_callback(lambda _: free.release())


async def _carry(post: Post, courier: Courier) -> None:
    if post.call:
        with contextlib.closing(post.call):
            await courier.call(post.call)
    for webhook in post.webhooks:
        await courier.deliver(webhook)


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(seconds)
    ranks = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * rank))] * 1000, 1) for name, rank in ranks.items()
    }
