"""From receipts to tickets: one worker, two workers, and a whole month at once; and what it takes in memory."""

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import orjson

from bench.floor import BareTakeIn
from bench.load import at_once, each_once, load, tell
from bench.mail import story, written
from bench.scale import Scale
from bench.system import Process, System, stopped
from bench.table import Row, milliseconds, per_second, ratio, spread

_CONNECTIONS = 32
_NOT_DONE = "select count(*) from receipt where state = 'parked' or tries > 1"


def intake_rows(system: System, scale: Scale) -> list[Row]:
    """All rows about taking in, and memory after it."""
    floor = BareTakeIn(system.superuser_url, _body(), scale.messages).per_second()
    with system.web() as web:
        with system.workers(1) as workers:
            _taken_in(system, web, workers, scale, scale.known, seed=0)  # makes the known people, warms everything
            one = _taken_in(system, web, workers, scale, scale.messages, seed=10_000_000)
        with system.workers(2) as workers:
            _taken_in(system, web, workers, scale, scale.known, seed=20_000_000)
            two = _taken_in(system, web, workers, scale, scale.messages, seed=30_000_000)
            month = _month(system, web, scale)
            memory = [_memory(web, workers[0])] if sys.platform == "linux" else []
    return [
        _rate("taken in by one worker: receipt to ticket", floor, one, "≥ 500/s", "≥ 1,500/s"),
        _rate("taken in by two workers (floor: one)", one, two, "≥ 1.60", "–"),
        *month,
        Row(what="parked, or tried more than once", us=str(system.ask(_NOT_DONE)), must="0"),
        *memory,
    ]


def _rate(what: str, floor: float, us: float, must: str, aim: str) -> Row:
    return Row(what=what, floor=per_second(floor), us=per_second(us), ratio=ratio(us, floor), must=must, aim=aim)


def _taken_in(
    system: System, web: Process, workers: Sequence[Process], scale: Scale, count: int, *, seed: int
) -> float:
    """Messages a second: the receipts are all there before the workers wake up."""
    make = partial(written, system.accounts, count, scale.known, seed)
    with stopped([worker.pid for worker in workers]):
        at_once(each_once, web.port, _CONNECTIONS, make)
    return count / system.seconds_until_taken_in(scale.patience)


def _month(system: System, web: Process, scale: Scale) -> list[Row]:
    tickets = int(system.ask("select count(*) from ticket"))
    with load(tell, web.port, _CONNECTIONS, partial(story, system.accounts, scale.month, 7)) as month:
        began = time.perf_counter()
        month.go()
        answers = month.answers()
        system.seconds_until_taken_in(scale.patience)
        seconds = time.perf_counter() - began
    opened = int(system.ask("select count(*) from ticket")) - tickets
    times = spread(answers.taken)
    return [
        Row(
            what=f"a month: {scale.month:,} calls and messages to {opened:,} tickets",
            us=f"{seconds:.1f} s",
            must="< 40 s",
            aim="< 15 s",
        ),
        Row(
            what=f"… its {len(answers.taken):,} webhooks, p50 / p99; {answers.refused} refused",
            us=milliseconds(times.p50, times.p99),
        ),
    ]


def _memory(web: Process, worker: Process) -> Row:
    measured = [_megabytes(process.pid) for process in (web, worker)]
    total = sum(measured)
    shown = " + ".join(f"{one:.0f}" for one in measured)
    return Row(
        what="memory of web + one worker after all that",
        us=f"{shown} = {total:.0f} MB",
        must="< 400 MB",
        aim="< 250 MB",
    )


def _megabytes(pid: int) -> float:
    """Proportional set size: what is shared with other processes counts in part."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:")), 0.0)


def _body() -> bytes:
    """As long as an ordinary LINE webhook."""
    words = "ကျွန်တော် လစာ ၂ လ မရသေးဘူး။ ဘယ်လို လုပ်ရမလဲ ကူညီပါ။"
    return orjson.dumps({"destination": "U" * 33, "padding": "x" * 500, "events": [{"message": {"text": words}}]})
