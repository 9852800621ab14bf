"""Who is called in a note."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.inbox.mentions import called, pieces

NAMES = ["Mya", "Mya Thandar", "သီတာ", "J. (Jo)"]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@mya thandar please look", {"Mya Thandar"}),
        ("@Mya please look", {"Mya"}),
        ("@MYA, and @သီတာက", {"Mya", "သီတာ"}),
        ("@Mya @Mya Thandar", {"Mya", "Mya Thandar"}),
        ("mya@example.org wrote", set()),
        ("@J. (Jo) knows", {"J. (Jo)"}),
        ("@ Mya", set()),
        ("", set()),
    ],
)
def test_the_longest_name_behind_an_at_is_called(text, who):
    assert called(text, NAMES) == who


@given(st.text(alphabet="@Mya Thandr.()သီတာ\n") | st.text(), st.lists(st.text(max_size=9), max_size=4))
def test_no_letter_of_a_note_is_lost(text, names):
    assert "".join(piece for piece, _ in pieces(text, names)) == text
