"""The real pages in a real browser. Chromium is the machine's own: /usr/bin/chromium, or wherever CHROMIUM says.

A test that needs it is skipped where there is none, and says so. Pictures go to the directory PICTURES names, if any.
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from runtime.settings import process_environment
from tests.desk import Desk, desk
from tests.house import house

WIDTHS = {"wide": (1280, 800), "narrow": (360, 720)}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_FLAGS += ["--disable-component-update", "--disable-sync"]
_FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


def chromium_path() -> str | None:
    return process_environment().get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
async def home(database, valkey, tmp_path):
    async with house(database, valkey, tmp_path) as opened:
        yield opened


@pytest.fixture
async def at(home) -> AsyncIterator[Desk]:
    async with desk(home) as opened:
        yield opened


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium, or set CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def picture(tmp_path):
    """Keep a picture of a page, whole: `await picture(page, "name")`."""
    folder = Path(process_environment().get("PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    async def take(page, name: str) -> Path:
        await page.evaluate("document.fonts.ready")
        path = folder / f"{name}.png"
        await page.screenshot(path=path, full_page=True)
        return path

    return take


@pytest.fixture
async def screen(room, chromium):
    """A signed-in agent's window; what it complains of, and what it asks of other servers, ends the test."""
    complaints, contexts = [], []

    async def open_(agent, width: str = "wide", *, dark: bool = False):
        across, down = WIDTHS[width]
        context = await chromium.new_context(
            viewport={"width": across, "height": down}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        browser = await room.at.let_in(agent)
        await context.add_cookies([{"name": "session", "value": browser.cookie("session"), "url": room.at.base}])
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on(
            "request",
            lambda asked: (
                complaints.append(asked.url) if not asked.url.startswith((room.at.base, "data:", "blob:")) else None
            ),
        )
        return page

    yield open_
    for context in contexts:
        await context.close()
    assert [said for said in complaints if "status of 4" not in said and "net::ERR_" not in said] == []
