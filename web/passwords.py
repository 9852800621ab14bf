"""Passwords: argon2id over a keyed hash, so that a stolen database alone cannot even be guessed at."""

import asyncio
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from runtime.keys import Master

LEAST, MOST = 12, 128  #: letters; the upper limit bounds the work one request can ask for
P = ParamSpec("P")
R = TypeVar("R")
_DIFFERENT = 5
_PASSES, _KIB = 3, 64 * 1024  # RFC 9106, second recommendation, on one core
#: Of no password at all; to compare with it takes as long as with anybody's.
_NOBODYS = f"$argon2id$v=19$m={_KIB},t={_PASSES},p=1${'A' * 22}${'A' * 43}"
_AT_ONCE = 2  # each takes 64 MiB and a core for a tenth of a second
_WAITING = 40
_OF_ONE_LINE = 8  # of them: who floods us from one network waits in line with nobody else
KNOWN = "known"  #: the line of browsers that got in before, and of whoever is in


class TooBusy(Exception):
    """More passwords wait to be looked at than can be in a few seconds."""


class Passwords:
    """Hashes and compares, a few at a time and never on the event loop's own thread."""

    def __init__(self, master: Master) -> None:
        self._master = master
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_KIB, parallelism=1)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting: Counter[str] = Counter()

    def hash(self, password: str) -> str:
        """What is stored of a password."""
        return self._hasher.hash(self._peppered(password))

    async def hashed(self, password: str) -> str:
        """The same, in a thread. Raises TooBusy."""
        return await self._in_turn(KNOWN, self.hash, password)

    async def fits(self, hash_: str | None, password: str, *, line: str = KNOWN) -> bool:
        """Whether this is the password; for nobody (None) it takes as long to say no. Raises TooBusy.

        `line`: in which it waits, KNOWN or the network it comes from. Strangers keep nobody out whom we know.
        """
        right = await self._in_turn(line, self._verify, hash_ or _NOBODYS, password)
        return right and hash_ is not None

    def need_room(self, line: str) -> None:
        """Raises TooBusy where as many wait in a line as may."""
        strangers = self._waiting.total() - self._waiting[KNOWN]
        full = self._waiting[KNOWN] >= _WAITING if line == KNOWN else strangers >= _WAITING
        if full or (line != KNOWN and self._waiting[line] >= _OF_ONE_LINE):
            raise TooBusy

    async def _in_turn(self, line: str, work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
        self.need_room(line)
        self._waiting[line] += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *given, **named)
        finally:
            self._waiting -= Counter({line: 1})  # which forgets a line where nobody waits

    def _verify(self, hash_: str, password: str) -> bool:
        try:
            return len(password) <= MOST and self._hasher.verify(hash_, self._peppered(password))
        except (Argon2Error, InvalidHashError):
            return False

    def _peppered(self, password: str) -> str:
        # two keyboards may write the same Burmese or Thai syllable in two orders of code points
        return self._master.blind("password", unicodedata.normalize("NFC", password)).hex()


def problem(password: str, handle: str) -> str | None:
    """Key of the text that says why a new password will not do; None when it will."""
    if len(password) < LEAST:
        return "password.too_short"
    if len(password) > MOST:
        return "password.too_long"
    if len(set(password)) < _DIFFERENT:
        return "password.too_plain"
    name, _, organisation = handle.partition("@")
    rest = password.lower().replace(name, "").replace(organisation, "")
    return "password.is_name" if len(rest) < LEAST // 2 else None
