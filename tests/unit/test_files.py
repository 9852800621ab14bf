"""Files are sealed frame by frame, in a directory or a bucket; links to them are opaque and have their time."""

import os
import stat
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from runtime.ids import new_id
from runtime.keys import CannotOpen, Master
from runtime.links import Link, Links
from runtime.settings import Files as FileSettings
from storage.blobs import Bucket, Disk, FilesAway, NoRoom, blobs
from storage.files import FRAME, Files
from tests.bucket import bucket

MASTER = Master(bytes(range(32)))
SIZES = [1, 100, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME + 17]


@pytest.fixture(params=["disk", "bucket"])
async def place(request, tmp_path):
    if request.param == "disk":
        yield Disk(tmp_path / "files")
        return
    async with bucket() as store:
        yield Bucket(store.settings())


def a_key():
    return MASTER.new_key(new_id())[0]


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_comes_back_as_it_was(place, size):
    files, id_, key, data = Files(place), new_id(), a_key(), os.urandom(size)
    await files.keep(id_, "original", key, data)
    assert await files.load(id_, "original", {key.id: key}) == data
    with pytest.raises(FileNotFoundError):
        await files.load(id_, "shown", {key.id: key})
    for start, stop in ((0, 1), (size // 2, size), (size - 1, size), (0, size), (FRAME - 1, FRAME + 1)):
        parts = [part async for part in files.read(id_, "original", {key.id: key}, start=start, stop=stop)]
        assert b"".join(parts) == data[start:stop]


async def test_a_second_time_replaces_the_first(place):
    files, id_, key = Files(place), new_id(), a_key()
    await files.keep(id_, "shown", key, os.urandom(2 * FRAME))
    await files.keep(id_, "shown", key, b"second")
    assert await files.load(id_, "shown", {key.id: key}) == b"second"
    assert [name async for name, _, _ in files.kept()] == [f"{id_}.shown"]


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(place):
    files, id_, key = Files(place), new_id(), a_key()
    await files.keep(id_, "original", key, b"1")
    await files.keep(id_, "shown", key, b"2")
    found = {(name, owner) async for name, owner, _ in files.kept()}
    assert found == {(f"{id_}.original", id_), (f"{id_}.shown", id_)}
    for _ in range(2):
        await files.delete([id_])
    assert [name async for name, _, _ in files.kept()] == []


async def test_it_opens_with_its_own_key_alone_and_in_its_own_place(place):
    files, id_, key, other = Files(place), new_id(), a_key(), a_key()
    await files.keep(id_, "original", key, b"mine")
    for keys in ({}, {other.id: other}, {key.id: other}):
        with pytest.raises(CannotOpen):
            await files.load(id_, "original", keys)
    sealed = await place.part(f"{id_}.original", 0, 1 << 20)
    assert b"mine" not in sealed
    elsewhere = new_id()
    await place.put(f"{elsewhere}.original", [sealed])
    await place.put(f"{id_}.shown", [sealed])
    for moved, form in ((elsewhere, "original"), (id_, "shown")):
        with pytest.raises(CannotOpen):
            await files.load(moved, form, {key.id: key})


async def test_frames_cannot_be_cut_off_swapped_or_changed(tmp_path):
    place, id_, key, data = Disk(tmp_path / "files"), new_id(), a_key(), os.urandom(3 * FRAME)
    files, name = Files(place), f"{id_}.original"
    await files.keep(id_, "original", key, data)
    whole = await place.part(name, 0, 4 * FRAME)
    step = len(whole) // 3
    first, second, third = whole[:step], whole[step : 2 * step], whole[2 * step :]
    broken = bytearray(whole)
    broken[step + 1000] ^= 1
    cut = (first + second, first, second + third, first + third, whole[:-1], b"", b"x", whole[:45])
    for tampered in (*cut, second + first + third, whole + b"x", whole + third, bytes(broken)):
        await place.put(name, [tampered])
        with pytest.raises(CannotOpen):
            await files.load(id_, "original", {key.id: key})


async def test_nobody_else_may_read_the_directory(tmp_path):
    files, id_ = Files(Disk(tmp_path / "files")), new_id()
    before = os.umask(0)
    try:
        await files.keep(id_, "original", a_key(), b"1")
    finally:
        os.umask(before)
    (path,) = (tmp_path / "files").rglob("*.original")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.parent.name == str(id_)[-2:]
    assert not list((tmp_path / "files").rglob("*.part"))


async def test_a_directory_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(FilesAway, match=r"ENOTDIR|EEXIST"):
        await Files(Disk(tmp_path / "files")).keep(new_id(), "original", a_key(), b"1")


async def test_half_written_files_are_listed_as_nobodys(tmp_path):
    files, id_ = Files(Disk(tmp_path / "files")), new_id()
    await files.keep(id_, "original", a_key(), b"1")
    (path,) = (tmp_path / "files").rglob("*.original")
    for name in (f"{id_}.original.1234.part", "readme.txt", f"{id_}.other"):
        path.with_name(name).write_bytes(b"half")
    assert {name async for name, owner, _ in files.kept() if owner is None} == {
        f"{id_}.original.1234.part", "readme.txt", f"{id_}.other",
    }  # fmt: skip


async def test_a_bucket_keeps_its_prefix_and_says_when_it_refuses():
    async with bucket() as store:
        files, id_, key = Files(Bucket(store.settings())), new_id(), a_key()
        await files.keep(id_, "original", key, b"1")
        assert list(store.held) == [f"some/prefix/{str(id_)[-2:]}/{id_}.original"]
        store.refuses = 403
        for asked in (files.keep(id_, "original", key, b"1"), files.load(id_, "original", {key.id: key})):
            with pytest.raises(FilesAway):
                await asked


def test_the_setting_says_where(tmp_path):
    assert isinstance(blobs(FileSettings(), tmp_path), Disk)
    stored = FileSettings(url="s3://hotline/files", access_key_id="a", secret_access_key="unsaid")
    assert isinstance(blobs(stored, tmp_path), Bucket)
    assert "unsaid" not in repr(stored)


# Links

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)


def a_link(**other) -> Link:
    return Link(
        **{"purpose": "show", "organisation": new_id(), "attachment": new_id(), "until": NOW + timedelta(hours=1)}
        | other
    )


@pytest.mark.parametrize("purpose", ["send", "show", "download"])
def test_a_link_says_what_it_is_for_until_its_time_is_over(purpose):
    links, link = Links(MASTER), a_link(purpose=purpose)
    token = links.token(link)
    assert links.read(token, NOW) == link
    assert Links(Master(bytes(range(32)))).read(token, NOW) == link
    assert links.read(token, link.until - timedelta(seconds=1)) == link
    assert links.read(token, link.until) is None
    assert len(token) == 87
    assert token.replace("-", "").replace("_", "").isalnum()
    assert links.token(link) != token, "two links to one file have nothing in common"


def test_a_link_tells_nothing_and_cannot_be_altered():
    links, link = Links(MASTER), a_link()
    token = links.token(link)
    assert link.attachment.hex not in token
    for at in range(len(token)):
        other = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert links.read(other, NOW) is None, at
    for wrong in (
        "",
        "x",
        token[:-1],
        token + "A",
        token + "=",
        " " + token,
        "é" * 87,
        "A" * 87,
        token * 2,
        "../" + token,
    ):
        assert links.read(wrong, NOW) is None
    assert Links(Master(bytes(32))).read(token, NOW) is None
    assert isinstance(link.attachment, UUID)


async def test_no_room_is_told_apart(tmp_path):
    """The limit on file sizes of this process stands in for a full disk: the same kind of error, from the same call."""
    import resource

    place, (soft, hard) = Disk(tmp_path / "files"), resource.getrlimit(resource.RLIMIT_FSIZE)
    files, id_, key = Files(place), new_id(), a_key()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(NoRoom):
            await files.keep(id_, "original", key, bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [name async for name, _, _ in files.kept()] == []


async def test_the_last_of_the_disk_is_left_to_the_database(tmp_path):
    greedy = Files(Disk(tmp_path / "files", keep_free=1 << 60))
    assert not await greedy.has_room()
    with pytest.raises(NoRoom):
        await greedy.keep(new_id(), "original", a_key(), b"1")
    assert await Files(Disk(tmp_path / "files", keep_free=1)).has_room()
