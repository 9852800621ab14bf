"""The webhook store: signed as the standard says, so that any receiver's library can check it."""

import base64
import hmac
from datetime import UTC, datetime
from uuid import UUID

import pytest

from cases.webhook import WebhookForm, connect, key_of, put, signed
from model.cases import Parcel, Refused, Stored
from tests.case_office import SECRET
from tests.house import NOON
from tests.scripted import provider

OLD = "whsec_" + base64.b64encode(b"the secret before the new one, 40 bytes!").decode()
TICKET = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
PARCEL = Parcel(
    id=TICKET, version=3, organisation=UUID(int=1), withdrawn=False, changed_at=NOON, remote_id=None,
    content={"id": str(TICKET), "queue": "ဗမာ"},
)  # fmt: skip


def form(url="https://cases.example.org/in", *secrets) -> WebhookForm:
    return WebhookForm(id="hook", kind="webhook", organisations="all", url=url, secret=list(secrets or [SECRET]))


def test_the_standards_own_example():
    """Secret, id, moment and body of the reference libraries' tests, with the signature they expect."""
    settings = form("https://cases.example.org/in", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed(settings, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_request_as_it_arrives():
    async with provider([{"status": 204}]) as receiver, connect(form(f"{receiver.url}/in?a=b"), None) as hook:
        assert await put(hook, PARCEL) == Stored()
    (asked,) = receiver.asked
    assert (asked.method, asked.path, asked.query, asked.kind) == ("POST", "/in", [("a", "b")], "json")
    assert asked.json() == {"type": "case.changed", "timestamp": "2026-11-20T05:00:00Z", "data": dict(PARCEL.content)}
    id_, stamp = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    assert id_ == f"case_{TICKET.hex}_3"
    assert abs(datetime.now(UTC).timestamp() - int(stamp)) < 60
    content = f"{id_}.{stamp}.".encode() + asked.body
    expected = base64.b64encode(hmac.digest(key_of(SECRET), content, "sha256")).decode()
    assert asked.headers["webhook-signature"] == f"v1,{expected}"


async def test_while_secrets_change_each_signs():
    async with provider([{"status": 200}]) as receiver, connect(form(receiver.url, SECRET, OLD), None) as hook:
        await put(hook, PARCEL)
    signatures = receiver.asked[0].headers["webhook-signature"].split(" ")
    assert len(set(signatures)) == 2
    assert all(s.startswith("v1,") for s in signatures)


async def test_sent_again_it_has_the_same_id():
    async with provider([{"status": 500}, {"status": 200}]) as receiver, connect(form(receiver.url), None) as hook:
        assert isinstance(await put(hook, PARCEL), Refused)
        assert await put(hook, PARCEL) == Stored()
    assert len({asked.headers["webhook-id"] for asked in receiver.asked}) == 1


async def test_a_redirect_is_not_followed():
    there = {"status": 307, "headers": {"Location": "/elsewhere"}}
    async with provider([there]) as receiver, connect(form(receiver.url), None) as hook:
        assert (await put(hook, PARCEL)).code == "moved"
    assert len(receiver.asked) == 1


async def test_an_answer_without_end_is_not_read():
    async with (
        provider([{"status": 400, "body": b"x" * (8 << 20)}]) as receiver,
        connect(form(receiver.url), None) as h,
    ):
        assert (await put(h, PARCEL)).code == "invalid"


@pytest.mark.parametrize("hint", ["soon", "-1", "Fri, 31 Dec", "9" * 400])
async def test_a_hint_that_is_none_is_passed_over(hint):
    refusal = {"status": 429, "headers": {"Retry-After": hint}}
    async with provider([refusal]) as receiver, connect(form(receiver.url), None) as hook:
        result = await put(hook, PARCEL)
    assert result.after is None or result.after.days <= 1


async def test_a_hint_may_be_a_date():
    refusal = {"status": 503, "headers": {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}}
    async with provider([refusal]) as receiver, connect(form(receiver.url), None) as hook:
        assert (await put(hook, PARCEL)).after.days == 1  # at most
