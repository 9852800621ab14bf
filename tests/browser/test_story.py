"""What all of this is for: workers write and ring, agents at two organisations answer, it arrives on the phone.

In the demo as somebody would start it. Each story has workers of its own.
"""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from playwright.async_api import expect
from psycopg.conninfo import make_conninfo

from runtime.services import password, services
from tests.browser.demo import Demo, demo, write
from tests.browser.shown import until_equal

ANSWER = "We have read what you wrote. Is it safe to write to you here?"
BOTH = {"shwe": "wati@shwe", "rhododendron": "suman@rhododendron"}
PLAY = """async (one) => {
  one.muted = true;
  await one.play();
  one.playbackRate = 16;
  return one.duration;
}"""
SAID = {
    "sms": ("rhododendron", "तीन महिनाको तलब पाएको छैन"),
    "line": ("shwe", "ပတ်စပို့ကို သူဌေး သိမ်းထားတယ်"),
    "facebook": ("rhododendron", "पासपोर्ट कम्पनीले राखेको छ"),
    "telegram": ("rhododendron", "खाना पनि दिँदैनन्, पानी पनि छैन"),
}


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    with demo(tmp_path_factory.mktemp("story") / "data") as running:
        running.play(noon_of_a_working_day())
        yield running


def noon_of_a_working_day() -> datetime:
    """In Bangkok, soon: the Burmese desk is open then, and nothing goes to those who are awake at night."""
    noon = datetime.now(UTC).replace(hour=5, minute=0) + timedelta(days=1)
    while noon.weekday() > 3:
        noon += timedelta(days=1)
    return noon


async def new_worker(at, chromium, who: str):
    """The phones of somebody nobody knows yet."""
    phones = await at.phones(chromium, who)
    await phones.get_by_text("Somebody new").click()
    await phones.wait_for_url(re.compile(f"who={who[:5]}-[0-9a-f]{{8}}"))
    return phones


async def comes(desk, words: str) -> None:
    """Open the conversation with these words, once it shows in the list that is open."""
    row = desk.locator("#rows .row", has_text=words).first
    await row.locator("a.row-name").click()
    await desk.mouse.move(900, 400)  # while one points at the list nothing moves in it
    await desk.locator(".log").get_by_text(words).first.wait_for()


async def answer(desk, text: str) -> None:
    """Take it, write, and send."""
    await desk.keyboard.press("t")
    await desk.get_by_text("yours").first.wait_for()
    await desk.fill("#reply", text)
    await desk.keyboard.press("Control+Enter")


async def heard_once(phones, channel: str, text: str) -> None:
    """The words show on that phone, and only once."""
    heard = phones.locator(f".phone-{channel} [data-log] p:not(.said)", has_text=text)
    await heard.first.wait_for()
    assert await heard.count() == 1


async def test_workers_write_on_each_channel_and_two_organisations_answer(at, chromium, picture):
    desks = {id_: await at.signed_in(chromium, name, at="/inbox") for id_, name in BOTH.items()}
    phones = {
        id_: await new_worker(at, chromium, who) for id_, who in (("shwe", "my-TH-1"), ("rhododendron", "ne-MY-1"))
    }
    opened = {}
    for channel, (mine, words) in SAID.items():
        desk = desks[mine]
        await write(phones[mine], channel, words)
        await comes(desk, words)
        opened[channel] = desk.url
        if channel in ("sms", "line"):
            await picture(desk, f"story-{channel}")
            await desk.keyboard.press("t")
            await desk.get_by_text("yours").first.wait_for()
        await desk.fill("#reply", f"{ANSWER} {channel}")
        await desk.keyboard.press("Control+Enter")
        await heard_once(phones[mine], channel, f"{ANSWER} {channel}")
    # neither sees the other's: not in a list, not by searching, not by its address
    for id_, desk in desks.items():
        for channel, (mine, words) in SAID.items():
            if mine == id_:
                continue
            await desk.goto(f"{at.url}/inbox?view=open")
            assert words not in await desk.locator("#rows").inner_text()
            await desk.goto(f"{at.url}/find")
            await desk.fill("#query", words)
            await desk.keyboard.press("Enter")
            await desk.get_by_text("No ticket with these words").wait_for()
            gone = await desk.goto(opened[channel])
            assert gone is not None
            assert gone.status == 404
            assert words not in await desk.content()


