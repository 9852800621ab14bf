"""Two organisations side by side and every route of the pages, asked with ids: for promises that hold for all of it.

`neighbours(home)` is a house in which the one at Shwe has one of everything, and the one at Kampung Lima comes with
Shwe's ids. Which routes, form fields, tables and roles there are is asked of the application, the templates and the
catalog, so that a new one is walked too; a new form field must first be named here, and the walk says so.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import web
from desk import canned, composing, contact, drafts, holding, people, saying, triage
from model.agents import ROLES, Agent
from model.contact import Rules
from sandbox.people import person
from sandbox.providers import line
from storage.database import Connection
from tests.desk import Browser, Desk, Page, desk
from tests.house import House
from tests.office import Office, office
from web.app import WHO
from web.routes import DESK

WORDS = "သူဌေးက ကျွန်မတို့ ပတ်စပို့ကို သိမ်းထားတယ် quixotrope"
NAME, TAG, NOTE, DRAFT, CANNED, ANSWER, CHECK = (
    "Zorblaxine", "tagquible", "notewuffle", "draftsnorkel", "cannedplonk", "answergrumble", "checkwibble",
)  # fmt: skip
#: What an agent of the other organisation never reads, whatever they ask.
MARKERS = ("quixotrope", "ပတ်စပို့ကို", NAME, TAG, NOTE, DRAFT, CANNED, ANSWER, CHECK)

#: Form fields that carry no id, each with something an agent might send.
PLAIN: Mapping[str, str] = {
    "arrived": "yes", "as": "written", "asked": "1", "check": "x", "code": "DOC.PASSPORT", "days": "mon",
    "doing": "looks",
    "from": "08:00", "hours": "1", "hours_as": "", "how": "said", "kind": "reply",
    "record": "yes", "act": "take", "language": "en", "name": "x", "note": "x",
    "notice": "on", "order": "wait", "outcome": "lost_contact", "query": "quixotrope", "queue": "kampung-lima-my",
    "reason": "rescue", "remark": "x", "said": "yes", "since": "", "sound": "on", "spoken": "", "text": "x",
    "until": "", "until_as": "", "view": "open", "where": "call", "whose": "x", "why": "words", "words": "x",
    "write": "yes", "call": "no", "voicemail": "no", "zone": "Asia/Bangkok", "phone": "own", "id": "", "title": "x",
    "urgency": "U1", "channel": "line", "whole": "1", "show": "50",
}  # fmt: skip
#: Fields that carry an id, and of what; twice where it can be of two things.
ROUNDS: tuple[Mapping[str, str], ...] = (
    {"message": "message", "attachment": "attachment", "delivery": "delivery", "tag": "tag", "to": "agent",
     "was": "contact_rule", "last_seen": "message", "open": "ticket", "ids": "ticket", "ticket": "ticket"},
    {"message": "attachment", "attachment": "message", "delivery": "message", "tag": "ticket", "to": "way",
     "was": "agent", "once": "message", "last_seen": "ticket", "open": "message", "ids": "message",
     "ticket": "message"},
)  # fmt: skip
#: Fields that do something else with the same form: without them it is the usual act.
_TURNS = frozenset(("drop", "when_safe"))
_QUERY = ("open", "ids", "tag", "before", "after", "view", "whole")
_FIELD = re.compile(r'\bname="([a-z_]+)"')
_CSRF = re.compile(r'name="(csrf|once)" value="[^"]*"|data-cursor="[^"]*"')
_LAST = ("close", "move", "release", "reopen")  #: after these little else is possible
_ENDS = frozenset(("/sign-out",))  #: the session of whoever walks; so do some forms of the account page


@dataclass(frozen=True, slots=True)
class Walked:
    """One request of the walk and its answer."""

    method: str
    path: str  #: as the route declares it
    page: Page

    @property
    def text(self) -> str:
        """The answer's text without what changes with every request."""
        return re.sub(_CSRF, "", self.page.text)


