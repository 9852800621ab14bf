"""What was measured, as a table for people."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; `ratio` is us to floor."""

    what: str
    floor: str = "–"
    us: str
    ratio: str = "–"
    must: str = "–"
    aim: str = "–"


@dataclass(frozen=True, slots=True)
class Spread:
    """Times in milliseconds."""

    p50: float
    p99: float
    most: float


def spread(seconds: Sequence[float]) -> Spread:
    """Of any number of times; all zero when there are none."""
    return Spread(*(rank(seconds, share) for share in (0.5, 0.99, 1.0)))


def rank(seconds: Sequence[float], share: float) -> float:
    """Milliseconds that so large a share of the times does not pass; 0 when there are none."""
    ordered = sorted(seconds) or [0.0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def times_row(what: str, seconds: Sequence[float], *, must: str, aim: str = "–") -> Row:
    """A line of times: their middle, and what nineteen of twenty do not pass."""
    return Row(what=f"{what}, p50 / p95", us=milliseconds(rank(seconds, 0.5), rank(seconds, 0.95)), must=must, aim=aim)


def per_second(rate: float) -> str:
    return f"{rate:,.0f}/s"


def milliseconds(*values: float) -> str:
    """One or several, slashed."""
    return " / ".join(f"{value:.0f}" if value >= 10 else f"{value:.1f}" for value in values) + " ms"


def ratio(us: float, floor: float) -> str:
    return f"{us / floor:.2f}" if floor else "–"


def text(rows: Sequence[Row]) -> str:
    """Aligned columns for a terminal."""
    lines = _cells(rows)
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join(" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def markdown(rows: Sequence[Row]) -> str:
    """The same for docs/performance.md."""
    head, *body = (f"| {' | '.join(line)} |" for line in _cells(rows))
    return "\n".join([head, "|---" + "|--:" * (len(fields(Row)) - 1) + "|", *body])


def _cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    names = tuple(field.name for field in fields(Row))
    return [names, *(tuple(getattr(row, name) for name in names) for row in rows)]


def machine() -> str:
    """What all this runs on, in a line, and how busy it is already."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    load = f"load {os.getloadavg()[0]:.1f} before the start"
    return f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {system}, {load}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
