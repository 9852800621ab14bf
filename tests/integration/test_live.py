"""The live feed over HTTP: nothing is missed, whatever breaks; and it ends when it must."""

import asyncio
import re
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.network import organisation_uuid
from storage import feed, sessions
from tests.crowd import waiting
from tests.desk import desk
from web.inbox import rooms
from web.inbox.live import read_cursor
from web.inbox.rooms import ROOMS, Stream, Told, cursor_text, reset, told

SHWE = organisation_uuid("shwe")
OTHER = "0b8f6d3e-5d5c-4b0c-9d6b-0d0a3a1d7a11"


@pytest.fixture
async def at(home):
    async with desk(home) as opened:
        yield opened


class Listener:
    """An EventSource."""

    def __init__(self, answer) -> None:
        self.answer, self.last = answer, ""

    async def next(self, *kinds):
        """The next event of one of these kinds: (kind, data)."""
        while True:
            kind = data = ""
            while line := await self._line():
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last = value
                kind, data = (value if name == "event" else kind), (value if name == "data" else data)
            if self.answer.content.at_eof():
                return "end", ""
            if kind and (not kinds or kind in kinds):
                return kind, data

    async def _line(self) -> str:
        async with asyncio.timeout(10):
            return (await self.answer.content.readline()).decode().rstrip("\n")

    async def tickets(self, count):
        """The next so many changed tickets, as they come."""
        found = []
        while len(found) < count:
            kind, data = await self.next("changed", "gone", "reset", "end")
            assert kind == "changed", kind
            found = list(dict.fromkeys(found + data.split(" ")))  # where two pieces meet one may be told twice
        return found


@asynccontextmanager
async def listening(browser, after="", **headers):
    same = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", **headers}
    async with browser.session.get(f"{browser.base}/live?after={after}", headers=same) as answer:
        assert answer.status == 200
        yield Listener(answer)


async def cursor_of(browser):
    return re.search(r'data-cursor="([^"]+)"', (await browser.get("/inbox")).text)[1]


async def tell(at, *tickets, organisation=SHWE):
    async with at.home.database.intake() as connection:
        await feed.tell(connection, [(organisation, ticket, "changed") for ticket in tickets])


async def test_a_message_that_comes_in_is_told(home, at):
    mya = await at.let_in(await at.agent())
    async with listening(mya, await cursor_of(mya)) as stream:
        await waiting(home, 1)
        (ticket,) = set(await stream.tickets(1))
    assert f"row-{ticket}" in (await mya.get("/inbox")).text


async def test_what_came_between_the_page_and_its_stream_is_told(at):
    mya = await at.let_in(await at.agent())
    cursor, ticket = await cursor_of(mya), uuid4()
    await tell(at, ticket)
    async with listening(mya, cursor) as stream:
        assert await stream.tickets(1) == [str(ticket)]


async def test_a_stream_goes_on_where_it_broke_off(at):
    mya = await at.let_in(await at.agent())
    before, between, after = uuid4(), uuid4(), uuid4()
    async with listening(mya, await cursor_of(mya)) as stream:
        await tell(at, before)
        assert await stream.tickets(1) == [str(before)]
    await tell(at, between)
    async with listening(mya, "nonsense", **{"Last-Event-ID": stream.last}) as again:
        await tell(at, after)
        assert await again.tickets(2) == [str(between), str(after)]


@pytest.mark.parametrize("after", ["", "x", "a.b.c", f"{OTHER}.1.{OTHER}", f"{OTHER}.-1.{OTHER}"])
async def test_an_unknown_cursor_starts_afresh(at, after):
    mya = await at.let_in(await at.agent())
    ticket = uuid4()
    async with listening(mya, after) as stream:
        assert (await stream.next())[0] == "reset"
        await tell(at, ticket)
        assert await stream.tickets(1) == [str(ticket)]


async def test_who_missed_too_much_loads_afresh(at, monkeypatch):
    monkeypatch.setattr("web.inbox.live._PAGE", 3)
    mya = await at.let_in(await at.agent())
    cursor = await cursor_of(mya)
    await tell(at, *(uuid4() for _ in range(20)))
    async with listening(mya, cursor) as stream:
        assert (await stream.next())[0] == "reset"


async def test_nobody_hears_of_another_organisation(at):
    mya = await at.let_in(await at.agent())
    siti = await at.let_in(await at.agent("Siti", "kampung-lima"))
    theirs, ours = uuid4(), uuid4()
    async with listening(mya, await cursor_of(mya)) as here, listening(siti, await cursor_of(siti)) as there:
        await tell(at, theirs, organisation=organisation_uuid("kampung-lima"))
        await tell(at, ours)
        assert await here.tickets(1) == [str(ours)]
        assert await there.tickets(1) == [str(theirs)]


async def test_a_session_that_ends_ends_its_streams(at):
    agent = await at.agent()
    mya, elsewhere = await at.let_in(agent), await at.let_in(agent)
    async with listening(mya, await cursor_of(mya)) as stream:
        await elsewhere.post("/account/sign-out-everywhere")
        async with at.database.desk(SHWE) as connection:
            await sessions.end_all(connection, agent.id)
        assert (await stream.next("end"))[0] == "end"
    answer = await mya.session.get(
        f"{mya.base}/live", headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    )
    assert answer.status == 401


