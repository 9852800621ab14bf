"""Promise: whatever becomes of tickets, stores and workers in whatever order, at the end every store holds the newest
snapshot of every ticket it follows, once, and reconciling finds nothing."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.network import organisation_uuid
from sandbox.people import person
from sandbox.providers import line
from storage import case_sync
from tests.case_office import Office, office, primero, webhook
from tests.house import NOON, Row

LANTERN, SHWE = organisation_uuid("lantern"), organisation_uuid("shwe")
STORES = ("local", "hook", "primero")
PEOPLE = 4
#: What may go wrong; each strikes once or a few times, and nobody mends it before the end.
FAULTS = ("down", "lost", "slow", "401", "403", "409", "422", "429", "500", "503", "redirect")


def hook_for_all(url):
    return webhook(url, timeout_seconds=2.0)


def primero_of_shwe(url):
    return primero(url, organisations=["shwe"], timeout_seconds=2.0)


class Story:
    """One thing after another, told by chance."""

    def __init__(self, there: Office, chance: Random) -> None:
        self.there, self.chance, self.number = there, chance, 0

    async def a_person_writes(self) -> None:
        self.number += 1
        who = person(f"p{self.chance.randrange(PEOPLE)}", "my", "TH")
        words = self.chance.choice(["လစာ ၂ လ မရသေးဘူး။", "They beat me, help now", "zzz", "ကျေးဇူးတင်ပါတယ်"])
        account = self.there.home.accounts["line-th"]
        await self.there.home.put(line.text(account, who, words, NOON + timedelta(minutes=self.number), self.number))
        await self.there.home.take_in()

    async def an_agent_acts(self) -> None:
        if ticket := await self.some_ticket():
            values = self.chance.choice(
                [{"urgency": "U1"}, {"urgency": "U4"}, {"language": "kac"}, {"touched": True},
                 {"status": "closed", "closed_at": NOON, "outcome": "information_only"}]
            )  # fmt: skip
            await self.there.change(ticket, **values)

    async def a_ticket_is_placed_elsewhere(self) -> None:
        ticket = await self.some_ticket()
        if ticket is None or ticket["status"] != "open":
            return
        was, to = (LANTERN, SHWE) if ticket["organisation"] == "lantern" else (SHWE, LANTERN)
        async with self.there.home.database.intake() as connection:
            await connection.execute(
                "insert into person_card (organisation_id, person_id, pseudonym, created_at) "
                "select %s, person_id, 'Oak ' || number, now() from ticket where id = %s on conflict do nothing",
                [to, ticket["id"]],
            )
            await connection.execute(
                "update ticket set organisation_id = %s, touched = true where id = %s", [to, ticket["id"]]
            )
            await case_sync.moved(connection, [(was, to, ticket["id"])])
            await case_sync.changed(connection, [(to, ticket["id"])])

    async def something_breaks(self) -> None:
        store = self.chance.choice(["webhook", "primero"])
        # a page of somebody else is a success to a webhook: any 2xx is, by the standard
        kind = self.chance.choice((*FAULTS, "html") if store == "primero" else FAULTS)
        self.there.state.fault(store, kind, count=self.chance.choice([1, 1, 2, 5]), seconds=0.02)

    async def a_worker_tells(self) -> None:
        await self.there.turn(self.some_worker(), self.chance.choice([*STORES, None]))

    async def two_workers_tell(self) -> None:
        await asyncio.gather(self.there.turn(self.there.syncer), self.there.turn(self.there.other))

    async def something_happens_while_a_worker_tells(self) -> None:
        """The stores take their time before they do what they are told, and the other worker is quick."""
        late = [self.there.state.fault(store, "late", count=9, seconds=0.05) for store in ("webhook", "primero")]
        telling = asyncio.create_task(self.there.turn(self.there.syncer, self.chance.choice(STORES)))
        for _ in range(self.chance.randrange(60)):
            await asyncio.sleep(0)
        await self.an_agent_acts()
        for fault in late:
            self.there.state.faults.remove(fault)
        await self.there.turn(self.there.other)
        await telling

    async def a_worker_dies(self) -> None:
        """At any point of its turn; what it held is leased until time passes."""
        telling = asyncio.create_task(self.there.turn(self.some_worker()))
        for _ in range(self.chance.randrange(120)):
            await asyncio.sleep(0)
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling

    async def time_passes(self) -> None:
        self.there.pass_time(timedelta(seconds=self.chance.choice([1, 10, 61, 600])))

    def some_worker(self):
        return self.chance.choice([self.there.syncer, self.there.other])

    async def some_ticket(self) -> Row | None:
        tickets = await self.there.home.tickets()
        return self.chance.choice(tickets) if tickets else None


MOVES = (
    Story.a_person_writes, Story.an_agent_acts, Story.a_ticket_is_placed_elsewhere, Story.something_breaks,
    Story.a_worker_tells, Story.two_workers_tell, Story.something_happens_while_a_worker_tells, Story.a_worker_dies,
    Story.time_passes,
)  # fmt: skip


async def everything_is_mended(there: Office) -> None:
    """Nothing is broken any more, and somebody has let what was stuck try again."""
    there.state.mend()
    await there.settle()
    held = [row for row in await there.rows() if row["state"] == "held"]
    async with there.home.database.intake() as connection:
        await case_sync.again(
            connection, [(organisation_uuid(r["organisation"]), r["ticket"], r["store"]) for r in held]
        )
    await there.settle()


async def check(there: Office) -> None:
    tickets = {str(ticket["id"]): ticket for ticket in await there.home.tickets()}
    rows = await there.rows()
    followed = {(str(row["ticket"]), row["organisation"], row["store"]) for row in rows}
    assert followed == {
        (id_, ticket["organisation"], store)
        for id_, ticket in tickets.items()
        for store in STORES
        if store != "primero" or ticket["organisation"] == "shwe"
    }
    assert {(row["state"], row["version"] == row["stored_version"]) for row in rows} <= {("done", True)}
    newest = {(str(row["ticket"]), row["store"]): row["version"] for row in rows}
    on_file = {str(ticket): snapshot for (_, ticket), (_, snapshot) in (await there.held()).items()}
    for store, held in (("local", on_file), ("hook", there.state.hooked)):
        assert set(held) == set(tickets), store
        for id_, snapshot in held.items():
            assert snapshot["version"] == newest[id_, store]
            same = ("organisation", "queue", "status", "urgency", "language", "number")
            assert [snapshot[name] for name in same] == [tickets[id_][name] for name in same], store
            assert snapshot["messages"]["in"] == len(tickets[id_]["messages"])
    cases = {case["other_agency_id"]: case for case in there.state.cases.values()}
    assert len(cases) == len(there.state.cases), "a ticket has two cases"
    open_ones = {id_ for id_, case in cases.items() if case["status"] == "open"}
    assert open_ones == {id_ for id_, t in tickets.items() if (t["organisation"], t["status"]) == ("shwe", "open")}
    risk = {"U1": "high", "U2": "high", "U3": "medium", "U4": "low"}
    assert {id_: cases[id_]["risk_level"] for id_ in open_ones} == {
        id_: risk[tickets[id_]["urgency"]] for id_ in open_ones
    }
    assert await there.differs() == []


async def _run(database, valkey, tmp_path, seed: int, length: int) -> None:
    async with office(database, valkey, tmp_path, hook_for_all, primero_of_shwe) as there:
        await there.home.empty()
        story = Story(there, Random(seed))
        await story.a_person_writes()
        for _ in range(length):
            await story.chance.choice(MOVES)(story)
        await everything_is_mended(there)
        await check(there)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), length=st.integers(10, 40))
def test_every_store_ends_with_the_newest_snapshot_of_every_ticket_once(database, valkey, tmp_path, seed, length):
    asyncio.run(_run(database, valkey, tmp_path, seed, length))
