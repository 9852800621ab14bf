"""Writing an answer in a real browser: the bar to call it back, quick replies, names, and every key."""

import re
from dataclasses import replace

from playwright.async_api import expect

from desk import canned
from tests.browser.composing import MY, opened, send
from tests.browser.windows import violations

# The bar to call back


async def test_the_bar_goes_when_its_time_is_over_whatever_is_drawn_anew(room, screen, mya):
    page = await screen(mya)
    await page.clock.install()
    await opened(room, page)
    await page.fill("#reply", MY)
    await send(page)
    await page.wait_for_selector("[data-undo]")
    for _ in range(5):
        await page.clock.run_for(1100)
        await page.evaluate("document.dispatchEvent(new CustomEvent('thread:applied'))")
    await expect(page.locator("[data-undo]")).to_have_count(0)


async def test_the_bar_goes_as_soon_as_the_server_says_that_it_has_left(room, screen, mya):
    page = await screen(mya)
    await opened(room, page, beside="")
    await page.fill("#reply", MY)
    await send(page)
    await page.wait_for_selector("[data-undo]")
    async with room.home.database.intake() as connection:
        await connection.execute("update delivery set state = 'sent', sent_at = now() where purpose = 'reply'")
    await room.write("thank you", minutes=31)
    await page.wait_for_selector("#log-items >> text=thank you")
    assert await page.locator("[data-undo]").count() == 0


# Quick replies


async def test_quick_replies_with_the_keyboard(room, screen, mya):
    page = await screen(mya)
    await opened(room, page)
    await page.fill("#reply", "Are you safe?")
    await page.focus("[data-choose]")
    await page.keyboard.press("Enter")
    for label in ("Yes", "No", "Call me"):
        await page.keyboard.type(label)
        await page.keyboard.press("Enter")
    assert await page.locator("[name=choice]").count() == 4
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#log-items >> text=To tap: Yes · No · Call me")).to_be_visible()
    await expect(page.locator("[data-choices]")).to_be_hidden()


# Names, kept answers, keys


async def test_an_at_completes_the_names_of_colleagues(room, screen, mya, picture):
    organisation = await room.organisation()
    await room.agent("Arun Htet", organisation=organisation)
    await room.agent("Thiri", organisation=organisation)
    await room.agent("Boss", "csoadmin", organisation=organisation)
    page = await screen(mya)
    await opened(room, page)
    await page.evaluate("import(document.querySelector('script[src*=composer]').src.replace('composer', 'mention'))")
    await page.keyboard.press("n")
    await page.keyboard.type("please look @")
    options = page.locator("#colleagues [role=option]")
    assert await options.all_inner_texts() == ["Arun Htet", "Thiri"]
    await page.keyboard.press("ArrowDown")
    assert await page.get_attribute("#note", "aria-activedescendant") == "colleague-1"
    await picture(page, "composer-mention")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(options).to_have_count(0)
    await page.keyboard.type("ht")
    await page.keyboard.press("Enter")
    assert await page.input_value("#note") == "please look @Arun Htet "
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector(".msg-note:not([data-pending])")
    assert len(await room.at.rows("select 1 from mention")) == 1


async def test_every_key_of_the_sheet_for_answering(room, screen, mya, picture):
    async with room.seat(replace(mya, roles=("csoadmin",))) as seat:
        for title, text in (("Are you safe", "Are you safe now?"), ("Office hours", "We are here from nine to five.")):
            await canned.save(seat, language="en", title=title, text=text)
    page = await screen(mya)
    await opened(room, page)
    await page.keyboard.press("/")
    await page.keyboard.type("office")
    await expect(page.locator("#sheet-canned [data-says]:visible")).to_have_count(1)
    await picture(page, "composer-canned")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("#reply")).to_have_value("We are here from nine to five.")
    await expect(page.locator("#reply")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#thread-log")).to_be_focused()
    await page.keyboard.press("n")
    await expect(page.locator("#note")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("h")
    await expect(page.locator("#to")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.focus("#thread-log")
    await page.keyboard.press("r")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("[data-undo]")
    await page.keyboard.press("Escape")
    await page.keyboard.press("z")
    await expect(page.locator("#reply")).to_have_value("We are here from nine to five.")
    await page.fill("#reply", "")
    await page.keyboard.press("/")
    await expect(page.locator("#narrow")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.focus("#thread-log")
    await page.keyboard.press("Shift+?")
    keys = await page.locator("#keys").inner_text()
    for key in ("R", "N", "/", "H", "Ctrl Enter", "Z", "Esc", "@"):
        assert re.search(rf"(?m)^{re.escape(key)}$", keys), key
