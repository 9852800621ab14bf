"""Anything that may happen on a desk, by chance: for tests of what must hold whatever happened."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from desk import answering, consent, contact, drafts, ending, holding, language, people, saying, triage
from desk.seat import Cannot, NoTicket
from model.agents import Agent
from model.contact import Rules
from outbound.answer import CannotAnswer, Newer
from outbound.words import BadText
from sandbox.people import person
from sandbox.providers import line
from tests.office import Office

UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"
WORDS = (
    UNPAID,
    "ကျေးဇူးပါ",
    "They beat me, I am locked in",
    "ပြဲစားကို က်ပ္ ၁၅ သိန္း ေပးထားရတယ္။ အခု ၆ လ ရိွၿပီ မသြားရေသးဘူး။ ပိုက္ဆံ ျပန္လိုခ်င္တယ္။",  # Zawgyi
)
_MESSAGES = "select id from message where ticket_id = %s order by id"
_TAGS = "select tag_id from ticket_tag where ticket_id = %s order by tag_id"
_ATTACHMENTS = (
    "select a.id from attachment a join message m on m.id = a.message_id where m.ticket_id = %s order by a.id"
)
_DELIVERIES = "select d.id from delivery d join message m on m.id = d.message_id where m.ticket_id = %s order by d.id"


async def something(
    office: Office, chance: Random, agents: Sequence[Agent], those: Sequence[str], *, minutes: int = 40
) -> str:
    """One thing that may happen, or be refused; its name."""
    agent, other = chance.sample(agents, 2)
    office.pass_time(minutes=chance.randrange(1, minutes))
    ticket = chance.choice([id_ for (id_,) in await office.rows("select id from ticket order by id")])
    acts = acts_of(office, chance, agent, other, ticket, those)
    name = chance.choice([*acts, "says", "answer"])
    with suppress(Cannot, CannotAnswer, Newer, NoTicket, BadText):
        await acts[name]()
    return name


async def _voice_note(office: Office, who: str, number: int) -> None:
    said = line.audio(office.home.accounts["line-th"], person(who, "my", "TH"), 9, office.now, number)
    await office.home.put(said, at=office.now)
    await office.home.take_in()


def acts_of(
    office: Office, chance: Random, agent: Agent, other: Agent, ticket: UUID, those: Sequence[str]
) -> dict[str, Callable[[], Awaitable[Any]]]:
    """All there are, by name: those of the pages have the name of their route."""

    async def of(query: str) -> UUID:
        found = [id_ for (id_,) in await office.rows(query, ticket)]
        return chance.choice(found) if found else uuid4()

    async def about(act: Any, query: str, *more: Any) -> None:
        await office.do(agent, act, await of(query), *more)

    async def untag() -> None:
        tag = await of(_TAGS)
        await office.do(agent, triage.remove_tag, ticket, tag)

    def do(act: Any, *values: Any, **named: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: office.do(agent, act, ticket, *values, **named)

    sure = f"{chance.random():.6f}"
    return {
        "says": lambda: office.says(chance.choice(those), chance.choice(WORDS)),
        "speaks": lambda: _voice_note(office, chance.choice(those), chance.randrange(10**6, 10**7)),
        "answer": lambda: office.send(agent, ticket, f"answer {sure}"),
        "undo": lambda: about(answering.undo, _DELIVERIES),
        "draft": do(drafts.save, "reply", f"draft {sure}"),
        "take": do(holding.take),
        "release": do(holding.release),
        "assign": do(holding.assign, other.id, was=None),
        "note": do(saying.note, f"@ {sure}", mentions=[other.id]),
        "urgency": do(triage.raise_urgency, chance.choice(["U1", "U2"])),
        "lower": do(triage.lower_urgency, "U4", why="safe now"),
        "tag": do(triage.add_tag, chance.choice(["shrimp", "gloves"])),
        "untag": untag,
        "issue": do(chance.choice([triage.confirm_issue, triage.drop_issue]), "DOC.PASSPORT"),
        "language": do(language.correct, chance.choice(["my", "shn", "th"])),
        "spoken": do(language.set_spoken, chance.choice(["shn", None])),
        "move": do(language.reroute, "shwe-my"),
        "snooze": do(ending.snooze, office.now + timedelta(minutes=chance.randrange(5, 600))),
        "unsnooze": do(ending.unsnooze),
        "close": do(ending.close, "information_only"),
        "reopen": do(ending.reopen),
        "elsewhere": do(ending.answered_elsewhere, "call"),
        "translate": lambda: about(saying.translate, _MESSAGES, "en", f"translated {sure}"),
        "heard": lambda: about(saying.heard, _ATTACHMENTS),
        "repair": lambda: about(chance.choice([saying.undo_repair, saying.redo_repair]), _MESSAGES),
        "rules": do(contact.write, Rules(write=chance.choice(["yes", "no"])), was=None),
        "consent": do(consent.write, {"record": chance.choice(["yes", "no"])}, how="said"),
        "name": do(people.set_name, f"Name {sure}"),
    }
