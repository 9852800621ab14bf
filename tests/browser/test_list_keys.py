"""The list without a mouse: every key of its sheet, several tickets at once, the field above it, and Ctrl K."""

import itertools
import re
from datetime import timedelta

import pytest

from tests.browser.test_inbox import WIDE, ids, page_of
from tests.browser.windows import violations
from tests.crowd import waiting, writes
from tests.house import NOON

FOCUSED = "document.activeElement.closest('.row')?.dataset.ticket"
NARROW = {"width": 360, "height": 780}


@pytest.fixture
async def room(home, at):
    await waiting(home, 4)
    at.clock.forward(minutes=90)
    return at


async def opened(room, chromium, agent=None, size=WIDE):
    page = await page_of(room, chromium, agent or await room.agent(), viewport=size)
    page.set_default_timeout(15_000)
    await page.goto(f"{room.base}/inbox")
    await page.locator(".row").first.wait_for()
    return page


async def test_the_oldest_opens_and_escape_goes_back_to_it(room, chromium):
    page = await opened(room, chromium)
    order = await ids(page)
    await page.keyboard.press("o")
    await page.locator("#thread-name").wait_for()
    assert page.url.split("?")[0].endswith(order[0])
    assert await page.evaluate("document.activeElement.id") == "thread-log"
    await page.keyboard.press("Escape")
    assert await page.evaluate(FOCUSED) == order[0]
    assert await page.locator("#thread-name").count() == 1  # it stays open beside the list


async def test_escape_leaves_a_field_first_and_at_360_px_goes_back(room, chromium):
    page = await opened(room, chromium, size=NARROW)
    await page.locator(".row-name").nth(1).click()
    await page.locator("#reply").focus()
    await page.keyboard.type("jk")
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.id") == "thread-log"
    assert await page.locator("#reply").input_value() == "jk"
    await page.keyboard.press("Escape")
    await page.wait_for_url("**/inbox?*")
    assert await page.evaluate(FOCUSED) == (await ids(page))[1]


async def test_keys_go_by_place_on_the_keyboard(room, chromium):
    """On a Burmese layout the key at J writes something else."""
    page = await opened(room, chromium)
    order = await ids(page)
    press = "code => document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ြ', code, bubbles: true}))"
    await page.evaluate(press, "KeyJ")
    assert await page.evaluate(FOCUSED) == order[0]


async def test_several_are_taken_at_once(room, chromium):
    mya, arun = await room.agent("Mya"), await room.agent("Arun")
    page, other = await opened(room, chromium, mya), await room.let_in(arun)
    order = await ids(page)
    for _ in range(3):
        await page.keyboard.press("j")
        await page.keyboard.press("x")
    await page.locator("#several-count", has_text="3 selected").wait_for()
    await other.get("/inbox")
    await other.post(f"/inbox/{order[1]}/take")
    await page.keyboard.press("t")
    done = page.locator("#several-done")
    await done.locator("text=2 tickets are yours.").wait_for()
    assert "Arun has it" in await done.inner_text()
    assert not await page.locator(".bulk").is_visible()
    assert await page.evaluate(FOCUSED) == order[0]
    held = await room.rows("select id::text, assignee from ticket where assignee is not null")
    assert dict(held) == {order[0]: mya.id, order[1]: arun.id, order[2]: mya.id}


async def test_what_is_selected_stays_selected_when_new_words_come(home, room, chromium):
    page = await opened(room, chromium)
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await writes(home, "my0", "အလုပ်ရှင်က ပတ်စပို့ သိမ်းထားတယ်။", NOON + timedelta(minutes=80), 901)
    await home.take_in()
    await page.locator(".row", has_text="သိမ်းထားတယ်").first.wait_for()
    assert await page.locator(".row-check:checked").count() == 1
    await page.keyboard.press("l")
    await page.keyboard.type("same factory")
    await page.keyboard.press("Enter")
    await page.locator("#several-done", has_text="1 ticket is tagged.").wait_for()


