"""Promise 2: a webhook that a provider repeats, at the same moment or later, is one message on one ticket."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from tests.gate import gate
from tests.house import NOON, House

TIMES = 20
AYE = person("aye", "my", "TH")
WORDS = "They keep my passport"
SAID: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "line": lambda of: line.text(of["line-th"], AYE, WORDS, NOON, 1),
    "telegram": lambda of: telegram.text(of["telegram-my"], AYE, WORDS, NOON, 1),
    "facebook": lambda of: facebook.text(of["facebook-mm"], AYE, WORDS, NOON, 1),
    "sms": lambda of: twilio_sms.text(of["sms-np"], AYE, WORDS, 1),
    "voice": lambda of: twilio_voice.ringing(twilio_voice.call(of["voice-th"], AYE, NOON, 1)),
}
every_channel = pytest.mark.parametrize("channel", SAID)


async def two_workers(home: House) -> None:
    """Take in all there is, by two workers at once."""
    other = House(
        replace(home.workplace, slot="other", busy=asyncio.Lock()), home.accounts, home.owner, home.redis_url, home.data
    )
    await asyncio.gather(home.take_in(), other.take_in())


async def messages(home: House) -> list[tuple[str, int]]:
    return [(ticket["channel"], len(ticket["messages"])) for ticket in await home.tickets()]


@every_channel
async def test_twenty_at_once(home, valkey, channel):
    webhook = SAID[channel](home.accounts)
    async with gate(home, valkey) as door:
        assert await asyncio.gather(*(door.send(webhook) for _ in range(TIMES))) == [200] * TIMES
        assert len(await home.receipts()) == TIMES
        await two_workers(home)
        assert await messages(home) == [(channel, 1)]
        assert {receipt["state"] for receipt in await home.receipts()} == {"done"}
        assert await door.send(webhook) == 200  # an hour later, when nobody remembers
        await home.take_in()
    assert await messages(home) == [(channel, 1)]


async def test_while_workers_are_taking_in(home, valkey):
    webhooks = [said(home.accounts) for said in SAID.values()]
    async with gate(home, valkey) as door:
        for _ in range(4):
            knocking = [door.send(webhook) for webhook in webhooks for _ in range(TIMES // 4)]
            answers, _ = await asyncio.gather(asyncio.gather(*knocking), two_workers(home))
            assert set(answers) == {200}
    await two_workers(home)
    assert sum(count for _, count in await messages(home)) == len(SAID)
