"""Lines to Twilio and Telegram: what surrounds us does not bend them, and they show no secrets."""

from collections.abc import Iterator

import pytest

from channels.registry import load
from channels.telegram.refusals import refusal
from channels.twilio_codes import meaning_of
from runtime.ports import some_free_port
from tests.contract.said import FILES
from tests.scripted import provider


def said(channel, name):
    return next(said for said in FILES if (said.channel.name, said.path.stem) == (channel, name))


TEXTS = [said("sms", "text"), said("telegram", "text")]
LINES = [*TEXTS, said("voice", "locate")]


@pytest.fixture
def surroundings(monkeypatch) -> Iterator[None]:
    """A machine whose environment says where else to go."""
    nobody = f"http://127.0.0.1:{some_free_port()}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
        monkeypatch.setenv(name.lower(), nobody)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "f" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another-token")


@pytest.mark.parametrize("line", TEXTS, ids=["sms", "telegram"])
async def test_the_environment_does_not_say_where_words_go(line, surroundings):
    async with provider(line.told["answers"]) as there:
        assert await line.happens(there.url) == line.told["result"]


@pytest.mark.parametrize("line", LINES, ids=["sms", "telegram", "voice"])
async def test_opening_a_line_asks_nothing(line):
    async with provider() as there, line.out.connect(line.settings, there.url):
        assert there.asked == []


@pytest.mark.parametrize("line", LINES, ids=["sms", "telegram", "voice"])
async def test_a_line_shows_no_secret(line):
    async with line.out.connect(line.settings, None) as client:
        assert not any(secret in repr(client) for secret in line.secrets)


async def test_twilio_is_asked_at_its_own_address():
    line = said("sms", "locate")
    async with line.out.connect(line.settings, None) as client:
        found = await line.out.locate(client, line.told["ask"]["locate"], line.settings)
    assert found.url == line.told["ask"]["locate"]
    assert found.hosts[0] == "api.twilio.com"


async def test_the_first_of_two_tokens_opens_the_line():
    line = said("sms", "locate")
    rotating = line.channel.settings(line.told["settings"] | {"auth_token": ["example-auth-token", "the-old-one"]})
    async with line.out.connect(rotating, "http://127.0.0.1:1") as client:
        found = await line.out.locate(client, line.told["ask"]["locate"], rotating)
    assert found.headers == line.told["result"]["fetch"]["headers"]


@pytest.mark.parametrize(
    ("code", "reason", "scope"),
    [
        ("30001", "too_fast", "message"),
        ("30002", "suspended", "account"),
        ("30003", "out_of_reach", "message"),
        ("30004", "blocked", "address"),
        ("30005", "bad_address", "address"),
        ("30006", "no_text", "address"),
        ("30007", "content", "message"),
        ("30008", "other", "message"),
        ("30019", "file", "message"),
        ("30034", "permission", "message"),
        ("21610", "opted_out", "address"),
        ("39999", "other", "message"),
        ("", "other", "message"),
        ("not a code", "other", "message"),
    ],
)
def test_a_code_in_a_receipt_has_a_meaning(code, reason, scope):
    meaning = load("sms").out.meaning(code)
    assert (meaning.reason, meaning.scope) == (reason, scope)


def test_a_phone_that_is_off_is_tried_again_hours_later():
    meaning = meaning_of("30003")
    assert meaning.retry
    assert meaning.after.total_seconds() >= 3600


@pytest.mark.parametrize("seconds", [0, -5, None])
def test_patience_without_an_end_told_is_ours(seconds):
    assert refusal(429, "Too Many Requests", seconds).meaning.after is None