async def test_f_looks_for_words_in_place_of_the_list(room, chromium):
    page = await opened(room, chromium)
    name = await page.locator(".row-name").nth(2).inner_text()
    await page.keyboard.press("f")
    await page.keyboard.type(name)
    await page.keyboard.press("Enter")
    found = page.locator("#seek-found .row-name")
    await found.first.wait_for()
    assert await found.all_inner_texts() == [name]
    assert not await page.locator("#rows").is_visible()
    assert name.split()[1] not in page.url
    await page.keyboard.press("Enter")
    await page.locator("#thread-name", has_text=name).wait_for()
    await page.locator("[data-seek] input[type=search]").focus()
    await page.keyboard.press("Escape")
    assert await page.locator("#rows").is_visible()


async def test_ctrl_k_reaches_views_tickets_and_acts(room, chromium):
    page = await opened(room, chromium)
    await page.keyboard.press("Control+k")
    field = page.locator("#anything [role=combobox]")
    await field.wait_for()
    assert await violations(page) == []
    await page.keyboard.type("clos")
    await page.locator("#anything [role=option]", has_text="Closed").wait_for()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("view=closed"))
    await page.goto(f"{room.base}/inbox")
    number = (await room.rows("select number from ticket order by waiting_since limit 1"))[0][0]
    await page.keyboard.press("Control+k")
    await field.wait_for()
    await page.keyboard.type(str(number))
    await page.keyboard.press("Enter")
    await page.locator("#thread-name").wait_for()
    await page.keyboard.press("Control+k")
    await field.wait_for()
    await page.keyboard.type("take")
    first = page.locator("#anything [role=option][aria-selected=true]")
    assert "Take" in await first.inner_text()
    assert await field.get_attribute("aria-activedescendant") == await first.get_attribute("id")
    await page.keyboard.press("Enter")
    await page.locator("#thread-head", has_text="yours").wait_for()


async def test_off_means_off(room, chromium):
    page = await opened(room, chromium)
    await page.evaluate("document.documentElement.dataset.keys = 'off'")
    for key in ("j", "o", "x", "f"):
        await page.keyboard.press(key)
    assert await page.evaluate("document.activeElement === document.body")
    assert await page.locator(".row-check:checked").count() == 0
    await page.keyboard.press("Control+k")  # not a single key
    await page.locator("#anything [role=combobox]").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "360"])
async def test_pictures_of_several_and_anything(room, chromium, picture, theme, size):
    page = await page_of(room, chromium, await room.agent(), viewport=size, color_scheme=theme)
    await page.goto(f"{room.base}/inbox")
    for _ in range(2):
        await page.keyboard.press("j")
        await page.keyboard.press("x")
    await page.locator(".bulk").wait_for()
    wide = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
    assert await page.evaluate(f"{wide}.map(e => `${{e.tagName}}.${{e.className}}`)") == []
    await picture(page, f"list-several-{size['width']}-{theme}")
    assert await violations(page) == []
    await page.keyboard.press("Control+k")
    await page.locator("#anything [role=combobox]").wait_for()
    await picture(page, f"list-anything-{size['width']}-{theme}")
    await page.keyboard.press("Escape")
    await page.keyboard.press("o")
    await page.locator("#thread-name").wait_for()
    await page.keyboard.press("Control+k")
    await page.locator("#anything [role=combobox]").wait_for()
    await picture(page, f"list-anything-open-{size['width']}-{theme}")


async def test_long_names_of_desks_overlap_nothing(room, chromium):
    """A name takes as many lines as it needs; its number stands beside it."""
    page = await opened(room, chromium)
    await page.evaluate("""() => {
        for (const spot of document.querySelectorAll('[data-queue]')) {
            spot.closest('a').childNodes[1].textContent = ' ဗီယက်နမ်၊ ဖိလစ်ပိုင်နှင့် ထိုင်းဌာနစိတ် Vietnamese, Filipino, Thai desk ';
        }
    }""")
    boxes = await page.eval_on_selector_all(
        "#menu .side-link", "all => all.map(one => one.getBoundingClientRect().toJSON()).filter(box => box.height)"
    )
    assert max(box["height"] for box in boxes) > 40
    assert all(above["bottom"] <= below["top"] + 0.5 for above, below in itertools.pairwise(boxes))
    assert (
        await page.eval_on_selector_all(
            "#menu .side-link",
            "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)",
        )
        == []
    )
