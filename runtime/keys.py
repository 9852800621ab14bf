"""Keys and seals: what workers say is unreadable in the database, in its backups and in the spool.

One master key lives outside the database. It wraps the keys of people and of days, and from it are derived the keys of
the blind index, of the search grams and the passwords of the database logins (HKDF-SHA256, RFC 5869).

A sealed blob is `01 | key id (16) | nonce (12) | AES-256-GCM ciphertext and tag`; its additional data is
`table | column | row id | key id`, so a blob moved to another row, column or key does not open.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_VERSION = b"\x01"
_HEAD = 1 + 16 + 12


class CannotOpen(Exception):
    """A sealed value does not belong to this row, column and key, or was altered."""


@dataclass(frozen=True, slots=True)
class Key:
    """A data key that is open in memory."""

    id: UUID
    cipher: AESGCM

    def seal(self, place: str, row: UUID, data: bytes) -> bytes:
        """Seal for one column (`place` is `table|column`) of one row."""
        nonce = os.urandom(12)
        head = _VERSION + self.id.bytes + nonce
        return head + self.cipher.encrypt(nonce, data, _bound_to(place, row, self.id))

    def open(self, place: str, row: UUID, blob: bytes) -> bytes:
        """The data again; raises CannotOpen."""
        try:
            return self.cipher.decrypt(blob[17:_HEAD], blob[_HEAD:], _bound_to(place, row, self.id))
        except (InvalidTag, ValueError):
            raise CannotOpen(f"{place} of row {row} does not open with key {self.id}") from None


def _bound_to(place: str, row: UUID, key: UUID) -> bytes:
    return place.encode() + b"|" + row.bytes + key.bytes


def key_id(blob: bytes) -> UUID:
    """Which key a blob names; raises CannotOpen for what is no blob."""
    if blob[:1] != _VERSION or len(blob) < _HEAD + 16:
        raise CannotOpen("this is not a sealed value")
    return UUID(bytes=bytes(blob[1:17]))


class BadMasterKey(Exception):
    """The master key is missing, broken or another one; the text says what to put where."""


class Master:
    """The key above all keys. Whoever holds it and the database can read everything."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) != 32:
            raise ValueError("the master key must be 32 bytes, written as 64 hexadecimal digits")
        self._raw = raw
        self._wrap = AESGCM(self._derive("wrap"))
        self._blind = self._derive("blind index")
        self._places: dict[str, bytes] = {}

    def _derive(self, purpose: str) -> bytes:
        return HKDFExpand(SHA256(), 32, b"worker-voice|" + purpose.encode()).derive(self._raw)

    def new_key(self, id: UUID) -> tuple[Key, bytes]:
        """A new data key and the wrapped form of it that may be stored."""
        raw, nonce = AESGCM.generate_key(256), os.urandom(12)
        return Key(id, AESGCM(raw)), nonce + self._wrap.encrypt(nonce, raw, id.bytes)

    def unwrap(self, id: UUID, wrapped: bytes) -> Key:
        """A stored key, open again; raises CannotOpen when this master key did not wrap it."""
        try:
            return Key(id, AESGCM(self._wrap.decrypt(wrapped[:12], wrapped[12:], id.bytes)))
        except (InvalidTag, ValueError):
            raise CannotOpen(f"key {id} was wrapped by another master key") from None

    def blind(self, scope: str, value: str) -> bytes:
        """Where an address is found: equal addresses give equal hashes; without the key nothing else can be learned."""
        return hmac.digest(self._blind, f"{scope}\0{value}".encode(), "sha256")

    def veil(self, id_: str) -> str:
        """An id that equal ids share and nobody without the key can guess back."""
        return hmac.digest(self._blind, b"id\0" + id_.encode(), "sha256").hex()[:32]

    def alias(self, place: str, id: UUID) -> str:
        """What stands for an id in one place: the same each time, another in every other place, and no way back."""
        if place not in self._places:  # few: a store and an organisation
            self._places[place] = self._derive(f"alias|{place}")
        return hmac.digest(self._places[place], id.bytes, "sha256").hex()[:32]

    def grams_key(self, organisation: UUID) -> bytes:
        """Key of one organisation's search grams: equal words of two organisations have different hashes."""
        return self._derive(f"grams|{organisation}")

    def cipher(self, purpose: str) -> AESGCM:
        """A cipher of its own for one purpose, for what is sealed with no person's key."""
        return AESGCM(self._derive(f"cipher|{purpose}"))

    def password(self, login: str) -> str:
        """Password of a database login; the same on every machine that holds the master key."""
        return self._derive(f"login|{login}").hex()

    def fingerprint(self) -> str:
        """Eight digits by which two machines can compare their master keys."""
        return hashlib.sha256(self._derive("fingerprint")).hexdigest()[:8]


def load_master(path: Path, *, make: bool = True) -> Master:
    """The master key of a file of 64 hexadecimal digits; raises BadMasterKey.

    `make`: a missing one is made, readable by its owner alone. Only what may begin a new network does that.
    """
    if make:
        _make_master(path)
    try:
        return Master(bytes.fromhex(path.read_text().strip()))
    except FileNotFoundError:
        raise BadMasterKey(f"{path} is missing: copy it from the machine or the safe that has it") from None
    except ValueError:
        raise BadMasterKey(f"{path} is no master key: restore its 64 hexadecimal digits from your safe") from None


def _make_master(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