async def test_a_voicemail_is_heard_and_by_whom(at, chromium, picture):
    desk, other = [await at.signed_in(chromium, name, at="/inbox") for name in ("wati@shwe", "rani@shwe")]
    voice = (await new_worker(at, chromium, "my-TH-1")).locator(".phone-voice")
    await voice.get_by_label("Ring the hotline").click()
    await voice.get_by_text("Press a key").wait_for()
    await voice.locator(".pad button[value='1']").click()
    await voice.get_by_text("Speak after the tone").wait_for()
    await voice.get_by_label("Speak for 20 seconds").click()
    await voice.get_by_text("The call is over").wait_for()
    at.settle()
    (call,) = [one for one in at.tickets() if one["channel"] == "voice"]
    assert (call["organisation"], "not_heard_yet" in call["urgency_reasons"]) == ("shwe", True)
    for page in (desk, other):
        await page.locator(f"#row-{call['id']}").wait_for()
        await page.goto(f"{at.url}/inbox/{call['id']}")
        await page.locator("#thread").get_by_text("Not heard yet").first.wait_for()
    sound = desk.locator("audio[data-heard]").first
    await sound.wait_for()  # fetched from the provider meanwhile
    assert await sound.evaluate(PLAY) > 1
    await desk.get_by_text("Heard or seen by Wati").wait_for()  # played to its end, nothing else was pressed
    await other.get_by_text("Heard or seen by Wati").wait_for()
    await picture(other, "story-voicemail")
    assert await other.locator("#thread").get_by_text("Not heard yet").count() == 0


async def test_away_for_ten_minutes_and_back(at, chromium, picture):
    """Meanwhile the server forgets what it would have told: the page must find that out and load afresh."""
    worker, stranger = await new_worker(at, chromium, "my-TH-1"), await new_worker(at, chromium, "my-TH-1")
    desk = await at.signed_in(chromium, "wati@shwe", at="/inbox?view=open")
    colleague = await at.signed_in(chromium, "rani@shwe", at="/inbox?view=open")
    await write(worker, "line", "အလုပ်ရှင်က လစာ မပေးဘူး တစ်")
    await comes(desk, "အလုပ်ရှင်က လစာ မပေးဘူး တစ်")
    await comes(colleague, "အလုပ်ရှင်က လစာ မပေးဘူး တစ်")
    for forgets in (False, True):
        await desk.context.set_offline(True)
        said = f"နောက်တစ်ခု {forgets}"
        await write(worker, "line", said)
        await write(stranger, "line", f"အသစ် {forgets}")
        await colleague.locator(".log").get_by_text(said).first.wait_for()
        await answer(colleague, f"{ANSWER} {forgets}")
        await heard_once(worker, "line", f"{ANSWER} {forgets}")
        if forgets:
            await forget(at)
        assert said not in await desk.locator("#log-items").inner_text()
        await desk.context.set_offline(False)
        fresh = await desk.context.new_page()
        await fresh.goto(desk.url)
        assert f"{ANSWER} {forgets}" in await fresh.locator("#log-items").inner_text()
        await until_equal(desk, fresh)
        await fresh.close()
    await picture(desk, "story-back")


async def forget(at: Demo) -> None:
    """What the server does once an hour with what is a day old: open pages can no longer be told."""
    data = at.served.data
    running = services(data)
    assert running
    url = make_conninfo(running.database_url, user="postgres", password=password(data, "postgres-superuser"))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "with old as (delete from change returning xid) "
            "update feed_epoch set forgotten = (select max(xid) from old)"
        )


async def test_two_answer_at_once_and_one_is_held(at, chromium, picture):
    phones = await new_worker(at, chromium, "my-TH-1")
    words = "နှစ်ယောက် တစ်ပြိုင်နက်"
    desks = [await at.signed_in(chromium, name, at="/inbox") for name in ("wati@shwe", "rani@shwe")]
    await write(phones, "line", words)
    for desk in desks:
        await comes(desk, words)
        await desk.fill("#reply", f"{ANSWER} {desks.index(desk)}")
    first, second = desks
    answered = asyncio.Event()

    async def after_the_first(route) -> None:  # sent at once, taken in one after the other
        await answered.wait()
        await route.continue_()

    await second.route("**/answer", after_the_first)
    async with first.expect_response("**/answer"), second.expect_request("**/answer"):
        for desk in desks:
            await desk.keyboard.press("Control+Enter")
    answered.set()
    await second.locator(".held").wait_for()
    await picture(second, "story-held")
    await heard_once(phones, "line", ANSWER)
    await phones.locator(".phone-line [data-log]", has_text=f"{ANSWER} 0").wait_for()
    # the other says why, with the words that came first, and stays a draft
    why = second.locator(".held")
    assert f"{ANSWER} 0" in await why.inner_text()
    assert await why.locator("[role=alert]").inner_text() != ""
    await second.reload()
    await expect(second.locator("#reply")).to_have_value(f"{ANSWER} 1")


