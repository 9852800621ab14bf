"""Promise 24: logs and error texts carry ids and codes, never what a person said, is called or can be reached at."""

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

import channels
from channels import registry
from runtime.settings import Account
from storage import search
from storage.database import StoreError
from storage.day_keys import DayKeys
from tests.gate import gate
from tests.house import House
from tests.promises.conftest import listening
from workers_queue.take_in import take_in

#: Words that codes are made of too.
TOO_COMMON = {"HELP", "STOP", "hello", "promo", "12345", "+1155", "custom_emoji", "callback", "poster-12"}
SAYING = ("text", "display_name", "value", "name", "ref", "emoji", "reply_handle")
IDS = ("event_id", "provider_id", "in_call", "reply_to", "group_id")


@dataclass(frozen=True)
class Example:
    """One example file of a channel: a signed request and the account it is for."""

    channel: str
    account: str
    told: dict

    async def knock(self, door) -> int:
        sent = self.told["request"]
        place = urlsplit(sent["url"])
        path = place.path + (f"?{place.query}" if place.query else "")
        return await door.post(path, sent["headers"], sent["body"].encode(), sent["method"])

    def said(self) -> Iterator[str]:
        """Everything in its events that is a person's: words, names, numbers, files."""
        waiting: list[Any] = list(self.told["events"])
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                waiting += [item for item in value.values() if isinstance(item, dict | list)]
                yield from (value[key] for key in SAYING if isinstance(value.get(key), str))

    def ids(self) -> set[str]:
        """The provider's own names of events and messages: these may be told."""
        return {event[key] for event in self.told["events"] for key in IDS if event.get(key)}


def examples() -> list[Example]:
    found = []
    for path in sorted(Path(channels.__path__[0]).glob("*/examples/*.json")):
        told = json.loads(path.read_text("utf-8"))
        found.append(Example(path.parts[-3], urlsplit(told["request"]["url"]).path.split("/")[2], told))
    return found


EXAMPLES = examples()
TOLD = TOO_COMMON.union(*(example.ids() for example in EXAMPLES))
MARKERS = sorted({said for example in EXAMPLES for said in example.said() if len(said) > 3} - TOLD)


@pytest.fixture
def database(empty):
    """Migrated here, and not copied: rights are taken away, which a copy has by way of its template."""
    return empty


def rounds() -> list[dict[str, dict]]:
    """The examples' accounts, in as many rounds as one of them has different settings."""
    found: list[dict[str, dict]] = []
    for example in EXAMPLES:
        wanted = example.told["settings"]
        for accounts in found:
            if accounts.setdefault(example.account, wanted) == wanted:
                break
        else:
            found.append({example.account: wanted})
    return found


def named(section: dict, account: str) -> Account:
    channel = registry.load(section["channel"])
    countries = tuple(section.get("countries", ()))
    return Account(id=account, channel=channel.name, settings=channel.settings(section), countries=countries)


async def all_examples(home: House, valkey: str, *, thorough: bool, keys_lost: bool = False) -> None:
    """Every example of every channel through the door, and into the workers' hands.

    Not `thorough`: those of the accounts' usual settings, nine in ten. `keys_lost`: the workers can read none.
    """
    for accounts in rounds() if thorough else rounds()[:1]:
        sections = {id_: named(section, id_) for id_, section in accounts.items()}
        settings = replace(home.workplace.settings, accounts=sections)
        mine = [e for e in EXAMPLES if accounts.get(e.account) == e.told["settings"]]
        async with gate(home, valkey, settings) as door:
            answers = await asyncio.gather(*(example.knock(door) for example in mine))
        assert set(answers) <= {200, 204, 403}  # 403: a hello with a wrong token
        if keys_lost:
            await lose_keys(home)
        await work(
            House(replace(home.workplace, settings=settings), home.accounts, home.owner, home.redis_url, home.data)
        )


async def lose_keys(home: House) -> None:
    """Those of receipts are destroyed, as they are on day 8."""
    async with home.database.intake() as connection:
        await connection.execute("delete from day_key")
    home.workplace.day_keys = DayKeys(home.workplace.master, home.data / "keys" / "elsewhere.json")


