"""What a text costs by SMS, and how long ones are divided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.registry import load
from channels.sms.segments import GSM_7, UCS_2, Segments, count
from tests.contract.said import FILES

SMS = load("sms")
SAID = next(said for said in FILES if said.channel.name == "sms" and said.path.stem == "file")
MOST_CHARACTERS = 1600  # of one request to Twilio


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("a", "GSM-7", 1, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "€" + "b" * 10, "GSM-7", 164, 2),
        ("a" * 152 + "€" + "b" * 151, "GSM-7", 305, 2),
        ("a" * 152 + "€" + "b" * 152, "GSM-7", 306, 3),  # the pair moved on, and its place stayed empty
        ("^{}\\[~]|\f", "GSM-7", 18, 1),
        ("Ñandú à la carte: 5 £, 3 ¥", "UCS-2", 26, 1),  # ú is not among them
        ("Ñandu à la carte: 5 £, 3 ¥", "GSM-7", 26, 1),
        ("It’s ok", "UCS-2", 7, 1),
        ("a`b", "UCS-2", 3, 1),
        ("\x1b", "UCS-2", 1, 1),  # the escape itself is no letter
        ("ก" * 70, "UCS-2", 70, 1),
        ("ก" * 71, "UCS-2", 71, 2),
        ("ก" * 134, "UCS-2", 134, 2),
        ("ก" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("😀" * 66, "UCS-2", 132, 2),  # 33 fit in 67
        ("😀" * 67, "UCS-2", 134, 3),
        ("မင်္ဂလာပါ", "UCS-2", 9, 1),
        ("a" * 160 + "ก", "UCS-2", 161, 3),  # one letter, and all the others cost twice
    ],
)
def test_counted_as_the_networks_do(text, alphabet, units, segments):
    assert count(text) == Segments(alphabet, units, segments)


letters = st.sampled_from("aZ €^{\n") | st.sampled_from("ก😀ျ’") | st.characters(codec="utf-8")
short_alphabet = st.text(st.sampled_from("aZ1 ñ€^{\n"), max_size=700)


@given(st.text(letters, max_size=700) | short_alphabet)
def test_segments_hold_all_of_the_text(text):
    counted = count(text)
    used = GSM_7 if counted.alphabet == "GSM-7" else UCS_2
    fitting = -(-counted.units // used.each)
    if counted.units <= used.alone:
        assert counted.segments == bool(text)
    else:
        assert fitting <= counted.segments <= -(-counted.units // (used.each - 1))


@given(st.text(letters, max_size=300) | short_alphabet, letters)
def test_more_words_never_cost_less(text, letter):
    assert count(text).segments <= count(text + letter).segments


def rendered(**changed):
    told = SAID.outgoing
    values = {name: getattr(told, name) for name in ("id", "to", "text", "files", "choices", "now")}
    return SMS.out.render(type(told)(**values | changed), SAID.settings)


@given(
    st.text(letters | st.just(" "), max_size=300).map(lambda some: f"x{some}" * 12) | short_alphabet.map("x{}".format)
)
def test_no_message_is_longer_than_networks_and_twilio_take(text):
    for part in rendered(text=text):
        assert 1 <= part.units == count(part.content["Body"]).segments <= SMS.out.limits.text
        assert len(part.content["Body"].encode("utf-16-le")) // 2 <= MOST_CHARACTERS


@given(st.integers(0, 2000), st.sampled_from(["a", "က", "word "]))
def test_a_link_is_never_cut(length, letter):
    (file,) = SAID.outgoing.files
    bodies = [part.content["Body"] for part in rendered(text=letter * length)]
    assert any(file.url in body.split() for body in bodies)
