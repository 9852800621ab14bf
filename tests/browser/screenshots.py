"""`make screenshots`: docs/screens/*.png of the main pages, at 1280 and 360 px, light and dark, from a demo of its own.

    .venv/bin/python -m tests.browser.screenshots [DIRECTORY]

The words are the sandbox's, of invented people; the same are sent each time. Only the times and pseudonyms differ.
"""

import asyncio
import io
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.conftest import chromium_path
from tests.browser.demo import Demo, demo, write
from tests.browser.windows import FLAGS, WIDTHS, fits
from tests.processes import ROOT

MOST_BYTES = 150_000  #: of a picture, so that the README opens on a slow line
LANGUAGES = ("my", "th", "km", "lo", "ne", "bn", "ta", "si", "ur", "id", "vi", "en", "hi", "tl", "zh", "shn")
COUNTRIES = {"my": "TH", "km": "TH", "lo": "TH", "ne": "MY", "bn": "MY", "id": "MY", "ta": "MY", "ur": "AE", "si": "AE"}
_EACH = 2  #: conversations of a language
#: Whose desk is shown: the organisation at which most of the languages arrive.
_AGENT = "mya@lantern"


def main() -> None:
    """Ends with exit code 1 without a browser."""
    path = chromium_path()
    if path is None:
        sys.exit("There is no Chromium on this machine: apt-get install chromium, or set CHROMIUM")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, demo(Path(temporary) / "data") as at:
        feed(at)
        asyncio.run(take_all(at, path, folder))


def feed(at: Demo) -> None:
    """People write, in many scripts and on all channels they would use."""
    accounts = at.ask("accounts")
    for language in LANGUAGES:
        told = [one for one in at.ask("samples") if one["language"] == language and _can_be_said(one)]
        for number, one in enumerate(told[:_EACH]):
            _say(at, accounts, one, f"{language}-{COUNTRIES.get(language, 'TH')}-pic{number}")
    at.settle()


def _can_be_said(told: Mapping[str, Any]) -> bool:
    return all(line["kind"] in ("text", "image", "audio", "sticker") for line in told["lines"])


def _say(at: Demo, accounts: list[dict[str, Any]], told: Mapping[str, Any], key: str) -> None:
    language, country, _ = key.split("-")
    channel = told["channel"] or "line"
    able = [account for account in accounts if account["channel"] == channel and account["inbound"]]
    account = max(able, key=lambda a: (country in a["countries"], language in a["languages"]))
    ident = at.ask("people", {"key": key, "language": language, "country": country})["ids"][channel]
    for line in told["lines"]:
        at.ask(f"phones/{channel}/{ident}/say", {**line, "account": account["id"]})


async def take_all(at: Demo, chromium: str, folder: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        await _worker_writes(at, browser)
        for width in WIDTHS:
            for dark in (False, True):
                for name, go in PAGES.items():
                    page = await at.signed_in(browser, _AGENT, width, dark=dark)
                    await go(at, page)
                    across = WIDTHS[width][0]
                    await take(page, folder / f"{name}-{across}-{'dark' if dark else 'light'}.png")
                    await page.context.close()
        await browser.close()


async def _worker_writes(at: Demo, browser: Browser) -> None:
    phones = await at.phones(browser)
    await write(phones, "sms", "လစာ မရသေးဘူး။ သူဌေးက နောက်လမှ ပေးမယ်လို့ ပြောတယ်။")
    await write(phones, "line", "ကျွန်မ ပတ်စပို့ကို သူဌေးက သိမ်းထားတယ်။")
    await write(phones, "facebook", "မင်္ဂလာပါ၊ အကူအညီ လိုချင်ပါတယ်။")
    await write(phones, "telegram", "ဒီမှာ အလုပ်သမား ၄၃ ယောက် ရှိတယ်။ ရေ တစ်နာရီပဲ ရတယ်။")
    await phones.locator(".phone-telegram button[value=image]").click()
    await phones.locator(".phone-telegram img").wait_for()
    await phones.get_by_label("Ring the hotline").click()
    await phones.get_by_text("Press a key").wait_for()
    at.settle()
    await phones.context.close()


async def take(page: Page, path: Path) -> None:
    """A picture, small: screens have few colours. AssertionError when something sticks out, or when it is too large."""
    assert await fits(page), f"{path.name}: something sticks out at the side"
    await page.evaluate("document.fonts.ready")
    await page.wait_for_load_state("load")
    await page.evaluate("Promise.all([...document.images].map((one) => one.decode().catch(() => null)))")
    shot = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    small = io.BytesIO()
    shot.quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    assert small.tell() < MOST_BYTES, f"{path.name} has {small.tell()} bytes"
    await asyncio.to_thread(path.write_bytes, small.getvalue())


async def _sign_in(at: Demo, page: Page) -> None:
    await page.context.clear_cookies()
    await page.goto(at.url + "/sign-in")


async def _phones(at: Demo, page: Page) -> None:
    await page.goto(at.url + "/phones?who=my-TH-1")
    await page.locator(".phone-telegram img").first.wait_for()


async def _inbox(at: Demo, page: Page) -> None:
    await page.goto(at.url + "/inbox")
    await page.locator("#rows .row").first.wait_for()


async def _conversation(at: Demo, page: Page) -> None:
    await _inbox(at, page)
    await page.locator("a.row-name").first.click()
    await page.locator(".log .bubble").first.wait_for()


PAGES: Mapping[str, Callable[[Demo, Page], Awaitable[None]]] = {
    "sign-in": _sign_in,
    "inbox": _inbox,
    "conversation": _conversation,
    "phones": _phones,
}

if __name__ == "__main__":
    main()
