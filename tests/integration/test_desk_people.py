"""Who somebody is: masked for everybody, open with a reason, and the name for whoever holds the ticket."""

from uuid import uuid4

import pytest

from desk import holding, people
from desk.people import card, masked, reveal, set_name
from desk.reading import seen_by
from desk.seat import Cannot, NoTicket
from outbound.words import BadText
from sandbox.people import person
from sandbox.providers import twilio_voice
from tests.house import NOON

UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"


@pytest.fixture
async def called(office):
    """Somebody who called from a number of their own: agent, ticket, number."""
    who = person("moe", "my", "TH")
    call = twilio_voice.call(office.home.accounts["voice-th"], who, NOON, 1)
    await office.home.put(twilio_voice.ringing(call), twilio_voice.ended(call, "no-answer", 0))
    await office.home.take_in()
    ticket = await office.home.ticket()
    return await office.agent("mya", ticket["organisation"]), ticket["id"], who.phone


async def test_a_number_is_masked_until_it_is_revealed_with_a_reason(office, called):
    mya, ticket, number = called
    shown = await office.do(mya, card, ticket)
    (reached,) = shown.reached
    assert reached.shown == f"+66 •• ••• ••{number[-2:]}"
    assert (reached.scope, list(reached.accounts), shown.first_at) == ("phone", ["voice-th"], NOON)
    with pytest.raises(Cannot, match="no_such_reason"):
        await office.do(mya, reveal, ticket, "curious")
    with pytest.raises(Cannot, match="say_why"):
        await office.do(mya, reveal, ticket, "other")
    assert await office.do(mya, seen_by, ticket) == []
    shown = await office.do(mya, reveal, ticket, "call_back")
    assert [r.shown for r in shown.reached] == [number]
    (look,) = await office.do(mya, seen_by, ticket)
    assert (look.action, look.agent, look.detail) == ("person.revealed", mya.id, {"reason": "call_back"})
    await office.do(mya, reveal, ticket, "other", words="Two people seem to write from this phone")
    everything = str(await office.rows("select detail from audit"))
    assert number not in everything
    assert "Two people" not in everything


async def test_what_cannot_be_written_down_is_not_revealed(office, called):
    mya, ticket, _ = called

    async def broken(seat):
        await reveal(seat, ticket, "rescue")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await office.do(mya, broken)
    assert await office.do(mya, seen_by, ticket) == []


async def test_nothing_of_a_person_is_shown_to_another_organisation(office, called):
    _, ticket, _ = called
    bela = await office.agent("bela", "kampung-lima")
    for id_ in (ticket, uuid4()):
        for act in (card, lambda seat, t: reveal(seat, t, "rescue"), lambda seat, t: set_name(seat, t, "Moe")):
            with pytest.raises(NoTicket):
                await office.do(bela, act, id_)
    ((who,),) = await office.rows("select person_id from ticket where id = %s", ticket)
    async with office.at(bela) as seat:
        cursor = await seat.connection.execute("select * from sealed_addresses(%s)", [who])
        assert await cursor.fetchall() == []


async def test_a_name_is_for_whoever_holds_the_ticket(office):
    mya, ko = await office.agent("mya"), await office.agent("ko")
    arun = await office.agent("arun", "shwe", "supervisor")
    ticket = (await office.says("aye", UNPAID))["id"]
    with pytest.raises(Cannot, match="not_yours"):
        await office.do(mya, set_name, ticket, "Ma Aye")
    await office.do(mya, holding.take, ticket)
    await office.do(mya, set_name, ticket, "  Ma   Aye ")
    seen = {agent.name: await office.do(agent, card, ticket) for agent in (mya, ko)}
    assert [(c.name, c.has_name) for c in seen.values()] == [("Ma Aye", True), (None, True)]
    assert (await office.do(ko, reveal, ticket, "rescue")).name == "Ma Aye"
    with pytest.raises(BadText):
        await office.do(mya, set_name, ticket, "x" * 101)
    await office.do(arun, set_name, ticket, "")
    assert not (await office.do(mya, card, ticket)).has_name
    assert "Aye" not in str(await office.rows("select detail from audit"))


async def test_one_organisations_name_does_not_open_on_anothers_card(office):
    """Both seal with the person's key: the place it is sealed for names the organisation."""
    mya = await office.agent("mya")
    ticket = (await office.says("aye", UNPAID))["id"]
    await office.do(mya, holding.take, ticket)
    await office.do(mya, set_name, ticket, "Ma Aye")
    ((sealed, who),) = await office.rows("select name, person_id from person_card where name is not null")
    async with office.at(mya) as seat:
        keys = await seat.keys(who)
        other = await office.agent("bela", "kampung-lima")
        assert keys.open(f"person_card|name|{mya.organisation}", who, sealed) == "Ma Aye"
        assert keys.open(f"person_card|name|{other.organisation}", who, sealed) is None


async def test_an_erased_person_has_no_number_any_more(office, called):
    mya, ticket, _ = called
    async with office.home.database.intake() as connection:
        await connection.execute("delete from person_key")
    assert [r.shown for r in (await office.do(mya, reveal, ticket, "rescue")).reached] == ["••••"]


@pytest.mark.parametrize(
    ("scope", "value", "shown"),
    [
        ("phone", "+66812345617", "+66 •• ••• ••17"),
        ("phone", "+959421234567", "+95 •• ••• ••67"),
        ("phone", None, "••••"),
        ("phone", "no number", "••••"),
        ("line:line-th", "U4af4980629", "••••"),
        ("telegram", "123456789", "••••"),
    ],
)
def test_as_much_as_tells_two_apart(scope, value, shown):
    assert masked(scope, value) == shown
    assert len(people.REASONS) == 4
