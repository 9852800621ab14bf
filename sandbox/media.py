"""The smallest true files a stand-in API can hand out: a grey picture and a second of silence, made when asked for."""

import struct

_BLOCKS = 8  # of 8 by 8 points, along each side of the picture


def jpeg() -> bytes:
    """A grey JPEG of 64 by 64 points."""
    side = _BLOCKS * 8
    flat = bytes([0]) + bytes([1] * 64)  # quantisation: every coefficient as it is
    frame = struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0])
    scan = bytes([1, 1, 0x00, 0, 63, 0])
    # Two Huffman tables of one code each, the bit 0: "as grey as the block before" and "no detail". A block is 00.
    tables = [bytes([kind, 1, *[0] * 15, 0]) for kind in (0x00, 0x10)]
    parts = [_part(0xDB, flat), _part(0xC0, frame), *(_part(0xC4, table) for table in tables), _part(0xDA, scan)]
    picture = bytes(_BLOCKS * _BLOCKS * 2 // 8)
    return b"\xff\xd8" + _part(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + b"".join(parts) + picture + b"\xff\xd9"


def mp3(seconds: int = 1) -> bytes:
    """An MP3 of silence: 128 kbit/s, 44.1 kHz, one channel; a frame of 417 bytes lasts 26 ms."""
    frame = b"\xff\xfb\x90\xc4" + bytes(413)
    return frame * (seconds * 44_100 // 1_152 + 1)


def _part(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
