"""Whatever three agents, the workers and a bad line do meanwhile, every open page is what a fresh load would be.

Each agent has pages open in other views, some with a conversation beside the list; all of them are compared: the rows
of the view in their order, the counts at the side, the words, ticks and notes of the conversation, the card.
"""

from random import Random

import pytest

from desk.listing import VIEWS
from tests.acts import acts_of, something
from tests.browser.shown import differs, until_equal
from tests.desk import desk
from tests.office import Office
from web.inbox.act import ACTS
from web.site import SITE
from workers_queue.sweep import wake

THOSE = [f"p{n}" for n in range(5)]
SEEDS = (0, 1)
TURNS = 40


@pytest.fixture
async def at(home):
    async with desk(home, idle_minutes=10_000) as opened:
        yield opened


@pytest.fixture
async def there(home, at):
    office = Office(home, at.app[SITE].database)
    home.workplace.clock = lambda: office.now
    for who in THOSE[:3]:
        await office.says(who, "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။")
    return office


async def three(there) -> list:
    return [await there.agent("mya"), await there.agent("ko"), await there.agent("arun", "shwe", "supervisor")]


async def opens(at, chromium, agent, path: str):
    """A page of somebody who is signed in, in a browser of its own."""
    browser = await at.let_in(agent)
    context = await chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en")
    await context.add_cookies([{"name": "session", "value": browser.cookie("session"), "url": at.base}])
    page = await context.new_page()
    await page.goto(at.base + path)
    return page


async def shows_what_a_fresh_load_would(page) -> None:
    fresh = await page.context.new_page()
    await fresh.goto(page.url)
    await until_equal(page, fresh)
    await fresh.close()


def test_all_that_can_be_done_may_happen():
    names = set(acts_of(_Never(), Random(0), _Never(), _Never(), _Never(), THOSE))
    assert names >= set(ACTS) | {"says", "answer", "undo", "draft"}


class _Never:
    """Nobody, nowhere: the acts are named without being done."""

    def __getattr__(self, name: str) -> object:
        return _Never()

    def __add__(self, other: object) -> object:
        return other


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_open_page_is_a_fresh_load(at, there, chromium, seed):
    chance, agents, views = Random(seed), await three(there), sorted(VIEWS)[seed :: len(SEEDS)]
    tickets = [id_ for (id_,) in await there.rows("select id from ticket order by id")]
    paths = [
        f"/inbox/{chance.choice(tickets)}?view={view}" if n % 2 else f"/inbox?view={view}"
        for n, view in enumerate(views)
    ]
    pages = [await opens(at, chromium, agents[n % 3], path) for n, path in enumerate(paths)]
    for turn in range(TURNS):
        await something(there, chance, agents, THOSE, minutes=15)
        at.clock.at = there.now
        if turn % 8 == 3:
            await chance.choice(pages).context.set_offline(True)
        if turn % 8 == 7:
            await wake(there.home.workplace)
        if turn % 16 == 15:
            for page in pages:
                await page.context.set_offline(False)
            for page in pages:
                await shows_what_a_fresh_load_would(page)
    for page in pages:
        await page.context.set_offline(False)
    for page in pages:
        await shows_what_a_fresh_load_would(page)


async def test_a_page_that_is_told_nothing_would_be_noticed(at, there, chromium):
    chance, agents = Random(3), await three(there)
    ((ticket,), *_) = await there.rows("select id from ticket order by id")
    page = await opens(at, chromium, agents[0], "/")
    await page.context.route("**/live*", lambda route: route.abort())
    await page.goto(f"{at.base}/inbox/{ticket}?view=open")
    for name in ("says", "take", "note", "tag"):
        await acts_of(there, chance, agents[1], agents[2], ticket, THOSE[:1])[name]()
        fresh = await page.context.new_page()
        await fresh.goto(page.url)
        assert await differs(page, fresh) != [], name
        await fresh.close()
        await page.goto(page.url)
