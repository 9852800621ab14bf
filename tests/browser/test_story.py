"""What all of this is for: workers write on every channel, agents at two organisations answer, it arrives on the phone.

In the demo as somebody would start it. Each story has workers of its own.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.demo import demo, write

ANSWER = "We have read what you wrote. Is it safe to write to you here?"


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
    await desk.locator(".log").get_by_text(words).first.wait_for()


async def answer(desk, text: str) -> None:
    """Take it, write, and send."""
    await desk.keyboard.press("t")
    await desk.get_by_text("yours").first.wait_for()
    await desk.fill("#reply", text)
    await desk.keyboard.press("Control+Enter")


@pytest.mark.parametrize(
    ("channel", "who", "agent", "words"),
    [
        ("sms", "ne-MY-1", "suman@rhododendron", "तीन महिनाको तलब पाएको छैन"),
        ("line", "my-TH-1", "wati@shwe", "ပတ်စပို့ကို သူဌေး သိမ်းထားတယ်"),
        ("facebook", "ne-MY-1", "suman@rhododendron", "पासपोर्ट कम्पनीले राखेको छ"),
        ("telegram", "ne-MY-1", "suman@rhododendron", "खाना पनि दिँदैनन्, पानी पनि छैन"),
    ],
)
async def test_the_answer_arrives_on_the_phone(at, chromium, picture, channel, who, agent, words):
    desk = await at.signed_in(chromium, agent, at="/inbox")
    phones = await new_worker(at, chromium, who)
    await write(phones, channel, words)
    await comes(desk, words)
    await picture(desk, f"story-{channel}")
    await answer(desk, ANSWER)
    await picture(desk, f"story-{channel}-sent")
    heard = phones.locator(f".phone-{channel} [data-log] p:not(.said)", has_text=ANSWER)
    await heard.wait_for()
    assert await heard.count() == 1


async def test_two_answer_at_once_and_one_is_held(at, chromium, picture):
    phones = await new_worker(at, chromium, "my-TH-1")
    words = "နှစ်ယောက် တစ်ပြိုင်နက်"
    desks = [await at.signed_in(chromium, name, at="/inbox") for name in ("wati@shwe", "rani@shwe")]
    await write(phones, "line", words)
    for desk in desks:
        await comes(desk, words)
        await desk.fill("#reply", f"{ANSWER} {desks.index(desk)}")
    second = desks[1]
    for desk in desks:
        await desk.keyboard.press("Control+Enter")
    heard = phones.locator(".phone-line [data-log] p:not(.said)", has_text=ANSWER)
    await second.locator(".held").wait_for()
    await picture(second, "story-held")
    await heard.wait_for()
    assert await heard.count() == 1
    assert await heard.inner_text() == f"{ANSWER} 0"
