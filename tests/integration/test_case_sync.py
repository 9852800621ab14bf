"""What becomes of a ticket reaches every case store: the newest snapshot, once, whatever goes wrong on the way."""

from datetime import timedelta

import pytest

from sandbox.people import person
from sandbox.providers import line
from tests.case_office import office, primero, webhook
from tests.house import NOON

AYE, RAHIM = person("aye", "my", "TH"), person("rahim", "bn", "MY")


@pytest.fixture
async def there(database, valkey, tmp_path):
    async with office(database, valkey, tmp_path, webhook, primero) as opened:
        yield opened


async def writes(there, text="လစာ ၂ လ မရသေးဘူး။", who=AYE, number=1):
    await there.home.put(line.text(there.home.accounts["line-th"], who, text, NOON + timedelta(minutes=number), number))
    await there.home.take_in()


async def test_a_ticket_reaches_all_three(there):
    await writes(there)
    await there.sync()
    ticket = await there.home.ticket()
    rows = await there.rows()
    assert {(row["store"], row["state"], row["version"], row["stored_version"]) for row in rows} == {
        (store, "done", 1, 1) for store in ("local", "hook", "primero")
    }
    ((version, snapshot),) = (await there.held()).values()
    assert (version, snapshot["id"], snapshot["number"]) == (1, str(ticket["id"]), ticket["number"])
    assert there.state.hooked[str(ticket["id"])] == snapshot | {
        "person": there.state.hooked[str(ticket["id"])]["person"]
    }
    (case,) = there.state.cases.values()
    assert case["other_agency_id"] == case["id"] == str(ticket["id"])
    assert (case["status"], case["risk_level"], case["module_id"]) == ("open", "high", "primeromodule-cp")
    assert await there.differs() == []


async def test_changes_follow_and_only_the_newest_is_sent(there):
    await writes(there)
    await there.sync()
    ticket = await there.home.ticket()
    for urgency in ("U2", "U1"):
        await there.change(ticket, urgency=urgency)
    before = len(there.state.requests)
    await there.sync()
    assert len(there.state.requests) == before + 2
    assert there.state.hooked[str(ticket["id"])]["urgency"] == "U1"
    assert there.state.cases[str(ticket["id"])]["risk_level"] == "high"
    assert await there.differs() == []
