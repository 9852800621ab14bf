"""Many people at once, against a small gateway."""

import asyncio
import json

import pytest
from aiohttp.test_utils import TestServer

from sandbox.courier import MOST_OPEN, RETRIES
from sandbox.script import own_conversations
from sandbox.simulate import simulate
from tests.sandbox_cast import ACCOUNTS, EVERYWHERE
from tests.sandbox_gateway import Gateway, gateway
from tests.sandbox_server import sandbox_server


async def run(gateway, accounts=EVERYWHERE, **how):
    async with TestServer(gateway.app()) as server:
        return await simulate(str(server.make_url("")), accounts, **{"rate": 5000, "hurry": 0, **how})


async def test_simulate_counts_what_it_sent():
    gateway, results = Gateway(), []
    summary = await run(gateway, count=400, seed=3, on_result=results.append)
    assert summary.said >= 400
    assert summary.sent == len(gateway.got) == len(results) == summary.answered[200]
    assert (summary.unanswered, summary.lost) == (0, frozenset())
    assert gateway.most_open <= MOST_OPEN
    assert set(summary.milliseconds) == {"p50", "p95", "p99", "max"}
    assert summary.expected == {(r.account_id, i) for r in results for i in r.message_ids}
    bodies = b"".join(body for _, _, body in gateway.got).decode()
    assert all(ident in bodies for account, ident in summary.expected if account != "telegram-1")


async def test_simulate_is_bounded_by_count_exactly():
    summary = await run(Gateway(), count=37, seed=1)
    assert summary.said == 37


async def test_without_bounds_every_conversation_is_heard_once():
    summary = await run(Gateway(), seed=1)
    assert summary.said == sum(len(said.lines) for said in own_conversations())


async def test_simulate_is_bounded_in_time():
    loop = asyncio.get_running_loop()
    began = loop.time()
    summary = await run(Gateway(), rate=1, seconds=0.3)
    assert summary.said < 30
    assert loop.time() - began < 5


@pytest.mark.parametrize("channel", list(ACCOUNTS))
async def test_only_telegram_and_messenger_come_back_after_a_refusal(channel, tmp_path):
    file = tmp_path / "one.json"
    kind = {"kind": "call", "how": "ringing"} if channel == "voice" else {"text": "hello"}
    file.write_text(json.dumps([{"person": "aye", "channel": channel, "copies": 1, **kind}]), "utf-8")
    gateway = Gateway(503)
    summary = await run(gateway, messages=file, seed=1)
    again = channel in RETRIES
    assert bool(summary.expected) == again
    assert bool(summary.lost) != again
    first = gateway.got[0][2]
    assert gateway.tries[first] == (2 if again else 1)


async def test_retries_end():
    gateway = Gateway(*[500] * 50)
    summary = await run(gateway, [ACCOUNTS["telegram"]], count=5, seed=2)
    assert max(gateway.tries.values()) <= 3 * (len(RETRIES["telegram"]) + 1)
    assert summary.expected == frozenset()
    assert set(summary.answered) == {500}


async def test_a_gateway_that_is_not_there_leaves_everything_unanswered(unused_tcp_port):
    summary = await simulate(f"http://127.0.0.1:{unused_tcp_port}", EVERYWHERE, rate=5000, count=20, hurry=0)
    assert summary.answered == {}
    assert summary.unanswered == summary.sent > 0
    assert summary.milliseconds == {}


async def test_telegram_keeps_the_order_of_a_chat_even_through_refusals(tmp_path):
    file = tmp_path / "chat.json"
    lines = [f"line {n}" for n in range(20)]
    file.write_text(json.dumps([{"person": "aye", "channel": "telegram", "text": text} for text in lines]), "utf-8")
    gateway = Gateway(500, 502)
    await run(gateway, messages=file, seed=1)
    heard = list(dict.fromkeys(json.loads(body)["message"]["text"] for _, _, body in gateway.got))
    assert heard == lines


async def test_a_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        await simulate("http://127.0.0.1:9", EVERYWHERE, rate=0, count=1)


async def test_the_providers_hear_what_is_said_and_know_by_whom():
    async with gateway() as (url, _), sandbox_server(EVERYWHERE, url) as sandbox:
        summary = await asyncio.wrap_future(sandbox.simulate(rate=2000, count=200, seed=4))
        logs = list(sandbox.world.phones.all())
        names = {sandbox.world.person(log[0].channel, log[0].person).name for log in logs}
    heard = {(item.account, item.id) for log in logs for item in log}
    assert {(account, ident.rpartition(":")[2]) for account, ident in summary.expected} <= heard
    assert len(names) > 10
