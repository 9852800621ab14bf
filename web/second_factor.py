"""The second factor: six digits of an authenticator app (TOTP, RFC 6238), or a recovery code."""

import hmac
import secrets
import unicodedata
from datetime import datetime

import pyotp
import segno

from runtime.keys import Master

SECONDS = 30
RECOVERY_CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"  # none that looks like another
_LENGTH = 10  # 49 bits, found by a keyed hash and tried a few times an hour


def new_secret() -> str:
    """The secret of a new authenticator, in base 32: 160 bits."""
    return pyotp.random_base32()


def step_of(secret: str, typed: str, at: datetime) -> int | None:
    """The time step a code belongs to: this one, the one before, or the next, for clocks that go wrong; else None."""
    digits = plain(typed)
    if len(digits) != 6 or not digits.isdecimal():
        return None
    now, codes = int(at.timestamp()) // SECONDS, pyotp.TOTP(secret)
    fitting = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(codes.generate_otp(step), digits)]
    return max(fitting, default=None)


def plain(typed: str) -> str:
    """What was typed without spaces and hyphens, and its digits as 0-9 whatever the keyboard writes."""
    kept = (c for c in typed if not c.isspace() and c != "-")
    return "".join(str(unicodedata.digit(c, -1)) if c.isdecimal() else c for c in kept).lower()


def address(secret: str, handle: str, network: str) -> str:
    """What an authenticator app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=handle, issuer_name=network)


def picture(text: str) -> str:
    """A QR code as SVG for inside a page."""
    code: str = segno.make(text, error="m", micro=False).svg_inline(border=2, svgclass="qr", omitsize=True)
    return code


def new_recovery_codes() -> list[str]:
    """Codes for the day the phone is gone; each counts once."""
    return ["".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(RECOVERY_CODES)]


def spaced(code: str) -> str:
    """A recovery code as it is shown."""
    return f"{code[: _LENGTH // 2]}-{code[_LENGTH // 2 :]}"


def recovery_hash(master: Master, agent: object, typed: str) -> bytes:
    """Where a recovery code is found."""
    return master.blind(f"recovery|{agent}", plain(typed))
