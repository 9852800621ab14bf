"""Invented secrets for the ${NAMES} of a config.yaml, so that a demo needs none of anybody's."""

import fcntl
import os
import re
import secrets
import string
from collections.abc import Callable, Iterable
from pathlib import Path

from sandbox.accounts import names_in

__all__ = ["invent", "names_in"]

_LETTERS = string.ascii_letters + string.digits + "_-"


def _hex() -> str:
    return secrets.token_hex(16)


def _digits(length: int) -> str:
    return secrets.choice("123456789") + "".join(secrets.choice(string.digits) for _ in range(length - 1))


def _bot_token() -> str:
    return f"{_digits(10)}:{''.join(secrets.choice(_LETTERS) for _ in range(35))}"


# The first name that fits decides. Twilio's +1 500 555 numbers are its own, for tests.
_FORMATS: tuple[tuple[str, Callable[[], str]], ...] = (
    (r"(MESSAGING_)?SERVICE_SID$", lambda: "MG" + _hex()),
    (r"SID$", lambda: "AC" + _hex()),
    (r"NUMBER$", lambda: "+1500555" + _digits(4)),
    (r"(PAGE|APP|PAGE_ID|APP_ID)$", lambda: _digits(15)),
    (r"BOT_USER_ID$", lambda: "U" + _hex()),
    (r"(TELEGRAM|BOT)(?!.*SECRET).*TOKEN$", _bot_token),
    (r"BOT$", _bot_token),
)
_NOT_OURS = re.compile(r"(URL|HOST|PORT|PATH|DIR|FILE)$")  # addresses and places are chosen by somebody


def invent(names: Iterable[str], file: Path) -> dict[str, str]:
    """A secret for each name, random, in a form that fits the name; kept in `file` (`NAME=value` lines, mode 0600).

    What the file already says is kept; names it lacks are added. Names of addresses and places (`…_URL`, `…_DIR`)
    are left out. Two processes may do this at once. Raises OSError when the file cannot be written.
    """
    wanted = [name for name in names if not _NOT_OURS.search(name)]
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8") as open_file:
        fcntl.flock(open_file, fcntl.LOCK_EX)
        os.fchmod(open_file.fileno(), 0o600)
        text = open_file.read()
        known = _read(text)
        new = _new(known, wanted)
        if new:
            open_file.write("" if not text or text.endswith("\n") else "\n")
            open_file.write("".join(f"{name}={value}\n" for name, value in new.items()))
            open_file.flush()
            os.fsync(open_file.fileno())
    return {name: (known | new)[name] for name in wanted}


def _new(known: dict[str, str], wanted: Iterable[str]) -> dict[str, str]:
    new: dict[str, str] = {}
    for name in wanted:
        if name not in known and name not in new:
            new[name] = _unlike({*known.values(), *new.values()}, name)
    return new


def _unlike(taken: set[str], name: str) -> str:
    """No two accounts may share a number by chance."""
    while (value := _one(name)) in taken:
        pass
    return value


def _one(name: str) -> str:
    return next((make() for pattern, make in _FORMATS if re.search(pattern, name)), None) or _hex()


def _read(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}
