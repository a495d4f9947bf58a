from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.terminal.json_lines import JsonLines

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in pairwise(places)]


def laid_out(pieces: list[str]) -> str:
    lines = JsonLines()
    return "".join(lines.feed(piece) for piece in pieces)


@given(VALUES, st.lists(st.integers(0, 10**6), max_size=8), st.sampled_from([None, 0, 4]), st.booleans())
def test_any_json_in_any_pieces_is_laid_out_as_json_does_it(
    value: object, cuts: list[int], indent: int | None, is_ascii: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    assert laid_out(in_pieces(text, cuts)) == json.dumps(value, indent=2, ensure_ascii=is_ascii)


def test_an_escape_may_be_cut_anywhere() -> None:
    text = r'["\\", "\"", "\\\"", "\u00e9"]'
    assert laid_out([*text]) == laid_out([text]) == json.dumps(json.loads(text), indent=2)


@given(st.text(), st.lists(st.integers(0, 10**6), max_size=8))
def test_of_what_is_no_json_nothing_but_blanks_is_lost(text: str, cuts: list[int]) -> None:
    assert "".join(laid_out(in_pieces(text, cuts)).split()) == "".join(text.split())


def test_what_follows_the_json_is_left_as_it_is_but_for_the_blanks_at_its_end() -> None:
    text = '{"a": 1}\n\nThat is, of course: [1, 2].\n \t\n'
    expected = '{\n  "a": 1\n}\n\nThat is, of course: [1, 2].'
    assert laid_out([text]) == laid_out([*text]) == expected
