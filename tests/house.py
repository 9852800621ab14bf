"""The inside of the system for tests: a real database and Valkey, the door and the workers' code, without processes."""

import itertools
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from gateway.stores import account_rows, store_rows
from model.http import Request
from model.network import Acknowledgement
from runtime.envelope import pack
from runtime.ids import new_id
from runtime.keys import Master
from runtime.settings import CaseStore, load
from sandbox.accounts import names_in, read_accounts
from sandbox.secrets import invent
from storage import listing, receipts
from storage.database import Database
from storage.day_keys import DayKeys
from storage.migrate import migrate
from workers_queue.take_in import give_up_waiting, take_in
from workers_queue.workplace import Workplace, furnished

CONFIG = Path(__file__).parent.parent / "config.yaml"
NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)  # a Friday, noon in Bangkok
Row = dict[str, Any]
_KEY = "5e" * 32
_MASTER = Master(bytes.fromhex(_KEY))


class House:
    """One migrated database with the demo network, and a worker's tools."""

    def __init__(self, workplace: Workplace, accounts: dict[str, Any], owner: str, redis_url: str, data: Path) -> None:
        self.workplace, self.accounts, self.owner = workplace, accounts, owner
        self.redis_url, self.data = redis_url, data
        self._minutes = itertools.count()

    @property
    def database(self) -> Database:
        return self.workplace.database

    async def put(self, *webhooks: Any, at: datetime | None = None, keys: DayKeys | None = None) -> None:
        """Keep webhooks of the sandbox as the door would have, one minute apart unless told otherwise.

        `keys`: of a door that is another process.
        """
        rows = []
        for webhook in webhooks:
            request = Request(
                method=webhook.method,
                url=f"https://hotline.example.org{webhook.path}",
                step=webhook.step,
                headers=[(k.lower(), v) for k, v in webhook.headers],
                body=webhook.body,
            )
            received = at or NOON + timedelta(hours=1, minutes=next(self._minutes))
            rows.append(self.sealed(webhook.account_id, request, received, keys))
        await self.keep(rows)

    def sealed(
        self, account: str, request: Request, received: datetime, keys: DayKeys | None = None
    ) -> tuple[Any, ...]:
        id_, key = new_id(), (keys or self.workplace.day_keys).today()
        return id_, account, received, key.seal("receipt|sealed", id_, pack(request))

    async def keep(self, rows: Iterable[tuple[Any, ...]]) -> None:
        async with self.database.intake() as connection:
            cursor = connection.cursor()
            await cursor.executemany(
                "insert into receipt (id, account, received_at, sealed) values (%s, %s, %s, %s)", rows
            )

    async def take_in(self) -> int:
        """Take in all there is."""
        taken = 0
        while claimed := await take_in(self.workplace):
            taken += claimed
        return taken

    async def give_up_waiting(self) -> int:
        """Take in what waits for an original, as if its time were over."""
        async with self.database.intake() as connection:
            await connection.execute("update waiting set until = 'epoch'")
        return await give_up_waiting(self.workplace)

    async def tickets(self, *, automatic: bool = False) -> list[Row]:
        """All tickets; with what the system said by itself only where that is asked for."""
        found = [row async for row in listing.tickets(self.database, self.workplace.master)]
        ours = set() if automatic else await self._said_by_itself()
        return [row | {"messages": [m for m in row["messages"] if m["id"] not in ours]} for row in found]

    async def ticket(self, *, automatic: bool = False) -> Row:
        """The only ticket there is."""
        (ticket,) = await self.tickets(automatic=automatic)
        return ticket

    async def _said_by_itself(self) -> set[Any]:
        async with self.database.intake() as connection:
            cursor = await connection.execute("select id from message where author = 'automatic'")
            return {id_ for (id_,) in await cursor.fetchall()}

    async def receipts(self) -> list[Row]:
        return [row async for row in listing.receipts(self.database)]

    def acknowledges(self, *organisations: str, enabled: bool = True, danger: dict[str, str] | None = None) -> None:
        """What config.yaml says of answering new tickets: of these organisations, or of all."""
        settings = self.workplace.settings
        says, all_ = Acknowledgement(enabled=enabled, danger=danger or {}), settings.network.organisations
        changed = {id_: replace(all_[id_], acknowledgement=says) for id_ in organisations or all_}
        network = replace(settings.network, organisations={**all_, **changed})
        self.workplace.settings = replace(settings, network=network)

    async def close(self, number: int, *, at: datetime) -> None:
        """What an agent will do when a matter is done."""
        async with self.database.intake() as connection:
            await connection.execute(
                "update ticket set status = 'closed', closed_at = %s, outcome = 'information_only', touched = true, "
                "waiting_since = null where number = %s",
                [at, number],
            )

    async def empty(self) -> None:
        """Forget everybody and everything that was said: for a property test's next example."""
        tables = (
            "receipt, waiting, seen, address_person, address, person_key, person, gram_due, message_grams, attachment, "
            "message_version, delivery, account_state, message, case_sync, case_file, ticket, person_card, change, "
            "audit, audit_chain, contact_rule, tag, ticket_tag, ticket_issue, thread_seen, mention, translation, "
            "attachment_heard, draft, canned, consent"
        )
        import psycopg

        async with await psycopg.AsyncConnection.connect(self.owner, autocommit=True) as connection:
            await connection.execute(f"truncate {tables}".encode())

    async def release(self) -> int:
        async with self.database.intake() as connection:
            return await receipts.release(connection, slot=self.workplace.slot)


def _the_key(data: Path) -> Master:
    """The same in every house, so that what takes long to make with it is made once."""
    path = data / "keys" / "master.key"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(0o600)
    path.write_text(_KEY)
    return _MASTER


@asynccontextmanager
async def house(owner: str, redis_url: str, data: Path, *, stores: Sequence[CaseStore] = ()) -> AsyncIterator[House]:
    """A house in a fresh database; `stores` follow its tickets beside the local one."""
    text = CONFIG.read_text("utf-8")
    secrets = invent(names_in(text), data / "sandbox.env")
    settings = load(CONFIG, secrets, unreviewed_phrases=True)
    settings = replace(settings, case_stores=(*settings.case_stores, *stores))
    master = _the_key(data)
    migrate(owner, master, settings.network, account_rows(settings), store_rows(settings))
    workplace = furnished(
        slot="test", settings=settings, master=master, data=data, owner=owner, redis_url=redis_url, most=4
    )
    await workplace.database.open()
    async with workplace.database.intake() as connection:
        await workplace.day_keys.refresh(connection)
    try:
        yield House(workplace, {a.id: a for a in read_accounts(text, secrets)}, owner, redis_url, data)
    finally:
        await workplace.nudger.close()
        await workplace.database.close()


def batches(items: Sequence[Any], random: Random) -> list[Sequence[Any]]:
    """The same things in another order, cut into batches anywhere."""
    shuffled = random.sample(items, len(items))
    cuts = sorted(random.sample(range(1, len(items)), k=random.randrange(0, len(items)))) if len(items) > 1 else []
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True)]
