"""The spool: what was appended is read again, whatever happened to the end of the file."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.receipts import SealedReceipt
from storage.spool import Spool, SpoolFull, next_segment, pack, unpack

MEGABYTE = 1024 * 1024
NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)
any_receipt = st.builds(
    SealedReceipt,
    id=st.uuids(),
    account=st.text(st.characters(codec="utf-8"), max_size=40),
    received_at=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    sealed=st.binary(max_size=300),
)


def receipt(number: int, size: int = 50) -> SealedReceipt:
    return SealedReceipt(
        id=UUID(int=number), account="line-th", received_at=NOON + timedelta(seconds=number), sealed=b"s" * size
    )


RECEIPTS = [receipt(number) for number in range(3)]


def drained(folder: Path) -> list[SealedReceipt]:
    found = []
    while segment := next_segment(folder):
        found += segment.receipts
        segment.done()
    return found


@given(st.lists(any_receipt, max_size=8))
def test_what_is_packed_is_unpacked(receipts):
    assert list(unpack(b"".join(map(pack, receipts)))) == receipts


def test_a_last_record_torn_at_any_byte_is_simply_not_there():
    whole, last = b"".join(map(pack, RECEIPTS)), len(pack(RECEIPTS[-1]))
    for cut in range(1, last + 1):
        assert list(unpack(whole[:-cut])) == RECEIPTS[:2], cut
        assert list(unpack(whole[:-cut] + b"\0" * cut)) == RECEIPTS[:2], cut  # how some file systems end after a crash


@given(st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=300)
def test_a_damaged_byte_never_gives_a_receipt_that_was_not_written(place, change):
    whole = bytearray(b"".join(map(pack, RECEIPTS)))
    whole[place % len(whole)] ^= change
    found = list(unpack(bytes(whole)))
    assert found == RECEIPTS[: len(found)]
    assert len(found) < 3


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(data):
    list(unpack(data))


def test_a_spool_gives_back_what_it_took_in_order(tmp_path):
    spool = Spool(tmp_path / "spool", limit_bytes=MEGABYTE)
    for one in RECEIPTS:
        spool.append([one])
        spool.rotate()
    assert len(list(spool.folder.glob("*.seg"))) == 3
    assert drained(spool.folder) == RECEIPTS
    assert list(spool.folder.iterdir()) == []
    assert spool.size() == 0


def test_only_its_owner_can_read_it(tmp_path):
    assert Spool(tmp_path / "spool", limit_bytes=MEGABYTE).folder.stat().st_mode & 0o777 == 0o700


def test_the_segment_that_is_being_written_is_not_drained(tmp_path):
    spool = Spool(tmp_path, limit_bytes=MEGABYTE)
    spool.append(RECEIPTS)
    assert next_segment(tmp_path) is None
    spool.rotate()
    assert drained(tmp_path) == RECEIPTS


def test_a_segment_that_somebody_drains_is_left_to_them_and_not_lost_when_they_fail(tmp_path):
    spool = Spool(tmp_path, limit_bytes=MEGABYTE)
    spool.append(RECEIPTS)
    spool.rotate()
    first = next_segment(tmp_path)
    assert next_segment(tmp_path) is None
    first.release()
    assert drained(tmp_path) == RECEIPTS


def test_two_writers_never_share_a_segment(tmp_path):
    one, two = Spool(tmp_path, limit_bytes=MEGABYTE), Spool(tmp_path, limit_bytes=MEGABYTE)
    for number in range(20):
        (one, two)[number % 2].append([receipt(number)])
    assert len(list(tmp_path.glob("*.seg"))) == 2
    one.rotate()
    assert drained(tmp_path) == [receipt(number) for number in range(0, 20, 2)]
    two.rotate()
    assert drained(tmp_path) == [receipt(number) for number in range(1, 20, 2)]


def test_it_takes_no_more_than_it_may(tmp_path):
    size = len(pack(RECEIPTS[0]))
    spool = Spool(tmp_path, limit_bytes=3 * size)
    spool.append(RECEIPTS[:2])
    with pytest.raises(SpoolFull):
        spool.append(RECEIPTS[:2])  # all or nothing
    spool.append(RECEIPTS[2:])
    with pytest.raises(SpoolFull):
        spool.append(RECEIPTS[:1])
    assert spool.size() == 3 * size
    spool.rotate()
    assert drained(tmp_path) == RECEIPTS
    spool.append(RECEIPTS)
    spool.rotate()


def test_all_writers_share_the_limit(tmp_path):
    size = len(pack(RECEIPTS[0]))
    one, two = Spool(tmp_path, limit_bytes=3 * size), Spool(tmp_path, limit_bytes=3 * size)
    one.append(RECEIPTS[:2])
    with pytest.raises(SpoolFull):
        two.append(RECEIPTS[:2])
    one.rotate()
    two.rotate()


def test_a_damaged_middle_is_set_aside_with_all_that_follows_it(tmp_path):
    spool = Spool(tmp_path, limit_bytes=MEGABYTE)
    spool.append(RECEIPTS)
    spool.rotate()
    (path,) = tmp_path.glob("*.seg")
    damaged = bytearray(path.read_bytes())
    damaged[len(pack(RECEIPTS[0])) + 20] ^= 1
    path.write_bytes(damaged)
    assert drained(tmp_path) == RECEIPTS[:1]
    (aside,) = tmp_path.iterdir()
    assert aside.suffix == ".torn"
    assert aside.read_bytes() == bytes(damaged)


def test_after_an_error_the_same_file_is_never_written_again(tmp_path, monkeypatch):
    spool = Spool(tmp_path, limit_bytes=MEGABYTE)
    spool.append(RECEIPTS[:1])
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", lambda _: (_ for _ in ()).throw(OSError(5, "input/output error")))
        with pytest.raises(OSError, match="input/output"):
            spool.append(RECEIPTS[1:2])
    (first,) = tmp_path.glob("*.seg")
    before = first.read_bytes()
    spool.append(RECEIPTS[2:])
    assert first.read_bytes() == before
    assert len(list(tmp_path.glob("*.seg"))) == 2
    spool.rotate()


WRITER = """
import sys
from pathlib import Path
from uuid import UUID
from datetime import UTC, datetime
from model.receipts import SealedReceipt
from storage.spool import Spool

spool, number = Spool(Path(sys.argv[1]), limit_bytes=10**8), 0
while True:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    spool.append([SealedReceipt(id=UUID(int=number), account="line-th", received_at=moment, sealed=b"x" * 5000)])
    print(number, flush=True)
    number += 1
"""


def test_what_was_promised_before_kill_9_is_there(tmp_path):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as writer:
        promised = [int(writer.stdout.readline()) for _ in range(200)]
        writer.send_signal(signal.SIGKILL)
        promised += map(int, writer.stdout.read().split())
    found = [one.id.int for one in drained(tmp_path)]
    assert found[: len(promised)] == promised
    assert len(found) - len(promised) <= 1
