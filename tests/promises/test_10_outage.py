"""Promise 10: while a provider is down nothing is lost and nothing is doubled; afterwards everything arrives."""

from datetime import timedelta

import pytest

from runtime.ids import now
from sandbox.people import person
from sandbox.providers import facebook
from storage import listing
from tests.answering import desk


@pytest.fixture
async def out(home, valkey):
    async with desk(home, valkey) as there:
        yield there


async def replies(out) -> list:
    return [row for row in await out.deliveries() if row["purpose"] == "reply"]


async def test_an_outage_of_ten_minutes(out):
    """Compressed by the injected clock; the account says meanwhile what is wrong with it."""
    people_ = [person(f"p{n}", "km", "KH") for n in range(12)]
    for n, who in enumerate(people_):
        webhook = facebook.text(out.home.accounts["facebook-kh"], who, "ជួយផង", now(), n)
        out.sandbox.notice(webhook)
        await out.home.put(webhook, at=out.home.workplace.clock())
    await out.home.take_in()
    outage = out.sandbox.fault("500", provider="facebook")
    for n, ticket in enumerate(await out.home.tickets()):
        await out.say(f"answer {n}", ticket)
    for _ in range(40):
        await out.deliver()
        out.pass_time(timedelta(seconds=15))
    assert {row["state"] for row in await replies(out)} == {"queued"}
    account = next(a for a in await listing.accounts(out.home.database) if a["id"] == "facebook-kh")
    assert account["reason"] == "away"
    assert account["failing_since"]
    assert outage.struck < 12 * 12, "the provider was hammered while it was down"
    out.sandbox.mend()
    for _ in range(40):
        await out.deliver()
        out.pass_time(timedelta(seconds=30))
    assert {row["state"] for row in await replies(out)} == {"sent"}
    for who in people_:
        said = [item for item in out.sandbox.phone("facebook", who).received if item.text.startswith("answer")]
        assert [item.times for item in said] == [1]
    account = next(a for a in await listing.accounts(out.home.database) if a["id"] == "facebook-kh")
    assert (account["failing_since"], account["reason"]) == (None, None)
