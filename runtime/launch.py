"""Becomes another program that ends when its parent does: `python -I -S launch.py PARENT SIGNAL USER PROGRAM …`.

PARENT is the process id that must still be the parent, SIGNAL the number the kernel sends when it dies, USER `uid:gid`
to change to or `-` to stay. A file of its own that uses the standard library alone: it runs between fork and exec of
every child, where a `preexec_fn` could deadlock a parent that has threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def become(parent: int, death_signal: int, user: str, program: list[str]) -> None:
    """Never returns, except by SystemExit when the parent is gone or the program cannot be started."""
    if user != "-":
        _change_user(*map(int, user.split(":")))
    if sys.platform == "linux":  # after the change of user, which clears it
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was told
        sys.exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for ignored in (
        signal.SIGPIPE,
        signal.SIGINT,
    ):  # Python and background shells ignore them, and exec would keep that
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execvp(program[0], program)  # noqa: S606 - starting a program is its purpose
    except OSError as error:
        sys.exit(f"cannot start {program[0]}: {error.strerror}")


def _change_user(uid: int, gid: int) -> None:
    try:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    except PermissionError:
        sys.exit(f"cannot change to user {uid}: start as that user, or as root with the right to change users")


if __name__ == "__main__":
    become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
