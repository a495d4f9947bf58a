"""No control byte of foreign origin comes out, whichever way it goes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.terminal.whole_path import foreign_control

DRIVING = (
    "\x00\x07\x08\r\x0b\x1b\x7f\x80\x85\x90\x9b\x9c\x9d\x9f\u200b\u202e\u2066\ufeff"
    "\U000e0041\ud800[]()`*_|$&#;\n 1m"
)
PIECES = st.one_of(st.text(DRIVING, max_size=12), st.text(st.characters(codec=None), max_size=8))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.text(DRIVING, max_size=12), st.text(st.characters(codec=None), max_size=8)), max_size=8
    )
)
def test_nothing_foreign_drives_the_terminal(pieces: list[str]) -> None:
    assert foreign_control(pieces) == ""


def test_no_two_bytes_after_an_escape_do() -> None:
    for lead in "\x1b\x9b":
        for first in range(256):
            text = " ".join(f"{lead}{chr(first)}{chr(second)}" for second in range(256))
            half = len(text) // 2
            assert foreign_control([text[:half], text[half:]]) == "", hex(first)
