"""Promise 23: whoever steals the disks after a day on the hotline learns no number, no name and no word from them.

Every planted value shares a rare stem with the others of its kind, so that a few searches look for all of them.
"""

import asyncio
import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import redis

from runtime.children import running
from runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from runtime.instance import only_one
from sandbox.people import Person, person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from storage import audit, search
from tests.gate import Gate, gate
from tests.house import NOON, House, house

PEOPLE = 60
PHONE_STEM = "+6698765"
NAME_STEM = "Zorblaxine"
WORD_STEMS = ("quixotrope", "กฤษฎางคฤหาสน์", "ဥက္ကဋ္ဌဏ္ဍာရ", "ធម្មសាស្ត្រវិញ្ញា")


def worker(number: int) -> Person:
    found = person(f"{PHONE_STEM}{number:04d}", ("my", "km", "th", "en")[number % 4], "TH")
    return replace(found, name=f"{NAME_STEM} {number}")


WORKERS = [worker(number) for number in range(PEOPLE)]


def phrase(number: int) -> str:
    return f"{WORD_STEMS[number % len(WORD_STEMS)]} {number}: they keep my passport and beat me"


async def a_day(home: House, valkey: str) -> None:
    """Everybody writes on three channels, edits, calls; half of it is taken in while the door falls onto its spool."""
    async with gate(home, valkey) as door:
        await _speak(home, door, WORKERS[: PEOPLE // 2])
        await _work(home)
        with psycopg.connect(home.owner, autocommit=True) as owner:
            owner.execute(f'revoke insert on receipt from "{owner.info.dbname}_door"')
        await _speak(home, door, WORKERS[PEOPLE // 2 :])
    await _work(home)


async def _speak(home: House, door: Gate, workers: list[Person]) -> None:
    for who in workers:
        number = 1 + WORKERS.index(who)
        at, words, of = NOON + timedelta(minutes=number), phrase(number), home.accounts
        spoken = [
            line.text(of["line-th"], who, words, at, number),
            telegram.text(of["telegram-my"], who, words, at, number),
            telegram.edit(of["telegram-my"], who, words + "!", number, at, 1000 + number),
            telegram.photo(of["telegram-my"], who, at, 2000 + number, words),
            facebook.text(of["facebook-mm"], who, words, at, number),
            twilio_sms.text(of["sms-np"], who, words, number),
            *twilio_voice.whole_call(twilio_voice.call(of["voice-th"], who, at, number), "1", 20),
        ]
        assert set(await asyncio.gather(*map(door.send, spoken))) <= {200, 204}


async def _work(home: House) -> None:
    await home.take_in()
    await home.give_up_waiting()
    async with home.database.intake() as connection:
        while await search.index(connection, home.workplace.master):
            pass
        await audit.chain(connection)


# Looking for what was planted


def written(text: str) -> Iterator[bytes]:
    """A text in every way in which it may stand in a file; of base64 the part that does not depend on what precedes."""
    for form in {text, text.upper(), json.dumps(text)[1:-1], text.lstrip("+")}:
        for plain in (form.encode(), form.encode("utf-16-le"), form.encode("utf-16-be")):
            yield from (plain, plain.hex().encode(), plain.hex().upper().encode())
            for shift in range(3):
                inside = base64.b64encode(b"\0" * shift + plain)[(shift and 4) :].rstrip(b"=")[:-1]
                yield from (inside, base64.urlsafe_b64encode(b"\0" * shift + plain)[(shift and 4) :].rstrip(b"=")[:-1])


def hashed(phone: str) -> Iterator[bytes]:
    """What somebody would compare who knows the number."""
    for form in (phone, phone.lstrip("+")):
        for kind in ("sha1", "sha256", "md5"):
            digest = hashlib.new(kind, form.encode())
            yield from (digest.digest(), digest.hexdigest().encode())


PATTERNS = sorted(
    {pattern for stem in (PHONE_STEM, NAME_STEM, *WORD_STEMS) for pattern in written(stem)}
    | {pattern for who in WORKERS for pattern in hashed(who.phone)}
    | {form.encode() for who in WORKERS for form in (who.line_id, who.facebook_id, str(who.telegram_id))}
)
_EMPTY = re.compile(rb"\0{64,}")


def found_in(content: bytes) -> list[bytes]:
    short = _EMPTY.sub(b"\0" * 64, content)
    return [pattern for pattern in PATTERNS if pattern in short]


def files(*places: Path) -> list[Path]:
    return [path for place in places for path in sorted(place.rglob("*")) if path.is_file() and not path.is_symlink()]


@pytest.fixture(scope="module")
def stolen(tmp_path_factory):
    """All files of a system that was stopped in order after a day."""
    data = tmp_path_factory.mktemp("stolen") / "var"
    postgres, valkey = EmbeddedPostgres(data), EmbeddedValkey(data)
    with only_one(data):
        postgres.prepare()
        valkey.prepare()
        with running(postgres.child()), running(valkey.child()):
            facts = asyncio.run(_lived(postgres.url, valkey.url, data))
            with redis.Redis.from_url(valkey.url) as connection:
                connection.bgrewriteaof()
    yield data, postgres.cluster, facts
    shutil.rmtree(postgres.cluster)


async def _lived(owner: str, redis_url: str, data: Path) -> dict[str, int]:
    async with house(owner, redis_url, data) as home:
        await a_day(home, redis_url)
        tickets = await home.tickets()
        async with home.database.intake() as connection:
            grams = await (await connection.execute("select count(*) from message_grams")).fetchone()
    shown = json.dumps([t["messages"] for t in tickets], default=str, ensure_ascii=False)
    return {"tickets": len(tickets), "grams": grams[0], "stems": sum(stem in shown for stem in WORD_STEMS)}


def test_the_day_left_something_to_steal(stolen):
    data, cluster, facts = stolen
    assert facts["tickets"] >= PEOPLE // 2
    assert facts["grams"] > PEOPLE
    assert facts["stems"] == len(WORD_STEMS)  # with the keys it can be read
    assert list((data / "spool").glob("*.seg"))
    assert sum(path.stat().st_size for path in files(cluster)) > 20_000_000


def test_no_file_holds_a_number_a_name_or_a_word(stolen):
    data, cluster, _ = stolen
    contents = {path.read_bytes(): path for path in files(data, cluster)}  # PostgreSQL's three templates are much alike
    found = {path.name: hits[:3] for content, path in contents.items() if (hits := found_in(content))}
    assert not found


@pytest.mark.parametrize("stem", [PHONE_STEM, NAME_STEM, *WORD_STEMS])
def test_the_search_would_have_found_it(stem):
    for before in ("", "x", "xy"):
        value = f"{before}{stem}0042 and more"
        for content in (
            value.encode(),
            value.encode("utf-16-le"),
            value.encode("utf-16-be"),
            base64.b64encode(value.encode()),
            value.encode().hex().encode(),
            json.dumps(value).encode(),
        ):
            assert found_in(b"\0" * 5000 + content + b"\0" * 5000), content
    assert found_in(hashlib.sha256(WORKERS[7].phone.encode()).digest())
