"""Promise: no case store learns a name, a number or a word of a worker, nor an id that is theirs anywhere else.

Half of the promise is by default, half by whatever config.yaml may ask for: also a store that is told everything there
is to choose is told none of these.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from cases.primero_form import SOURCES
from model.cases import FIELDS
from sandbox.kept_cases import FIELDS as FORMS
from sandbox.kept_cases import CaseStores
from sandbox.people import Person, person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from tests.case_office import PASSWORD, SECRET, USER, Office, office, primero, webhook
from tests.house import NOON

PEOPLE = 12
PHONE_STEM = "+6698765"
NAME_STEM = "Zorblaxine"
WORD_STEMS = ("quixotrope", "กฤษฎางคฤหาสน์", "ဥက္ကဋ္ဌဏ္ဍာရ", "ធម្មសាស្ត្រវិញ្ញា")
IDS = {
    "person": "select id from person",
    "key": "select id from person_key",
    "address": "select id from address",
    "message": "select id from message",
}


def worker(number: int) -> Person:
    found = person(f"{PHONE_STEM}{number:04d}", ("my", "km", "th", "en")[number % 4], "TH")
    return replace(found, name=f"{NAME_STEM} {number}")


MAPPING = {name: f"field_{name}" for name in (*SOURCES, *FIELDS)}
ASKED = {
    "the least": (webhook, primero),
    "everything": (
        lambda url: webhook(url, fields=list(FIELDS)),
        lambda url: primero(url, fields=list(FIELDS), mapping=MAPPING),
    ),
}


async def a_day(there: Office) -> None:
    """Everybody writes on all channels; the stores hear of it, some of it twice."""
    for number in range(1, PEOPLE + 1):
        who, at, of = worker(number), NOON + timedelta(minutes=number), there.home.accounts
        words = f"{WORD_STEMS[number % len(WORD_STEMS)]} {number}: they keep my passport and beat me"
        await there.home.put(
            line.text(of["line-th"], who, words, at, number),
            telegram.text(of["telegram-my"], who, words, at, number),
            telegram.edit(of["telegram-my"], who, words + "!", number, at, 1000 + number),
            telegram.photo(of["telegram-my"], who, at, 2000 + number, words),
            facebook.text(of["facebook-mm"], who, words, at, number),
            twilio_sms.text(of["sms-np"], who, words, number),
            *twilio_voice.whole_call(twilio_voice.call(of["voice-th"], who, at, number), "1", 20),
        )
        if number % 4 == 0:
            await there.home.take_in()
            await there.sync()
    there.state.fault("primero", "lost", count=3)
    await there.home.give_up_waiting()
    for ticket in await there.home.tickets():
        await there.change(ticket, status="closed", closed_at=NOON + timedelta(days=1), outcome="information_only")
    await there.settle()
    assert await there.differs() == []


def written(text: str) -> Iterator[bytes]:
    """A text in every way in which it may stand in a request."""
    yield from (text.encode(), text.upper().encode(), json.dumps(text)[1:-1].encode(), text.lstrip("+").encode())
    yield base64.b64encode(text.encode()).rstrip(b"=")[:-2]
    yield from (hashlib.new(name, text.encode()).hexdigest().encode() for name in ("md5", "sha1", "sha256"))


async def ids(there: Office, query: str) -> list[str]:
    async with there.home.database.intake() as connection:
        return [str(id_) for (id_,) in await (await connection.execute(query.encode())).fetchall()]


async def on_file(there: Office) -> bytes:
    return json.dumps([s for _, s in (await there.held()).values()], ensure_ascii=False).encode()


@pytest.mark.parametrize("asked", ASKED)
async def test_what_a_store_receives_names_nobody(database, valkey, tmp_path, asked):
    fields = FORMS | dict.fromkeys(MAPPING.values(), "any")
    state = CaseStores(secrets=(SECRET,), user=USER, password=PASSWORD, fields=fields)
    async with office(database, valkey, tmp_path, *ASKED[asked], state=state) as there:
        await a_day(there)
        received = b"\n".join(there.state.received) + await on_file(there)
        assert len(there.state.cases) > PEOPLE
        theirs = [worker(n).id_on(c) for n in range(1, PEOPLE + 1) for c in ("line", "facebook", "telegram", "sms")]
        for planted in (PHONE_STEM, NAME_STEM, *WORD_STEMS, *theirs):
            assert [form for form in written(planted) if form in received] == [], planted
        for kind, query in IDS.items():
            found = await ids(there, query)
            assert len(found) > PEOPLE, kind
            assert [x for x in found if x.encode() in received or x.replace("-", "").encode() in received] == [], kind
        pseudonyms = await ids(there, "select pseudonym from person_card")
        assert any(name.encode() in received for name in pseudonyms) == (asked == "everything")


async def test_the_search_would_find_what_it_looks_for(database, valkey, tmp_path):
    """The same looking, where a store is told what it must not be: the test can fail."""
    async with office(database, valkey, tmp_path, webhook) as there:
        await a_day(there)
        (first, *_) = await ids(there, "select id from person")
        async with there.home.database.intake() as connection:
            await connection.execute("update ticket set routed_by = %s, outcome = %s", [f"{NAME_STEM} 1", first])
        for ticket in await there.home.tickets():
            await there.change(ticket)
        await there.settle()
        assert first.encode() in b"\n".join(there.state.received)
