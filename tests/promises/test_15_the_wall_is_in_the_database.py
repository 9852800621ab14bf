"""Another organisation's ids do what ids that nobody has do, in every act of a desk.

There are no checks of ours to switch off: no function of `desk` or `storage` asks whose a row is. What stands between
two organisations here is the database's row-level security alone.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from desk import (
    answering,
    canned,
    composing,
    contact,
    drafts,
    ending,
    finding,
    holding,
    language,
    listing,
    people,
    reading,
    saying,
    triage,
)
from desk.listing import Filters
from model.contact import Rules
from sandbox.people import person
from sandbox.providers import line
from tests.house import NOON
from tests.office import Office, office

WORDS = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"
TICKET: dict[str, Callable[..., Any]] = {
    "take": lambda seat, id_: holding.take(seat, id_),
    "release": lambda seat, id_: holding.release(seat, id_),
    "assign": lambda seat, id_: holding.assign(seat, id_, seat.agent.id, was=None),
    "raise": lambda seat, id_: triage.raise_urgency(seat, id_, "U1"),
    "lower": lambda seat, id_: triage.lower_urgency(seat, id_, "U4", why="words"),
    "tag": lambda seat, id_: triage.add_tag(seat, id_, "shrimp"),
    "untag": lambda seat, id_: triage.remove_tag(seat, id_, uuid4()),
    "issues": lambda seat, id_: triage.issues(seat, id_),
    "confirm": lambda seat, id_: triage.confirm_issue(seat, id_, "DOC.PASSPORT"),
    "drop": lambda seat, id_: triage.drop_issue(seat, id_, "DOC.PASSPORT"),
    "correct": lambda seat, id_: language.correct(seat, id_, "th"),
    "spoken": lambda seat, id_: language.set_spoken(seat, id_, "th"),
    "reroute": lambda seat, id_: language.reroute(seat, id_, "kampung-lima-my"),
    "snooze": lambda seat, id_: ending.snooze(seat, id_, seat.now + timedelta(hours=1)),
    "unsnooze": lambda seat, id_: ending.unsnooze(seat, id_),
    "close": lambda seat, id_: ending.close(seat, id_, "lost_contact"),
    "reopen": lambda seat, id_: ending.reopen(seat, id_),
    "elsewhere": lambda seat, id_: ending.answered_elsewhere(seat, id_, "call"),
    "note": lambda seat, id_: saying.note(seat, id_, "words"),
    "rules": lambda seat, id_: contact.known(seat, id_),
    "new rules": lambda seat, id_: contact.write(seat, id_, Rules(write="yes"), was=None),
    "rules before": lambda seat, id_: contact.history(seat, id_),
    "card": lambda seat, id_: people.card(seat, id_),
    "reveal": lambda seat, id_: people.reveal(seat, id_, "rescue"),
    "name": lambda seat, id_: people.set_name(seat, id_, "Aye"),
    "thread": lambda seat, id_: reading.thread(seat, id_),
    "whole thread": lambda seat, id_: reading.thread(seat, id_, whole=True),
    "every ticket": lambda seat, id_: reading.every_ticket(seat, id_),
    "seen by": lambda seat, id_: reading.seen_by(seat, id_),
    "composer": lambda seat, id_: composing.composing(seat, id_),
    "save draft": lambda seat, id_: drafts.save(seat, id_, "reply", "words"),
    "load draft": lambda seat, id_: drafts.load(seat, id_),
    "drop draft": lambda seat, id_: drafts.drop(seat, id_, "reply"),
    "rows": lambda seat, id_: listing.rows_of(seat, [id_]),
    "find": lambda seat, id_: finding.find(seat, str(id_)),
}
OTHERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "translate": ("message", lambda seat, id_: saying.translate(seat, id_, "en", "words")),
    "undo repair": ("message", lambda seat, id_: saying.undo_repair(seat, id_)),
    "redo repair": ("message", lambda seat, id_: saying.redo_repair(seat, id_)),
    "heard": ("attachment", lambda seat, id_: saying.heard(seat, id_)),
    "undo answer": ("delivery", lambda seat, id_: answering.undo(seat, id_)),
    "send again": ("delivery", lambda seat, id_: answering.send_again(seat, id_, last_seen=uuid4())),
    "settle": ("delivery", lambda seat, id_: answering.settle_unknown(seat, id_, arrived=True)),
    "canned": ("canned", lambda seat, id_: canned.save(seat, language="my", title="a", text="b", id=id_)),
    "retire": ("canned", lambda seat, id_: canned.retire(seat, id_)),
    "tag": ("tag", lambda seat, id_: listing.rows(seat, "open", Filters(tag=id_))),
    "assignee": ("agent", lambda seat, id_: _assign_own(seat, id_)),
    "mention": ("agent", lambda seat, id_: _mention(seat, id_)),
}
ACTS = {name: ("ticket", act) for name, act in TICKET.items()} | {f"{n} (other)": a for n, a in OTHERS.items()}


async def _own(seat: Any) -> UUID:
    return (await listing.rows(seat, "open")).rows[0].id


async def _assign_own(seat: Any, agent: UUID) -> None:
    await holding.assign(seat, await _own(seat), agent, was=None)


async def _mention(seat: Any, agent: UUID) -> None:
    await saying.note(seat, await _own(seat), "words", mentions=[agent])


@pytest.fixture
def database(empty):
    """Migrated here, and not copied."""
    return empty


@pytest.fixture
async def theirs(home):
    """A desk with one of everything, and the same desk's ids by kind."""
    async with office(home) as opened:
        mya = await opened.agent("mya", "shwe", "supervisor")
        ticket = (await opened.says("aye", WORDS))["id"]
        await opened.home.put(line.audio(home.accounts["line-th"], person("aye", "my", "TH"), 9, NOON, 9))
        await opened.home.take_in()
        await opened.do(mya, holding.take, ticket)
        await opened.do(mya, triage.add_tag, ticket, "gloves")
        await opened.do(mya, people.set_name, ticket, "Ma Aye")
        said = await opened.send(mya, ticket, "Hello")
        await opened.do(mya, drafts.save, ticket, "reply", "half")
        ready = await opened.do(mya, canned.save, language="my", title="Safe?", text="Is it safe?")
        await opened.says("begum", "আমার মালিক দুই মাসের বেতন দেয়নি", language="bn")  # the neighbours' own
        one = {name: (await opened.rows(f"select id from {name} where organisation_id = %s", mya.organisation))[0][0]  # noqa: S608
               for name in ("message", "attachment", "tag")}  # fmt: skip
        yield opened, {**one, "ticket": ticket, "delivery": said.delivery, "canned": ready, "agent": mya.id}


async def test_another_organisations_id_is_an_id_that_nobody_has(theirs):
    opened, ids = theirs
    bela = await opened.agent("bela", "kampung-lima", "supervisor")
    before = await everything(opened)
    for act, (kind, do) in ACTS.items():
        answers = [await outcome(opened, bela, do, id_) for id_ in (ids[kind], uuid4())]
        assert answers[0] == answers[1], act
        assert await everything(opened) == before, act


async def outcome(opened: Office, agent: Any, do: Callable[..., Any], id_: UUID) -> object:
    """What came of it, without the id itself: an answer or an error."""
    try:
        answer = await opened.do(agent, do, id_)
    except Exception as error:  # noqa: BLE001 - whichever it is, the other must be the same
        return type(error), str(error), vars(error)
    return answer


async def everything(opened: Office) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the organisation that was there first."""
    tables = await opened.rows(
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid "
        "where a.attname = 'organisation_id' and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace "
        "and has_table_privilege(c.oid, 'select')"
    )
    shwe = (await opened.rows("select id from organisation where slug = 'shwe'"))[0][0]
    return {
        name: sorted(await opened.rows(f"select x::text from {name} x where organisation_id = %s", shwe))  # noqa: S608
        for (name,) in tables
    }
