"""The page of phones, in the demo as somebody would start it: every channel, by hand, and what comes back."""

import re
from datetime import datetime, timedelta

import pytest

from tests.browser.demo import demo, write
from tests.browser.windows import WIDTHS, fits, violations

WRITING = ("sms", "line", "facebook", "telegram")
HUNGRY = "ထမင်းစားဖို့ ပိုက်ဆံမရှိတော့ဘူး"


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    with demo(tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


@pytest.mark.parametrize("channel", WRITING)
async def test_what_a_worker_writes_is_answered_on_the_same_phone(at, chromium, channel):
    phones = await at.phones(chromium)
    await write(phones, channel, HUNGRY)
    at.settle()
    heard = phones.locator(f".phone-{channel} [data-log] p[lang=my]:not(.said)")
    await heard.first.wait_for()
    assert await phones.locator(f".phone-{channel} input[name=text]").input_value() == ""


async def test_pictures_voice_notes_stickers_and_places_show(at, chromium):
    phones = await at.phones(chromium, "km-TH-1")
    log = phones.locator(".phone-telegram [data-log]")
    for kind in ("image", "audio", "sticker", "location"):
        before = await log.locator(".said").count()
        await phones.locator(f".phone-telegram button[value={kind}]").click()
        await log.locator(".said").nth(before).wait_for()
    picture = log.locator("img").first
    assert await picture.evaluate("async (one) => { await one.decode(); return one.naturalWidth }") > 1
    at.settle()


async def test_a_call_through_the_menu_to_a_voicemail(at, chromium):
    phones = await at.phones(chromium, "ne-MY-1")
    voice = phones.locator(".phone-voice")
    await voice.get_by_label("Ring the hotline").click()
    await voice.get_by_text("Press a key").wait_for()
    await voice.locator("[data-log] p").nth(1).wait_for()  # the menu was heard
    await voice.locator(".pad button[value='1']").click()
    await voice.get_by_text("Speak after the tone").wait_for()
    await voice.get_by_label("Speak for 20 seconds").click()
    await voice.get_by_text("The call is over").wait_for()
    at.settle()


async def test_twice_and_late_and_nothing_at_all(at, chromium):
    phones = await at.phones(chromium, "id-HK-1")
    await phones.get_by_text("Twice", exact=True).click()
    await write(phones, "line", "Gaji saya belum dibayar")
    await phones.get_by_text("3 h late").click()
    await write(phones, "line", "Majikan menyita paspor saya")
    at.settle()
    assert await phones.locator(".phone-line .said").count() == 2  # the phone wrote once, however often it came
    await phones.locator(".phone-line input[name=text]").fill("  ")
    await phones.locator(".phone-line .phone-send").click()
    await phones.get_by_text("Nothing was written").wait_for()


async def test_a_sample_and_somebody_new(at, chromium):
    phones = await at.phones(chromium)
    await phones.get_by_text("Somebody new").click()
    await phones.wait_for_url(re.compile("who=my-TH-[0-9a-f]{8}"))
    assert await phones.locator(".said").count() == 0
    await phones.get_by_text("Send this").click()
    await phones.locator(".said").first.wait_for()
    at.settle()


async def test_the_page_is_for_those_who_are_signed_in_and_asks_nobody_else(at, chromium):
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(at.url + "/phones")
    assert "/sign-in" in page.url
    phones = await at.phones(chromium)
    asked = []
    phones.on("request", lambda request: asked.append(request.url))
    await write(phones, "sms", "hello")
    assert asked
    assert [url for url in asked if not url.startswith(at.url)] == []


@pytest.mark.parametrize(
    "path", ["/phones?who=nobody", "/phones/file?at=/v1/messages", "/phones/file?at=/sandbox/sent"]
)
async def test_what_is_not_there(at, chromium, path):
    phones = await at.phones(chromium)
    answer = await phones.goto(at.url + path)
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
async def test_everybody_can_use_it(at, chromium, picture, width, dark):
    phones = await at.phones(chromium, "ur-AE-1", width=width, dark=dark)
    await write(phones, "facebook", "میرا پاسپورٹ مالک کے پاس ہے")
    await phones.locator(".phone-facebook button[value=sticker]").click()
    assert await violations(phones) == []
    assert await fits(phones)
    await picture(phones, f"phones-{width}-{'dark' if dark else 'light'}")


async def test_tomorrow_at_two_in_the_morning(at, chromium):
    """Last in this file: time does not run backwards."""
    phones = await at.phones(chromium, "my-MY-1")
    now = datetime.fromisoformat(await phones.locator("#at").input_value())
    await phones.fill("#at", (now - timedelta(hours=1)).isoformat(timespec="minutes"))
    await phones.eval_on_selector("#at", "(field) => field.form.noValidate = true")
    await phones.get_by_text("Set the clock").click()
    await phones.get_by_text("Time cannot run backwards").wait_for()
    night = (now + timedelta(days=1)).replace(hour=2, minute=0)
    await phones.fill("#at", night.isoformat(timespec="minutes"))
    await phones.get_by_text("Set the clock").click()
    await phones.locator(".phone-clock time", has_text="02:00").first.wait_for()
    await write(phones, "line", HUNGRY)
    at.settle()
    assert "02:0" in await phones.locator(".phone-line .plain time").first.inner_text()
    account = await phones.goto(at.url + "/account")  # the session does not end because it is tomorrow
    assert account is not None
    assert account.status == 200
    assert "/account" in phones.url
