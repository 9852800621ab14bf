"""The Primero store: one case for a ticket, whatever Primero passes over, forgets or refuses."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from cases.contract import CannotAsk
from cases.primero import connect, fetch, look, put
from model.cases import Parcel, Refused, Stored
from tests.case_office import primero, stand_ins
from tests.house import NOON
from tests.scripted import provider

TICKET = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
OTHER_CASE = {"id": str(uuid4()), "risk_level": "low", "status": "open", "other_agency_id": "somebody else's"}


def parcel(**more) -> Parcel:
    content = {"other_agency_id": str(TICKET), "risk_level": "high", "status": "open", "date_closure": None}
    made = Parcel(
        id=TICKET,
        version=1,
        organisation=UUID(int=1),
        withdrawn=False,
        changed_at=NOON,
        remote_id=None,
        content=content,
    )
    return replace(made, **more)


@pytest.fixture
async def there():
    async with stand_ins() as (state, url), connect(primero(url).settings, None) as client:
        yield state, client


async def test_it_logs_in_once(there):
    state, client = there
    for _ in range(3):
        await put(client, parcel())
    assert [path for _, path in state.requests].count("/primero/api/v2/tokens") == 1


async def test_a_token_that_ran_out_is_asked_for_anew(there):
    state, client = there
    await put(client, parcel())
    state.tokens.clear()
    assert await put(client, parcel()) == Stored(remote_id=str(TICKET))
    assert [path for _, path in state.requests].count("/primero/api/v2/tokens") == 2


async def test_a_password_that_was_changed_is_told(there):
    state, client = there
    state.password = "another"
    assert await put(client, parcel()) == Refused(code="credentials", detail="401")
    assert await look(client) == "credentials"
    with pytest.raises(CannotAsk, match="credentials"):
        await fetch(client, [parcel()])


async def test_basic_authorisation_needs_no_token():
    async with stand_ins() as (state, url), connect(primero(url, auth="basic").settings, None) as client:
        assert isinstance(await put(client, parcel()), Stored)
        assert "/primero/api/v2/tokens" not in [path for _, path in state.requests]


async def test_older_versions_give_the_token_in_a_header_alone():
    answers = [
        {"status": 200, "headers": {"Authorization": "Bearer abc"}, "body": {"user_name": "worker-voice"}},
        {"status": 200, "body": {"data": []}},
    ]
    async with provider(answers) as old, connect(primero(old.url).settings, None) as client:
        assert await look(client) is None
    assert old.asked[1].headers["Authorization"] == "Bearer abc"


async def test_a_case_that_was_entered_by_hand_is_found_and_changed(there):
    state, client = there
    state.cases["x"] = OTHER_CASE
    by_hand = str(uuid4())
    state.cases[by_hand] = {"id": by_hand, "other_agency_id": str(TICKET), "risk_level": "low"}
    assert await put(client, parcel()) == Stored(remote_id=by_hand)
    assert state.cases[by_hand]["risk_level"] == "high"
    assert len(state.cases) == 2


async def test_a_filter_that_is_passed_over_changes_nobody_elses_case(there):
    """Primero lists every case where it does not know the filter: the first of them is not ours."""
    state, client = there
    state.not_searchable = frozenset({"other_agency_id"})
    state.cases[OTHER_CASE["id"]] = dict(OTHER_CASE)
    assert await put(client, parcel()) == Stored(remote_id=str(TICKET))
    assert state.cases[OTHER_CASE["id"]] == OTHER_CASE
    assert state.cases[str(TICKET)]["risk_level"] == "high"


async def test_a_lost_answer_makes_no_second_case_even_where_it_cannot_be_searched(there):
    state, client = there
    state.not_searchable = frozenset({"other_agency_id"})
    state.cases[OTHER_CASE["id"]] = dict(OTHER_CASE)
    await put(client, parcel())
    assert await put(client, parcel()) == Stored(remote_id=str(TICKET))  # 409, and then changed
    assert len(state.cases) == 2


async def test_two_cases_of_one_ticket_are_for_people_to_merge(there):
    state, client = there
    for _ in range(2):
        id_ = str(uuid4())
        state.cases[id_] = {"id": id_, "other_agency_id": str(TICKET)}
    assert await put(client, parcel()) == Refused(code="doubled", detail="2")


async def test_a_case_that_was_removed_is_not_made_again_by_itself(there):
    _, client = there
    assert await put(client, parcel(remote_id=str(uuid4()))) == Refused(code="gone", detail="404")


async def test_what_it_does_not_like_is_told_by_our_own_names(there):
    _, client = there
    wrong = {**parcel().content, "risk_level": 3}
    assert await put(client, parcel(content=wrong)) == Refused(code="invalid", detail="422 risk_level")


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"detail": "risk_level", "message": "Aye Aye +66812345678 is no risk level"}]},
        {"errors": [{"detail": ["/risk_level", "Aye Aye", 7, None]}]},
        {"errors": [{"detail": {"risk_level": 1}}, "risk_level", None]},
        {"errors": "Aye Aye"},
        [],
        "Aye Aye",
        b"\xff\x00",
    ],
)
async def test_its_own_words_are_never_kept(body):
    answers = [
        {"status": 200, "body": {"token": "abc"}},
        {"status": 422, "body": body},
    ]
    async with provider(answers) as other, connect(primero(other.url).settings, None) as client:
        result = await put(client, parcel(remote_id=str(TICKET)))
    assert result.code == "invalid"
    assert result.detail in ("422", "422 risk_level")


@pytest.mark.parametrize(
    "listed",
    [
        {"data": [{"id": "../users/1", "other_agency_id": str(TICKET)}]},
        {"data": "none"},
        {},
        {"data": [7, None]},
        "hello",
    ],
)
async def test_an_answer_that_is_none_makes_no_case_out_of_nothing(listed):
    answers = [{"status": 200, "body": {"token": "abc"}}, {"status": 200, "body": listed}, {"status": 204}]
    async with provider(answers) as other, connect(primero(other.url).settings, None) as client:
        result = await put(client, parcel())
    if listed == {"data": [7, None]}:  # a list, and nothing of ours in it
        assert result == Stored(remote_id=str(TICKET))
    else:
        assert (result.code, result.retry) == ("odd", True)
        assert len(other.asked) == 2


async def test_a_page_of_a_proxy_is_no_success():
    page = {"status": 200, "body": "<p>Please accept the terms", "headers": {"Content-Type": "text/html"}}
    for answers in ([page], [{"status": 200, "body": {"token": "abc"}}, page]):
        async with provider(answers) as other, connect(primero(other.url).settings, None) as client:
            assert (await put(client, parcel(remote_id=str(TICKET)))).code == "odd"


async def test_values_that_must_not_be_empty_are_left_out_of_a_new_case(there):
    state, client = there
    await put(client, parcel())
    assert "date_closure" not in state.cases[str(TICKET)]
    await put(client, parcel(remote_id=str(TICKET), content={**parcel().content, "date_closure": "2026-11-21"}))
    await put(client, parcel(remote_id=str(TICKET)))  # reopened
    assert state.cases[str(TICKET)]["date_closure"] is None


async def test_what_is_sent_once_is_not_sent_again(there):
    state, client = there
    await put(client, parcel())
    state.cases[str(TICKET)]["module_id"] = "changed by a case worker"
    await put(client, parcel(remote_id=str(TICKET)))
    assert state.cases[str(TICKET)]["module_id"] == "changed by a case worker"
