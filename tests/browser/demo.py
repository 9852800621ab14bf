"""The whole demo as somebody would start it, with nobody writing by themselves: pages, workers and phones in Chromium.

with demo(data) as at:
    page = await at.desk(chromium, "wati@shwe")
    await at.writes(phones, "line", "…")
"""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from gateway.demo import password
from runtime.ports import some_free_port
from tests.browser.windows import WIDTHS
from tests.processes import command_line, eventually, listed
from tests.serving import Served, own_data, serving

SECONDS = 30  #: a message may take on a busy machine, from the phone to the desk and back


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    served: Served
    sandbox: str  #: where the stand-in is
    password: str

    @property
    def url(self) -> str:
        return self.served.url

    async def signed_in(
        self, chromium: Browser, name: str, width: str = "wide", *, dark: bool = False, at: str = "/"
    ) -> Page:
        """A window of its own somebody is signed in with. It complains of what its page complains of."""
        across, down = WIDTHS[width]
        context = await chromium.new_context(
            viewport={"width": across, "height": down}, color_scheme="dark" if dark else "light", locale="en"
        )
        page = await context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        await page.goto(self.url + "/sign-in")
        await page.fill("#name", name)
        await page.fill("#password", self.password)
        await page.locator(".button-main").click()
        await page.wait_for_url(self.url + "/")
        if at != "/":
            await page.goto(self.url + at)
        return page

    async def phones(self, chromium: Browser, who: str = "my-TH-1", **how: Any) -> Page:
        """The page of phones of one worker."""
        return await self.signed_in(chromium, "mya@lantern", at=f"/phones?who={who}", **how)

    def ask(self, path: str, asked: Any = None) -> Any:
        """Something of the sandbox itself."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.sandbox}/sandbox/{path}",
            data=None if asked is None else json.dumps(asked).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def play(self, at: datetime) -> None:
        """Let it be that time from now on, everywhere: in the sandbox at once, in our processes when this returns."""
        ahead = int((at - datetime.now(UTC)).total_seconds())
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.sandbox}/sandbox/manners",
            data=json.dumps({"ahead_seconds": ahead}).encode(),
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
        roles = ("gateway web ", "gateway worker ")
        following = [pid for pid in self.served.everybody() if any(role in command_line(pid) for role in roles)]
        eventually(lambda: self._told(f'"ahead_seconds": {ahead}') == len(following), "everybody follows the clock")

    def _told(self, words: str) -> int:
        """How often our processes have said that."""
        data = self.served.data
        return sum(path.read_text().count(words) for path in [data.parent / f"{data.name}.log", *data.rglob("*.log")])

    def tickets(self) -> list[dict[str, Any]]:
        """All there are, as the operator sees them."""
        return listed("tickets", self.served.data)

    def settle(self) -> None:
        """Wait until all that was sent is taken in."""
        eventually(self.served.settled, "everything is taken in")


@contextmanager
def demo(data: Path) -> Iterator[Demo]:
    """A demo that is ready, in a data directory of its own; nothing of it is left afterwards."""
    port, beside = some_free_port(), some_free_port()
    more = ("--sandbox", "--still", "--sandbox-port", str(beside))
    with own_data(data), serving(data, port, more=more) as served:
        at = Demo(served, f"http://127.0.0.1:{beside}", password(data))
        eventually(lambda: _answers(at), "the sandbox answers")
        yield at


def _answers(at: Demo) -> bool:
    try:
        return bool(at.ask("accounts"))
    except OSError:
        return False


async def write(phones: Page, channel: str, text: str) -> None:
    """The worker writes, by hand; the words show on their phone."""
    phone = phones.locator(f".phone-{channel}")
    await phone.locator("input[name=text]").fill(text)
    await phone.locator(".phone-send").click()
    await phone.locator("[data-log] .said", has_text=text).first.wait_for()
