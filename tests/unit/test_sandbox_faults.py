"""What goes wrong on request, seen from the other end of the wire."""

import asyncio
import time

import aiohttp
import pytest

from tests.sandbox_cast import AYE, EVERYWHERE, SECRETS
from tests.sandbox_server import sandbox_server

#: How one message is sent through each provider, and its code out of a refusal.
SENDS = {
    "twilio": (f"/2010-04-01/Accounts/{SECRETS['sms']['account_sid']}/Messages.json",
               {"data": {"To": AYE.phone, "From": SECRETS["sms"]["number"], "Body": "a"}}),
    "line": ("/v2/bot/message/push", {"json": {"to": AYE.line_id, "messages": [{"type": "text", "text": "a"}]}}),
    "facebook": ("/v25.0/me/messages", {"json": {"recipient": {"id": AYE.facebook_id}, "message": {"text": "a"}}}),
    "telegram": ("/bot123:ABC/sendMessage", {"json": {"chat_id": AYE.telegram_id, "text": "a"}}),
}  # fmt: skip
CHANNELS = {"twilio": "sms", "line": "line", "facebook": "facebook", "telegram": "telegram"}


async def send(client, provider):
    path, body = SENDS[provider]
    async with client.post(path, **body, timeout=aiohttp.ClientTimeout(total=5)) as answer:
        return answer.status, await answer.text(), answer.headers


@pytest.mark.parametrize("provider", SENDS)
@pytest.mark.parametrize(
    "kind", ["429", "500", "503", "invalid_token", "permission", "bad_address", "content", "quota"]
)
async def test_a_refusal_is_the_providers_own_and_reaches_nobody(provider, kind):
    if (provider, kind) == ("telegram", "quota"):
        kind = "deactivated"
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        fault = sandbox.fault(kind, provider=provider, count=1)
        status, body, _ = await send(client, provider)
        assert status >= 400
        assert body.startswith("{")
        assert (fault.struck, sandbox.sent) == (1, [])
        assert (await send(client, provider))[0] < 300
        assert sandbox.phone(CHANNELS[provider], AYE).texts == ["a"]


@pytest.mark.parametrize(
    ("provider", "header", "word"),
    [
        ("twilio", "Retry-After", "20429"),
        ("line", "Retry-After", "rate limit"),
        ("facebook", "X-Business-Use-Case-Usage", "613"),
        ("telegram", "Content-Type", '"retry_after": 7'),
    ],
)
async def test_too_fast_with_and_without_a_hint(provider, header, word):
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        sandbox.fault("429", provider=provider, count=1, retry_after=7)
        status, body, headers = await send(client, provider)
        assert (status, word in body, header in headers) == (429, True, True)
        sandbox.fault("429", provider=provider, count=1)
        status, body, headers = await send(client, provider)
        assert (status, "Retry-After" in headers, "retry_after" in body) == (429, False, False)


@pytest.mark.parametrize("provider", SENDS)
@pytest.mark.parametrize(("kind", "taken"), [("drop", False), ("drop_before", False), ("drop_after_body", True)])
async def test_a_connection_that_is_closed(provider, kind, taken):
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        sandbox.fault(kind, provider=provider, count=1)
        with pytest.raises(aiohttp.ClientConnectionError):
            await send(client, provider)
        assert len(sandbox.phone(CHANNELS[provider], AYE).received) == taken


@pytest.mark.parametrize(("kind", "taken"), [("hang", False), ("hang_after_body", True)])
async def test_no_answer_at_all(kind, taken):
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        sandbox.fault(kind)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await send(client, "line")
        assert len(sandbox.sent) == taken


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        ("500_no_body", 500, ""),
        ("502_html", 502, "<html>"),
        ("html_200", 200, "<!doctype"),
        ("garbled_200", 200, '{"sid": "SM'),
        ("500_no_body_after_body", 500, ""),
    ],
)
async def test_answers_that_no_provider_documents(kind, status, start):
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        sandbox.fault(kind)
        got, body, _ = await send(client, "facebook")
        assert (got, body[: len(start) or 1]) == (status, start)
        assert len(sandbox.sent) == kind.endswith("after_body")


async def test_slow_is_slow_and_latency_is_for_everything():
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        sandbox.fault("slow:0.2", count=1)
        took = []
        for latency in (0, 0, 100):
            sandbox.latency(latency)
            began = time.monotonic()
            assert (await send(client, "telegram"))[0] == 200
            took.append(time.monotonic() - began)
        assert took[0] > 0.19
        assert took[2] > 0.09
        assert took[1] < took[0]


async def test_a_fault_strikes_whom_it_is_for():
    async with sandbox_server(EVERYWHERE) as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        token = {"Authorization": f"Bearer {SECRETS['line']['channel_access_token']}"}

        async def push(to):
            body = {"to": to, "messages": [{"type": "text", "text": "a"}]}
            async with client.post("/v2/bot/message/push", json=body, headers=token) as answer:
                return answer.status

        sandbox.fault("500", account="line-1", person="U1")
        sandbox.fault("500", account="line-2")
        sandbox.fault("blocked", provider="line", person="U2")
        assert [await push(to) for to in ("U1", "U2", "U3")] == [500, 200, 200]
        assert [item.person for item in sandbox.sent] == ["U3"]


async def test_chance_is_seeded():
    async def struck(seed):
        async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
            sandbox.fault("500", probability=0.5, seed=seed)
            return [(await send(client, "line"))[0] for _ in range(24)]

    first = await struck(3)
    assert set(first) == {200, 500}
    assert await struck(3) == first != await struck(4)


async def test_any_code_of_a_document_can_be_had():
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        for provider, code, word in (("twilio", 30002, '"code": 30002'), ("facebook", 368, '"code": 368'),
                                     ("line", 415, "Unsupported"), ("telegram", 409, "Unsupported")):  # fmt: skip
            sandbox.fault(provider=provider, code=code, message="Unsupported", count=1)
            status, body, _ = await send(client, provider)
            assert (status >= 400, word in body) == (True, True)


async def test_faults_over_http():
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        async with client.post("/sandbox/faults", json={"kind": "slow:3", "provider": "line"}) as answer:
            made = await answer.json()
        assert (answer.status, made["kind"], made["seconds"]) == (201, "slow", 3)
        async with client.get("/sandbox/faults") as answer:
            assert await answer.json() == [made]
        async with client.delete(f"/sandbox/faults/{made['id']}") as answer:
            assert answer.status == 204
        async with client.delete(f"/sandbox/faults/{made['id']}") as answer:
            assert answer.status == 404
        assert sandbox.world.faults.all() == []


async def test_manners_over_http():
    async with sandbox_server() as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        asked = {"receipts": True, "latency_ms": 5, "ahead_seconds": 3600}
        async with client.put("/sandbox/manners", json=asked) as answer:
            assert await answer.json() == asked
        async with client.put("/sandbox/manners", json={"latency_ms": 0}) as answer:
            assert await answer.json() == asked | {"latency_ms": 0}
        async with client.put("/sandbox/manners", json={"latency": 5}) as answer:
            assert (answer.status, "latency_ms" in await answer.text()) == (400, True)
        async with client.put("/sandbox/quotas/line-th", json={"limit": 500, "used": 480}) as answer:
            assert answer.status == 200
        assert sandbox.world.line_quota("line-th") == (500, 480)
