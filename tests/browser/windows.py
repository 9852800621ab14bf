"""Windows of a browser for tests: how wide, whose, what their pages complain of, and what axe finds in them."""

import shutil
from collections.abc import Sequence

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from runtime.settings import process_environment

WIDTHS = {"wide": (1280, 800), "narrow": (360, 720)}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
#: Best practice beside the rules of WCAG 2.2 AA.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
#: A refused form is an answer of 4xx, and a line that a test cuts an error of the net: Chromium reports both as if
#: something were broken.
_EXPECTED = ("status of 4", "net::ERR_")


def chromium_path() -> str | None:
    """The machine's own Chromium, or the one CHROMIUM names; None where there is none.

    The one without a screen comes first: it is the same engine, and costs half as much.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    return process_environment().get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


class Windows:
    """Windows on one site. What their pages complain of, and ask of other servers, is kept for `complaints`."""

    def __init__(self, chromium: Browser, base: str) -> None:
        self._chromium, self._base = chromium, base
        self._open: list[BrowserContext] = []
        self._heard: list[str] = []

    async def open(
        self,
        width: str = "wide",
        *,
        session: str | None = None,
        dark: bool = False,
        language: str = "en",
        scripts: bool = True,
    ) -> Page:
        """A window of its own with an empty page. `session`: the cookie of somebody who is signed in."""
        across, down = WIDTHS[width]
        context = await self._chromium.new_context(
            viewport={"width": across, "height": down},
            color_scheme="dark" if dark else "light",
            locale=language,
            java_script_enabled=scripts,
        )
        self._open.append(context)
        if session:
            await context.add_cookies([{"name": "session", "value": session, "url": self._base}])
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self._heard.append(str(error)))
        page.on("console", self._said)
        page.on("request", self._asked)
        return page

    def _said(self, line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            self._heard.append(line.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self._base, "data:", "blob:")):
            self._heard.append(request.url)

    async def close(self) -> None:
        for context in self._open:
            await context.close()

    @property
    def complaints(self) -> list[str]:
        return [said for said in self._heard if not any(words in said for words in _EXPECTED)]


async def violations(page: Page, within: str | None = None) -> Sequence[tuple[str, list[str]]]:
    """What axe finds against the page, or against a part of it."""
    found = (await Axe().run(page, context=within, options=RULES)).response["violations"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]


async def fits(page: Page) -> bool:
    """Nothing sticks out at the side."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
