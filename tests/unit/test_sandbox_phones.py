"""The stand-in as others use it: what is sent is asked of the phone, and what goes wrong is ordered."""

import asyncio

import aiohttp
import pytest

from sandbox.faults import BadFault
from sandbox.people import person
from sandbox.phones import Item, Phones
from tests.sandbox_server import sandbox_server, sandbox_thread

AYE = person("aye", "my", "TH")


def item(text: str, to: str = "U1", **more) -> Item:
    return Item(channel="line", person=to, account="line-th", id="1", text=text, at="2026-11-22T12:00:00+00:00", **more)


def test_a_phone_keeps_the_order_and_counts_what_comes_again():
    phones = Phones()
    for text, mark in (("a", "k1"), ("b", ""), ("a", "k1"), ("a", "k2"), ("b", "")):
        phones.keep(item(text, mark=mark))
    log = phones.log("line", "U1")
    assert [(i.seq, i.text, i.times) for i in log] == [(1, "a", 1), (2, "b", 1), (3, "a", 2), (4, "a", 1), (5, "b", 2)]


def test_the_oldest_things_of_all_phones_make_room():
    phones = Phones(most=3)
    for n in range(5):
        phones.keep(item(str(n), to=f"U{n % 2}"))
    assert [i.text for i in phones.sent()] == ["2", "3", "4"]
    assert [i.text for i in phones.log("line", "U0")] == ["2", "4"]
    phones.forget("line", "U0")
    assert [i.text for i in phones.sent()] == ["3"]


async def test_waiting_for_a_phone_ends_with_the_first_news_or_in_time():
    phones = Phones()
    waiting = asyncio.create_task(phones.after("line", "U1", 0, 20))
    await asyncio.sleep(0)
    phones.keep(item("for somebody else", to="U2"))
    phones.keep(item("here"))
    assert [i.text for i in await waiting] == ["here"]
    assert await phones.after("line", "U1", 2, 0.01) == []


async def test_the_phone_tells_what_was_sent_over_http_too():
    push = {"messages": [{"type": "text", "text": "hello"}]}
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        for to in (AYE.line_id, "U2"):
            await client.post("/v2/bot/message/push", json={"to": to, **push})
        assert [i.text for i in await sandbox.phone("line", AYE).awaits(1)] == ["hello"]
        async with client.get("/sandbox/phones") as answer:
            assert [(p["channel"], p["person"], p["count"]) for p in await answer.json()] == [
                ("line", "U2", 1), ("line", AYE.line_id, 1),
            ]  # fmt: skip
        async with client.get(f"/sandbox/phones/line/{AYE.line_id}?since=0&wait=5") as answer:
            assert [(i["text"], i["by"], i["seq"]) for i in await answer.json()] == [("hello", "hotline", 1)]
        async with client.get(f"/sandbox/phones/line/{AYE.line_id}?since=x") as answer:
            assert answer.status == 400
        await client.delete(f"/sandbox/phones/line/{AYE.line_id}")
        assert [i.person for i in sandbox.sent] == ["U2"]


async def push(url: str, text: str) -> int:
    async with aiohttp.ClientSession(url) as client:
        body = {"to": "U1", "messages": [{"type": "text", "text": text}]}
        async with client.post("/v2/bot/message/push", json=body) as answer:
            return answer.status


def test_a_sandbox_in_a_thread_can_be_asked_from_outside():
    with sandbox_thread() as sandbox:
        sandbox.latency(1)
        assert asyncio.run(push(sandbox.url, "x")) == 200
        assert sandbox.phone("line", "U1").texts == ["x"]


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"kind": "429", "provider": "fax"}, "provider: write one of twilio"),
        ({"kind": "window_closd", "provider": "facebook"}, "did you mean window_closed"),
        ({"kind": "window_closed", "provider": "telegram"}, "telegram knows no window_closed"),
        ({}, "knows no empty kind"),
        ({"kind": "slow"}, "write how slow"),
        ({"kind": "slow:x"}, "a number of seconds"),
        ({"kind": "slow_after_body", "seconds": 1}, "takes the message anyway"),
        ({"kind": "429", "count": "3"}, "count: write a number"),
        ({"kind": "429", "person": 7}, "person: write a text"),
        ({"kind": "429", "on": "paper"}, "on: write one of send"),
        ({"kind": "429", "often": 7}, "often: unknown"),
    ],
)
async def test_a_fault_that_cannot_be_says_what_to_write(asked, complaint):
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        with pytest.raises(BadFault, match=complaint):
            sandbox.fault(**asked)
        async with client.post("/sandbox/faults", json=asked) as answer:
            assert (answer.status, complaint in (await answer.json())["error"]) == (400, True)
