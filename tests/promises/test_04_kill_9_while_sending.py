"""Promise 4: a worker that is killed while it sends doubles nothing and hides nothing.

Where the provider knows a key every answer arrives exactly once; elsewhere at most once, and those of which nobody can
tell are marked unknown and are never sent again by themselves.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from random import Random

import psycopg
from aiohttp import ClientSession
from psycopg.conninfo import make_conninfo
from yarl import URL

from gateway.stores import stores
from outbound.answer import answer
from runtime.embedded import DATABASE
from sandbox.people import person
from sandbox.providers import facebook, line, telegram
from storage import listing
from storage.database import Database
from tests.processes import CONFIG, eventually, kill
from tests.sandbox_server import sandbox_thread
from workers_queue.claims import AT_ONCE

ANSWERS = 4  #: to each person
PEOPLE = {"line-th": (line, 175), "facebook-kh": (facebook, 250), "telegram-my": (telegram, 75)}
KILLS = 8


def test_killed_eight_times_amid_two_thousand_answers(system):
    accounts = {account.id: account for account in system.accounts}
    with sandbox_thread(system.accounts) as sandbox:
        system.provider_api = sandbox.url
        web, worker = system.web(), system.worker()
        asyncio.run(everybody_writes(web.url, accounts))
        system.await_taken_in(web)
        eventually(lambda: not waiting(system), "acknowledgements are through")
        kill(worker)
        total = asyncio.run(everybody_is_answered(system))
        assert total == 2000
        chance = Random(4)
        for _ in range(KILLS):
            mark = answers_on(sandbox) + chance.randint(60, 200)
            victim = system.worker()
            eventually(lambda mark=mark: answers_on(sandbox) >= mark, "answers arrive")
            kill(victim)
        system.worker()
        eventually(lambda: not waiting(system), "nothing waits any more", 180)
        arrived = Counter((item.channel, item.text) for item in sandbox.sent if item.text.startswith("answer "))
        twice = [key for key, times in arrived.items() if times > 1]
        assert twice == [], "an answer was said twice"
    check(system, arrived)


def check(system, arrived) -> None:
    rows = [row for row in asyncio.run(deliveries(system)) if row["purpose"] == "reply"]
    states = Counter((row["account"], row["state"]) for row in rows)
    assert states["line-th", "sent"] == 175 * ANSWERS, states
    unknown = sum(times for (_, state), times in states.items() if state == "unknown")
    assert unknown <= KILLS * AT_ONCE
    assert set(states) <= {(a, s) for a in PEOPLE for s in ("sent", "unknown")}
    missing = 2000 - len(arrived)
    assert missing <= unknown, "an answer is called sent that never arrived"


def answers_on(sandbox) -> int:
    return sum(item.text.startswith("answer ") for item in sandbox.sent)


def waiting(system) -> int:
    with psycopg.connect(make_conninfo(system.postgres.superuser_url, dbname=DATABASE)) as connection:
        (count,) = connection.execute("select count(*) from delivery where state in ('queued', 'sending')").fetchone()
    return count


async def everybody_writes(url, accounts) -> None:
    now, number = datetime.now(UTC), 0
    async with ClientSession() as session:
        for id_, (provider, count) in PEOPLE.items():
            for n in range(count):
                number += 1
                webhook = provider.text(accounts[id_], person(f"{id_} {n}", "en", "TH"), "Please help", now, number)
                address = URL(url + webhook.path, encoded=True)
                async with session.post(address, data=webhook.body, headers=list(webhook.headers)) as given:
                    assert given.status == 200


async def everybody_is_answered(system) -> int:
    at = stores(CONFIG, system.data, sandbox=True)
    database, said = Database(at.owner, "worker", at.master, most=4), 0
    await database.open()
    try:
        async with database.intake() as connection:
            rows = await (await connection.execute("select organisation_id, id from ticket order by number")).fetchall()
        for round_ in range(ANSWERS):
            for number, (organisation, ticket) in enumerate(rows):
                async with database.desk(organisation) as connection:
                    words = f"answer {number}.{round_}"
                    await answer(connection, at.master, at.settings, organisation, ticket, words, author="operator")
                said += 1
    finally:
        await database.close()
    return said


async def deliveries(system) -> list:
    at = stores(CONFIG, system.data, sandbox=True)
    database = Database(at.owner, "worker", at.master, most=1)
    await database.open()
    try:
        return [row async for row in listing.deliveries(database)]
    finally:
        await database.close()
