"""What an agent feels: how soon a message is on the screen, beside a hundred colleagues, and how a long list opens."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from bench.find import find_rows, said_long_ago
from bench.scale import Scale
from bench.system import System, TooSlow
from bench.table import Row, milliseconds, rank, times_row
from model.agents import Agent
from model.network import organisation_uuid
from model.tickets import Message
from runtime.ids import new_id
from sandbox.accounts import Account
from sandbox.people import person
from sandbox.providers import line
from storage import agents, messages, people, sessions
from storage.database import Database
from web.cookies import new_value
from web.site import session_hash

#: The desk that never closes, and words that go to it at any hour.
_DESK = organisation_uuid("lantern")
_WORDS = "သူဌေးက ရိုက်တယ်၊ ခြံထဲမှာ ပိတ်ထားတယ်"
_ROW = re.compile(r'id="row-([0-9a-f-]{36})"')
_HEADERS = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
_OPENED = 200  #: times the list is opened
_RATE = 50  #: messages a second
_MESSAGES = 5_000  #: of the long conversation
#: Two of three closed long ago, the others open; of these nine of ten wait.
_TICKETS = """
insert into person select gen_random_uuid(), now() from generate_series(1, {count});
insert into person_card (organisation_id, person_id, pseudonym, created_at)
    select '{organisation}', id, 'Bench ' || row_number() over (), now() from person p
    where not exists (select from person_card c where c.person_id = p.id);
insert into ticket (organisation_id, id, number, person_id, queue, routed_by, status, urgency, urgency_reasons, issues,
        language, language_rank, account, channel, opened_at, opened_by, waiting_since, last_at, last_by, arrived_at,
        closed_at, outcome)
    select '{organisation}', gen_random_uuid(), 1000000 + n, person_id, 'triage', 'bench',
        case when n % 3 = 0 then 'open' else 'closed' end, 'U' || (1 + n % 4), '{{}}', '{{WAG.UNPAID}}', 'my', 0,
        'line-th', 'line', at, 'bench', case when n % 3 = 0 and n % 10 <> 0 then at end, at, 'bench', at,
        case when n % 3 <> 0 then at end, case when n % 3 <> 0 then 'information_only' end
    from (select person_id, n, now() - n * interval '1 minute' as at from
        (select person_id, row_number() over () as n from person_card where pseudonym like 'Bench %') c) t;
