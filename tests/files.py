"""Files for tests: small ones that are what they say, and some that are not. All are made here."""

import array
import io
import math
import struct
import zipfile
import zlib

import av
from PIL import Image

GPS = b"IPTC-SECRET-MAKER"  #: stands in the notes of `photo()`, and must not leave


def photo(width: int = 640, height: int = 400) -> bytes:
    """A JPEG lying on its side, with its maker and the place it was taken in its notes."""
    image = Image.new("RGB", (width, height), (180, 90, 30))
    notes = Image.Exif()
    notes[0x0112] = 6  # turn it a quarter
    notes[0x010F] = GPS.decode()
    notes[0x8825] = {1: "N", 2: (13.0, 44.0, 1.0), 3: "E", 4: (100.0, 31.0, 2.0)}
    return _saved(image, "JPEG", exif=notes, comment=GPS)


def picture(form: str, mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture of that form and mode, as Pillow names them."""
    return _saved(Image.new(mode, size), form)


def _saved(image: Image.Image, form: str, **how) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def voice(form: str = "ogg", codec: str = "libopus", rate: int = 48_000, seconds: int = 2) -> bytes:
    """A voice note: one tone."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as target:
        stream = target.add_stream(codec, rate=rate, layout="mono")
        for start in range(0, rate * seconds, 960):
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            tone = array.array("h", [int(8000 * math.sin(440 * 2 * math.pi * (start + i) / rate)) for i in range(960)])
            frame.planes[0].update(tone.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate, frame.pts = rate, start
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out.getvalue()


def film(seconds: int = 1, place: str = "") -> bytes:
    """A short MP4; with a place, a MOV as phones make them."""
    out = io.BytesIO()
    form, how = ("mov", {"movflags": "use_metadata_tags"}) if place else ("mp4", {})
    with av.open(out, "w", format=form, options=how) as target:
        if place:
            target.metadata["com.apple.quicktime.location.ISO6709"] = place
        stream = target.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(10 * seconds):
            target.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        target.mux(stream.encode(None))
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of a few hundred kilobytes that unfolds to 2.5 billion points."""
    side = 50_000
    rows = zlib.compressobj(9)
    data = b"".join(rows.compress(bytes(1 + side)) for _ in range(2000)) + rows.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def zip_bomb() -> bytes:
    """A hundred kilobytes that unfold to a hundred megabytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("a.txt", bytes(100 << 20))
    return out.getvalue()


def polyglot() -> bytes:
    """A JPEG that is a web page to whoever believes its end."""
    return photo() + b"<html><script>alert(document.domain)</script></html>"


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
HTML = b"<!doctype html><html><body><script>fetch('https://evil.example/')</script>Please log in</body></html>"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
