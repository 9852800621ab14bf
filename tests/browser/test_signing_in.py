"""Signing in as people do it: with a keyboard alone, on a narrow screen, in the dark; and as axe sees it."""

import re

import pyotp
import pytest

from gateway import agents as commands
from gateway.stores import Stores
from tests.browser.windows import WIDTHS, Windows, fits, violations
from tests.desk import PASSWORD


@pytest.fixture
async def screen(at, chromium):
    """A browser's window; what it complains of, and what it asks of other servers, ends the test."""
    windows = Windows(chromium, at.base)
    yield windows.open
    await windows.close()
    assert windows.complaints == []


async def test_with_the_keyboard_alone(at, screen):
    await at.agent()
    page = await screen()
    await page.goto(at.base + "/account")
    await page.keyboard.type("mya@shwe")  # the first field has the focus
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(at.base + "/account")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
    await page.keyboard.press("Shift+Slash")
    assert await page.locator("#keys").is_visible()
    assert await page.evaluate("document.getElementById('keys').contains(document.activeElement)")
    await page.keyboard.press("Escape")
    assert not await page.locator("#keys").is_visible()
    await page.locator("button[aria-label='Sign out']").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(at.base + "/sign-in?why=out")
    await page.go_back()
    assert "/sign-in" in page.url  # nothing readable stays behind


async def test_single_keys_rest_while_somebody_writes_and_can_be_switched_off(at, screen):
    await at.agent()
    page = await screen()
    await signed_in(at, page)
    await page.goto(at.base + "/account")
    await page.locator("#old").focus()
    await page.keyboard.press("Shift+Slash")
    assert not await page.locator("#keys").is_visible()
    assert await page.input_value("#old") == "?"
    await page.locator("h1").click()
    await page.keyboard.press("Shift+Slash")
    async with page.expect_response("**/account/preferences"):
        await page.locator("#keys input[type=checkbox]").uncheck()
    assert await page.locator("#live").inner_text() == "Saved"
    await page.keyboard.press("Escape")
    await page.keyboard.press("Shift+Slash")
    assert not await page.locator("#keys").is_visible()
    await page.reload()
    await page.keyboard.press("Shift+Slash")
    assert not await page.locator("#keys").is_visible()
    await page.locator("[data-opens=keys]").click()  # the sheet is still there for whoever points
    assert await page.locator("#keys").is_visible()


async def test_the_appearance_changes_at_once_and_stays(at, screen):
    await at.agent()
    page = await screen()
    await signed_in(at, page)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    async with page.expect_response("**/account/preferences"):
        await page.locator("label[title=Dark]").click()
    dark = await page.evaluate(ground)
    assert dark != light
    await page.reload()
    assert await page.evaluate(ground) == dark


async def test_the_link_of_an_invitation(at, screen, capsys):
    home = at.home
    stores = Stores(
        settings=home.workplace.settings, master=home.workplace.master, data=home.data, owner=home.owner, redis_url=""
    )
    await commands.add(stores, "shwe", "Thura", None, ["supervisor"], ["my"], "en", at.base)
    (link,) = re.findall(r"http://127\S+", capsys.readouterr().out)
    page = await screen()
    await page.goto(link)
    await page.wait_for_selector("#password")
    assert "#" not in page.url
    assert await page.input_value("#name") == "thura@shwe"
    assert await violations(page) == []
    await page.fill("#password", PASSWORD)
    await page.locator("[data-reveals=password]").click()
    assert await page.get_attribute("#password", "type") == "text"
    await page.locator(".button-main").click()
    await page.wait_for_url("**/sign-in/authenticator")
    assert await violations(page) == []
    secret = (await page.locator(".secret").inner_text()).replace(" ", "")
    await page.fill("#code", pyotp.TOTP(secret).at(at.clock.at))
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".codes")
    assert await page.locator(".codes li").count() == 10
    assert await violations(page) == []
    await page.locator(".button-main").click()
    await page.wait_for_url(at.base + "/")


