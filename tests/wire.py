"""HTTP by hand, for what no client library would send."""

import asyncio

from sandbox.webhook import Webhook


def request_bytes(webhook: Webhook, *more: tuple[str, str]) -> bytes:
    """A webhook as it goes over the wire, on a connection that stays open."""
    return head_bytes(webhook, ("Content-Length", str(len(webhook.body))), *more) + webhook.body


def head_bytes(webhook: Webhook, *more: tuple[str, str]) -> bytes:
    """Request line and headers, without a length unless `more` has one."""
    lines = [f"{webhook.method} {webhook.path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (*webhook.headers, *more)]
    return "\r\n".join([*lines, "", ""]).encode()


async def answer_to(reader: asyncio.StreamReader) -> int | None:
    """Read one answer whole: its status, None when the connection ends before it. Raises OSError when it is reset."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
        await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    return int(head.split()[1])
