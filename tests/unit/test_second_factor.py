"""Codes of an authenticator app, recovery codes, invitation codes, passwords and names."""

import asyncio
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.agents import ROLES, bad_roles, handle, needs_second_factor, read_handle
from runtime.keys import Master
from web import second_factor
from web.entering import next_stage
from web.invitation import code_hash, new_code
from web.passwords import KNOWN, LEAST, MOST, Passwords, TooBusy, problem

AT = datetime(2026, 11, 22, 13, 41, 7, tzinfo=UTC)
MASTER = Master(bytes(range(32)))
#: RFC 6238, appendix B: the secret of its SHA-1 examples, and the last six digits of its codes.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = {59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037"}


@pytest.mark.parametrize("seconds", RFC_CODES)
def test_the_codes_of_the_standard(seconds):
    at = datetime.fromtimestamp(seconds, UTC)
    assert second_factor.step_of(RFC_SECRET, RFC_CODES[seconds], at) == seconds // 30


@pytest.mark.parametrize(("minutes_off", "counts"), [(0, True), (0.5, True), (-0.5, True), (1.1, False), (-1.1, False)])
def test_a_clock_may_be_half_a_minute_wrong(minutes_off, counts):
    secret = second_factor.new_secret()
    code = pyotp.TOTP(secret).at(AT + timedelta(minutes=minutes_off))
    assert (second_factor.step_of(secret, code, AT) is not None) == counts


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_code_or_none(typed):
    step = second_factor.step_of(RFC_SECRET, typed, AT)
    assert step is None or second_factor.plain(typed).isdecimal()


def test_the_picture_holds_what_the_app_needs():
    address = second_factor.address(RFC_SECRET, "mya@shwe", "Monsoon Network")
    found = pyotp.parse_uri(address)
    assert (found.secret, found.name, found.issuer) == (RFC_SECRET, "mya@shwe", "Monsoon Network")
    svg = second_factor.picture(address)
    assert svg.startswith("<svg ")
    assert "style=" not in svg  # the policy of the pages takes none


def test_recovery_codes_are_found_however_they_are_typed():
    codes = second_factor.new_recovery_codes()
    assert len(set(codes)) == len(codes) == 10
    shown = second_factor.spaced(codes[0])
    hashed = second_factor.recovery_hash(MASTER, "somebody", codes[0])
    for typed in (shown, shown.upper(), f" {shown} ", shown.replace("-", " ")):
        assert second_factor.recovery_hash(MASTER, "somebody", typed) == hashed
    assert second_factor.recovery_hash(MASTER, "somebody else", codes[0]) != hashed
    assert not set("".join(codes)) & set("01ilou")


def test_invitation_codes_are_long_and_found_however_they_are_typed():
    code = new_code()
    assert len(code.replace("-", "")) == 26
    assert code_hash(code.upper().replace("-", " ")) == code_hash(code)
    assert code_hash(new_code()) != code_hash(code)


def test_a_password_is_known_again_and_no_other_is():
    passwords = Passwords(MASTER)
    hashed = passwords.hash("four words nobody joins")
    assert hashed.startswith("$argon2id$")
    assert passwords.hash("four words nobody joins") != hashed


async def test_a_stolen_hash_is_nothing_without_the_master_key():
    hashed = Passwords(MASTER).hash("four words nobody joins")
    assert await Passwords(MASTER).fits(hashed, "four words nobody joins")
    assert not await Passwords(Master(bytes(32))).fits(hashed, "four words nobody joins")
    for broken in ("", "x", "$argon2id$v=19$m=65536,t=3,p=1$x$y"):
        assert not await Passwords(MASTER).fits(broken or "-", "four words nobody joins")
    assert not await Passwords(MASTER).fits(None, "nobody has this password")


async def test_a_flood_is_sent_away_and_keeps_out_nobody_else():
    passwords = Passwords(MASTER)

    async def come(line: str, count: int) -> int:
        """How many were sent away."""
        waiting = [asyncio.create_task(passwords.fits(None, "x", line=line)) for _ in range(count)]
        return sum(isinstance(one, TooBusy) for one in await asyncio.gather(*waiting, return_exceptions=True))

    flood, house, known = await asyncio.gather(come("from|192.0.2.1", 60), come("from|192.0.2.2", 3), come(KNOWN, 5))
    assert (flood, house, known) == (52, 0, 0)
    networks = await asyncio.gather(*(come(f"from|{n}", 8) for n in range(6)), come(KNOWN, 5))
    assert (sum(networks[:-1]), networks[-1]) == (8, 0), "from everywhere at once, too"
    assert not await passwords.fits(None, "x")  # and afterwards it is as before


@given(st.text(max_size=MOST + 20))
def test_every_password_will_do_or_says_why(password):
    wrong = problem(password, "mya@shwe")
    assert wrong is None or wrong.startswith("password.")
    if wrong is None:
        assert LEAST <= len(password) <= MOST


@pytest.mark.parametrize("typed", ["mya@shwe", " Mya@SHWE ", "mya.2@twin-rivers"])
def test_sign_in_names(typed):
    assert read_handle(typed) == typed.strip().lower()


@pytest.mark.parametrize(
    "typed", ["", "@", "mya", "mya@", "@shwe", "my a@shwe", "mya@shwe@x", "муа@shwe", "mya@shwe\n.", "-a@b"]
)
def test_what_is_no_sign_in_name(typed):
    assert read_handle(typed) is None


@given(st.text(), st.text())
def test_a_name_that_is_made_can_be_typed(name, organisation):
    made = handle(name, organisation)
    assert made is None or read_handle(made) == made


def test_roles():
    assert [role for role in ROLES if needs_second_factor([role])] == [
        "supervisor",
        "safeguarding",
        "csoadmin",
        "operator",
    ]
    assert bad_roles(["agent", "supervisor", "csoadmin"]) is None
    assert all(bad_roles([role]) is None for role in ROLES)
    assert bad_roles(["mobilizer", "mobilizer"]) is None
    for roles in ([], ["boss"], ["agent", "mobilizer"], ["operator", "agent"]):
        assert bad_roles(roles)


def test_what_is_due_after_a_right_password():
    def due(*roles, **other):
        return next_stage(roles, **({"demo": False, "has_second_factor": False} | other))

    assert due("agent") == "full"
    assert due("agent", has_second_factor=True) == "code"
    assert due("agent", "supervisor") == "enrol"
    assert due("supervisor", has_second_factor=True) == "code"
    assert due("supervisor", demo=True) == "full"
