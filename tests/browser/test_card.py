"""The conversation's strip, thread, card and reveal in a real browser, at both widths and in both themes."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from desk import consent, contact, people, saying
from model.contact import Rules
from model.hours import parse_hours
from tests.browser.windows import fits, violations
from tests.conversation import SCRIPTS, write_in_every_form
from tests.house import NOON

WORDS = tuple(SCRIPTS.values())
EVERYTHING = Rules(
    write="yes", on={"sms": "no"}, call="no", voicemail="no", name="no", phone="shared", whose="her husband",
    hours=parse_hours({"mon-sun": "11:00-22:00"}, "Asia/Kathmandu"), until=NOON + timedelta(days=3),
    check="Where is the mango tree?", remark="भाइले पनि हेर्छ। ญาติอ่านได้ မတ်လအထိ",
)  # fmt: skip


@pytest.fixture
async def room(room):
    await write_in_every_form(room)
    return room


async def colleague(room, *roles, **of):
    agent, _ = await room.agent("Mya", *(roles or ("agent",)), organisation=await room.organisation(), **of)
    return agent


async def height(page, selector: str) -> float:
    return (await page.locator(selector).bounding_box())["height"]


async def inside(page, inner: str, outer: str) -> bool:
    """Nothing of these sticks out at the side."""
    return await page.evaluate(
        """([inner, outer]) => { const most = document.querySelector(outer).getBoundingClientRect().right + 1;
        return [...document.querySelectorAll(inner)].every((one) => one.getBoundingClientRect().right <= most); }""",
        [inner, outer],
    )


@pytest.mark.parametrize("known", [False, True], ids=["unasked", "known"])
@pytest.mark.parametrize(("width", "dark"), [("wide", False), ("wide", True), ("narrow", False), ("narrow", True)])
async def test_the_strip_is_short_and_the_card_holds_what_is_in_it(room, screen, picture, width, dark, known):
    agent = await colleague(room, "agent", "supervisor")
    ticket = await room.ticket()
    if known:
        async with room.seat(agent) as seat:
            await contact.write(seat, ticket, EVERYTHING, was=None)
            await consent.write(seat, ticket, {"contact": "yes", "employer": "no", "brand": "ask_again"}, how="said")
            await saying.note(seat, ticket, "@Mya ขอดูอีกครั้ง")
    page = await screen(agent, width, dark=dark)
    await page.goto(f"{room.at.base}/inbox/{ticket}")
    await page.locator(".strip").wait_for()
    name = f"{'known' if known else 'unasked'}-{width}-{'dark' if dark else 'light'}"
    await picture(page, f"card-{name}")
    assert await height(page, ".strip") <= (76 if width == "wide" else 48)
    assert await fits(page)
    assert await violations(page) == []
    if width == "narrow":
        assert await page.locator(".strip-rules > li:visible").count() == 1
        await page.click("[data-unfold]")
        assert await page.locator(".strip-rules > li.strip-no:visible").count() >= 1
        await picture(page, f"unfolded-{name}")
        await page.click("[data-unfold]")
        await page.click("[href='#card']")
        await picture(page, f"card-alone-{name}")
    assert await inside(page, "#card :is(.button, .wait, dd, .tag)", "#card")


async def test_what_is_forbidden_is_in_sight_and_looks_forbidden(room, screen):
    agent = await colleague(room)
    ticket = await room.ticket()
    async with room.seat(agent) as seat:
        await contact.write(seat, ticket, EVERYTHING, was=None)
    page = await screen(agent)
    await page.goto(f"{room.at.base}/inbox/{ticket}")
    shown = page.locator(".strip-rules > li.strip-no", has_text="No calls, no voicemail, not our name")
    await expect(shown).to_be_in_viewport(ratio=0.9)
    assert await shown.locator("svg").count() == 1
    green = await page.locator(".strip-rules > li:first-child b").evaluate("(one) => getComputedStyle(one).color")
    red = await page.locator("li.strip-no .strip-rule").first.evaluate("(one) => getComputedStyle(one).color")
    assert green != red


async def test_a_safety_question_is_answered_in_two_clicks(room, screen):
    agent = await colleague(room)
    ticket = await room.ticket()
    page = await screen(agent)
    await page.goto(f"{room.at.base}/inbox/{ticket}")
    await page.click(".strip >> text=Ask and note")
    await page.click("#ask-write button:text-is('Yes')")
    await expect(page.locator(".strip")).to_contain_text("Safe to write on LINE")
    await page.click(".strip >> text=Not asked, so")
    await page.click("#ask-call button:text-is('No')")
    await expect(page.locator(".strip")).to_contain_text("No calls, no voicemail")
    async with room.seat(agent) as seat:
        rules = (await contact.known(seat, ticket)).rules
    assert (rules.write, rules.call, rules.voicemail) == ("yes", "no", "unknown")


async def test_what_was_typed_into_a_sheet_survives_a_refusal(room, screen):
    agent = await colleague(room)
    page = await screen(agent)
    await page.goto(f"{room.at.base}/inbox/{await room.ticket()}")
    await page.click(".strip >> text=Ask and note")
    await page.click("#ask-write >> text=All questions")
    await page.fill("#rules-remark", "ချစ်သူက ဖုန်းကြည့်တယ်")
    await page.fill("#rules-from", "10:00")
    await page.fill("#rules-to", "10:00")
    await page.click("#sheet-rules .button-main")
    await expect(page.locator("#sheet-rules [role=alert]")).to_contain_text("These hours cannot be read")
    await page.fill("#rules-to", "12:00")
    await page.click("#sheet-rules .button-main")
    await expect(page.locator("#sheet-rules")).to_be_hidden()
    await page.click("[data-unfold]")
    await expect(page.locator(".strip")).to_contain_text("ချစ်သူက ဖုန်းကြည့်တယ်")


# Who somebody is


@pytest.fixture
async def revealed(room, screen):
    """A page on which somebody's name stands open, in a window whose clock can be set."""
    agent = await colleague(room)
    ticket = await room.ticket()
    boss, _ = await room.agent("Arun", "supervisor", organisation=await room.organisation())
    async with room.seat(boss) as seat:
        await people.set_name(seat, ticket, "Secret Person")
    page = await screen(agent)
    await page.clock.install()
    await page.goto(f"{room.at.base}/inbox/{ticket}")
    assert "Secret Person" not in await page.content()
    await page.click("#card >> text=Reveal with reason")
    await page.select_option("#reveal-why", "call_back")
    await page.click("#sheet-reveal .button-main")
    await expect(page.locator("#card")).to_contain_text("Secret Person")
    return room, page, ticket


