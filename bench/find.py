"""How soon an agent finds words among very many that were said, sealed and known by their grams alone."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import NamedTuple
from uuid import UUID

import psycopg
from aiohttp import ClientSession

from bench.mail import texts
from bench.scale import Scale
from bench.system import System
from bench.table import Row, times_row
from runtime.ids import new_id
from runtime.keys import Key
from storage.search import grams

_TOKEN = re.compile(r'name="csrf" content="([^"]+)"')
_ASKED = 20  #: times each
_ALONE = 777  #: a message with a word of its own


def _own_word(number: int) -> str:
    return f"{number * 2_654_435_761 % (1 << 32):08x}"  # Knuth's multiplier: all different, and none like its neighbour


#: In scripts without spaces, in one with, one that stands in a single message, and one that stands nowhere.
_ASKED_FOR = ("ပတ်စပို့", "ថៅកែ", "salary", "passport", _own_word(_ALONE), "there is no such thing")
_PEOPLE = """
select t.id, t.person_id, m.account, m.address_id, k.id, k.wrapped from ticket t
join lateral (select account, address_id from message where organisation_id = t.organisation_id and ticket_id = t.id
    limit 1) m on true
join person_key k on k.person_id = t.person_id
where t.organisation_id = %s order by t.number limit 1000"""
_MESSAGES = """
copy message (organisation_id, id, ticket_id, person_id, account, address_id, direction, kind, text, occurred_at,
    arrived_at, starts_clock, encoding) from stdin (format binary)"""
_TYPES = ["uuid"] * 4 + ["text", "uuid", "text", "text", "bytea", "timestamptz", "timestamptz", "bool", "text"]
_GRAMS = "copy message_grams (organisation_id, message_id, grams) from stdin (format binary)"


class _Who(NamedTuple):
    """Somebody who wrote."""

    ticket: UUID
    person: UUID
    account: str
    address: UUID
    key: Key


def said_long_ago(system: System, organisation: UUID, count: int) -> None:
    """So many messages of people who have a ticket, with their grams: as the workers would have written them."""
    with psycopg.connect(system.superuser_url, autocommit=True) as owner:
        rows = owner.execute(_PEOPLE, [organisation])
        people = [_Who(*who, system.at.master.unwrap(id_, wrapped)) for *who, id_, wrapped in rows]
        owner.execute("set synchronous_commit = off")
        owner.execute("drop index message_grams_gin")
        key = system.at.master.grams_key(organisation)
        numbered = enumerate(islice(zip(cycle(people), cycle(texts()), strict=False), count))
        for part in iter(lambda: list(islice(numbered, 20_000)), []):
            said = [(new_id(), who, f"{words} {_own_word(number)}") for number, (who, words) in part]
            _copied(owner, organisation, said)
            with owner.cursor().copy(_GRAMS) as copy:
                copy.set_types(["uuid", "uuid", "int4[]"])
                for id_, _, words in said:
                    copy.write_row((organisation, id_, grams(words, key)))
        owner.execute("create index message_grams_gin on message_grams using gin (grams)")
        owner.execute("analyze message, message_grams")


def _copied(owner: psycopg.Connection, organisation: UUID, said: Sequence[tuple[UUID, _Who, str]]) -> None:
    at = datetime.now(UTC) - timedelta(days=30)
    with owner.cursor().copy(_MESSAGES) as copy:
        copy.set_types(_TYPES)
        for id_, who, words in said:
            sealed = who.key.seal("message|text", id_, words.encode())
            copy.write_row((organisation, id_, *who[:4], "in", "text", sealed, at, at, False, "unicode"))


async def find_rows(browser: ClientSession, headers: dict[str, str], scale: Scale) -> list[Row]:
    """All of these searches over HTTP, by turns, once before it counts."""
    async with browser.get("/find", headers=headers) as page:
        token = _TOKEN.search(await page.text())
    assert token
    headers, times = {**headers, "X-CSRF-Token": token[1], "X-Part": "1"}, []
    for turn in range(_ASKED + 1):
        for words in _ASKED_FOR:
            began = time.perf_counter()
            async with browser.post("/find", headers=headers, data={"query": words}) as found:
                text = await found.text()
            assert ("<mark" in text) is (words != _ASKED_FOR[-1]), words
            times += [time.perf_counter() - began] if turn else []
    what = f"search in {scale.said:,} messages over HTTP"
    return [times_row(what, times, must="p95 < 300 ms", aim="p95 < 100 ms")]