async def work(home: House) -> None:
    """What a worker does for a while, whatever goes wrong."""
    for _ in range(2):
        for _ in range(5):
            with suppress(StoreError):
                await take_in(home.workplace)
        with suppress(StoreError):
            async with home.database.intake() as connection:
                await connection.execute("update receipt set lease_until = 'epoch' where state = 'new'")
        with suppress(StoreError):
            async with home.database.intake() as connection:
                await search.index(connection, home.workplace.master)
    with suppress(StoreError):
        await home.give_up_waiting()


RAISE = """
create function complain() returns trigger language plpgsql as $$ begin raise exception 'row %', new; end $$;
create trigger complain before insert on {0} for each row execute function complain()"""
#: Where a fault is put, what puts it there, and the word in the log that shows that it was felt.
FAULTS = {
    "nothing is wrong": ("", "library|door.database_there|"),
    "the door may not write": ("revoke insert on receipt from {database}_door", "door.database_away"),
    "no claim": ("revoke update on receipt from {database}_intake", ""),
    "no message": ("revoke insert on message from {database}_intake", "take_in.failed"),
    "no person": (RAISE.format("person"), "take_in.failed"),
    "an address that quotes its row": (RAISE.format("address"), "take_in.failed"),
    "a message that quotes its row": (RAISE.format("message"), "take_in.failed"),
    "a ticket that quotes its row": (RAISE.format("ticket"), "take_in.failed"),
    "an attachment that quotes its row": (RAISE.format("attachment"), "take_in.failed"),
    "nothing is unique": ("create unique index on message (kind)", "take_in.failed"),
    "nothing may be seen": ("alter table seen add check (id = 'x')", "take_in.failed"),
    "no audit": ("revoke insert on audit from {database}_intake", "take_in.failed"),
    "no feed": (RAISE.format("change"), "take_in.failed"),
    "no grams": (RAISE.format("message_grams"), ""),
    "a table is gone": ("drop table address_person", "take_in.failed"),
    "a column is too narrow": ("alter table receipt add column n int; alter table message alter kind type varchar(2)",
                               "take_in.failed"),
}  # fmt: skip


def no_marker_in(text: str) -> None:
    found = [marker for marker in MARKERS if marker in text or json.dumps(marker)[1:-1] in text]
    assert not found, [line for line in text.splitlines() if any(marker in line for marker in found)][:5]


def test_the_markers_are_what_people_said():
    assert len(MARKERS) > 100
    with pytest.raises(AssertionError):
        no_marker_in(f'{{"event": "take_in.failed", "error": {json.dumps(MARKERS[40])}}}')


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_fault_makes_us_quote_anybody(home, valkey, cluster, tape, capfd, fault):
    statement, felt = FAULTS[fault]
    async with listening(cluster) as gained:
        if statement:
            async with await psycopg.AsyncConnection.connect(home.owner, autocommit=True) as connection:
                await connection.execute(statement.replace("{database}", connection.info.dbname).encode())
        await all_examples(home, valkey, thorough=not statement)
    assert any(word in tape.getvalue() for word in felt.split("|"))
    no_marker_in(tape.getvalue())
    no_marker_in("".join(capfd.readouterr()))
    no_marker_in("".join(gained))
    with suppress(StoreError):
        async with home.database.intake() as connection:
            shown = await (await connection.execute("select error, events::text from receipt")).fetchall()
        no_marker_in("\n".join(f"{error} {events}" for error, events in shown))


async def test_a_lost_key_makes_us_quote_nobody(home, valkey, tape):
    await all_examples(home, valkey, thorough=False, keys_lost=True)
    assert "take_in.parked" in tape.getvalue()
    no_marker_in(tape.getvalue())


async def test_an_uncaught_error_is_told_by_its_place_alone(tape):
    try:
        raise ValueError(MARKERS[0])
    except ValueError:
        sys.excepthook(*sys.exc_info())
    logging.getLogger("of_somebody_else").warning("could not read %s", MARKERS[1])
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=ValueError(MARKERS[2]))
    told = [json.loads(line) for line in tape.getvalue().splitlines()]
    assert [line["event"] for line in told] == ["uncaught", "library", "library"]
    assert told[0]["error"] == "ValueError"
    no_marker_in(tape.getvalue())