async def test_it_stays_for_its_minute_and_is_gone_after_it(revealed):
    room, page, _ = revealed
    await room.write("one thing more", minutes=27)
    await page.wait_for_selector("#log-items >> text=one thing more")
    assert "Secret Person" in await page.content()  # new words do not take it away
    await page.clock.fast_forward(61_000)
    await page.wait_for_selector("#card:not([data-masks-after])")
    assert "Secret Person" not in await page.content()
    assert await page.locator(".revealed").count() == 0


async def test_it_is_hidden_without_a_line_too(revealed):
    _, page, _ = revealed
    await page.context.set_offline(True)
    await page.clock.fast_forward(61_000)
    await page.wait_for_selector("#card:not([data-masks-after])")
    assert "Secret Person" not in await page.content()


async def test_the_way_back_does_not_show_it(revealed):
    _, page, _ = revealed
    assert "Secret" not in page.url
    await page.goto(page.url.split("/inbox")[0] + "/account")
    await page.go_back()
    await page.wait_for_selector("#card")
    assert "Secret Person" not in await page.content()
    assert await page.evaluate("JSON.stringify([history.state, localStorage.length, sessionStorage.length])") == (
        "[null,0,0]"
    )


# The thread


async def test_it_opens_at_the_newest_words_and_stays_there(room, screen, picture):
    agent = await colleague(room)
    for n in range(30):
        await room.write(f"{WORDS[n % 4]} {n}", minutes=21)
    page = await screen(agent)
    await page.goto(f"{room.at.base}/inbox/{await room.ticket()}")
    log = page.locator("#thread-log")
    await expect(page.locator("#log-items > li").last).to_be_in_viewport()
    await page.fill("#reply", "လုံခြုံသလား")
    await page.click("[data-send]")
    await page.wait_for_selector("[data-undo]")
    await expect(page.locator("#log-items .msg-out").last).to_be_in_viewport()
    await picture(page, "sent-wide")
    assert abs(await log.evaluate("(one) => one.scrollTop")) < 2
    # whoever reads further up stays there when words come in
    await log.evaluate("(one) => { one.scrollTop = -400; }")
    before = await page.locator("#log-items .msg:not(.msg-out)").nth(20).bounding_box()
    async with page.expect_response("**/inbox/counts"):
        await room.write("and now he is here", minutes=28)
    await page.wait_for_selector("#log-items >> text=and now he is here")
    await expect(page.locator("#compose-hint [data-count]")).to_have_text("")  # counts of the views are not letters
    after = await page.locator("#log-items .msg:not(.msg-out)").nth(20).bounding_box()
    assert abs(before["y"] - after["y"]) < 60
    assert await log.evaluate("(one) => one.scrollTop") < -300


async def test_it_is_small_on_the_wire(room, screen):
    """First page under 150 kB, another conversation under 20 kB; letters of scripts come beside and only once."""
    agent = await colleague(room, "agent", "supervisor")
    for n in range(60):
        await room.write(f"{WORDS[n % 4]} {n}", minutes=21)
    page = await screen(agent)
    await page.goto(f"{room.at.base}/inbox")
    await page.wait_for_load_state("networkidle")
    taken = """() => performance.getEntries().filter((one) => one.transferSize !== undefined)
        .map((one) => [one.name.replace(/.*[/]/, ""), one.transferSize])"""
    found = await page.evaluate(taken)
    assert sum(size for name, size in found if "woff2" not in name) < 150_000, found
    await page.evaluate("performance.clearResourceTimings()")
    await page.click(".row-name")
    await page.wait_for_selector(".strip")
    found = [one for one in await page.evaluate(taken) if re.search("part|thread", one[0]) or one[1] > 5000]
    switch = [size for name, size in found if "woff2" not in name and name != "inbox"]
    assert switch, found
    assert max(switch) < 20_000, found
