"""Where a process spends its CPU time: it is looked at every two milliseconds of work, and hardly slowed down."""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

from bench.system import HOME

_EVERY = 0.002  # seconds of CPU time
_LINES = 25


class Samples:
    """How often each function was at work itself, and how often it or what it called was."""

    def __init__(self) -> None:
        self._itself: Counter[CodeType] = Counter()
        self._with_callees: Counter[CodeType] = Counter()
        self._count = 0

    def take(self, number: int, frame: FrameType | None) -> None:
        """A signal handler."""
        if frame is None:
            return
        self._count += 1
        self._itself[frame.f_code] += 1
        stack = set()
        while frame is not None:
            stack.add(frame.f_code)
            frame = frame.f_back
        self._with_callees.update(stack)

    def show(self, what: str) -> None:
        """Print the dearest functions: of all code by themselves, and of ours with what they call."""
        print(f"\n{what}: {self._count} samples of CPU time\n\nshare  of all code, the function itself")
        self._print(self._itself.most_common(_LINES))
        ours = [(code, n) for code, n in self._with_callees.most_common() if _is_ours(code)]
        print("\nshare  of our code, with all it calls")
        self._print(ours[:_LINES])

    def _print(self, functions: list[tuple[CodeType, int]]) -> None:
        for code, n in functions:
            place = "/".join(Path(code.co_filename).parts[-2:])
            print(f"{n / self._count:5.1%}  {code.co_qualname} ({place}:{code.co_firstlineno})")


def _is_ours(code: CodeType) -> bool:
    path = Path(code.co_filename)
    return path.is_relative_to(HOME) and "site-packages" not in path.parts and path.parent.name != "bench"


@contextmanager
def sampled(what: str) -> Iterator[None]:
    """Sample the main thread for the length of a block, and print what was found."""
    samples = Samples()
    before = signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    samples.show(what)
