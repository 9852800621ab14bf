"""The files a stand-in hands out are what they should be, also those that nobody should open."""

import io

import aiohttp
import av
import filetype
import pytest
from PIL import Image

from sandbox.made_files import make
from sandbox.media import KINDS, TIMED, File, told_by
from tests.sandbox_cast import EVERYWHERE
from tests.sandbox_server import sandbox_server

HONEST = ("jpeg", "png", "ogg", "m4a", "amr", "mp3", "wav", "mp4", "pdf")


@pytest.mark.parametrize("kind", HONEST)
def test_an_honest_file_is_what_it_says_and_the_same_every_time(kind):
    content = make(kind, 2)
    assert filetype.guess(content).mime.partition("/")[0] == File(kind).mime.partition("/")[0]
    make.cache_clear()
    assert make(kind, 2) == content


@pytest.mark.parametrize("kind", TIMED)
def test_a_sound_can_be_played_and_lasts_as_long_as_it_says(kind):
    with av.open(io.BytesIO(make(kind, 3))) as file:
        assert 2.9 <= file.duration / av.time_base <= 3.3
        assert sum(1 for _ in file.decode(file.streams[0])) > 3


def test_a_photo_tells_where_it_was_taken():
    place = Image.open(io.BytesIO(make("jpeg"))).getexif().get_ifd(0x8825)
    assert (place[1], [float(part) for part in place[2]]) == ("N", [13.0, 32.0, 51.0])


def test_bombs_are_small_until_they_are_opened():
    assert make("zip_bomb").startswith(b"PK")
    assert len(make("zip_bomb")) < 200_000
    assert len(make("pixels")) < 200_000
    Image.MAX_IMAGE_PIXELS, limit = None, Image.MAX_IMAGE_PIXELS
    try:
        assert Image.open(io.BytesIO(make("pixels"))).size == (30_000, 30_000)
    finally:
        Image.MAX_IMAGE_PIXELS = limit


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_tells_its_file(kind):
    assert told_by("5123456789" + File(kind, 41).code, "png") == File(kind, 41)


def test_an_id_without_a_file_is_taken_as_the_usual_one():
    assert told_by("ME99", "png").kind == told_by("", "png").kind == told_by("199001", "png").kind == "png"


async def test_every_file_can_be_had_by_its_kind():
    async with sandbox_server(EVERYWHERE) as sandbox, aiohttp.ClientSession(sandbox.url) as client:
        for kind in ("svg", "html", "empty", "broken", "ogg-2"):
            async with client.get(f"/sandbox/media/{kind}") as answer:
                name, _, seconds = kind.partition("-")
                assert answer.content_type == File(name).mime
                assert await answer.read() == make(name, int(seconds or 1))
        async with client.get("/sandbox/redirect?to=http://10.0.0.1/x", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "http://10.0.0.1/x")


async def test_an_endless_file_goes_on_until_nobody_listens():
    async with (
        sandbox_server() as sandbox,
        aiohttp.ClientSession(sandbox.url) as client,
        client.get("/sandbox/media/endless") as answer,
    ):
        assert answer.content_length is None
        assert len(await answer.content.readexactly(2**22)) == 2**22