async def test_a_page_nobody_sits_at_asks_and_then_closes(at, screen):
    await at.agent()
    page = await screen()
    await page.clock.install()
    await signed_in(at, page)
    at.clock.forward(minutes=28, seconds=30)
    await page.clock.fast_forward("28:30")
    await page.wait_for_selector("#idle[open]")
    await page.locator("#idle button").click()
    await page.wait_for_selector("#idle", state="hidden")
    at.clock.forward(minutes=31)
    await page.clock.fast_forward("31:00")
    await page.wait_for_url("**/sign-in?why=ended&next=%2F")


async def test_without_scripts_everything_but_comfort_works(at, screen):
    await at.agent()
    page = await screen("narrow", scripts=False)
    await signed_in(at, page)
    await page.locator("a[href='#menu']").click()
    await page.locator("nav a[href='/account']").click()
    await page.select_option("#screen_language", "th")
    await page.locator("form[action='/account/preferences'] button").click()
    assert await page.get_attribute("html", "lang") == "th"


#: Every width and theme once, and every language where it is longest and where there is least room.
LOOKS = [("en", width, dark) for width in WIDTHS for dark in (False, True)]
LOOKS += [("th", "narrow", False), ("my", "narrow", True), ("my", "wide", False)]


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
async def test_every_page_can_be_used_by_everybody(at, screen, picture, language, width, dark):
    agent = await at.agent(language=language)
    await at.agent("Thura", "shwe", "supervisor", language=language)
    page = await screen(width, dark=dark, language=language)
    shown = f"{language}-{width}-{'dark' if dark else 'light'}"

    async def look(name: str) -> None:
        assert await violations(page) == []
        assert await fits(page)
        await picture(page, f"{name}-{shown}")

    await page.goto(at.base + "/sign-in")
    await look("sign-in")
    await page.goto(at.base + "/invitation")
    await look("invitation")
    await page.goto(at.base + "/sign-in")
    await enter(page, "mya@shwe", "not the password")
    await look("refused")
    await enter(page, agent.handle)
    await page.wait_for_url(at.base + "/")
    await look("desks")
    await page.goto(at.base + "/account")
    await look("account")
    await page.keyboard.press("Shift+Slash")
    await look("keys")
    await page.keyboard.press("Escape")
    if width == "narrow":
        await page.locator("a[href='#menu']").click()
        await look("menu")
    await page.goto(at.base + "/nowhere")
    await look("nothing")
    await page.context.clear_cookies(name="session")
    await page.goto(at.base + "/sign-in")
    await enter(page, "thura@shwe")
    await page.wait_for_url("**/sign-in/authenticator")
    await look("authenticator")


async def test_the_first_page_is_light_enough_for_a_slow_line(at, screen):
    """150 kB, in Burmese: the heaviest of the three."""
    agent = await at.agent(language="my")
    browser = await at.let_in(agent)
    page = await screen()
    await page.context.add_cookies([{"name": "session", "value": browser.cookie("session"), "url": at.base}])
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    received = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    await page.goto(at.base + "/account", wait_until="networkidle")
    assert len(received) > 8
    assert sum(received) < 150_000


@pytest.mark.parametrize(
    ("language", "words"), [("my", "မြန်မာ"), ("km", "ខ្មែរ"), ("ne", "नेपाली"), ("ur", "اردو"), ("si", "සිංහල")]
)
async def test_scripts_show_on_a_machine_without_their_fonts(at, screen, language, words):
    """The font comes along, and only that one."""
    browser = await at.let_in(await at.agent())
    page = await screen()
    await page.context.add_cookies([{"name": "session", "value": browser.cookie("session"), "url": at.base}])
    fonts = []
    page.on("requestfinished", lambda asked: fonts.append(asked.url) if asked.url.endswith(".woff2") else None)
    await page.goto(at.base + "/", wait_until="networkidle")
    assert fonts == []
    await page.evaluate(
        "([l, w]) => { const p = document.createElement('p'); p.lang = l; p.textContent = w; main.append(p) }",
        [language, words],
    )
    await page.evaluate("document.fonts.ready")
    await page.wait_for_load_state("networkidle")
    assert len(fonts) == 1


async def signed_in(at, page) -> None:
    await page.goto(at.base + "/sign-in")
    await enter(page, "mya@shwe")
    await page.wait_for_url(at.base + "/")


async def enter(page, name: str, password: str = PASSWORD) -> None:
    await page.fill("#name", name)
    await page.fill("#password", password)
    await page.locator(".button-main").click()
