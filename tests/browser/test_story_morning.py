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


async def test_eight_in_the_morning(at, chromium, picture):
    evening = evening_before()
    eight = evening + timedelta(hours=13)
    thankful, writes, sends = [await new_worker(at, chromium, "my-TH-1") for _ in range(3)]
    # in the evening somebody's question is answered and closed; 19:00 on a Sunday nobody is there, but Wati
    at.play(evening)
    desk = await at.signed_in(chromium, "wati@shwe", at="/inbox?view=open")
    await write(thankful, "line", BEFORE)
    await comes(desk, BEFORE)
    await answer(desk, f"{ANSWER} yesterday")
    await heard_once(thankful, "line", f"{ANSWER} yesterday")
    await closes(desk)
    # in the night
    at.play(evening + timedelta(hours=7))
    await writes.get_by_text("Twice", exact=True).click()
    await write(writes, "line", ZAWGYI)
    await writes.locator(".phone-line button[value=sticker]").click()
    await writes.locator(".phone-line [data-log] .phone-named.said").first.wait_for()
    await sends.locator(".phone-facebook button[value=audio]").click()
    await sends.locator(".phone-facebook [data-log] .said").first.wait_for()
    await write(thankful, "line", THANKS)
    at.settle()
    at.play(eight)
    await desk.goto(f"{at.url}/inbox")
    # one readable bubble, with its reason
    (written,) = [t for t in at.tickets() if any(m["text"] == READABLE for m in t["messages"])]
    assert (written["queue"], written["urgency"]) == ("shwe-my", "U3")
    row = desk.locator(f"#row-{written['id']}")
    await row.wait_for()
    assert await row.locator(".row-reason").inner_text() != ""
    await row.locator("a.row-name").click()
    await desk.locator("#log-items .words", has_text=READABLE).first.wait_for()
    assert await desk.locator("#log-items .bubble > .words", has_text=READABLE).count() == 1
    assert await desk.locator("#log-items .bubble .kind").count() == 1  # the sticker, named
    assert await desk.locator("#log-items .original .words", has_text=ZAWGYI).is_hidden()
    await picture(desk, "story-morning")
    # the thank-you: there to be read, and nobody's clock runs
    assert await desk.locator("#rows .row", has_text=THANKS).count() == 0
    (thanked,) = [t for t in at.tickets() if any(m["text"] == THANKS for m in t["messages"])]
    aside = await desk.context.new_page()
    await aside.goto(f"{at.url}/inbox/{thanked['id']}")
    await aside.locator("#log-items .words", has_text=THANKS).wait_for()
    assert await aside.locator("#card .clock", has_text="Answer").count() == 0
    assert thanked["waiting_since"] is None
    await aside.close()
    # the voice note: for the same day, since nobody knows yet what is said in it
    (spoken,) = [t for t in at.tickets() if any(m["kind"] == "audio" for m in t["messages"])]
    assert (spoken["urgency"], "not_heard_yet" in spoken["urgency_reasons"]) == ("U2", True)
    whose = {"shwe": "wati@shwe", "lantern": "mya@lantern", "padauk": "nilar@padauk"}[spoken["organisation"]]
    theirs = await at.signed_in(chromium, whose, at=f"/inbox/{spoken['id']}")
    await theirs.locator("#log-items").get_by_text("Not heard yet").first.wait_for()
    assert "not heard" in (await theirs.locator(f"#row-{spoken['id']} .row-reason").inner_text()).lower()
    # the reply shows once
    await answer(desk, f"{ANSWER} morning")
    await heard_once(writes, "line", f"{ANSWER} morning")