class Neighbours:
    """The two, and the walk."""

    def __init__(self, there: Office, at: Desk, mya: Agent, ids: Mapping[str, UUID], mine: UUID) -> None:
        self.there, self.at, self.mya = there, at, mya
        self.ids = ids  #: Shwe's, by the table they are of
        self.mine = mine  #: a ticket of Kampung Lima's own

    def routes(self, who: Iterable[str] = ROLES) -> list[tuple[str, str]]:
        """All that these roles may call, but signing out."""
        wanted = set(who)
        found = [
            (method, path)
            for (method, path), roles in self.at.app[WHO].items()
            if roles & wanted and path not in _ENDS and not (method == "POST" and path.startswith("/account"))
        ]
        return sorted(found, key=lambda route: (route[1].rpartition("/")[2] in _LAST, route[1], route[0]))

    async def stranger(self, *roles: Any) -> Browser:
        """Somebody of the other organisation, signed in."""
        name = f"{roles[0] if roles else 'agent'}{uuid4().hex[:4]}"
        return await self.at.let_in(await self.there.agent(name, "kampung-lima", *roles))

    async def holder(self) -> Browser:
        """Whoever holds Shwe's ticket, signed in."""
        return await self.at.let_in(self.mya)

    async def walk(
        self, browser: Browser, routes: Iterable[tuple[str, str]], ids: Mapping[str, UUID], ticket: UUID,
        round_: int = 0, **fields: str,
    ) -> list[Walked]:  # fmt: skip
        """Ask each route with that ticket and these ids wherever an id can stand; a page also without a query."""
        named, walked = self._fields(ids, round_) | fields, []
        for method, path in routes:
            if method == "GET":
                walked.append(await self._ask(browser, method, path, ids, ticket, {}))
            walked.append(await self._ask(browser, method, path, ids, ticket, named))
        return walked

    async def _ask(
        self, browser: Browser, method: str, path: str, ids: Mapping[str, UUID], ticket: UUID, fields: dict[str, str]
    ) -> Walked:
        def value(match: re.Match[str]) -> str:
            return str(ticket if match[1] == "ticket" else ids.get(match[1], ids["ticket"]))

        at = re.sub(r"{(\w+)(?::[^}]*)?}", value, path)
        if method == "POST":
            return Walked(method, path, await browser.post(at, fields, **{"X-Part": "1"}))
        query = "&".join(f"{name}={fields[name]}" for name in _QUERY if name in fields)
        return Walked(method, path, await browser.get(f"{at}?{query}", **{"X-Part": "1"}))

    def _fields(self, ids: Mapping[str, UUID], round_: int) -> dict[str, str]:
        carried = {name: str(ids[kind]) for name, kind in ROUNDS[round_].items() if kind != "way"}
        if "to" not in carried:
            carried["to"] = f"line-th|{ids['address']}"
        spot = f"1795000000000000.1795000000000000.{ids['message']}"
        return {**PLAIN, **carried, "before": spot, "after": f"1.1795000000000000.{ids['ticket'].hex}"}

    async def everything(self, organisation: str = "shwe") -> dict[str, list[tuple[Any, ...]]]:
        """All rows of an organisation but sessions, which every request touches."""
        (uuid,) = (await self.there.rows("select id from organisation where slug = %s", organisation))[0]
        async with self.there.home.database.intake() as connection:
            return {name: await _rows(connection, name, uuid) for name in await tables(connection) if name != "session"}


async def tables(connection: Connection) -> list[str]:
    """Every walled table that intake may read."""
    found = await connection.execute(
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid "
        "where a.attname = 'organisation_id' and c.relkind in ('r', 'p') "
        "and c.relnamespace = 'public'::regnamespace and not c.relispartition "
        "and has_table_privilege(c.oid, 'select') order by 1"
    )
    return [name for (name,) in await found.fetchall()]


async def _rows(connection: Connection, table: str, organisation: UUID) -> list[tuple[Any, ...]]:
    found = await connection.execute(
        f"select x::text from {table} x where organisation_id = %s".encode(),  # noqa: S608 - a table of ours
        [organisation],
    )
    return sorted(await found.fetchall())