async def test_a_process_that_ends_ends_all_streams(at):
    mya = await at.let_in(await at.agent())
    async with listening(mya, await cursor_of(mya)) as stream:
        at.app[ROOMS].close()
        assert (await stream.next("end"))[0] == "end"
    answer = await mya.session.get(
        f"{mya.base}/live", headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    )
    assert answer.status == 503


async def test_one_reader_for_all_pages_and_none_for_nobody(at):
    agents = [await at.let_in(await at.agent(name)) for name in ("Mya", "Arun", "Noy")]
    cursor, ticket = await cursor_of(agents[0]), uuid4()
    async with listening(agents[0], cursor) as a, listening(agents[1], cursor) as b, listening(agents[2], cursor) as c:
        assert len(at.app[ROOMS]._open) == 1  # noqa: SLF001 - nothing else shows how many there are
        await tell(at, ticket)
        assert [await stream.tickets(1) for stream in (a, b, c)] == [[str(ticket)]] * 3


async def test_who_looks_and_who_writes_is_told(at):
    mya, arun = await at.agent(), await at.agent("Arun")
    page, other = await at.let_in(mya), await at.let_in(arun)
    ticket = uuid4()
    async with listening(page, await cursor_of(page)) as stream:
        async with asyncio.timeout(5):
            await _heard(at)
        for doing, writes in (("looks", "false"), ("writes", "true")):
            assert (await other.post(f"/inbox/{ticket}/presence", {"doing": doing})).status == 204
            _, data = await stream.next("presence")
            assert data == f'{{"{ticket}":[["{arun.id}","Arun",{writes}]]}}'
        await other.post(f"/inbox/{ticket}/presence", {"doing": "left"})
        assert (await stream.next("presence"))[1] == f'{{"{ticket}":[]}}'


async def _heard(at):
    """Until the room listens to Valkey."""
    while not (await at.app[ROOMS].valkey.pubsub_numsub(f"presence:{SHWE}"))[0][1]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_session_has_only_so_many_pages_open(at, monkeypatch):
    monkeypatch.setattr(rooms, "_TABS", 1)
    mya = await at.let_in(await at.agent())
    async with listening(mya, await cursor_of(mya)):
        answer = await mya.session.get(f"{mya.base}/live", headers={"Sec-Fetch-Site": "same-origin"})
        assert (answer.status, answer.headers["Retry-After"]) == (429, "60")


def test_a_page_that_is_too_slow_is_told_to_load_afresh():
    stream = Stream(uuid4())
    cursors = [feed.Cursor(epoch=uuid4(), xid=n, id=uuid4()) for n in range(300)]
    for cursor in cursors:
        stream.put(Told(cursor, b""), reset(cursor))
    kept = list(stream.take())
    assert kept[0].afresh
    assert [piece.cursor for piece in kept[1:]] == cursors[-len(kept) + 1 :]


CHANGES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["changed", "gone"])), max_size=40)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(CHANGES)
def test_events_of_a_page_tell_every_ticket_its_last(changes):
    """However changes are joined: what is told last of a ticket is what happened to it last."""
    tickets = [uuid4() for _ in range(6)]
    given_ = [
        feed.Change(cursor=feed.Cursor(epoch=uuid4(), xid=n, id=uuid4()), ticket=tickets[t], what=what)
        for n, (t, what) in enumerate(changes)
    ]
    last = {}
    for piece in told(given_):
        kind, data = re.search(rb"event: (\w+)\ndata: (.+)\n\n", piece.text).groups()
        last |= {ticket: kind.decode() for ticket in data.decode().split(" ")}
    assert last == {str(change.ticket): change.what for change in given_}
    if given_:
        assert told(given_)[-1].cursor == given_[-1].cursor


@given(st.text())
def test_any_cursor_is_read(text):
    found = read_cursor(text)
    assert found is None or read_cursor(cursor_text(found)) == found


ACTS = st.lists(st.sampled_from(["tell", "tell", "tell2", "break", "other"]), min_size=1, max_size=25)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
async def test_whatever_breaks_nothing_is_missed(at, acts):
    """Changes, broken streams and other people's changes in any order: a page hears of every ticket that is its own."""
    mya = await at.let_in(await at.agent(f"m{uuid4().hex[:8]}"))
    cursor, sent, heard = await cursor_of(mya), set(), set()
    for act in [*acts, "break"]:
        if act == "other":
            await tell(at, uuid4(), organisation=organisation_uuid("kampung-lima"))
        elif act != "break":
            new = [uuid4() for _ in range(int(act[4:] or 1))]
            await tell(at, *new)
            sent |= {str(ticket) for ticket in new}
        else:
            async with listening(mya, cursor) as stream:
                while heard != sent:
                    kind, data = await stream.next()
                    assert kind == "changed"
                    heard |= set(data.split(" "))
            cursor = stream.last or cursor
    assert heard == sent
