"""Starts children in order, keeps them alive, stops them in reverse.

Everything happens on one event loop in the calling thread, which must be the main one: signals arrive there, and the
kernel ends children when the thread that started them is gone.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Full, Queue
from threading import Thread

from runtime.children import Child, ChildFailed, open_log, tail

_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0  # seconds before a child is started again
_STEADY = 30.0  # seconds up after which the delay is the first again
_PROVEN = 10.0  # seconds up after which a child that says nothing of readiness counts as able to run
_MOST_FAILURES = 5  # in a row, before it was ever ready
_PROGRESS = 5.0  # seconds between two lines while we wait
_ASK_AGAIN = 0.05
_MOST_LINES = 2000  # that wait to be written
_SAME_GESTURE = 1.0  # a terminal or `timeout` may tell both us and our process group: that is one wish, not two


class _Terminal:
    """Our own output. Held up (Ctrl-S, a pager, an unread pipe) it holds up nobody: lines are lost instead."""

    def __init__(self) -> None:
        self._lines: Queue[bytes | None] = Queue(_MOST_LINES)
        self._writer = Thread(target=self._write, daemon=True)
        self._writer.start()

    def say(self, line: str) -> None:
        self.pass_on(f"{line}\n".encode())

    def pass_on(self, line: bytes | None) -> None:
        with suppress(Full):
            self._lines.put_nowait(line)

    def _write(self) -> None:
        out = sys.stdout.fileno()  # not the file itself: its lock, held here, would hold up the end of the program
        for line in iter(self._lines.get, None):
            with suppress(OSError):  # nobody reads any more
                while line:
                    line = line[os.write(out, line) :]

    def finish(self) -> None:
        """Wait until all is written, if anybody reads it."""
        self.pass_on(None)
        self._writer.join(timeout=1)


class _Output:
    """Passes a child's lines through to our own output and remembers the last of them."""

    def __init__(self, terminal: _Terminal) -> None:
        self._terminal = terminal
        self._last: deque[str] = deque(maxlen=20)
        self._reader: Thread | None = None

    def opened(self) -> int:
        """A descriptor for the child to write to; the caller closes it."""
        reading, writing = os.pipe()
        self._reader = Thread(target=self._pass_on, args=(reading,), daemon=True)
        self._reader.start()
        return writing

    def _pass_on(self, reading: int) -> None:
        with os.fdopen(reading, "rb") as lines:
            for line in lines:
                self._last.append(line.decode("utf-8", "replace").rstrip())
                self._terminal.pass_on(line)

    def finish(self) -> None:
        """Wait until all is passed on; not for ever, as a child's own children may hold the descriptor."""
        if self._reader:
            self._reader.join(timeout=1)

    def last(self) -> list[str]:
        """What it said last."""
        return list(self._last)


@dataclass(slots=True)
class _Kept:
    """One child and what became of it."""

    child: Child
    settled: asyncio.Event = field(default_factory=asyncio.Event)  #: ready, or done, or given up: the next may start
    process: Process | None = None
    ever_ready: bool = False
    failures: int = 0
    task: asyncio.Task[None] | None = None


