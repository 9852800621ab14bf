"""Every kind of case store is held to the same promises, against the stand-ins' side of the wire."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from cases import registry, snapshot
from cases.contract import CannotAsk
from cases.opened import Open, opened
from model.cases import Parcel, Refused, Stored, Unknown
from model.network import organisation_uuid
from runtime.settings import Settings
from sandbox.kept_cases import CaseStores
from sandbox.people import person
from sandbox.providers import line
from tests.case_office import primero, stand_ins, webhook
from tests.house import NOON, House, house
from tests.unit.test_case_snapshot import MASTER, SOURCE, demo_settings

SHWE = organisation_uuid("shwe")


def those(*kinds: str):
    """Of these kinds alone."""
    return pytest.mark.parametrize("place", kinds, indirect=True)


outside = those("primero", "webhook")
askable = those(*(kind for kind in registry.KINDS if registry.load(kind).fetch))
many = those(*(kind for kind in registry.KINDS if registry.load(kind).put_all))
versioned = those("local", "webhook")  # Primero takes whatever comes last: the outbox sees to the order


class Place:
    """One store, the ticket it is told of, and what it holds."""

    def __init__(self, to: Open, settings: Settings, state: CaseStores, home: House | None, ticket: UUID) -> None:
        self.to, self.settings, self.state, self.home, self.ticket = to, settings, state, home, ticket

    def parcel(self, version: int = 1, urgency: str = "U3", **more) -> Parcel:
        source = None if more.get("withdrawn") else replace(SOURCE, urgency=urgency)
        made = snapshot.parcel(
            source, organisation=SHWE, ticket=more.pop("id", self.ticket), version=version, changed_at=NOON,
            remote_id=None, store=self.to.store, settings=self.settings, master=MASTER,
        )  # fmt: skip
        return replace(made, **more)

    async def put(self, parcel: Parcel):
        return await self.to.kind.put(self.to.client, parcel)

    async def holds(self) -> list[dict]:
        """Everything in it, as its content has it."""
        match self.to.kind.kind:
            case "webhook":
                return list(self.state.hooked.values())
            case "primero":
                return list(self.state.cases.values())
        async with self.home.database.intake() as connection:
            return [s for (s,) in await (await connection.execute("select snapshot from case_file")).fetchall()]

    async def holds_one(self, parcel: Parcel) -> None:
        """It has this content, and nothing else."""
        (held,) = await self.holds()
        assert {name: held.get(name) for name in parcel.content} == parcel.content


@pytest.fixture(params=registry.KINDS)
async def place(request, tmp_path):
    async with stand_ins() as (state, url):
        if request.param == "local":
            database, valkey = (request.getfixturevalue(name) for name in ("database", "valkey"))
            async with house(database, valkey, tmp_path) as home:
                await home.put(line.text(home.accounts["line-th"], person("aye", "my", "TH"), "ကူညီပါ", NOON, 1))
                await home.take_in()
                ticket = (await home.ticket())["id"]
                async with opened(home.workplace.settings, home.database) as (to,):
                    yield Place(to, home.workplace.settings, state, home, ticket)
        else:
            store = webhook(url) if request.param == "webhook" else primero(url)
            settings = replace(demo_settings(), case_stores=(store,))
            async with opened(settings, None) as (to,):
                yield Place(to, settings, state, None, uuid4())


async def test_told_twice_it_has_one(place):
    parcel = place.parcel()
    first = await place.put(parcel)
    assert isinstance(first, Stored)
    assert isinstance(await place.put(parcel), Stored)
    assert isinstance(await place.put(replace(parcel, remote_id=first.remote_id)), Stored)
    await place.holds_one(parcel)


async def test_a_change_replaces_what_it_has(place):
    first = await place.put(place.parcel())
    newer = place.parcel(2, "U1", remote_id=first.remote_id)
    assert isinstance(await place.put(newer), Stored)
    await place.holds_one(newer)


@versioned
async def test_where_versions_can_be_told_apart_an_older_one_is_passed_over(place):
    newer = place.parcel(2, "U1")
    await place.put(newer)
    assert isinstance(await place.put(place.parcel(1)), Stored)
    await place.holds_one(newer)


async def test_what_is_withdrawn_is_no_longer_open(place):
    first = await place.put(place.parcel())
    assert isinstance(await place.put(place.parcel(2, withdrawn=True, remote_id=first.remote_id)), Stored)
    held = await place.holds()
    assert [case["status"] for case in held] == (["closed"] if place.to.kind.kind == "primero" else [])


async def test_what_it_never_had_is_withdrawn_without_a_trace(place):
    assert isinstance(await place.put(place.parcel(2, withdrawn=True)), Stored)
    assert await place.holds() == []


@askable
async def test_what_it_holds_is_what_it_was_told(place):
    parcel, other = place.parcel(), place.parcel(id=uuid4())
    await place.put(parcel)
    held, nothing = await place.to.kind.fetch(place.to.client, [parcel, other])
    assert nothing is None
    assert {name: held[name] for name in parcel.content if parcel.content[name] is not None} == {
        name: value for name, value in parcel.content.items() if value is not None
    }


@many
async def test_many_at_once_are_what_one_by_one_is(place):
    newer = place.parcel(3, "U1")
    assert await place.to.kind.put_all(place.to.client, [place.parcel(1), place.parcel(id=uuid4())]) == [Stored()] * 2
    assert await place.to.kind.put_all(place.to.client, [newer]) == [Stored()]
    assert await place.to.kind.put_all(place.to.client, []) == []
    await place.holds_one(newer)


async def test_all_is_well_where_it_is(place):
    assert await place.to.kind.look(place.to.client) is None


# What goes wrong

REFUSALS = [
    # fault, code, whether it is tried again by itself
    ("401", "credentials", False),
    ("403", "forbidden", False),
    ("404", "gone", False),
    ("409", "conflict", True),
    ("410", "gone", False),
    ("422", "invalid", False),
    ("429", "busy", True),
    ("500", "broken", True),
    ("503", "broken", True),
    ("redirect", "moved", False),
]


@outside
@pytest.mark.parametrize(("kind", "code", "retry"), REFUSALS)
async def test_a_no_is_understood(place, kind, code, retry):
    known = await place.put(place.parcel())
    place.state.fault(place.to.kind.kind, kind)
    result = await place.put(place.parcel(2, remote_id=known.remote_id))
    assert isinstance(result, Refused)
    assert (result.code, result.retry) == (code, retry)


@outside
@pytest.mark.parametrize("kind", ["429", "503"])
async def test_a_hint_when_to_come_back_is_kept(place, kind):
    known = await place.put(place.parcel())
    place.state.fault(place.to.kind.kind, kind, seconds=77)
    result = await place.put(place.parcel(2, remote_id=known.remote_id))
    assert result.after == timedelta(seconds=77)


@outside
@pytest.mark.parametrize("kind", ["down", "lost"])
async def test_no_answer_is_no_certainty(place, kind):
    known = await place.put(place.parcel())
    place.state.fault(place.to.kind.kind, kind, count=1)
    newer = place.parcel(2, "U1", remote_id=known.remote_id)
    assert isinstance(await place.put(newer), Unknown)
    assert isinstance(await place.put(newer), Stored)
    await place.holds_one(newer)


@outside
async def test_an_answer_lost_after_the_first_time_makes_no_second_case(place):
    await place.to.kind.look(place.to.client)  # it is logged in: the next POST is the case
    place.state.fault(place.to.kind.kind, "lost", count=1, method="POST")
    parcel = place.parcel()
    assert isinstance(await place.put(parcel), Unknown)
    await place.holds_one(parcel)
    assert isinstance(await place.put(parcel), Stored)
    await place.holds_one(parcel)


@outside
async def test_nobody_there(place):
    gone = type(place.to.settings).model_validate(
        place.to.settings.model_dump() | {"url": "http://127.0.0.1:1/", "timeout_seconds": 2.0}
    )
    settings = replace(place.settings, case_stores=(replace(place.to.store, settings=gone),))
    async with opened(settings, None) as (nobody,):
        result = await nobody.kind.put(nobody.client, place.parcel())
        assert (result.code, result.retry) == ("away", True)
        assert await nobody.kind.look(nobody.client) == "away"
        if nobody.kind.fetch:
            with pytest.raises(CannotAsk, match="away"):
                await nobody.kind.fetch(nobody.client, [place.parcel()])
