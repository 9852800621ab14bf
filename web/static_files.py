"""Files that never change under their address: the address carries a hash of what is in them, so browsers keep them.

All of it is read once and held in memory, compressed where that helps. Scripts and styles share one hash, so that they
may name one another by relative paths; a font has its own, since it is large and stays as it is for years.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import web

_FONT = re.compile(rb"url\((fonts/[^)]+)\)")
_KEEP = "public, max-age=31536000, immutable"
_SQUEEZED = (".css", ".js", ".svg")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True, slots=True)
class File:
    """One file, ready to be sent."""

    body: bytes
    packed: bytes | None  #: gzip
    type: str


class StaticFiles:
    """What is under web/static, and htmx from its own package."""

    def __init__(self) -> None:
        found = {
            name: body for name, body in _under(files("web") / "static", "") if name.endswith((*_SQUEEZED, ".woff2"))
        }
        found["js/htmx.js"] = (files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js").read_bytes()
        fonts = {name: _hash(body) for name, body in found.items() if name.startswith("fonts/")}
        found = {name: _with_fonts(body, fonts) if name.endswith(".css") else body for name, body in found.items()}
        together = _hash(b"".join(_hash(body).encode() for name, body in sorted(found.items()) if name not in fonts))
        self._addresses = {name: f"/static/{fonts.get(name, together)}/{name}" for name in found}
        self._files = {self._addresses[name]: _file(name, body) for name, body in found.items()}

    def url(self, name: str) -> str:
        """Where a file is. Raises KeyError for one that is not there."""
        return self._addresses[name]

    def body(self, name: str) -> bytes:
        """What is in a file. Raises KeyError."""
        return self._files[self._addresses[name]].body

    def sizes(self) -> Mapping[str, int]:
        """How many bytes go over the line for each file, by its name."""
        return {name: len(self._files[at].packed or self._files[at].body) for name, at in self._addresses.items()}

    async def serve(self, request: web.Request) -> web.Response:
        """`/static/{hash}/{name}`: 404 for any other hash, so that no cache ever mixes two versions."""
        found = self._files.get(request.path)
        if found is None:
            return web.Response(status=404, text="No such file.\n")
        headers = {
            "Cache-Control": _KEEP,
            "Content-Security-Policy": "default-src 'none'",
            "Content-Type": found.type,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        if found.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=found.packed, headers=headers | {"Content-Encoding": "gzip"})
        return web.Response(body=found.body, headers=headers)


def _under(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        found += _under(item, f"{path}{item.name}/") if item.is_dir() else [(path + item.name, item.read_bytes())]
    return found


def _with_fonts(css: bytes, fonts: Mapping[str, str]) -> bytes:
    return _FONT.sub(lambda at: f"url(/static/{fonts[at[1].decode()]}/{at[1].decode()})".encode(), css)


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


def _file(name: str, body: bytes) -> File:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = name.endswith(_SQUEEZED)
    return File(body, gzip.compress(body, 9, mtime=0) if text else None, f"{kind}; charset=utf-8" if text else kind)
