"""The real pages in a real browser. Chromium is the machine's own, or the one CHROMIUM names (`windows.py`).

A test that needs it is skipped where there is none, and says so. Pictures go to the directory PICTURES names, if any.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from runtime.settings import process_environment
from tests.browser.windows import FLAGS, Windows, chromium_path
from tests.conversation import inbox
from tests.desk import Desk, desk


@pytest.fixture
async def at(home) -> AsyncIterator[Desk]:
    async with desk(home) as opened:
        yield opened


@pytest.fixture
async def room(home):
    async with inbox(home) as opened:
        yield opened


@pytest.fixture
async def mya(room):
    agent, _ = await room.agent("Mya", organisation=await room.organisation())
    return agent


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium, or set CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
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
    """An agent's window, signed in; what it complains of, and what it asks of other servers, ends the test."""
    windows = Windows(chromium, room.at.base)

    async def open_(agent, width: str = "wide", *, dark: bool = False):
        browser = await room.at.let_in(agent)
        return await windows.open(width, session=browser.cookie("session"), dark=dark)

    yield open_
    await windows.close()
    assert windows.complaints == []