class Keys:
    """Somebody who uses a keyboard and nothing else."""

    def __init__(self, page) -> None:
        self.page, self.press, self.type = page, page.keyboard.press, page.keyboard.type

    async def into(self, selector: str, most: int = 12) -> None:
        """With Tab, as few as people put up with."""
        for _ in range(most):
            if await self.page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
            await self.press("Tab")
        at = await self.page.evaluate("document.activeElement.outerHTML")
        raise AssertionError(f"{selector}: {most} Tabs lead to {at}")

    async def sheet(self, key: str, selector: str) -> None:
        """A key opens a sheet, which takes the focus."""
        await self.press(key)
        there = "(wanted) => document.querySelector(wanted).contains(document.activeElement)"
        await self.page.wait_for_function(there, arg=selector)

    async def rest(self) -> None:
        """Back to the conversation, where single keys count."""
        await self.press("Escape")
        await self.into(":not(input:not([type=radio], [type=checkbox]), textarea, select)")
        await self.press("2")

    async def sign_in(self, at: Demo, name: str) -> None:
        await self.type(name)  # the first field has the focus
        await self.press("Tab")
        await self.type(at.password)
        await self.press("Enter")

    async def go_to(self, words: str) -> None:
        """Down the list to a row, and into its conversation."""
        await self.page.locator("#rows .row", has_text=words).wait_for()
        await self.page.wait_for_load_state()
        for _ in range(50):  # the list moves on while others write, and its keys come after it
            await self.press("1")
            for _ in range(await self.page.locator("#rows .row").count()):
                if words in await self.page.evaluate("document.activeElement.closest('.row')?.innerText ?? ''"):
                    return await self._open(words)
                await self.press("j")
        raise AssertionError("no key leads to the row")

    async def _open(self, words: str) -> None:
        await self.press("Enter")
        await self.page.locator(".log").get_by_text(words).first.wait_for()


async def test_the_whole_of_it_with_the_keyboard_alone(at, chromium, picture):
    phones = await new_worker(at, chromium, "my-TH-1")
    words = "ကီးဘုတ်တစ်ခုတည်းနဲ့"
    await write(phones, "line", words)
    at.settle()
    desk = await (await chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en")).new_page()
    desk.set_default_timeout(30_000)
    await desk.goto(at.url + "/inbox?view=open&order=newest")  # signing in leads there
    keys = Keys(desk)
    await keys.sign_in(at, "wati@shwe")
    await keys.go_to(words)
    await keys.press("t")
    await desk.get_by_text("yours").first.wait_for()
    await keys.press("r")
    await keys.type(ANSWER)
    await keys.press("Control+Enter")
    await heard_once(phones, "line", ANSWER)
    await keys.rest()
    await keys.press("n")
    await keys.type("Rings from a shop")
    await keys.press("Control+Enter")
    await desk.locator(".bubble-note", has_text="Rings from a shop").wait_for()
    await keys.rest()
    await keys.sheet("l", "#sheet-tag")
    await keys.into("#tag-name")
    await keys.type("shrimp")
    await keys.press("Enter")
    await desk.locator("#card .tag", has_text="shrimp").wait_for()
    await keys.rest()
    await keys.sheet("s", "#sheet-snooze")
    await keys.into("#sheet-snooze button[name=hours]")
    await picture(desk, "story-sheet")
    await keys.press("Enter")
    await desk.get_by_text("Put aside until").first.wait_for()
    await picture(desk, "story-keyboard")
    await keys.rest()
    await keys.sheet("e", "#sheet-close")
    await keys.into("#sheet-close input[name=outcome]")
    await keys.press("Space")
    await keys.into("#sheet-close .button-main")
    await keys.press("Enter")
    await desk.locator("#thread-notice form[action$=reopen]").wait_for()
    await heard_once(phones, "line", ANSWER)
