"""Keys and seals: what is sealed opens in its own place alone."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.ids import new_id
from runtime.keys import BadMasterKey, CannotOpen, Master, key_id, load_master

MASTER, OTHER = Master(bytes(range(32))), Master(bytes(range(1, 33)))
KEY, _ = MASTER.new_key(UUID(int=5))
ROW = UUID(int=7)


@given(st.binary(max_size=5000), st.text(max_size=20), st.uuids())
def test_what_is_sealed_opens(data, place, row):
    blob = KEY.seal(place, row, data)
    assert KEY.open(place, row, blob) == data
    assert key_id(blob) == KEY.id


def test_equal_words_look_different():
    assert KEY.seal("message|text", ROW, b"help") != KEY.seal("message|text", ROW, b"help")


def test_moved_to_another_row_column_or_key_it_does_not_open():
    blob = KEY.seal("message|text", ROW, b"help")
    another, _ = MASTER.new_key(KEY.id)
    for key, place, row in (
        (KEY, "message|text", UUID(int=8)),
        (KEY, "message|text_original", ROW),
        (KEY, "attachment|text", ROW),
        (another, "message|text", ROW),
    ):
        with pytest.raises(CannotOpen) as refused:
            key.open(place, row, blob)
        assert "help" not in str(refused.value)


def test_a_blob_that_names_another_key_does_not_open():
    blob = KEY.seal("message|text", ROW, b"help")
    renamed = blob[:1] + uuid4().bytes + blob[17:]
    with pytest.raises(CannotOpen):
        type(KEY)(key_id(renamed), KEY.cipher).open("message|text", ROW, renamed)


@given(st.data())
def test_any_changed_bit_is_noticed(data):
    blob = KEY.seal("message|text", ROW, b"they keep my passport")
    at = data.draw(st.integers(17, len(blob) - 1))
    changed = blob[:at] + bytes([blob[at] ^ (1 << data.draw(st.integers(0, 7)))]) + blob[at + 1 :]
    with pytest.raises(CannotOpen):
        KEY.open("message|text", ROW, changed)


@given(st.binary(max_size=60))
def test_anything_else_is_no_sealed_value(blob):
    with pytest.raises(CannotOpen):
        KEY.open("message|text", ROW, blob)
    try:
        assert isinstance(key_id(blob), UUID)
    except CannotOpen:
        assert blob[:1] != b"\x01" or len(blob) < 45


def test_a_wrapped_key_opens_with_its_master_and_its_id_alone():
    id_ = new_id()
    key, wrapped = MASTER.new_key(id_)
    blob = key.seal("message|text", ROW, b"help")
    assert MASTER.unwrap(id_, wrapped).open("message|text", ROW, blob) == b"help"
    for master, named, stored in (
        (OTHER, id_, wrapped),
        (MASTER, new_id(), wrapped),
        (MASTER, id_, wrapped[:-1]),
        (MASTER, id_, b""),
    ):
        with pytest.raises(CannotOpen):
            master.unwrap(named, stored)


def test_no_two_keys_are_the_same():
    keys = [MASTER.new_key(UUID(int=1)) for _ in range(50)]
    assert len({wrapped for _, wrapped in keys}) == 50
    blob = keys[0][0].seal("message|text", ROW, b"help")
    with pytest.raises(CannotOpen):
        keys[1][0].open("message|text", ROW, blob)


def test_the_blind_index_finds_equal_addresses_and_tells_nothing_else():
    assert MASTER.blind("phone", "+66200000001") == Master(bytes(range(32))).blind("phone", "+66200000001")
    found = {
        MASTER.blind("phone", "+66200000001"),
        MASTER.blind("phone", "+66200000002"),
        MASTER.blind("telegram", "+66200000001"),
        MASTER.blind("phone+", "66200000001"),
        OTHER.blind("phone", "+66200000001"),
    }
    assert len(found) == 5
    assert {len(hashed) for hashed in found} == {32}


def test_what_is_derived_differs_by_purpose_and_by_master():
    a, b = UUID(int=1), UUID(int=2)
    derived = [
        MASTER.grams_key(a), MASTER.grams_key(b), OTHER.grams_key(a),
        MASTER.password("x_web"), MASTER.password("x_worker"), OTHER.password("x_web"),
        MASTER.fingerprint(), OTHER.fingerprint(),
    ]  # fmt: skip
    assert len(set(derived)) == len(derived)
    assert len(MASTER.fingerprint()) == 8


def test_the_master_key_is_made_once_and_for_our_eyes_alone(tmp_path):
    path = tmp_path / "keys" / "master.key"
    made = load_master(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load_master(path).fingerprint() == made.fingerprint()
    assert load_master(tmp_path / "another.key").fingerprint() != made.fingerprint()


@pytest.mark.parametrize("content", ["", "\n", "not hexadecimal", "ab" * 31, "ab" * 33, "ab" * 32 + "zz", "é" * 64])
def test_a_file_that_holds_something_else_is_refused_without_being_quoted(tmp_path, content):
    path = tmp_path / "master.key"
    path.write_text(content, "utf-8")
    with pytest.raises(BadMasterKey, match="is no master key: restore") as refused:
        load_master(path)
    assert content.strip() == "" or content.strip() not in str(refused.value)
    assert path.read_text("utf-8") == content  # never overwritten: it may be all that is left of the key


def test_bytes_that_are_no_text_are_refused_too(tmp_path):
    path = tmp_path / "master.key"
    path.write_bytes(b"\xff\xfe" * 32)
    with pytest.raises(BadMasterKey, match="is no master key"):
        load_master(path)


def test_a_key_of_another_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Master(b"short")


def test_a_missing_key_is_not_made_by_whoever_only_looks(tmp_path):
    with pytest.raises(BadMasterKey, match="is missing: copy it"):
        load_master(tmp_path / "master.key", make=False)
    assert not (tmp_path / "master.key").exists()
