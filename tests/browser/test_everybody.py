"""Every page and every sheet, wide and narrow, in the light and in the dark: usable by everybody, asking nobody else.

Which pages there are is asked of the application, which sheets of the page: a new one is looked at by itself.
"""

import re
from contextlib import suppress

import pytest
from playwright.async_api import Error, expect

from desk import canned, people, saying, triage
from storage import search
from tests.browser.windows import WIDTHS, fits, violations
from tests.conversation import write_in_every_form
from web.app import WHO

#: Nothing of these pages belongs to the wall of one organisation: they are looked at in tests/browser/test_phones.py.
ELSEWHERE = ("/phones",)
WORDS = "ပတ်စပို့"


@pytest.fixture
async def room(room):
    await write_in_every_form(room)
    async with room.home.database.intake() as connection:
        await search.index(connection, room.home.workplace.master)
    return room


async def sitting(room):
    """A supervisor, with something of everything on the ticket; the cookie of their browser."""
    agent, sat = await room.agent("Mya", "agent", "supervisor", organisation=await room.organisation())
    ticket = await room.ticket()
    async with room.seat(agent) as seat:
        await saying.note(seat, ticket, "Rings from a shop")
        await triage.add_tag(seat, ticket, "shrimp")
        await people.set_name(seat, ticket, "Ma Aye")
        await canned.save(seat, language="my", title="Safe?", text="စာရေးလို့ရလား", quick=True)
    return ticket, sat.browser.cookie("session")


def pages(room, ticket) -> list[str]:
    """Addresses that a supervisor may open."""
    routes = sorted(path for (method, path), who in room.at.app[WHO].items() if method == "GET" and "supervisor" in who)
    named = [path.replace("{ticket}", str(ticket)) for path in routes if not path.startswith((*ELSEWHERE, "/live"))]
    views = ["mine", "closed", "open"]
    return [path for path in named if "{" not in path] + [f"/inbox?view={view}" for view in views]


async def look(page, where: str, sheet: str | None = None) -> None:
    """Nothing against it, and nothing sticks out."""
    assert (where, await violations(page, sheet)) == (where, [])
    assert await fits(page), where


async def look_at_sheets(page, where: str) -> int:
    """Each, open; how many there were."""
    sheets = await page.eval_on_selector_all("[popover], dialog", _SHEETS)
    for id_ in sheets:
        await page.evaluate(_OPEN, id_)
        await page.wait_for_function("(id) => document.getElementById(id).checkVisibility()", arg=id_)
        await look(page, f"{where} #{id_}", f"#{id_}")
        await page.evaluate(_CLOSE, id_)
    return len(sheets)


#: Those that can be opened here: a list that a narrow screen does not show opens none of its own.
_SHEETS = "all => all.filter((one) => one.parentElement.checkVisibility()).map((one) => one.id)"
_OPEN = "(id) => { const one = document.getElementById(id); one.popover ? one.showPopover() : one.showModal(); }"
_CLOSE = "(id) => { const one = document.getElementById(id); one.popover ? one.hidePopover() : one.close(); }"


@pytest.mark.parametrize("size", WIDTHS)
async def test_every_page_and_every_sheet_can_be_used_by_everybody(room, chromium, picture, size):
    ticket, cookie = await sitting(room)
    across, down = WIDTHS[size]
    asked: list[str] = []
    for theme in ("light", "dark"):
        context = await chromium.new_context(
            viewport={"width": across, "height": down}, color_scheme=theme, locale="en", reduced_motion="reduce"
        )
        await context.add_cookies([{"name": "session", "value": cookie, "url": room.at.base}])
        page = await context.new_page()
        page.on("request", lambda one: None if one.url.startswith((room.at.base, "data:")) else asked.append(one.url))
        looked, sheets = 0, 0
        for path in pages(room, ticket):
            answer = await page.goto(room.at.base + path)
            if answer is None or not re.search("<html", await answer.text()):
                continue  # a part of a page
            looked += 1
            await look(page, f"{path} {size} {theme}")
            if path.startswith(f"/inbox/{ticket}"):
                await picture(page, f"{'thread' if path.endswith('thread') else 'open'}-{size}-{theme}")
            if path == f"/inbox/{ticket}":
                sheets += await look_at_sheets(page, f"{path} {size} {theme}")
        await page.goto(room.at.base + "/find")
        await page.fill("#query", WORDS)
        await page.keyboard.press("Enter")
        await page.locator("mark").first.wait_for()
        await look(page, f"found {size} {theme}")
        assert looked > 6
        assert sheets > 10
        await context.close()
    assert asked == []


async def test_after_signing_out_nothing_can_be_read(room, chromium):
    ticket, cookie = await sitting(room)
    context = await chromium.new_context(locale="en")
    await context.add_cookies([{"name": "session", "value": cookie, "url": room.at.base}])
    page = await context.new_page()
    kept: list[str] = []

    def heard(answer) -> None:
        ours, static = answer.url.startswith(room.at.base), "/static/" in answer.url
        if ours and not static and answer.headers.get("cache-control") != "no-store":
            kept.append(answer.url)

    page.on("response", heard)
    for path in ("/inbox?view=open", f"/inbox/{ticket}", f"/inbox/{ticket}/thread"):
        await page.goto(room.at.base + path)
        assert path.endswith("open") or WORDS in await page.content()
    await page.fill("#reply", "half a sentence")
    await page.get_by_text("Draft kept").first.wait_for()
    await page.goto(room.at.base + "/find")
    await page.fill("#query", WORDS)
    await page.keyboard.press("Enter")
    await page.locator("mark").first.wait_for()
    await page.goto(room.at.base + "/inbox")
    await page.locator("button[aria-label='Sign out']").click()
    await page.wait_for_url("**/sign-in?why=out")
    left = await page.evaluate(
        "async () => JSON.stringify([{...localStorage}, {...sessionStorage}, await caches.keys(),"
        " await indexedDB.databases(), (await navigator.serviceWorker.getRegistrations()).length])"
    )
    assert WORDS not in left
    assert "half a sentence" not in left
    assert left.endswith("[],[],0]")
    for _ in range(5):
        with suppress(Error):  # a search that was sent is not kept, so there is nothing to go back to
            await page.go_back(wait_until="load")
        await expect(page.locator("body")).not_to_contain_text(WORDS)
        await expect(page.locator("#reply")).to_have_count(0)
    assert kept == []
