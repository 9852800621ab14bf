"""A program of its own in which strangers' pictures and sounds are read: what breaks here breaks nothing else.

It reads one file from stdin and writes a line of JSON and the copy made anew to stdout. Before the first byte is read
it gives up everything else: it can open no file and no socket, start no process, and dies with whoever started it.
Run by remake.py, as a script; it imports nothing of ours.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import wave
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from itertools import chain
from typing import Any

import av
from av.error import FFmpegError
from PIL import Image, ImageOps, MpoImagePlugin, TiffImagePlugin

_LATER = MpoImagePlugin, TiffImagePlugin  # parts of JPEG files that Pillow loads when it meets them
_LOADERS = ("JPEG", "PNG", "WEBP")
_PIXELS = 40_000_000
_JPEG_PIXELS = 250_000_000  # a JPEG is made smaller while it is read
_MEMORY = 1 << 30
_SECONDS = 60  # of processor time
_LONGEST_SOUND = 3600  # seconds
_NOBODY = 65534
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _CLONE_NEWNET = 1, 38, 0x40000000


class Refused(Exception):
    """Why there is no copy, as model.media.Why names it."""


def lock_up() -> None:
    """Keep nothing but stdin, stdout and memory."""
    libc = ctypes.CDLL(None)
    os.nice(10)  # who writes now goes before what was sent
    if os.geteuid() == 0:
        libc.unshare(_CLONE_NEWNET)  # a net of its own, with nobody in it
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    limits = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_CPU: _SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,  # what is open stays open; nothing can be opened any more
    }
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))


def picture(data: bytes, side: str = "2560", most: str = "4194304") -> tuple[dict[str, Any], bytes]:
    """Drawn anew: upright, its long side no longer than `side`, without anything but its points.

    `most`: bytes that a PNG may have, and a JPEG should: a photo is no smaller for being a PNG.
    """
    long_side, bytes_ = int(side), int(most)
    Image.MAX_IMAGE_PIXELS = None  # counted here
    image: Image.Image = Image.open(BytesIO(data), formats=_LOADERS)
    if image.width * image.height > (_JPEG_PIXELS if image.format in ("JPEG", "MPO") else _PIXELS):
        raise Refused("bomb")
    was = image.format
    small = min(1.0, long_side / max(image.size))
    image.draft("RGB", (round(image.width * small), round(image.height * small)))
    clear = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    plain = "RGBA" if clear else "RGB"
    if image.mode not in ("RGBA", "RGB", "L", "CMYK"):
        image = image.convert(plain)  # what has a palette or deep greys cannot be made smaller as it is
    image.thumbnail((long_side, long_side), Image.Resampling.LANCZOS, reducing_gap=3.0)  # first: memory
    image = ImageOps.exif_transpose(image).convert(plain)
    bare = Image.new(image.mode, image.size)  # a new canvas has no notes on its back
    bare.paste(image)
    if was == "PNG" or clear:
        drawn = _written(bare, "PNG", optimize=False)
        if len(drawn) <= bytes_:
            return {"mime": "image/png"}, drawn
    white = Image.new("RGB", bare.size, "white")
    white.paste(bare, mask=bare.getchannel("A") if clear else None)
    drawn = next((d for q in (85, 70) if len(d := _written(white, "JPEG", quality=q)) <= bytes_), b"")
    return {"mime": "image/jpeg"}, drawn or _written(white, "JPEG", quality=50)


def _written(image: Image.Image, form: str, **how: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def sound(data: bytes, form: str) -> tuple[dict[str, Any], bytes]:
    """One voice as AAC, which every browser plays. A film is only measured: it is not made anew."""
    source: Any
    with av.open(BytesIO(data), format=form, metadata_errors="ignore") as source:
        films = [s for s in source.streams.video if not s.disposition & s.disposition.attached_pic]
        if films:
            return {"film": True, "seconds": _length(source.duration)}, b""
        if not source.streams.audio:
            raise Refused("broken")
        return _voice(source, source.streams.audio[0])


def _length(microseconds: int | None) -> int | None:
    return max(1, round(microseconds / 1_000_000)) if microseconds and microseconds > 0 else None


def _voice(source: Any, stream: Any) -> tuple[dict[str, Any], bytes]:
    narrow = (stream.rate or 0) <= 16_000  # a telephone's voice
    rate = 16_000 if narrow else 44_100
    out = BytesIO()
    with av.open(out, "w", format="mp4") as target:
        to = target.add_stream("aac", rate=rate, layout="mono")
        to.bit_rate = 32_000 if narrow else 64_000
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        heard = 0
        for frame in chain(_frames(source, stream), (None,)):
            for part in resampler.resample(frame):
                part.pts, part.time_base = heard, Fraction(1, rate)
                heard += part.samples
                if heard > _LONGEST_SOUND * rate:
                    raise Refused("too_long")
                target.mux(to.encode(part))
        target.mux(to.encode(None))
    if not heard:
        raise Refused("broken")
    return {"mime": "audio/mp4", "seconds": max(1, round(heard / rate))}, out.getvalue()


def _frames(source: Any, stream: Any) -> Any:
    """What can be heard of it; a broken place is skipped, as it is on the phone."""
    for packet in source.demux(stream):
        try:
            yield from packet.decode()
        except FFmpegError:
            continue


def film(data: bytes, form: str) -> tuple[dict[str, Any], bytes]:
    """The same pictures and sound in a box without notes: no place, no time, no maker."""
    source: Any
    out, last = BytesIO(), 0.0
    with av.open(BytesIO(data), format=form, metadata_errors="ignore") as source, av.open(out, "w", format="mp4") as to:
        into = {s.index: to.add_stream_from_template(s) for s in (*source.streams.video[:1], *source.streams.audio[:1])}
        for stream in into.values():
            stream.metadata.clear()
        for packet in source.demux(*(source.streams[n] for n in into)):
            if packet.dts is not None:
                shown = packet.dts if packet.pts is None else packet.pts
                last = max(last, float((shown + (packet.duration or 0)) * packet.time_base))
                packet.stream = into[packet.stream.index]
                to.mux(packet)
    return {"mime": "video/mp4", "seconds": max(1, round(last))}, out.getvalue()


def warm_up() -> None:
    """Do everything once with something harmless: what is loaded at first use could not be loaded later."""
    for form in _LOADERS:
        picture(_written(Image.new("RGB", (1, 1)), form))
    silence = BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))
    sound(silence.getvalue(), "wav")


_TASKS: dict[str, Callable[..., tuple[dict[str, Any], bytes]]] = {"picture": picture, "sound": sound, "film": film}


def main() -> None:
    av.logging.set_level(None)
    warm_up()
    lock_up()
    data = sys.stdin.buffer.read()
    try:
        about, copy = _TASKS[sys.argv[1]](data, *sys.argv[2:])
    except Refused as refused:
        about, copy = {"why": str(refused)}, b""
    except MemoryError:
        about, copy = {"why": "bomb"}, b""
    except Exception:  # noqa: BLE001 - whatever it was, it could not be read
        about, copy = {"why": "broken"}, b""
    sys.stdout.buffer.write(json.dumps(about).encode() + b"\n" + copy)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
