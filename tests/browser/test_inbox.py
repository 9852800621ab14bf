"""The list in a real browser: what it looks like, and that it is always what a fresh load would be."""

from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest

from desk import ending, holding, listing
from desk.seat import Cannot, seated
from tests.crowd import SUNDAY, crowd, waiting, writes
from tests.house import NOON
from web.site import SITE

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 780}


async def page_of(at, chromium, agent, **context):
    """A page of somebody who is signed in."""
    browser = await at.let_in(agent)
    opened = await chromium.new_context(**context)
    await opened.add_cookies([{"name": "session", "value": browser.cookie("session"), "url": at.base}])
    return await opened.new_page()


async def ids(page):
    return await page.eval_on_selector_all("#rows .row", "all => all.map(row => row.dataset.ticket)")


async def shown(page):
    """All that stands in the list, as words and order."""
    return await page.evaluate("document.getElementById('rows').innerText")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "360"])
async def test_pictures(home, at, chromium, picture, theme, size):
    await crowd(home)
    at.clock.at = SUNDAY
    agent = await at.agent("Mya", "lantern", "agent")
    page = await page_of(at, chromium, agent, viewport=size, color_scheme=theme)
    await page.goto(f"{at.base}/inbox")
    assert len(await ids(page)) > 10
    wide = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
    assert await page.evaluate(f"{wide}.map(e => `${{e.tagName}}.${{e.className}}`)") == []
    await page.evaluate("document.fonts.ready")
    await picture(page, f"inbox-list-{size['width']}-{theme}")


async def test_pictures_with_a_conversation(home, at, chromium, picture):
    await waiting(home, 12)
    at.clock.at = NOON + timedelta(minutes=112)
    agent = await at.agent()
    for size in (WIDE, NARROW):
        page = await page_of(at, chromium, agent, viewport=size)
        await page.goto(f"{at.base}/inbox")
        await page.locator(".row-name").nth(1).click()
        await page.locator("#thread-name").wait_for()
        assert "/inbox/" in page.url
        await picture(page, f"inbox-open-{size['width']}")


async def test_keys(home, at, chromium):
    await waiting(home, 3)
    at.clock.forward(minutes=20)
    page = await page_of(at, chromium, await at.agent(), viewport=WIDE)
    await page.goto(f"{at.base}/inbox")
    focused = "document.activeElement.closest('.row')?.dataset.ticket"
    order = await ids(page)
    for key, at_ in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1)):
        await page.keyboard.press(key)
        assert await page.evaluate(focused) == order[at_], key
    await page.keyboard.press("Space")
    await page.locator("#thread-name").wait_for()
    assert await page.evaluate(focused) == order[1]
    await page.keyboard.press("2")
    assert await page.evaluate("document.activeElement.id") == "thread-log"
    await page.keyboard.press("1")
    assert await page.evaluate(focused) == order[1]


async def test_nothing_moves_under_the_pointer(home, at, chromium):
    await waiting(home, 3)
    at.clock.forward(hours=1)
    page = await page_of(at, chromium, await at.agent(), viewport=WIDE)
    await page.goto(f"{at.base}/inbox")
    before = await ids(page)
    await page.locator(".row").first.hover()
    await writes(home, "older", "လစာ ၂ လ မရသေးဘူး။", NOON - timedelta(hours=1), 77)
    await home.take_in()
    await page.locator("#list-new", has_text="1 new").wait_for()
    assert await ids(page) == before
    await page.mouse.move(900, 400)
    await page.locator("#list-new").wait_for(state="hidden")
    assert (await ids(page))[1:] == before
    assert await page.title() == "Waiting · Worker Voice" or (await page.title()).startswith("(")


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_whatever_happened_the_page_is_a_fresh_load(home, at, chromium, seed):
    """Words come in, colleagues act, the line is lost: then the open page is what a new one would be."""
    rng, agent, colleague = Random(seed), await at.agent(), await at.agent("Arun")
    await waiting(home, 6)
    at.clock.forward(hours=1)
    page, fresh = [await page_of(at, chromium, agent, viewport=WIDE) for _ in range(2)]
    await page.goto(f"{at.base}/inbox")
    for act in rng.sample(
        ["write", "take", "snooze", "close", "write", "again", "offline", "take", "write", "online"], 10
    ):
        await _do(home, at, page, colleague, rng, act)
    at.clock.forward(minutes=10)
    await page.context.set_offline(False)
    await fresh.goto(f"{at.base}/inbox")
    await page.wait_for_function("text => document.getElementById('rows').innerText === text", arg=await shown(fresh))
    assert await ids(page) == await ids(fresh)
    side = "[...document.querySelectorAll('[data-count], [data-queue]')].map(spot => spot.textContent).join()"
    await page.wait_for_function(f"text => {side} === text", arg=await fresh.evaluate(side))


async def _do(home, at, page, colleague, rng, act):
    if act in ("write", "again"):
        key = f"my{rng.randrange(6)}" if act == "again" else f"new{rng.random()}"
        when = NOON + timedelta(minutes=rng.randrange(50))
        await writes(home, key, "အလုပ်ရှင်က ပတ်စပို့ သိမ်းထားတယ်။", when, rng.randrange(10**6))
        await home.take_in()
    elif act in ("offline", "online"):
        await page.context.set_offline(act == "offline")
    else:
        site = at.app[SITE]
        async with seated(site.database, site.master, site.settings, colleague, at.clock()) as seat:
            ticket = rng.choice((await listing.rows(seat, "waiting")).rows).id
            if act == "take":
                with suppress(Cannot):
                    await holding.take(seat, ticket)
            elif act == "snooze":
                await ending.snooze(seat, ticket, until=at.clock() + timedelta(hours=3))
            else:
                await ending.close(seat, ticket, outcome="information_only")


async def test_all_pages_of_a_browser_share_one_stream(home, at, chromium):
    """Browsers open six connections to a server: with a stream each, the seventh page would never load."""
    await waiting(home, 2)
    at.clock.forward(minutes=20)
    first = await page_of(at, chromium, await at.agent(), viewport=WIDE)
    streams = []
    first.context.on("request", lambda request: "/live?" in request.url and streams.append(request))
    pages = [first, *[await first.context.new_page() for _ in range(7)]]
    for page in pages:
        await page.goto(f"{at.base}/inbox")
    await writes(home, "new", "အလုပ်ရှင်က ပတ်စပို့ သိမ်းထားတယ်။", NOON, 77)
    await home.take_in()
    for page in pages:
        await page.locator(".row").nth(2).wait_for()
    assert len(streams) == 1
    await first.close()
    await writes(home, "newer", "အလုပ်ရှင်က ပတ်စပို့ သိမ်းထားတယ်။", NOON, 78)
    await home.take_in()
    for page in pages[1:]:
        await page.locator(".row").nth(3).wait_for()
    assert len(streams) == 2
