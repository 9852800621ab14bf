"""The door: webhooks accepted, verified, sealed and durable, with the database well, busy and frozen."""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

from bench.load import at_once, flat_out, load, steadily
from bench.mail import line_texts
from bench.scale import Scale
from bench.system import System, TooSlow, floor_server
from bench.table import Row, Spread, milliseconds, per_second, ratio, spread
from bench.wire import Answers

CONNECTIONS = 64
_FROZEN_RATE = 200.0
_AROUND = 2.0  # seconds before the freeze, and at least as many after it

Make = Callable[[], Sequence[bytes]]
Pair = tuple[Answers, Answers]  #: floor, us


def door_rows(system: System, scale: Scale) -> list[Row]:
    """All rows about the door. Leaves a store full of receipts."""
    account = system.account("line")
    make: Make = partial(line_texts, account, scale.door_bodies, 1)
    with system.web() as web, floor_server(account.key("channel_secret")) as floor:
        alone = _in_turn(web.port, floor.port, make, scale)
        with system.workers(2):  # what came in so far keeps them busy
            busy = _in_turn(web.port, floor.port, make, scale)
        answered = sum(us.statuses[200] for _, us in alone + busy)
        lost = answered - int(system.ask("select count(*) from receipt"))
        frozen = _frozen(system, web.port, make, scale) if sys.platform == "linux" else []
    return [
        *_rows("webhook verified, sealed, durable", alone, ("≥ 5,000/s", "≥ 0.60 of floor"), ("p99 < 50 ms", "–")),
        *_rows("the same beside two busy workers", busy, ("≥ 2,500/s", "–"), ("–", "–")),
        Row(what=f"lost of {answered:,} answered with 200", us=str(lost), must="0"),
        *frozen,
    ]


def _in_turn(ours: int, floor: int, make: Make, scale: Scale) -> list[Pair]:
    """Floor and us one after the other, so that a slow minute of the machine is slow for both."""
    knock = partial(at_once, flat_out)
    return [
        (
            knock(floor, CONNECTIONS, scale.door_seconds, make),
            knock(ours, CONNECTIONS, scale.door_seconds, make),
        )
        for _ in range(scale.rounds)
    ]


def _rows(what: str, pairs: Sequence[Pair], rate: tuple[str, str], times: tuple[str, str]) -> list[Row]:
    floor, us = (median(pair[side].per_second for pair in pairs) for side in (0, 1))
    floor_ms, us_ms = (spread([s for pair in pairs for s in pair[side].taken]) for side in (0, 1))
    refused = sum(us.refused for _, us in pairs)
    return [
        Row(
            what=what,
            floor=per_second(floor),
            us=per_second(us) + (f" ({refused} refused)" if refused else ""),
            ratio=ratio(us, floor),
            must=rate[0],
            aim=rate[1],
        ),
        Row(
            what="… p50 / p99",
            floor=_shown(floor_ms),
            us=_shown(us_ms),
            ratio=ratio(us_ms.p99, floor_ms.p99),
            must=times[0],
            aim=times[1],
        ),
    ]


def _shown(times: Spread) -> str:
    return milliseconds(times.p50, times.p99)


def _frozen(system: System, port: int, make: Make, scale: Scale) -> list[Row]:
    """A steady trickle while PostgreSQL stands still; what was answered must be there when it is back."""
    before = int(system.ask("select count(*) from receipt"))
    count = int(_FROZEN_RATE * (scale.frozen_seconds + 2 * _AROUND))
    with load(steadily, port, _FROZEN_RATE, partial(_some, make, count)) as trickle:
        trickle.go()
        time.sleep(_AROUND)
        with system.frozen_database():
            time.sleep(scale.frozen_seconds)
        answers = trickle.answers()
    taken = answers.statuses[200]
    _await_drained(system, before + taken)
    pairs = zip(answers.started, answers.taken, strict=True)
    during = spread([s for at, s in pairs if _AROUND <= at < _AROUND + scale.frozen_seconds])
    rate = f"database frozen {scale.frozen_seconds:.0f} s, {_FROZEN_RATE:.0f}/s"
    return [
        Row(what=f"{rate}: refused of {count:,}", us=str(answers.refused), must="0"),
        Row(
            what="… p50 / p99 / max while frozen",
            us=milliseconds(during.p50, during.p99, during.most),
            must="p99 < 1 s",
            aim="p99 < 300 ms",
        ),
    ]


def _some(make: Make, count: int) -> Sequence[bytes]:
    made = make()
    return [made[n % len(made)] for n in range(count)]


def _await_drained(system: System, receipts: int) -> None:
    """Raises TooSlow when something that was answered with 200 does not come out of the spool."""
    for _ in range(300):
        found = int(system.ask("select count(*) from receipt"))
        if found >= receipts:
            return
        time.sleep(0.1)
    raise TooSlow(f"{receipts - found} receipts that were answered with 200 are not in the database after 30 s")
