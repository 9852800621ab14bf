"""A line that comes and goes while an answer is written: nothing is lost, and nothing is said twice."""

from uuid import UUID

import pytest
from playwright.async_api import expect

from desk import drafts
from tests.browser.composing import MY, attached, opened, photo, replies, send


async def test_what_was_typed_offline_becomes_the_draft(room, screen, mya):
    page = await screen(mya)
    ticket = await opened(room, page)
    await page.context.set_offline(True)
    await page.fill("#reply", MY)
    await expect(page.locator("[data-kept]")).to_contain_text("not")
    await page.context.set_offline(False)
    await expect(page.locator("[data-kept]")).to_have_text("Draft kept")
    await page.goto(f"{room.at.base}/inbox/{ticket}/thread")
    assert await page.input_value("#reply") == MY


async def test_what_was_sent_offline_goes_once(room, screen, mya):
    page = await screen(mya)
    await opened(room, page)
    await page.context.set_offline(True)
    await page.fill("#reply", MY)
    await page.set_input_files("[data-files]", [photo()])
    await send(page)
    await page.fill("#reply", "and one thing more")
    await send(page)
    await expect(page.locator("[data-pending]")).to_have_count(2)
    await page.context.set_offline(False)
    await expect(page.locator("[data-pending]")).to_have_count(0)
    assert await replies(room) == ["queued", "queued"]
    assert await attached(room) == [("image", "image/jpeg")]


@pytest.mark.parametrize("what", ["answer", "note"])
async def test_an_answer_whose_receipt_got_lost_is_not_said_twice(room, screen, mya, what):
    page = await screen(mya)
    await opened(room, page)
    calls = []

    async def lose(route):
        calls.append(route.request.url)
        if len(calls) == 1:
            await route.fetch()  # it arrives, and nobody hears of it
            await route.abort()
        else:
            await route.continue_()

    await page.route(f"**/{what}", lose)
    await page.keyboard.press("r" if what == "answer" else "n")
    await page.keyboard.type("only once")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("[data-pending]")
    await expect(page.locator("[data-pending]")).to_have_count(0, timeout=10_000)
    assert len(calls) == 2
    direction = "out" if what == "answer" else "note"
    assert await room.at.rows(
        "select count(*) from message where direction = %s and author like 'agent:%%'", direction
    ) == [(1,)]


async def test_what_is_refused_while_another_conversation_is_open_is_its_draft(room, screen, mya):
    page = await screen(mya)
    ticket = await opened(room, page, beside="")
    await page.context.set_offline(True)
    await page.fill("#reply", MY)
    await send(page)
    await page.fill("#reply", "and more")
    await send(page)
    await room.write("he is here", minutes=26)
    await page.evaluate("document.getElementById('thread').dataset.ticket = 'another'")
    async with page.expect_response(lambda answer: answer.url.endswith(f"/{ticket}/draft")):
        await page.context.set_offline(False)
    await page.wait_for_selector(".toast")
    await expect(page.locator("[data-pending]")).to_have_count(0)
    async with room.seat(mya) as seat:
        draft = (await drafts.load(seat, UUID(ticket)))["reply"]
    assert draft.text.splitlines() == [MY, "and more"]
    assert await replies(room) == []
