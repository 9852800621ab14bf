"""08:00 with a backlog: what came in overnight, some of it twice, some of it without a word, one of it a thank-you."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.demo import demo, write
from tests.browser.test_story import ANSWER, answer, comes, heard_once, new_worker

#: Paid a broker, was never sent: for the next days, so that it waits for the desk in the night.
ZAWGYI = "ပြဲစားကို က်ပ္ ၁၅ သိန္း ေပးထားရတယ္။ အခု ၆ လ ရိွၿပီ မသြားရေသးဘူး။ ပိုက္ဆံ ျပန္လိုခ်င္တယ္။"
READABLE = "ပွဲစားကို ကျပ် ၁၅ သိန်း ပေးထားရတယ်။ အခု ၆ လ ရှိပြီ မသွားရသေးဘူး။ ပိုက်ဆံ ပြန်လိုချင်တယ်။"
BEFORE, THANKS = "ပတ်စပို့ ဘယ်တော့ကုန်မလဲ", "ကျေးဇူးတင်ပါတယ်"


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    with demo(tmp_path_factory.mktemp("morning") / "data") as running:
        yield running


def evening_before() -> datetime:
    """19:00 in Bangkok, of a day whose next one is a working day."""
    evening = datetime.now(UTC).replace(hour=12, minute=0, second=0) + timedelta(days=1)
    while evening.weekday() not in (0, 1, 2, 3, 6):
        evening += timedelta(days=1)
    return evening


async def closes(desk) -> None:
    """Done, with an outcome."""
    await desk.locator("[popovertarget=sheet-close]:visible").first.click()
    await desk.locator("#sheet-close input[value=information_only]").check()
    await desk.locator("#sheet-close .button-main").click()
    await desk.locator("#thread-notice form[action$=reopen]").wait_for()


async def is_answered(desk, thankful) -> None:
    """Somebody's question is answered and closed."""
    await write(thankful, "line", BEFORE)
    await comes(desk, BEFORE)
    await answer(desk, f"{ANSWER} yesterday")
    await heard_once(thankful, "line", f"{ANSWER} yesterday")
    await closes(desk)


async def in_the_night(writes, sends, thankful) -> None:
    """The same words twice and a sticker, a voice note, and a thank-you."""
    await writes.get_by_text("Twice", exact=True).click()
    await write(writes, "line", ZAWGYI)
    await writes.locator(".phone-line button[value=sticker]").click()
    await writes.locator(".phone-line [data-log] .phone-named.said").first.wait_for()
    await sends.locator(".phone-facebook button[value=audio]").click()
    await sends.locator(".phone-facebook [data-log] .said").first.wait_for()
    await write(thankful, "line", THANKS)


def with_words(at, words: str) -> dict:
    (found,) = [ticket for ticket in at.tickets() if any(said["text"] == words for said in ticket["messages"])]
    return found


async def one_readable_bubble(at, desk) -> None:
    """With its reason; the sticker is named, and what was written stands behind it."""
    written = with_words(at, READABLE)
    assert (written["queue"], written["urgency"]) == ("shwe-my", "U3")
    row = desk.locator(f"#row-{written['id']}")
    await row.wait_for()
    assert await row.locator(".row-reason").inner_text() != ""
    await row.locator("a.row-name").click()
    await desk.locator("#log-items .words", has_text=READABLE).first.wait_for()
    assert await desk.locator("#log-items .bubble > .words", has_text=READABLE).count() == 1
    assert await desk.locator("#log-items .bubble .kind").count() == 1
    assert await desk.locator("#log-items .original .words", has_text=ZAWGYI).is_hidden()
    opened = desk.locator("#log-items .event", has_text="Opened in").locator("time")
    assert (await opened.first.inner_text()).startswith("02:"), "what the system did stands in the night too"


async def thanks_start_no_clock(at, desk) -> None:
    """They are there to be read."""
    assert await desk.locator("#rows .row", has_text=THANKS).count() == 0
    thanked = with_words(at, THANKS)
    assert thanked["waiting_since"] is None
    aside = await desk.context.new_page()
    await aside.goto(f"{at.url}/inbox/{thanked['id']}")
    await aside.locator("#log-items .words", has_text=THANKS).wait_for()
    assert await aside.locator("#card .clock", has_text="Answer").count() == 0
    await aside.close()


async def voice_note_waits_to_be_heard(at, chromium) -> None:
    """For the same day, since nobody knows yet what is said in it."""
    (spoken,) = [ticket for ticket in at.tickets() if any(said["kind"] == "audio" for said in ticket["messages"])]
    assert (spoken["urgency"], "not_heard_yet" in spoken["urgency_reasons"]) == ("U2", True)
    whose = {"shwe": "wati@shwe", "lantern": "mya@lantern", "padauk": "nilar@padauk"}[spoken["organisation"]]
    theirs = await at.signed_in(chromium, whose, at=f"/inbox/{spoken['id']}")
    await theirs.locator("#log-items").get_by_text("Not heard yet").first.wait_for()
    assert "not heard" in (await theirs.locator(f"#row-{spoken['id']} .row-reason").inner_text()).lower()


async def test_eight_in_the_morning(at, chromium, picture):
    evening = evening_before()
    thankful, writes, sends = [await new_worker(at, chromium, "my-TH-1") for _ in range(3)]
    at.play(evening)  # 19:00 on a Sunday: nobody is there, but Wati
    desk = await at.signed_in(chromium, "wati@shwe", at="/inbox?view=open")
    await is_answered(desk, thankful)
    at.play(evening + timedelta(hours=7))
    await in_the_night(writes, sends, thankful)
    at.settle()
    at.play(evening + timedelta(hours=13))
    await desk.goto(f"{at.url}/inbox")
    await one_readable_bubble(at, desk)
    await picture(desk, "story-morning")
    await thanks_start_no_clock(at, desk)
    await voice_note_waits_to_be_heard(at, chromium)
    await answer(desk, f"{ANSWER} morning")
    await heard_once(writes, "line", f"{ANSWER} morning")
