"""What an act does is seen where it was done, and nothing is lost beside it: line by line, in a real browser."""

import asyncio

import pytest
from playwright.async_api import expect

from desk import ending
from model.network import organisation_uuid
from tests.browser.composing import MY, opened, replies, send
from tests.conversation import write_in_every_form


@pytest.fixture
async def page(room, screen, mya):
    page = await screen(mya)
    await opened(room, page, beside="")
    return page


async def changed(room, statement: str, *values) -> None:
    """Something that becomes of it elsewhere."""
    async with room.home.database.intake() as connection:
        await connection.execute(statement.encode(), values)


async def focused(page) -> str:
    return await page.evaluate("document.activeElement.tagName + (document.activeElement.dataset.key ?? '')")


async def test_what_is_done_in_a_line_shows_in_it(room, screen, mya):
    await write_in_every_form(room)
    page = await screen(mya)
    await opened(room, page)
    await page.click("text=I have heard it")
    await expect(page.locator("#log-items")).to_contain_text("Heard or seen by Mya")
    line = page.locator("#log-items > li", has_text="Repaired from Zawgyi")
    await line.locator("summary", has_text="As it was written").click()
    await line.get_by_role("button", name="Undo the repair").click()
    await expect(page.get_by_role("button", name="Repair from Zawgyi")).to_be_visible()
    await page.locator("#log-items details.add > summary").first.click()
    await page.locator("#log-items details.add[open] textarea").fill("They keep our passports.")
    await page.locator("#log-items details.add[open] button").click()
    await expect(page.locator("#log-items .translation", has_text="They keep our passports.")).to_be_visible()
    assert await focused(page) == "DIV"  # the log, not nowhere


async def test_the_focus_stays_where_one_works(page):
    await page.focus("#thread-head [data-key=KeyT]")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread-head")).to_contain_text("yours")
    assert await focused(page) != "BODY"


async def test_enter_presses_what_belongs_to_the_field(room, screen):
    agent, _ = await room.agent("Mya", "supervisor", organisation=await room.organisation())
    page = await screen(agent)
    ticket = await opened(room, page)
    await page.keyboard.press("Escape")
    await page.evaluate("document.getElementById('sheet-snooze').showPopover()")
    until = await page.evaluate("new Date(Date.now() + 864e5 * 20).toISOString().slice(0, 16)")
    await page.fill("#snooze-until", until)
    await page.press("#snooze-until", "Enter")
    await expect(page.locator("#thread-notice")).to_contain_text("Put aside until")
    ((snoozed,),) = await room.at.rows("select snoozed_until from ticket where id = %s", ticket)
    assert (snoozed - room.at.clock()).days > 1, "not for the first of the offered times"
    await page.evaluate("document.getElementById('sheet-urgency').showPopover()")
    before = await room.at.rows("select urgency from ticket where id = %s", ticket)
    await page.fill("#lower-why", "it was a mistake")
    await page.press("#lower-why", "Enter")
    await page.click("#sheet-urgency button[value=U4]")
    await expect(page.locator("#thread-head")).to_contain_text("U4")
    changes = await room.at.rows("select action from audit where action like 'ticket.urgency%%'")
    assert (before != [("U1",)], [one for (one,) in changes]) == (True, ["ticket.urgency_lowered"])


async def test_there_is_something_to_write_in_as_soon_as_a_matter_is_open_again(room, page, mya):
    ticket = await room.ticket()
    async with room.seat(mya) as seat:
        await ending.close(seat, ticket, "information_only")
    await expect(page.locator("#thread-composer form")).to_have_count(0)  # a colleague's act, and nothing was written
    await page.click("#thread-notice >> text=Reopen")
    await expect(page.locator("#reply")).to_be_visible()


async def test_what_is_typed_while_an_answer_goes_is_kept(page):
    went = asyncio.Event()

    async def slowly(route) -> None:
        await went.wait()
        await route.continue_()

    await page.route("**/answer", slowly)
    await page.fill("#reply", MY)
    await send(page)
    async with page.expect_response("**/draft"):
        await page.fill("#reply", "and the next sentence")
    async with page.expect_response("**/draft"):  # once more, since the answer took its draft with it
        went.set()
    await page.reload()
    await expect(page.locator("#reply")).to_have_value("and the next sentence")


async def test_a_late_answer_of_the_server_takes_no_words_away(room, page, mya):
    late, first = asyncio.Event(), []

    async def overtaken(route) -> None:
        if first:
            await route.continue_()
        else:
            first.append(await route.fetch())
            await late.wait()
            await route.fulfill(response=first[0])

    await page.route("**/thread", overtaken)
    async with page.expect_request("**/thread"):
        await room.write("ပထမ", minutes=1)
    await expect(page.locator("#log-items")).not_to_contain_text("ဒုတိယ")
    await room.write("ဒုတိယ", minutes=2)
    await expect(page.locator("#log-items")).to_contain_text("ဒုတိယ")
    async with page.expect_response("**/thread"):
        late.set()
    await expect(page.locator("#log-items")).to_contain_text("ပထမ")
    await expect(page.locator("#log-items")).to_contain_text("ဒုတိယ")


async def test_a_second_press_is_no_second_act(room, page):
    await page.fill("#reply", MY)
    await send(page)
    await page.wait_for_selector("[data-undo]")
    await changed(room, "update delivery set state = 'failed', reason = 'away' where purpose = 'reply'")
    await page.reload()
    await page.get_by_role("button", name="Try again").dblclick()
    await expect(page.locator("[data-undo]")).to_be_visible()
    assert await replies(room) == ["failed", "queued"]


async def test_what_went_to_another_organisation_leaves_the_screen(room, page):
    await expect(page.locator("#log-items .words").first).to_be_visible()
    elsewhere = organisation_uuid("rhododendron")
    await changed(room, "update ticket set organisation_id = %s where id = %s", elsewhere, await room.ticket())
    await page.evaluate("document.dispatchEvent(new CustomEvent('thread:stale'))")
    await expect(page.locator("#log-items")).to_have_count(0)
    assert "/inbox?" in page.url
