"""Sounds recorded anew, films put into a box without notes. Runs in the jail (jail.py), on what strangers send."""

import wave
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from itertools import chain
from typing import Any

import av
from av.error import FFmpegError

from outbound.jail import Refused

_LONGEST = 3600  # seconds


def warm_up() -> None:
    """Do everything once with something harmless: what is loaded at first use could not be loaded later."""
    av.logging.set_level(None)
    silence = BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))
    sound(silence.getvalue(), "wav")


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
                if heard > _LONGEST * rate:
                    raise Refused("too_long")
                target.mux(to.encode(part))
        target.mux(to.encode(None))
    if not heard:
        raise Refused("broken")
    return {"mime": "audio/mp4", "seconds": max(1, round(heard / rate))}, out.getvalue()


def _frames(source: Any, stream: Any) -> Iterator[Any]:
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
