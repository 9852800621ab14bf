"""The sandbox's agents, so that a newcomer can sign in: invented people, one password for each data directory.

They are marked as of the sandbox. A web process that was not started with `--sandbox` lets none of them in, and the
second factor is left out for them alone.
"""

import secrets
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from gateway.stores import Stores
from model.agents import Agent, Role, handle
from model.network import Network, Organisation
from runtime.ids import new_id, now
from runtime.services import password as kept
from storage import agents
from storage.database import Database
from web.passwords import Passwords

_NAMES = (
    "Mya", "Noy", "Aini", "Sita", "Dara", "Thida", "Wati", "Rani", "Kiri", "Lwin", "Devi", "Malee", "Suman", "Bopha",
    "Hla", "Arun", "Nilar", "Priya", "Somchai", "Chan",
)  # fmt: skip
_LETTERS = "abcdefghjkmnpqrstvwxyz"


def password(data: Path) -> str:
    """The one password of all demo agents of a data directory, made on first use."""
    return kept(data, "demo-agents", lambda: "-".join(_four() for _ in range(3)))


def _four() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def cast(network: Network) -> list[Agent]:
    """Two people for each organisation, and whoever else its desks need; all roles at the first."""
    names = cycle(_NAMES)
    return [
        _agent(organisation, next(names), role, _spoken(network, organisation))
        for first, organisation in enumerate(network.organisations.values())
        for role in _roles(network, organisation, first=first == 0)
    ]


async def seed(at: Stores) -> None:
    """Put them into the store; who is there already stays as they are."""
    secret, database = password(at.data), Database(at.owner, "worker", at.master, most=1)
    hashed = Passwords(at.master).hash(secret)
    await database.open()
    try:
        for agent in cast(at.settings.network):
            async with database.desk(agent.organisation) as connection:
                if await agents.find(connection, at.master, agent.handle) is None:
                    await agents.add(connection, at.master, agent, now())
                    await agents.begin_afresh(connection, agent.organisation, agent.id, password=hashed, at=now())
    finally:
        await database.close()


def lines(network: Network, data: Path, address: str) -> Iterator[str]:
    """What the terminal says of them."""
    yield f"Sign in at {address} with the password {password(data)} as one of:"
    by_home: dict[str, list[str]] = {}
    for agent in cast(network):
        by_home.setdefault(agent.handle.partition("@")[2], []).append(f"{agent.handle} ({agent.roles[0]})")
    yield from (f"  {', '.join(who)}" for who in by_home.values())


def _roles(network: Network, organisation: Organisation, *, first: bool) -> list[Role]:
    guarded = any(queue.safeguarding for queue in network.queues.values() if queue.organisation == organisation.id)
    more: list[Role] = ["csoadmin", "mobilizer", "operator"] if first else []
    return ["agent", "supervisor", *(["safeguarding"] if guarded else []), *more]  # type: ignore[list-item]


def _spoken(network: Network, organisation: Organisation) -> tuple[str, ...]:
    mine = [queue for queue in network.queues.values() if queue.organisation == organisation.id]
    return tuple(dict.fromkeys(code for queue in mine for code in queue.languages))


def _agent(organisation: Organisation, name: str, role: Role, languages: tuple[str, ...]) -> Agent:
    return Agent(
        id=new_id(),
        organisation=organisation.uuid,
        handle=handle(name, organisation.id) or "",
        name=name,
        roles=(role,),
        languages=languages,
        screen_language="en",
        demo=True,
    )
