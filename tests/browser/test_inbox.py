"""The list in a real browser: what it looks like, and that it is always what a fresh load would be."""

import pytest

from tests.crowd import SUNDAY, crowd

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
