"""The conversation in a real browser: many scripts, both widths and themes, and what only a script does."""

import pytest
from playwright.async_api import expect

from channels.sms.segments import count
from storage import search
from tests.browser.windows import violations
from tests.conversation import Inbox, write_in_every_form


@pytest.fixture
async def room(room):
    await write_in_every_form(room)
    return room


async def opened(room: Inbox, page) -> str:
    ticket = await room.ticket()
    await page.goto(f"{room.at.base}/inbox/{ticket}/thread")
    return str(ticket)


async def test_writing_with_the_keyboard_sending_and_undoing(room, screen, picture):
    agent, _ = await room.agent(organisation=await room.organisation())
    page = await screen(agent)
    await opened(room, page)
    await page.keyboard.press("t")
    await page.wait_for_selector("text=yours")
    await page.keyboard.press("r")
    await page.keyboard.type("Is it all right to write now?")
    await page.wait_for_selector("text=Draft kept")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("[data-undo]")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("z")
    await expect(page.locator("#reply")).to_have_value("Is it all right to write now?")


async def test_beside_the_list_words_come_in_while_one_writes(room, screen, picture):
    agent, _ = await room.agent(organisation=await room.organisation())
    page = await screen(agent)
    await page.goto(f"{room.at.base}/inbox")
    await page.click(".row-name")
    await page.wait_for_selector(".strip")
    await page.fill("#reply", "half a sentence")
    await room.write("one thing more", minutes=27)
    await page.wait_for_selector("#log-items >> text=one thing more")
    assert await page.input_value("#reply") == "half a sentence"
    await picture(page, "inbox")
    assert await violations(page) == []


async def test_written_offline_it_waits_in_memory_and_is_asked_again(room, screen, picture):
    agent, _ = await room.agent(organisation=await room.organisation())
    page = await screen(agent)
    await opened(room, page)
    await page.context.set_offline(True)
    await page.fill("#reply", "hello, are you alone?")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("[data-pending]")
    kept = "JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
    assert "alone" not in await page.evaluate(kept)
    await room.write("do not write, he is here", minutes=25)
    await page.context.set_offline(False)
    await page.wait_for_selector(".held >> text=do not write, he is here")
    await picture(page, "held")
    assert await room.at.rows("select id from delivery where purpose = 'reply'") == []
    await page.click("[data-edit]")
    assert await page.input_value("#reply") == "hello, are you alone?"


async def test_as_many_parts_as_the_provider_counts(room, screen):
    agent, _ = await room.agent(organisation=await room.organisation())
    page = await screen(agent)
    await opened(room, page)
    for text in (
        "",
        "a" * 160,
        "a" * 161,
        "€" * 80,
        "€" * 81,
        "က" * 70,
        "က" * 71,
        "😀" * 36,
        "x{" * 60,
        "é" * 306,
        "ç" * 71,
    ):
        found = await page.evaluate(
            "(text) => import(document.querySelector('script[src*=composer]').src).then((m) => m.segments(text))", text
        )
        assert found["count"] == count(text).segments, (text[:3], len(text))


async def test_what_was_revealed_is_hidden_again(room, screen):
    agent, _ = await room.agent(organisation=await room.organisation())
    page = await screen(agent)
    await page.clock.install()
    await opened(room, page)
    await page.click("text=Reveal with reason")
    await page.select_option("#reveal-why", "call_back")
    await page.click("#sheet-reveal .button-main")
    await page.wait_for_selector("[data-masks-after]")
    assert [detail["reason"] for _, detail in await room.trail("person.revealed")] == ["call_back"]
    await page.clock.fast_forward(61_000)
    await page.wait_for_selector("#card:not([data-masks-after])")


async def test_search_in_scripts_without_spaces(room, screen, picture):
    async with room.home.database.intake() as connection:
        await search.index(connection, room.home.workplace.master)
    agent, _ = await room.agent(organisation=await room.organisation())
    page = await screen(agent)
    await page.goto(f"{room.at.base}/find")
    for part in ("កាត់ប្រាក់", "ยึดหนังสือ", "သိမ်းထား"):
        await page.fill("#query", part)
        await page.keyboard.press("Enter")
        await page.locator("mark", has_text=part).first.wait_for()
        assert "%E" not in page.url
    await picture(page, "search")
