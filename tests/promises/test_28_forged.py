"""Promise 28: a forged webhook changes nothing, and a signed one may hold anything without harming its neighbours."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import sign
from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from sandbox.webhook import Webhook
from tests.gate import Gate, gate
from tests.house import NOON, House

REFUSED = {401, 403, 404, 405}
AYE = person("aye", "my", "TH")
WORDS = "They keep my passport"
SAID: Mapping[str, Callable[[Mapping[str, Any]], Webhook]] = {
    "line": lambda of: line.text(of["line-th"], AYE, WORDS, NOON, 1),
    "telegram": lambda of: telegram.text(of["telegram-my"], AYE, WORDS, NOON, 1),
    "facebook": lambda of: facebook.text(of["facebook-mm"], AYE, WORDS, NOON, 1),
    "sms": lambda of: twilio_sms.text(of["sms-np"], AYE, WORDS, 1),
    "voice": lambda of: twilio_voice.ringing(twilio_voice.call(of["voice-th"], AYE, NOON, 1)),
}
SIGNATURE = {
    "line": "X-Line-Signature",
    "telegram": "X-Telegram-Bot-Api-Secret-Token",
    "facebook": "X-Hub-Signature-256",
    "sms": "X-Twilio-Signature",
    "voice": "X-Twilio-Signature",
}
every_channel = pytest.mark.parametrize("channel", SAID)
#: Telegram signs nothing: whoever knows the token may say anything.
every_signing_channel = pytest.mark.parametrize("channel", [name for name in SAID if name != "telegram"])


async def statuses(door: Gate, webhooks: list[Webhook]) -> list[int]:
    return [await door.send(webhook) for webhook in webhooks]


def without(webhook: Webhook, header: str, *instead: str) -> Webhook:
    kept = tuple((name, value) for name, value in webhook.headers if name != header)
    return replace(webhook, headers=(*kept, *((header, value) for value in instead)))


# Forged


@every_channel
async def test_a_wrong_missing_or_doubled_signature_is_refused(home, valkey, channel):
    right, header = SAID[channel](home.accounts), SIGNATURE[channel]
    value = dict(right.headers)[header]
    forged = [
        (), ("",), ("x",), (value[:-1],), (value + "=",), (value.swapcase(),), ("é" + value,), (value + "ကခဂ",),
        ("\udcff\udcfe",), (value, value), (value, ""), ("", value), (f"{value}, {value}",), (value * 50,),
    ]  # fmt: skip
    async with gate(home, valkey) as door:
        answers = await statuses(door, [without(right, header, *values) for values in forged])
        assert await home.receipts() == []
        assert await door.send(right) == 200
    assert set(answers) <= REFUSED


@every_signing_channel
async def test_a_body_changed_in_any_byte_is_refused(home, valkey, channel):
    right = SAID[channel](home.accounts)
    changed = [bytes([*right.body[:n], right.body[n] ^ 1, *right.body[n + 1 :]]) for n in range(len(right.body))]
    changed += [right.body + b"&", right.body + b"&x=1", right.body[:-1], b"", b"\x00" + right.body]
    changed = [body for body in changed if parse_qsl(body) != parse_qsl(right.body) or channel not in ("sms", "voice")]
    async with gate(home, valkey) as door:
        answers = await asyncio.gather(*(door.send(replace(right, body=body)) for body in changed))
        assert await home.receipts() == []
    assert set(answers) <= REFUSED


@every_channel
async def test_a_webhook_replayed_to_another_address_is_refused(home, valkey, channel):
    right = SAID[channel](home.accounts)
    same_secret = {"facebook-mm", "facebook-kh"} if channel == "facebook" else {right.account_id}
    others = [f"/hooks/{id_}" for id_ in home.accounts if id_ not in same_secret]
    others += ["/hooks/nobody", "/hooks/", "/hooks", "/", f"/hooks/{right.account_id}/a/b", "/hooks/..%2f..%2fetc"]
    others += [right.path + "%00", right.path.upper(), "/hooks/%ff%fe", "/hooks/" + "a" * 4000]
    if channel in ("sms", "voice"):  # Twilio alone signs the address
        others += [
            right.path + "?x=1",
            right.path + "/recording",
            right.path + "?x=%ff",
            right.path + "?x=" + "1" * 4000,
        ]
    async with gate(home, valkey) as door:
        answers = await statuses(door, [replace(right, path=path) for path in others])
        assert await home.receipts() == []
    assert set(answers) <= REFUSED, sorted(zip(answers, others, strict=True))


@every_channel
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"])
async def test_another_method_is_refused(home, valkey, channel, method):
    right = SAID[channel](home.accounts)
    async with gate(home, valkey) as door:
        sent = replace(without(right, SIGNATURE[channel]), method=method)
        assert await door.send(sent) in REFUSED
        assert await home.receipts() == []


async def raw(door: Gate, head: bytes, body: bytes = b"") -> int:
    """The status for bytes that no HTTP library would send; 0 when it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        writer.write(head + b"\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        async with asyncio.timeout(10):
            answer = await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()
    return int(answer.split()[1]) if answer else 0


@every_channel
async def test_bytes_that_are_no_text_are_refused(home, valkey, channel):
    right, header = SAID[channel](home.accounts), SIGNATURE[channel].encode()
    path = right.path.encode()
    heads = [
        b"POST %b HTTP/1.1\r\n%b: \xff\xfe\x80" % (path, header),
        b"POST %b?x=\xff\xfe HTTP/1.1\r\n%b: x" % (path, header),
        b"POST %b HTTP/1.1\r\n%b: x\r\nContent-Type: application/json\xff" % (path, header),
        b"POST %b HTTP/1.1\r\n%b: x\r\nContent-Type: a; charset=\xed\xa0\x80" % (path, header),
        b"POST http://[::1/%b HTTP/1.1\r\n%b: x" % (path, header),
        b"POST /hooks/\xff\xfe HTTP/1.1\r\n%b: x" % header,
    ]
    async with gate(home, valkey) as door:
        answers = [await raw(door, head, right.body) for head in heads]
        assert await home.receipts() == []
    assert set(answers) <= {*REFUSED, 400, 0}


# Signed, and yet nonsense


def signed_line(home: House, body: bytes) -> Webhook:
    return resigned(SAID["line"](home.accounts), body, sign.line(home.accounts["line-th"].key("channel_secret"), body))


def signed_facebook(home: House, body: bytes) -> Webhook:
    secret = home.accounts["facebook-mm"].key("app_secret")
    return resigned(SAID["facebook"](home.accounts), body, sign.messenger(secret, body))


def signed_telegram(home: House, body: bytes) -> Webhook:
    return replace(SAID["telegram"](home.accounts), body=body)


def signed_twilio(channel: str, account_id: str) -> Callable[[House, bytes], Webhook]:
    def signed(home: House, body: bytes) -> Webhook:
        account = home.accounts[account_id]
        body = body.replace(b"AccountSid", b"x") + b"&AccountSid=" + account.key("account_sid").encode()
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
        return resigned(
            SAID[channel](home.accounts), body, sign.twilio(account.key("auth_token"), account.hook_url, pairs)
        )

    return signed


def resigned(webhook: Webhook, body: bytes, signature: sign.Headers) -> Webhook:
    names = dict(signature)
    return replace(webhook, body=body, headers=(*((n, v) for n, v in webhook.headers if n not in names), *signature))


SIGNED: Mapping[str, Callable[[House, bytes], Webhook]] = {
    "line": signed_line,
    "facebook": signed_facebook,
    "telegram": signed_telegram,
    "sms": signed_twilio("sms", "sms-np"),
    "voice": signed_twilio("voice", "voice-th"),
}
NONSENSE: list[Any] = [
    None, True, 0, -1, 2**31, 2**63, 2**70, 10**400, 1e308, "", " ", "0", "\0", "a\0b", "\ud800", "\udfff\ud800",
    "x" * 70_000, "\u202e", [], {}, [[]], [{}], {"": ""}, {"id": {}}, "9" * 400, "٣", "-0",
]  # fmt: skip
BROKEN = [
    b"", b"{", b"[" * 100_000, b'{"events":' * 20_000, b"\xff\xfe", b"\x00" * 50, b"null", b'"x"', b"0", b"[]", b"{}",
    b'{"events":[1,null,"x",[],{}]}', b'{"entry":[1,null,"x",[],{}]}', b'{"events":{}}', b'{"update_id":1e999}',
    b'{"events":[' + b"[" * 5000 + b"]" * 5000 + b"]}", b"NaN", b"\xef\xbb\xbf{}", b"a=1&a=1&=&&&%ff%00=%zz",
    b"&".join(b"f%d=1" % n for n in range(1500)), b"Body=%00%ED%A0%80&From=%2B&MessageSid=%00",
    b"CallSid=" + b"9" * 5000,
]  # fmt: skip


def paths(value: Any, here: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, item in inner for path in paths(item, (*here, key)))]


