"""Writing an answer in a real browser: files, voice, quick replies, names, keys, and a line that comes and goes."""

import re
from dataclasses import replace
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from desk import canned, drafts
from tests import files
from tests.conversation import Inbox, inbox

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
MY = "မင်္ဂလာပါ။ အခု စာရေးလို့ ရမလား။"


@pytest.fixture
async def room(home):
    async with inbox(home) as opened:
        yield opened


@pytest.fixture
async def mya(room):
    agent, _ = await room.agent("Mya", organisation=await room.organisation())
    return agent


async def opened(room: Inbox, page, beside: str = "/thread") -> str:
    ticket = await room.ticket()
    await page.goto(f"{room.at.base}/inbox/{ticket}{beside}")
    await page.wait_for_selector("[data-attach]:not([hidden])")
    return str(ticket)


async def replies(room: Inbox) -> list[str]:
    return [state for (state,) in await room.at.rows("select state from delivery where purpose = 'reply' order by id")]


async def attached(room: Inbox) -> list[tuple[str, ...]]:
    return await room.at.rows(
        "select a.kind, a.mime from attachment a join message m on m.id = a.message_id where m.direction = 'out' "
        "order by a.message_id, a.position"
    )


def photo() -> dict[str, object]:
    return {"name": "office.jpg", "mimeType": "image/jpeg", "buffer": files.photo()}


def paper(megabytes: float = 0.01) -> dict[str, object]:
    body = b"%PDF-1.4\n" + b" " * int(megabytes * (1 << 20)) + b"\n%%EOF"
    return {"name": "လျှောက်လွှာ.pdf", "mimeType": "application/pdf", "buffer": body}


async def send(page) -> None:
    await page.focus("#reply")
    await page.keyboard.press("Control+Enter")


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


# Files


@pytest.mark.parametrize(("width", "dark"), [("wide", False), ("wide", True), ("narrow", False), ("narrow", True)])
async def test_files_go_with_the_words(room, screen, mya, picture, width, dark):
    page = await screen(mya, width, dark=dark)
    await opened(room, page)
    await page.fill("#reply", MY)
    await page.set_input_files("[data-files]", [photo(), paper()])
    await page.click("[data-choose]")
    await page.fill("[name=choice] >> nth=0", "ရပါတယ်")
    await picture(page, f"composer-{width}-{'dark' if dark else 'light'}")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = (await Axe().run(page, options=_RULES)).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    await send(page)
    await page.wait_for_selector("[data-undo]")
    await expect(page.locator("#log-items .file", has_text="လျှောက်လွှာ.pdf")).to_be_visible()
    await expect(page.locator("#log-items .picture")).to_have_count(1)
    await expect(page.locator("#log-items >> text=To tap: ရပါတယ်")).to_be_visible()
    await picture(page, f"composer-sent-{width}-{'dark' if dark else 'light'}")
    assert await attached(room) == [("image", "image/jpeg"), ("file", "application/pdf")]
    assert await page.input_value("#reply") == ""
    assert await page.locator("[data-attached] li").count() == 0


async def test_what_is_too_large_is_known_before_it_is_tried(room, screen, mya):
    page = await screen(mya)
    await opened(room, page)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/answer") else None)
    await page.fill("#reply", MY)
    await page.set_input_files("[data-files]", [paper(26)])
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
    broken = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": files.photo()[:400]}
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
    found = (await Axe().run(page, options=_RULES)).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
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


# A line that comes and goes


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
