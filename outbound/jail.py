"""The jail in which strangers' pictures and sounds are read: a process of its own, where nothing else can break.

It reads one file from stdin and writes a line of JSON and the copy made anew to stdout. Before the first byte is read
it gives up everything else: it can open no file and no socket, start no process, and dies with whoever started it.
Started by remake.py.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
from typing import Any

_MEMORY = 1 << 30
_SECONDS = 60  # of processor time
_NOBODY = 65534
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _CLONE_NEWNET = 1, 38, 0x40000000
#: A task is a function of a module that is loaded for it alone.
_TASKS = {"picture": "outbound.pictures", "sound": "outbound.sounds", "film": "outbound.sounds"}


class Refused(Exception):
    """Why there is no copy, as model.media.Why names it."""


def main(task: str, *how: str) -> None:
    """Do one task: `picture`, `sound` or `film`."""
    tools: Any = importlib.import_module(_TASKS[task])
    tools.warm_up()
    lock_up()
    data = sys.stdin.buffer.read()
    try:
        about, copy = getattr(tools, task)(data, *how)
    except Refused as refused:
        about, copy = {"why": str(refused)}, b""
    except MemoryError:
        about, copy = {"why": "bomb"}, b""
    except Exception:  # noqa: BLE001 - whatever it was, it could not be read
        about, copy = {"why": "broken"}, b""
    sys.stdout.buffer.write(json.dumps(about).encode() + b"\n" + copy)
    sys.stdout.buffer.flush()


def lock_up() -> None:
    """Keep nothing but stdin, stdout and memory."""
    libc = ctypes.CDLL(None)
    os.nice(10)  # who writes now goes before what was sent
    if os.geteuid() == 0:
        libc.unshare(_CLONE_NEWNET)  # a net of its own, with nobody in it
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    limits = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_CPU: _SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,  # what is open stays open; nothing can be opened any more
    }
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))
