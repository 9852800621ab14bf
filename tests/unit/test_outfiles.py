"""Files that agents send: what is refused, with what words, and what is taken out of the others."""

import io
import os

import av
import pytest
from PIL import Image

from outbound.outfiles import BadFile, prepare, read
from outbound.remake import Remaker
from tests import files

LARGEST = 25 << 20


async def ready(name: str, data: bytes):
    return await prepare(name, data, largest=LARGEST, remaker=Remaker())


async def test_an_agents_photo_carries_no_place():
    out = await ready("IMG 0001.JPG", files.photo())
    assert (out.kind, out.mime, out.name) == ("image", "image/jpeg", "IMG 0001.JPG")
    assert files.GPS not in out.data
    assert not dict(Image.open(io.BytesIO(out.data)).getexif())


async def test_a_picture_is_small_enough_for_every_channel():
    noise = Image.frombytes("RGB", (3000, 2000), os.urandom(18_000_000))
    for form in ("PNG", "JPEG"):
        data = io.BytesIO()
        noise.save(data, form)
        out = await ready("noise", data.getvalue())
        assert max(Image.open(io.BytesIO(out.data)).size) == 1600
        assert len(out.data) < 1_000_000
        assert out.mime == "image/jpeg"


async def test_an_agents_film_carries_no_place():
    data = files.film(2, place="+13.7563+100.5018/")
    assert b"13.7563" in data
    out = await ready("VID.MOV", data)
    assert (out.kind, out.mime, out.name, out.seconds) == ("video", "video/mp4", "VID.MOV.mp4", 2)
    assert b"13.7563" not in out.data
    with av.open(io.BytesIO(out.data)) as played:
        assert sum(1 for _ in played.decode(video=0)) == 20


async def test_a_voice_note_and_a_document():
    voice = await ready("note.ogg", files.voice())
    assert (voice.kind, voice.mime, voice.name, voice.seconds) == ("audio", "audio/mp4", "note.ogg.m4a", 2)
    document = await ready("ရှင်းလင်းချက်.pdf", files.PDF)
    assert (document.kind, document.mime, document.name, document.data) == (
        "file", "application/pdf", "ရှင်းလင်းချက်.pdf", files.PDF,
    )  # fmt: skip


REFUSED = [
    ("a.jpg", b"", "empty"), ("a.jpg", files.photo()[:900], "cannot be read"), ("a.png", files.bomb(), "smaller one"),
    ("a.gif", files.picture("GIF", "L"), "JPEG or PNG"), ("a.svg", files.SVG, "JPEG or PNG"),
    ("a.html", files.HTML, "text/html"), ("a.jpg", files.zip_bomb(), "application/zip"),
    ("a.exe", b"MZ\x90\0" + bytes(60), "x-msdownload"), ("a.pdf", bytes(100), "octet-stream"),
    ("a.mp3", b"ID3" + os.urandom(3000), "cannot be read"),
    ("a.mp4", b"\0\0\0\x18ftypisom" + bytes(500), "cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "says"), REFUSED, ids=[f"{r[0]} {r[2]}" for r in REFUSED])
async def test_what_does_not_go_is_told_why(name, data, says):
    with pytest.raises(BadFile, match=says) as refused:
        await ready(name, data)
    assert str(refused.value).startswith(name)
    assert str(refused.value).endswith(".")


async def test_too_large_by_a_byte():
    with pytest.raises(BadFile, match="largest that goes is 25 MB"):
        await ready("a.pdf", files.PDF + bytes(LARGEST))


def test_a_gigabyte_is_refused_without_being_read(tmp_path):
    """The file has a hole in place of bytes: reading it would take a gigabyte of memory."""
    import resource

    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadFile, match=r"film.mp4 has 1,024.0 MB; the largest that goes is 25 MB"):
        read(path, largest=LARGEST)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "pipe", "is no file"),
        (tmp_path, "is no file"),
        (tmp_path / "nothing.jpg", "cannot be read: No such file"),
    ):
        with pytest.raises(BadFile, match=says):
            read(path, largest=LARGEST)
    (tmp_path / "a.txt").write_bytes(b"hello")
    assert read(tmp_path / "a.txt", largest=LARGEST) == b"hello"
