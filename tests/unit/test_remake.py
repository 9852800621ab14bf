"""What a stranger's file is, and the copy of it that may be shown; the jail in which it is made."""

import asyncio
import io
import os
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from model.media import safe_name
from outbound import jail
from outbound.remake import NoJail, Remaker, web_page
from outbound.sniff import sniff
from tests import files

TYPES = [
    (files.photo(), "image/jpeg"), (files.picture("PNG"), "image/png"), (files.picture("WEBP"), "image/webp"),
    (files.picture("GIF", "L"), "image/gif"), (files.SVG, "image/svg+xml"), (files.HTML, "text/html"),
    (b"\xef\xbb\xbf  \n<HTML>", "text/html"), ("<html>".encode("utf-16"), "text/html"),
    (b"<script>1</script>", "text/html"),
    (b"<!-- x --><svg onload=1>", "image/svg+xml"), (b"<?xml version='1.0'?><a/>", "text/xml"),
    (b"<?xml version='1.0'?><html xmlns='x'>", "text/html"), (files.PDF, "application/pdf"),
    (files.zip_bomb(), "application/zip"), (files.polyglot(), "image/jpeg"), (b"=1+1,2\r\n", "text/plain"),
    (b'{"error": 1}', "application/json"), (b"BEGIN:VCARD\r\n", "text/vcard"), ("ลูกจ้าง".encode(), "text/plain"),
    ("ลูกจ้าง".encode("cp874"), "text/plain"), (b"\0\1\2\3", "application/octet-stream"),
    (b"MZ\x90\0" + bytes(60), "application/x-msdownload"),
    (files.voice(), "audio/ogg"), (files.film(), "video/mp4"), (b"", "text/plain"), (b"\x1b[31mred", "text/plain"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "mime"), TYPES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_file_is_what_its_bytes_say(data, mime):
    assert sniff(data) == mime


VOICES = [
    ("ogg", "libopus", 48_000, "audio/ogg"), ("amr", "libopencore_amrnb", 8_000, "audio/amr"),
    ("mp4", "aac", 44_100, "audio/mp4"), ("mp3", "libmp3lame", 44_100, "audio/mpeg"),
    ("3gp", "libopencore_amrnb", 8_000, "audio/3gpp"), ("wav", "pcm_s16le", 8_000, "audio/x-wav"),
    ("webm", "libopus", 48_000, "audio/webm"), ("adts", "aac", 44_100, "audio/aac"),
    ("flac", "flac", 44_100, "audio/x-flac"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "codec", "rate", "mime"), VOICES, ids=[v[0] for v in VOICES])
async def test_a_voice_note_plays_in_every_browser(form, codec, rate, mime):
    made = await Remaker().made(files.voice(form, codec, rate), "audio")
    assert (made.mime, made.why, made.copy_mime, made.seconds) == (mime, None, "audio/mp4", 2)
    with av.open(io.BytesIO(made.copy)) as played:
        (stream,) = played.streams
        assert (stream.codec_context.name, stream.layout.nb_channels) == ("aac", 1)
        heard = sum(frame.samples for frame in played.decode(stream)) / stream.rate
    assert heard == pytest.approx(2, abs=0.2)


async def test_a_photo_is_upright_and_tells_nothing_but_what_is_seen():
    data = files.photo(640, 400)
    assert files.GPS in data
    made = await Remaker().made(data, "image")
    assert (made.mime, made.why, made.copy_mime) == ("image/jpeg", None, "image/jpeg")
    assert files.GPS not in made.copy
    drawn = Image.open(io.BytesIO(made.copy))
    assert drawn.size == (400, 640)
    assert not dict(drawn.getexif())
    assert drawn.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    red, green, blue = drawn.getpixel((200, 300))
    assert abs(red - 180) + abs(green - 90) + abs(blue - 30) < 30


FORMS = [
    ("JPEG", "L", "image/jpeg"), ("JPEG", "CMYK", "image/jpeg"),
    ("PNG", "RGBA", "image/png"), ("PNG", "P", "image/png"),
    ("PNG", "1", "image/png"), ("PNG", "I;16", "image/png"), ("PNG", "LA", "image/png"), ("WEBP", "RGB", "image/jpeg"),
    ("WEBP", "RGBA", "image/png"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "mode", "copy"), FORMS)
async def test_every_kind_of_picture_is_drawn_anew(form, mode, copy):
    made = await Remaker().made(files.picture(form, mode), "image")
    assert (made.why, made.copy_mime) == (None, copy)


async def test_a_large_picture_becomes_as_long_as_a_screen():
    made = await Remaker().made(files.photo(9000, 3000), "image")
    assert Image.open(io.BytesIO(made.copy)).size == (853, 2560)


async def test_a_page_hidden_in_a_picture_is_left_behind():
    made = await Remaker().made(files.polyglot(), "image")
    assert b"script" not in made.copy


ODD = [
    ("bomb", files.bomb(), "image", "image/png", "bomb"),
    ("zip as a picture", files.zip_bomb(), "image", "application/zip", "not_what_it_says"),
    ("svg", files.SVG, "image", "image/svg+xml", None),
    ("cut jpeg", files.photo()[:900], "image", "image/jpeg", "broken"),
    ("noise with a head", b"\xff\xd8\xff\xe0" + os.urandom(5000), "image", "image/jpeg", "broken"),
    ("noise as a voice", b"OggS" + os.urandom(5000), "audio", "audio/ogg", "broken"),
    ("no sound in it", files.voice("wav", "pcm_s16le", 8000)[:44], "audio", "audio/x-wav", "broken"),
    ("gif", files.picture("GIF", "L"), "image", "image/gif", None),
    ("film", files.film(), "video", "video/mp4", None),
    ("page as a file", files.HTML, "file", "text/html", None),
    ("pdf", files.PDF, "file", "application/pdf", None),
    ("program", b"MZ\x90\0" + bytes(60), "image", "application/x-msdownload", "not_what_it_says"),
]


@pytest.mark.parametrize(("data", "kind", "mime", "why"), [o[1:] for o in ODD], ids=[o[0] for o in ODD])
async def test_what_cannot_be_shown_is_kept_without_a_copy(data, kind, mime, why):
    made = await Remaker().made(data, kind)
    assert (made.mime, made.why, made.copy, made.copy_mime) == (mime, why, None, None)


async def test_a_film_has_a_length():
    assert (await Remaker().made(files.film(2), "video")).seconds == 2


@pytest.mark.parametrize("kind", ["image", "audio", "video", "sticker"])
def test_words_in_place_of_something_to_see(kind):
    for page in (files.HTML, b"not found", b'{"error": 1}', b"<?xml version='1.0'?><Error/>"):
        assert web_page(page, kind)
    for data in (files.photo(), files.SVG, files.PDF, bytes(10)):
        assert not web_page(data, kind)
    assert not web_page(files.HTML, "file")


JAILED = """
import os, socket, subprocess, sys
sys.path.insert(0, {folder!r})
from outbound import jail, pictures, sounds
pictures.warm_up()
sounds.warm_up()
tried = {{}}
jail.lock_up()
def attempt(name, what):
    try:
        what()
        tried[name] = "done"
    except (OSError, MemoryError, ValueError) as error:
        tried[name] = type(error).__name__
attempt("read", lambda: os.open("/etc/passwd", os.O_RDONLY))
attempt("write", lambda: os.open("/tmp/jail-was-here", os.O_WRONLY | os.O_CREAT))
attempt("socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
attempt("pipe", os.pipe)
attempt("memory", lambda: bytearray(2 << 30))
attempt("raise", lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_NOFILE, (64, 64)))
attempt("run", lambda: subprocess.run(["/bin/true"]))
os.write(1, ("%s %s %s" % (sorted(tried.items()), sorted(os.environ), os.getuid())).encode())
"""


async def test_the_jail_has_no_way_out():
    code = JAILED.format(folder=str(Path(jail.__file__).parents[1]))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", code, env={}, stdout=asyncio.subprocess.PIPE
    )
    said = (await process.communicate())[0].decode()
    assert "'done'" not in said
    assert said.count("Error") == 7, said  # every attempt failed
    assert " [" in said
    assert said.split("] ")[-1] != "0", "the jail runs as root"