class Supervisor:
    """Runs children until a signal comes or one of them cannot run at all."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children, self._terminal = children, _Terminal()
        self._kept: list[_Kept] = []
        self._stop_asked = asyncio.Event()
        self._asked_at = 0.0
        self._failed = False

    def run(self) -> int:
        """Start all, wait, stop all. 0 after SIGINT, SIGTERM or SIGHUP, 1 when a child could not be kept running."""
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            return runner.run(self._run())

    async def _run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # under nohup it stays ignored
                asyncio.get_running_loop().add_signal_handler(number, self._on_signal)
        try:
            await self._start_all()
            await self._stop_asked.wait()
        finally:
            ends = [await self._stop(kept) for kept in reversed(self._kept)]
            self._terminal.finish()
        for error in filter(None, ends):
            raise error
        return 1 if self._failed else 0

    def _on_signal(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._stop_asked.is_set():
            self._stop_asked.set()
            self._asked_at = now
            self._terminal.say("stopping; once more to stop at once")
            return
        if now - self._asked_at < _SAME_GESTURE:
            return
        for kept in self._kept:
            if kept.process:
                _kill(kept.process)

    async def _start_all(self) -> None:
        stop = asyncio.create_task(self._stop_asked.wait())
        for child in self._children:
            kept = _Kept(child)
            self._kept.append(kept)
            kept.task = asyncio.create_task(self._keep(kept))
            settled = asyncio.create_task(kept.settled.wait())
            await asyncio.wait({settled, stop}, return_when=asyncio.FIRST_COMPLETED)
            settled.cancel()
            if self._stop_asked.is_set():
                break
        stop.cancel()

    async def _stop(self, kept: _Kept) -> Exception | None:
        """Stop one child; a fault of our own is given back, as the others are still to be stopped."""
        if kept.task:
            kept.task.cancel()
            try:
                await kept.task
            except asyncio.CancelledError:
                return None
            except Exception as error:  # noqa: BLE001 - raised again by the caller
                return error
        return None

    async def _keep(self, kept: _Kept) -> None:
        """Start it again and again, until cancelled, done or given up."""
        try:
            await self._live(kept)
        except ChildFailed as error:
            self._give_up(kept, str(error))
        except Exception:  # ours: it must end the system, not just this task
            self._stop_asked.set()
            raise

    async def _live(self, kept: _Kept) -> None:
        clock, delay = asyncio.get_running_loop().time, _FIRST_DELAY
        while True:
            began, output = clock(), _Output(self._terminal)
            code = await self._run_once(kept, output)
            if kept.child.once and code == 0:
                kept.settled.set()
                return
            lasted = clock() - began
            kept.ever_ready = kept.ever_ready or lasted >= _PROVEN
            kept.failures += 1
            if kept.child.once or (not kept.ever_ready and kept.failures >= _MOST_FAILURES):
                raise ChildFailed(_last_words(kept, code, output))
            delay = _FIRST_DELAY if lasted >= _STEADY else delay
            self._terminal.say(f"{kept.child.name}: {_ended(code)}; starting it again in {delay:.1f} s")
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    async def _run_once(self, kept: _Kept, output: _Output) -> int:
        """One life of a child; its exit code. Cancelled, or never to be ready: stops it first."""
        kept.process = process = await _launched(kept.child, output)
        ended = asyncio.create_task(process.wait())
        waiting = asyncio.create_task(self._await_ready(kept))
        try:
            await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()  # raises what made it hopeless
            return await ended
        finally:
            waiting.cancel()
            ended.cancel()
            await _end(kept.child, process)
            await asyncio.to_thread(output.finish)

    async def _await_ready(self, kept: _Kept) -> None:
        child, clock = kept.child, asyncio.get_running_loop().time
        if child.once:
            return
        began, said = clock(), clock()
        while child.ready and not await asyncio.to_thread(child.ready):
            if clock() - said > _PROGRESS:
                said = clock()
                self._terminal.say(f"{child.name}: still starting ({said - began:.0f} s)")
            await asyncio.sleep(_ASK_AGAIN)
        if child.ready:
            kept.ever_ready = True
            self._terminal.say(f"{child.name}: ready ({clock() - began:.1f} s)")
        kept.settled.set()

    def _give_up(self, kept: _Kept, why: str) -> None:
        self._terminal.say(f"{kept.child.name}: {why}")
        self._failed = True
        self._stop_asked.set()


async def _launched(child: Child, output: _Output) -> Process:
    descriptor = open_log(child.log) if child.log else output.opened()
    try:
        return await asyncio.create_subprocess_exec(
            *child.command(), env=child.env, stdin=DEVNULL, stdout=descriptor, stderr=descriptor, process_group=0
        )
    finally:
        os.close(descriptor)


async def _end(child: Child, process: Process) -> None:
    if process.returncode is None:
        process.send_signal(child.stop_signal)
    try:
        async with asyncio.timeout(child.grace_seconds):
            await process.wait()
    except TimeoutError:
        _kill(process)
        await process.wait()


def _kill(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _last_words(kept: _Kept, code: int, output: _Output) -> str:
    child = kept.child
    said = tail(child.log) if child.log else output.last()
    tries = "" if child.once else f" {kept.failures} times, and was never ready"
    return "\n".join([f"{_ended(code)}{tries}. Its last words:", *said, child.remedy]).rstrip()


def _ended(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