"""


@dataclass
class Page:
    """An open page: what it was told, and when each row was first on it."""

    told: set[str] = field(default_factory=set)
    resets: int = 0
    seen: dict[str, float] = field(default_factory=dict)


def inbox_rows(system: System, scale: Scale) -> list[Row]:
    """Messages that come in while agents look; then the list of a very large organisation, and finding in it."""
    with system.web() as web, system.workers(1):
        live = asyncio.run(_live(system, web.port, scale))
        long = asyncio.run(_long_conversation(system, web.port))
        _fill(system, scale.tickets)
        lists = asyncio.run(_list(system, web.port, scale))
        said_long_ago(system, _DESK, scale.said)
        return live + long + lists + asyncio.run(_find(system, web.port, scale))


async def _live(system: System, port: int, scale: Scale) -> list[Row]:
    async with _signed_in(system, port, scale.agents) as (browser, cookies):
        pages = [Page() for _ in cookies]
        listening = [
            asyncio.create_task(_listen(browser, cookie, page, looks=number == 0))
            for number, (cookie, page) in enumerate(zip(cookies, pages, strict=True))
        ]
        await asyncio.sleep(2)
        sent = await _send(system.account("line"), port, int(scale.live_seconds * _RATE))
        await asyncio.sleep(3)
        for task in listening:
            task.cancel()
        for ended in await asyncio.gather(*listening, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                raise TooSlow(f"a page lost its stream: {type(ended).__name__}")
    # a message of somebody new is a ticket of its own: its number is the order in which it was sent, near enough to
    # pair times one by one from the front
    seen = sorted(pages[0].seen.values())
    waits = [max(0.0, at - began) for began, at in zip(sent, seen, strict=False)]
    everything = set().union(*(page.told for page in pages))
    missed = sum(len(everything - page.told) for page in pages)
    resets = sum(page.resets for page in pages)
    return [
        Row(
            what=f"webhook to visible at {_RATE}/s, p50 / p95, {len(waits):,} of {len(sent):,} messages",
            us=milliseconds(rank(waits, 0.5), rank(waits, 0.95)),
            must="p95 < 1,000 ms",
            aim="p95 < 250 ms",
        ),
        Row(
            what=f"events missed by {len(pages)} agents of {len(everything):,} tickets; {resets} told to load afresh",
            us=str(missed),
            must="0",
        ),
    ]


async def _listen(browser: ClientSession, cookie: str, page: Page, *, looks: bool) -> None:
    headers = _HEADERS | {"Cookie": f"session={cookie}"}
    text = await _get(browser, "/inbox", headers)
    cursor = re.search(r'data-cursor="([^"]+)"', text)
    after = cursor[1] if cursor else ""
    async with browser.get(f"/live?after={after}", headers=headers) as stream:
        kind = ""
        async for line_ in stream.content:
            name, _, value = line_.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind == "reset":
                page.resets += 1
            elif name == "data" and kind == "changed":
                new = set(value.split(" ")) - page.told
                page.told |= new
                if looks and new:
                    rows = await _get(browser, f"/inbox/rows?ids={','.join(new)}", headers)
                    at = time.perf_counter()
                    page.seen |= {ticket: at for ticket in re.findall(_ROW, rows)}


async def _get(browser: ClientSession, path: str, headers: dict[str, str]) -> str:
    async with browser.get(path, headers=headers) as answer:
        return await answer.text()


async def _send(account: Account, port: int, count: int) -> Sequence[float]:
    """When each message was sent."""
    began, sent = time.perf_counter(), []
    async with ClientSession(f"http://127.0.0.1:{port}", skip_auto_headers=["Content-Type"]) as provider:
        for number in range(count):
            at = began + number / _RATE
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            who = person(f"bench inbox {number}", "my", "TH")
            webhook = line.text(account, who, _WORDS, datetime.now(UTC), 50_000_000 + number)
            sent.append(time.perf_counter())
            async with provider.post(webhook.path, headers=list(webhook.headers), data=webhook.body) as answer:
                await answer.read()
    return sent


async def _long_conversation(system: System, port: int) -> list[Row]:
    """A conversation in which nobody has ever closed anything, opened again and again."""
    ticket = await _talk_on(system)
    async with _signed_in(system, port, 1) as (browser, (cookie,)):
        headers, times = _HEADERS | {"Cookie": f"session={cookie}"}, []
        for _ in range(_OPENED):
            began = time.perf_counter()
            await _get(browser, f"/inbox/{ticket}/thread", headers)
            times.append(time.perf_counter() - began)
    return [
        times_row(f"a conversation of {_MESSAGES:,} messages over HTTP", times, must="p95 < 150 ms"),
    ]


async def _talk_on(system: System) -> UUID:
    """So many messages to and fro in one ticket."""
    database = Database(system.at.owner, "worker", system.at.master, most=1)
    await database.open()
    try:
        async with database.intake() as connection:
            cursor = await connection.execute(
                "select t.id, t.person_id, m.account, m.address_id from ticket t join message m on m.ticket_id = t.id "
                "where m.direction = 'in' and t.organisation_id = %b order by t.number limit 1",
                [_DESK],
            )
            row = await cursor.fetchone()
            assert row is not None
            ticket, who, account, address = row
            key = (await people.keys(connection, system.at.master, [who]))[who]
            began = datetime.now(UTC) - timedelta(minutes=_MESSAGES)
            said = []
            for number in range(_MESSAGES):
                id_, at = new_id(), began + timedelta(minutes=number)
                ours = number % 2 == 0
                said.append(
                    Message(
                        id=id_, ticket=ticket, person=who, account=account, address=address,
                        direction="out" if ours else "in", kind="text", occurred_at=at, arrived_at=at,
                        text=key.seal("message|text", id_, f"{number} {_WORDS}".encode()),
                        author="operator" if ours else None,
                    )
                )  # fmt: skip
            await messages.insert(connection, [(_DESK, message) for message in said])
    finally:
        await database.close()
    return UUID(str(ticket))


def _fill(system: System, count: int) -> None:
    system.ask(_TICKETS.format(count=count, organisation=_DESK))
    system.ask("analyze ticket")
    system.ask("analyze person_card")


async def _list(system: System, port: int, scale: Scale) -> list[Row]:
    rows = []
    async with _signed_in(system, port, 1) as (browser, (cookie,)):
        for view in ("waiting", "closed"):
            times = []
            for _ in range(_OPENED):
                began = time.perf_counter()
                await _get(browser, f"/inbox/rows?view={view}", _HEADERS | {"Cookie": f"session={cookie}"})
                times.append(time.perf_counter() - began)
            what = f"list ({view}) of {scale.tickets:,} tickets over HTTP"
            rows.append(times_row(what, times, must="p95 < 50 ms", aim="p95 < 20 ms"))
    return rows


async def _find(system: System, port: int, scale: Scale) -> list[Row]:
    async with _signed_in(system, port, 1) as (browser, (cookie,)):
        return await find_rows(browser, _HEADERS | {"Cookie": f"session={cookie}"}, scale)


@asynccontextmanager
async def _signed_in(system: System, port: int, count: int) -> AsyncIterator[tuple[ClientSession, list[str]]]:
    """A client, and the cookies of so many agents."""
    database, cookies, now = Database(system.at.owner, "web", system.at.master, most=2), [], datetime.now(UTC)
    await database.open()
    try:
        async with database.desk(_DESK) as connection:
            for _ in range(count):
                id_, cookie = new_id(), new_value()
                agent = Agent(
                    id=id_, organisation=_DESK, handle=f"b{id_.hex[-12:]}@lantern", name="Bench", roles=("agent",),
                    languages=("my",), screen_language="en",
                )  # fmt: skip
                await agents.add(connection, system.at.master, agent, now)
                await sessions.begin(
                    connection, _DESK, id_, hash_=session_hash(cookie), stage="full", at=now,
                    ends_at=now + timedelta(hours=1),
                )  # fmt: skip
                cookies.append(cookie)
    finally:
        await database.close()
    with suppress(ClientError):
        async with ClientSession(
            f"http://127.0.0.1:{port}",
            connector=TCPConnector(limit=0),
            timeout=ClientTimeout(total=None),
            raise_for_status=True,
        ) as browser:
            yield browser, cookies