def unnamed() -> set[str]:
    """Form fields of the inbox's pages of which this file does not say what they carry."""
    templates = Path(web.__path__[0]) / "templates" / "inbox"
    found = {name for path in templates.glob("*.html") for name in _FIELD.findall(path.read_text("utf-8"))}
    known = set(PLAIN).union(_TURNS, {"csrf"}, *ROUNDS)
    return found - known


def without(text: str, *ids: Mapping[str, UUID]) -> str:
    """An answer without the ids that were asked for, so that two can be compared."""
    for one in ids:
        for value in one.values():
            text = text.replace(str(value), "").replace(value.hex, "")
    return text


def marked(walked: Iterable[Walked], markers: Iterable[str] = MARKERS, asked: str = "quixotrope") -> list[str]:
    """Which routes answered with something that is not theirs to tell. What was asked may be repeated once asked."""
    found = []
    for one in walked:
        said = one.page.text if one.path != "/find" else one.page.text.replace(asked, "")
        said += json.dumps(dict(one.page.headers))
        found += [f"{one.method} {one.path}: {marker}" for marker in markers if marker in said]
    return found


def nobodys(ids: Mapping[str, UUID]) -> dict[str, UUID]:
    """As many ids that nobody has."""
    return {kind: uuid4() for kind in ids}


@asynccontextmanager
async def neighbours(home: House) -> AsyncIterator[Neighbours]:
    """One of everything at Shwe, held by Mya; a ticket at Kampung Lima; everything indexed."""
    async with office(home) as there, desk(home) as at:
        at.clock.at = there.now
        mya = await there.agent("mya", "shwe", "supervisor")
        ticket = (await there.says("aye", WORDS))["id"]
        await home.put(line.audio(home.accounts["line-th"], person("aye", "my", "TH"), 9, there.now, 9))
        await home.take_in()
        await _one_of_everything(there, mya, ticket)
        mine = (await there.says("begum", "আমার মালিক দুই মাসের বেতন দেয়নি", language="bn"))["id"]
        await there.index()
        yield Neighbours(there, at, mya, await _ids(there, ticket, mya), mine)


async def _one_of_everything(there: Office, mya: Agent, ticket: UUID) -> None:
    await there.do(mya, holding.take, ticket)
    await there.do(mya, triage.add_tag, ticket, TAG)
    await there.do(mya, people.set_name, ticket, NAME)
    await there.do(mya, saying.note, ticket, NOTE)
    await there.do(mya, canned.save, language="my", title=CANNED, text=CANNED)
    await there.do(mya, contact.write, ticket, Rules(write="yes", check=CHECK), was=None)
    await there.send(mya, ticket, ANSWER)
    await there.do(mya, drafts.save, ticket, "reply", DRAFT)
    said = (await there.rows("select id from message where direction = 'in' order by id limit 1"))[0][0]
    await there.do(mya, saying.translate, said, "en", f"they keep it, {ANSWER}")
    async with there.home.database.intake() as connection:
        await connection.execute("update attachment set state = 'kept', mime = 'audio/mp4', inline = true, duty = null")


async def _ids(there: Office, ticket: UUID, mya: Agent) -> dict[str, UUID]:
    found: dict[str, UUID] = {}
    async with there.home.database.intake() as connection:
        for name in await tables(connection):
            rows = await connection.execute(
                "select 1 from pg_attribute where attrelid = %s::regclass and attname = 'id' "
                "and atttypid = 'uuid'::regtype",
                [name],
            )
            if await rows.fetchone():
                one = await connection.execute(
                    f"select id from {name} where organisation_id = %s order by id limit 1".encode(),  # noqa: S608
                    [mya.organisation],
                )
                if row := await one.fetchone():
                    found[name] = row[0]
    ways = (await there.do(mya, composing.composing, ticket)).ways
    person_ = (await there.rows("select person_id from ticket where id = %s", ticket))[0][0]
    return {**found, "ticket": ticket, "agent": mya.id, "address": ways[0].address, "person": person_}


__all__ = ["DESK", "MARKERS", "Neighbours", "Walked", "marked", "neighbours", "nobodys", "unnamed", "without"]