async def test_a_jail_that_does_not_start_is_not_the_files_fault(monkeypatch):
    monkeypatch.setattr("outbound.remake._JAIL", "import nothing_of_this_name")
    with pytest.raises(NoJail):
        await Remaker().made(files.photo(), "image")


async def test_two_files_wait_for_each_other():
    remaker = Remaker()
    both = await asyncio.gather(remaker.made(files.photo(), "image"), remaker.made(files.voice(), "audio"))
    assert [made.copy_mime for made in both] == ["image/jpeg", "audio/mp4"]


NAMES = [
    (None, "image/jpeg", "picture.jpg"), ("", None, "picture"), ("A.JPEG", "image/jpeg", "A.JPEG"),
    ("../../etc/passwd", "text/plain", "etcpasswd.txt"),
    ("invoice\u202efdp.exe", "application/x-msdownload", "invoicefdp.exe.bin"),
    ("photo.svg", "image/svg+xml", "photo.svg"), ("photo.jpg", "application/zip", "photo.jpg.zip"),
    ("a\r\nContent-Type: x\0.jpg", "image/jpeg", "aContent-Type x.jpg"), (".htaccess", None, "htaccess"),
    ("x" * 300 + ".pdf", "application/pdf", "x" * 80 + ".pdf"),
    ("ශ්‍රී.jpg", "image/jpeg", "ශ්‍රී.jpg"),
    ("contract.pdf", None, "contract.pdf"), ("\u2066\u2069\u200b", "audio/mp4", "picture.m4a"),
    ("a\ud800b.txt", "text/plain", "ab.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "mime", "shown"), NAMES)
def test_names_are_safe_to_show_and_say_what_it_is(name, mime, shown):
    assert safe_name(name, mime, "picture") == shown
