"""Writing an answer, for tests in a browser: what is opened, attached and sent, and what came of it."""

from pathlib import Path
from typing import Any

from tests import files
from tests.conversation import Inbox

MY = "မင်္ဂလာပါ။ အခု စာရေးလို့ ရမလား။"


async def opened(room: Inbox, page, beside: str = "/thread") -> str:
    ticket = await room.ticket()
    await page.goto(f"{room.at.base}/inbox/{ticket}{beside}")
    await page.wait_for_selector("[data-attach]:not([hidden])")
    return str(ticket)


async def replies(room: Inbox) -> list[str]:
    return [state for (state,) in await room.at.rows("select state from delivery where purpose = 'reply' order by id")]


async def attached(room: Inbox) -> list[tuple[str, ...]]:
    return await room.at.rows(
        "select a.kind, a.mime from attachment a join message m on m.id = a.message_id where m.direction = 'out' "
        "order by a.message_id, a.position"
    )


def photo() -> dict[str, Any]:
    return {"name": "office.jpg", "mimeType": "image/jpeg", "buffer": files.photo()}


def paper(megabytes: float = 0.01) -> dict[str, Any]:
    body = b"%PDF-1.4\n" + b" " * int(megabytes * (1 << 20)) + b"\n%%EOF"
    return {"name": "လျှောက်လွှာ.pdf", "mimeType": "application/pdf", "buffer": body}


def large_paper(folder: Path) -> Path:
    """One that is too large, as a file: it need not travel to the browser."""
    path = folder / "large.pdf"
    path.write_bytes(paper(26)["buffer"])
    return path


async def send(page) -> None:
    await page.focus("#reply")
    await page.keyboard.press("Control+Enter")
