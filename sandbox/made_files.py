"""How the sandbox's files are made: small, true to their format, and the same every time."""

import io
import math
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

LONGEST = 120  #: seconds of sound or film that are really made; it must not hold up the other requests
#: FFmpeg's names of container and codec, and samples a second.
_SOUNDS = {
    "ogg": ("ogg", "libopus", 16_000),
    "m4a": ("ipod", "aac", 16_000),
    "amr": ("amr", "libopencore_amrnb", 8_000),
    "mp3": ("mp3", "libmp3lame", 16_000),
}
_BITS = 12_200  # a second; the one rate AMR and all others know
_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script>'
    b'<image href="http://127.0.0.1:1/pixel"/></svg>'
)
_HTML = b"<!doctype html><title>Sign in</title><script>alert(1)</script><p>Your session has ended."
_MANY = 30_000  # points along each side of a picture that nobody should open


@lru_cache(maxsize=32)
def make(kind: str, seconds: int = 1) -> bytes:
    """A file of that kind (`media.KINDS`); seconds of a sound or film, from 1 to LONGEST. Raises KeyError."""
    seconds = min(max(1, seconds), LONGEST)
    if kind in _SOUNDS:
        return _sound(*_SOUNDS[kind], seconds)
    if kind in ("wav", "mp4"):
        return _wav(seconds) if kind == "wav" else _film(seconds)
    return _OTHERS[kind]()


def _drawn() -> "Image.Image":
    """A pay slip on a table, more or less."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (640, 480), (176, 150, 120))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((120, 60, 520, 430), fill=(250, 250, 244), outline=(90, 90, 90), width=3)
    for row in range(100, 400, 34):
        draw.rectangle((150, row, 330 + row % 3 * 40, row + 12), fill=(70, 80, 110))
        draw.rectangle((430, row, 490, row + 12), fill=(120, 60, 60))
    return picture


def _jpeg() -> bytes:
    """With the place and time where it was taken in its Exif part, as telephones write it."""
    from PIL import Image

    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Invented", "Phone 1", "2026:11:22 19:31:05"  # make, model, time
    exif.get_ifd(0x8825).update({1: "N", 2: (13.0, 32.0, 51.0), 3: "E", 4: (100.0, 16.0, 27.8)})  # GPS
    _drawn().save(buffer, "JPEG", quality=70, exif=exif)
    return buffer.getvalue()


def _png() -> bytes:
    buffer = io.BytesIO()
    _drawn().save(buffer, "PNG")
    return buffer.getvalue()


def _hum(rate: int, seconds: int) -> bytes:
    """A low voice that comes and goes, in 16 bits a sample."""
    waves = (6000 * math.sin(math.tau * 170 * n / rate) * math.sin(math.pi * n / rate) for n in range(rate))
    return struct.pack(f"<{rate}h", *map(int, waves)) * seconds


def _sound(container: str, codec: str, rate: int, seconds: int) -> bytes:
    import av

    buffer = io.BytesIO()
    frame = av.AudioFrame(format="s16", layout="mono", samples=rate * seconds)
    frame.sample_rate = rate
    frame.planes[0].update(_hum(rate, seconds))
    with av.open(buffer, "w", format=container, options={"fflags": "+bitexact"}) as file:
        stream: Any = file.add_stream(codec, rate=rate, layout="mono", bit_rate=_BITS)
        file.mux([*stream.encode(frame), *stream.encode(None)])
    return buffer.getvalue()


def _wav(seconds: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(_hum(8_000, seconds))
    return buffer.getvalue()


def _film(seconds: int) -> bytes:
    """Five pictures a second, all the same."""
    import av

    buffer, frame = io.BytesIO(), av.VideoFrame.from_image(_drawn().resize((160, 120)))  # type: ignore[no-untyped-call]
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=5, width=160, height=120, pix_fmt="yuv420p")
        for moment in range(seconds * 5):
            frame.pts = moment
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def _pdf() -> bytes:
    """One page that says "Contract"."""
    words = b"BT /F1 24 Tf 72 720 Td (Contract) Tj ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(words), words),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    return body + head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(parts) + 1, len(body))


def _zip_bomb() -> bytes:
    """A small archive of 100 MB of zeros."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("picture.jpg", bytes(100 * 2**20))
    return buffer.getvalue()


def _pixels() -> bytes:
    """A PNG of 30,000 by 30,000 black points: 110 kB that want 112 MB, and 2.7 GB in colour."""
    rows = zlib.compressobj(9)
    row = bytes(1 + _MANY // 8)
    points = b"".join(rows.compress(row) for _ in range(_MANY)) + rows.flush()
    head = struct.pack(">IIBBBBB", _MANY, _MANY, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", points) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _broken() -> bytes:
    return _jpeg()[:2000]


_OTHERS: Mapping[str, Callable[[], bytes]] = {
    "jpeg": _jpeg, "png": _png, "pdf": _pdf, "html": lambda: _HTML, "svg": lambda: _SVG, "zip_bomb": _zip_bomb,
    "pixels": _pixels, "empty": lambda: b"", "broken": _broken,
}  # fmt: skip
