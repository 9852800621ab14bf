"""Pictures, papers and voice that go with an answer, in a real browser."""

import pytest
from playwright.async_api import expect

from tests.browser.composing import MY, attached, large_paper, opened, paper, photo, replies, send
from tests.browser.windows import fits, violations


@pytest.mark.parametrize(("width", "dark"), [("wide", False), ("wide", True), ("narrow", False), ("narrow", True)])
async def test_files_go_with_the_words(room, screen, mya, picture, width, dark):
    page = await screen(mya, width, dark=dark)
    await opened(room, page)
    await page.fill("#reply", MY)
    await page.set_input_files("[data-files]", [photo(), paper()])
    link = page.locator("[data-file-link]")
    await expect(link).to_have_text(
        "On LINE this goes as a link, which opens for a day for whoever has it: လျှောက်လွှာ.pdf"
    )
    await page.click("[data-choose]")
    await page.fill("[name=choice] >> nth=0", "ရပါတယ်")
    await picture(page, f"composer-{width}-{'dark' if dark else 'light'}")
    assert await fits(page)
    assert await violations(page) == []
    await send(page)
    await page.wait_for_selector("[data-undo]")
    await expect(page.locator("#log-items .file", has_text="လျှောက်လွှာ.pdf")).to_be_visible()
    await expect(page.locator("#log-items .picture")).to_have_count(1)
    await expect(page.locator("#log-items >> text=To tap: ရပါတယ်")).to_be_visible()
    await picture(page, f"composer-sent-{width}-{'dark' if dark else 'light'}")
    assert await attached(room) == [("image", "image/jpeg"), ("file", "application/pdf")]
    assert await page.input_value("#reply") == ""
    assert await page.locator("[data-attached] li").count() == 0
    await expect(link).to_be_hidden()


async def test_what_is_too_large_is_known_before_it_is_tried(room, screen, mya, tmp_path):
    page = await screen(mya)
    await opened(room, page)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/answer") else None)
    await page.fill("#reply", MY)
    await page.set_input_files("[data-files]", large_paper(tmp_path))
    await expect(page.locator("[data-file-wrong]")).to_contain_text("has 26.0 MB, and 25 MB can go")
    await send(page)
    assert await page.input_value("#reply") == MY
    assert asked == []
    await page.get_by_role("button", name="Leave out").click()
    await send(page)
    await page.wait_for_selector("[data-undo]")


async def test_a_channel_that_carries_no_files_says_so(room, screen, mya):
    page = await screen(mya)
    await opened(room, page)
    await page.eval_on_selector("#to option", "(option) => { option.dataset.carries = '{}'; option.dataset.taps = 0; }")
    await page.set_input_files("[data-files]", [photo()])
    await expect(page.locator("[data-file-wrong]")).to_contain_text("LINE cannot carry office.jpg")
    await page.dispatch_event("#to", "change")
    await expect(page.locator("[data-choose]")).to_be_disabled()
    await expect(page.locator("[data-record]")).to_be_hidden()


async def test_what_the_server_refuses_comes_back_with_words_and_file(room, screen, mya):
    page = await screen(mya)
    await opened(room, page)
    await page.fill("#reply", MY)
    broken = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": photo()["buffer"][:400]}
    await page.set_input_files("[data-files]", [broken])
    await send(page)
    await expect(page.locator("#thread-notice [role=alert]")).to_contain_text("broken.jpg")
    assert await page.input_value("#reply") == MY
    await expect(page.locator("[data-attached] li")).to_have_count(1)
    assert await replies(room) == []


async def test_held_words_keep_their_file_and_take_it_along(room, screen, mya):
    page = await screen(mya)
    await opened(room, page)
    await page.fill("#reply", MY)
    await page.set_input_files("[data-files]", [photo()])
    await room.write("do not write, he is here", minutes=25)
    await send(page)
    await page.wait_for_selector(".held")
    await expect(page.locator("[data-attached] li")).to_have_count(1)
    assert await page.input_value("#reply") == MY
    await page.click(".held [data-act] .button:not([type=button]):not([name=drop])")
    await page.wait_for_selector("[data-undo]")
    assert await attached(room) == [("image", "image/jpeg")]
    await expect(page.locator("[data-attached] li")).to_have_count(0)


async def test_what_is_called_back_brings_its_file_and_leaves_what_was_typed_since(room, screen, mya):
    page = await screen(mya)
    await opened(room, page)
    await page.fill("#reply", "first")
    await page.set_input_files("[data-files]", [photo()])
    await send(page)
    await page.wait_for_selector("[data-undo]")
    await page.keyboard.type("second")
    await page.keyboard.press("Escape")
    await page.keyboard.press("z")
    await expect(page.locator("[data-attached] li")).to_have_count(1)
    await expect(page.locator("#reply")).to_have_value("first\nsecond")


async def test_a_file_is_pasted_and_dropped(room, screen, mya):
    page = await screen(mya)
    await opened(room, page)
    for kind in ("paste", "drop"):
        where = "#reply" if kind == "paste" else "#thread-log"
        await page.eval_on_selector(
            where,
            "(field, kind) => { const held = new DataTransfer(); held.items.add(new File(['x'], `${kind}.txt`)); "
            "field.dispatchEvent(kind === 'paste' ? new ClipboardEvent(kind, {clipboardData: held, bubbles: true}) "
            ": new DragEvent(kind, {dataTransfer: held, bubbles: true, cancelable: true})); }",
            kind,
        )
    assert await page.locator(".attached-name").all_inner_texts() == ["paste.txt", "drop.txt"]


async def test_a_voice_answer_is_heard_before_it_goes(room, screen, mya, picture):
    page = await screen(mya)
    await opened(room, page)
    await page.click("[data-record]")
    await expect(page.locator("[data-recording]")).to_have_text("Recording 0:01")
    await picture(page, "composer-recording")
    await page.click("[data-record]")
    await page.locator("[data-attached] audio").wait_for()
    await picture(page, "composer-recorded")
    await send(page)
    await page.wait_for_selector("[data-undo]")
    assert await attached(room) == [("audio", "audio/mp4")]