def put(value: Any, path: tuple, new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def twisted(webhook: Webhook) -> list[bytes]:
    """The webhook's own body with each of its values replaced by each piece of nonsense."""
    if webhook.body.startswith(b"{"):
        told = json.loads(webhook.body)
        return [json.dumps(put(told, path, value)).encode() for path in paths(told) for value in NONSENSE]
    fields = dict(parse_qsl(webhook.body.decode(), keep_blank_values=True))
    texts = [value for value in NONSENSE if isinstance(value, str)]
    return [urlencode(fields | {name: value}, errors="surrogatepass").encode() for name in fields for value in texts]


async def all_taken_in(home: House) -> None:
    """Every receipt is done, or parked as unreadable; none made the code fail."""
    await home.take_in()
    fates = {(r["state"], (r["error"] or "").split(" in ")[0]) for r in await home.receipts()}
    assert {state for state, _ in fates} <= {"done", "parked"}, [fate for fate in fates if fate[0] == "new"]
    assert not [error for _, error in fates if "gave up" in error]


@every_channel
async def test_a_corpus_of_nonsense_never_fails(home, valkey, channel):
    bodies = BROKEN + twisted(SAID[channel](home.accounts))
    webhooks = [SIGNED[channel](home, body) for body in bodies]
    kinds = [
        "",
        "application/json",
        "text/xml",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-7",
        "\udcff",
    ]
    webhooks += [without(SAID[channel](home.accounts), "Content-Type", kind) for kind in kinds]
    async with gate(home, valkey) as door:
        answers = []
        for first in range(0, len(webhooks), 50):
            answers += await asyncio.gather(*map(door.send, webhooks[first : first + 50]))
        assert max(answers) < 500, [w.body[:200] for w, a in zip(webhooks, answers, strict=True) if a >= 500]
        assert answers.count(200) > len(webhooks) * 0.8
        await all_taken_in(home)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(NONSENSE[:16]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@every_channel
async def test_anything_a_provider_might_send_never_fails(home, valkey, channel):
    example = SAID[channel](home.accounts)
    is_json = example.body.startswith(b"{")
    told = json.loads(example.body) if is_json else dict(parse_qsl(example.body.decode(), keep_blank_values=True))
    loop = asyncio.get_running_loop()
    text = st.text(st.characters(codec=None), max_size=20)

    @settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def knock(data: Any) -> None:
        if data.draw(st.integers(0, 4)) == 0:
            body = data.draw(st.binary(max_size=200))
        elif is_json:
            body = json.dumps(put(told, data.draw(st.sampled_from(paths(told))), data.draw(anything))).encode()
        else:
            changed = told | {data.draw(st.sampled_from([*told, "OptOutType", "MediaUrl0"])): data.draw(text)}
            body = urlencode(changed, errors="surrogatepass").encode()
        sent = door.send(SIGNED[channel](home, body))
        assert asyncio.run_coroutine_threadsafe(sent, loop).result(20) < 500

    async with gate(home, valkey) as door:
        await asyncio.to_thread(knock)
        await all_taken_in(home)


@pytest.mark.parametrize("channel", ["line", "facebook"])
async def test_a_valid_event_among_nonsense_becomes_a_message(home, valkey, channel):
    account = home.accounts["line-th" if channel == "line" else "facebook-mm"]
    webhooks = []
    for number, nonsense in enumerate(NONSENSE, start=1):
        say = line.text if channel == "line" else facebook.text
        told = json.loads(say(account, person(f"p{number}", "en", "TH"), WORDS, NOON, number).body)
        events = told["events"] if channel == "line" else told["entry"][0]["messaging"]
        events.insert(0, nonsense)
        events.append(put(events[1], paths(events[1])[number % len(paths(events[1]))], nonsense))
        webhooks.append(SIGNED[channel](home, json.dumps(told).encode()))
    async with gate(home, valkey) as door:
        assert set(await statuses(door, webhooks)) == {200}
    await all_taken_in(home)
    tickets = await home.tickets()
    heard = [t for t in tickets if WORDS in [m["text"] for m in t["messages"] if m["kind"] == "text"]]
    assert len(heard) >= len(NONSENSE)
