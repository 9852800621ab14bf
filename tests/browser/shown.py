"""What a page of the inbox shows, as values: so that an open page can be compared with one that was loaded just now.

What time alone changes, a wait that grows, is left out; and what loading the page changes, what is unread.
"""

import asyncio
import json
from typing import Any

from playwright.async_api import Page

_SHOWN = """() => {
  const all = (selector, of) => [...document.querySelectorAll(selector)].map(of);
  const text = (one, selector) => (one.querySelector(selector)?.textContent ?? "").trim().replace(/\\s+/g, " ");
  return {
    rows: all("#rows .row", (row) => ({
      ticket: row.dataset.ticket, level: row.dataset.level, views: row.dataset.views, queue: row.dataset.queueOf,
      name: text(row, ".row-name"), reason: text(row, ".row-reason"),
      said: text(row, ".row-said"),
      language: text(row, ".lang-tag"), holder: row.querySelector(".face")?.title ?? "",
      free: !!row.querySelector(".row-take"),
      failed: !!row.querySelector(".row-failed"),
    })),
    counts: all(".side-link [data-count], [data-queue]", (one) => one.textContent.trim()),
    said: all("#log-items > li:not([data-pending])", (line) => ({
      id: line.id, state: line.querySelector(".ticks")?.className ?? "",
      words: [...line.querySelectorAll(".words, .translation p, .event p")].map((one) => one.textContent.trim()),
    })),
    card: all("#card .issue, #card .tag > span, #card h1", (one) => one.textContent.trim().replace(/\\s+/g, " ")),
    closed: !!document.querySelector("#thread-notice form[action$=reopen]"),
    snoozed: !!document.querySelector("#thread-notice form[action$=unsnooze]"),
  };
}"""


async def shown(page: Page) -> dict[str, Any]:
    """All of it, in its order."""
    found: dict[str, Any] = await page.evaluate(_SHOWN)
    return found


async def differs(page: Page, fresh: Page) -> list[str]:
    """In what the two differ; empty where in nothing."""
    one, other = await shown(page), await shown(fresh)
    return [f"{name}: {json.dumps(one[name], ensure_ascii=False)}\n   not {json.dumps(other[name], ensure_ascii=False)}"
            for name in one if one[name] != other[name]]  # fmt: skip


async def until_equal(page: Page, fresh: Page, seconds: float = 20) -> None:
    """Wait until an open page shows what the fresh one does. AssertionError with the difference where it never does."""
    left: list[str] = ["never compared"]
    try:
        async with asyncio.timeout(seconds):
            while left := await differs(page, fresh):  # noqa: ASYNC110 - a page rings no bell of ours
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError("\n".join(left)) from None
