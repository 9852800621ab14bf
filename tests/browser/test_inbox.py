"""The list in a real browser: what it looks like, and that it is always what a fresh load would be."""

from datetime import timedelta

import pytest

from tests.crowd import SUNDAY, crowd, waiting, writes
from tests.house import NOON

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
