"""Promise 16: one connection after another serves everybody, and nobody ever sees what it served before.

Agents of every organisation ask at once through three connections, while requests in between break off in the middle
of their transaction: by an error, a cancellation, a statement that takes too long, a connection that is lost.
"""

import asyncio
from random import Random

import pytest
from aiohttp import ClientError, web

from desk import canned, listing
from desk.seat import seated
from model.network import organisation_uuid
from runtime.ids import new_id
from tests.desk import desk
from tests.house import NOON
from tests.many import put, ticket
from web.guard import guarded
from web.inbox.seats import seat_of
from web.routes import DESK, Route
from web.site import SITE

REQUESTS = 1000
TICKETS = 3
BREAKS = ("raises", "cancelled", "too slow", "lost", "left open")


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Reads what is its own organisation's, and then goes wrong in the middle of it."""
    how = BREAKS[int(request.query["how"])]
    async with seat_of(request) as seat:
        rows = (await listing.rows(seat, "open")).rows
        await seat.connection.execute("select set_config('statement_timeout', '20', true)")
        if how == "raises":
            raise RuntimeError
        if how == "cancelled":
            raise asyncio.CancelledError
        if how == "too slow":
            await seat.connection.execute("select pg_sleep(5)")
        if how == "lost":
            seat.connection.pgconn.finish()
        if how == "left open":
            await seat.connection.execute("declare all_of_it cursor for select id from ticket")
    return web.Response(text=" ".join(row.pseudonym for row in rows))


@pytest.fixture
async def at(home):
    route = Route("GET", "/breaks-off", breaks_off, DESK)
    async with desk(home, more=[(route, guarded(route))], connections=3) as pages:
        yield pages


async def test_nobody_sees_what_a_connection_served_before(home, at):
    chance, organisations = Random(16), list(home.workplace.settings.network.organisations.values())
    assert len(organisations) > 7
    browsers, markers, tickets = {}, {}, {}
    for organisation in organisations:
        agent = await at.agent("Mya", organisation.id, "supervisor")
        browsers[organisation.id] = await at.let_in(agent)
        queues = [q.id for q in home.workplace.settings.network.queues.values() if q.organisation == organisation.id]
        rows = [
            ticket(organisation_uuid(organisation.id), n, NOON, chance, [], queues[:1])
            | {"status": "open", "waiting_since": NOON, "snoozed_until": None, "closed_at": None, "outcome": None}
            for n in range(1, TICKETS + 1)
        ]
        async with home.database.intake() as connection:
            await put(connection, rows)
        tickets[organisation.id] = [row["id"] for row in rows]
        marker = markers[organisation.id] = f"marker-{organisation.id}-{new_id().hex[:6]}"
        site = at.app[SITE]
        async with seated(site.database, site.master, site.settings, agent, NOON) as seat:
            await canned.save(seat, language="my", title=marker, text=marker)
    ours = {id_: [marker, *map(str, tickets[id_])] for id_, marker in markers.items()}
    answers = {"broke": 0, "own": 0}

    async def ask(turn: int) -> None:
        mine = chance.choice(organisations).id
        if turn % 5 == 0:
            try:
                page = await browsers[mine].get(f"/breaks-off?how={turn // 5 % len(BREAKS)}")
            except ClientError:  # whoever is cancelled answers nothing
                answers["broke"] += 1
                return
            answers["broke"] += page.status >= 500
        else:
            path = chance.choice(["/inbox/rows?view=open", "/inbox/counts", f"/inbox/rows?ids={tickets['shwe'][0]}"])
            if turn % 20 == 1:
                path = f"/inbox/{chance.choice(tickets[mine])}/canned"
            page = await browsers[mine].get(path)
            assert page.status in (200, 503), (path, page.status)
        answers["own"] += any(marker in page.text for marker in ours[mine])
        seen = [marker for other, all_ in ours.items() if other != mine for marker in all_ if marker in page.text]
        assert not seen, (mine, page.path, seen)

    for start in range(0, REQUESTS, 40):
        await asyncio.gather(*(ask(turn) for turn in range(start, start + 40)))
    assert answers["broke"] > REQUESTS // 10
    assert answers["own"] > REQUESTS // 10
