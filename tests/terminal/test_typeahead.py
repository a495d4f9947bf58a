from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.utils import get_cwidth

from ollama_chat_tui.terminal.region import _plain
from ollama_chat_tui.terminal.typeahead import _EDITS, _EDITS_WITH_ALT, EditBuffer, Request, TypeAhead


def keys_of(typed: str) -> list[KeyPress]:
    """What a terminal's bytes become."""
    keys: list[KeyPress] = []
    Vt100Parser(keys.append).feed_and_flush(typed)
    return keys


def type_in(line: TypeAhead, typed: str) -> list[Request]:
    return line.press(keys_of(typed))


@pytest.fixture
def line() -> TypeAhead:
    return TypeAhead()


EDITS = [
    ("abc", "abc", 3),
    ("abc\x7f", "ab", 2),
    ("\x7f", "", 0),
    ("abc\x1b[D\x1b[3~", "ab", 2),
    ("abc\x1b[D\x1b[DX\x1b[C", "aXbc", 3),
    ("abc\x1b[H0\x1b[F9", "0abc9", 5),
    ("abc\x01\x0bd", "d", 1),
    ("abc def\x17x", "abc x", 5),
    ("abc def  \x17\x17", "", 0),
    ("abc\x1b[D\x15", "c", 0),
    ("abc\x01\x1b[C\x0b\x05!", "a!", 2),
    ("one two\x1b[1;5D\x1b[1;5D-\x1b[1;5C+", "-one+ two", 5),
    ("one two\x1bb|", "one |two", 5),
    ("one two\x01\x1bd", " two", 0),
    ("漢字\x1b[D\x7f", "字", 0),
    ("a\x1b\rb", "a\nb", 3),
    ("\x1b[200~one\r\ntwo\rthree\n\x1b[201~!", "one\ntwo\nthree\n!", 15),
    ("tab\tignored", "tabignored", 10),
    ("page\x1b[5~up", "pageup", 6),
    ("place\x1b[12;40R", "place", 5),
    ("abc\x02\x02\x06-", "ab-c", 3),
    ("abc\x01\x04", "bc", 0),
    ("one two\x1b\x1b[D-", "one -two", 5),
    ("one two\x01\x1bf-", "one- two", 4),
    ("one two\x01\x1b\x1b[C-", "one- two", 4),
    ("one two\x1b\x7f-", "one -", 5),
]


def test_every_editing_key_of_the_tables_is_pressed() -> None:
    pressed: set[str] = set()
    pressed_with_alt: set[str] = set()
    for typed, _, _ in EDITS:
        keys = [each.key for each in keys_of(typed)]
        for before, key in zip([None, *keys], keys, strict=False):
            (pressed_with_alt if before == Keys.Escape else pressed).add(key)
    assert _EDITS.keys() <= pressed
    assert _EDITS_WITH_ALT.keys() <= pressed_with_alt


@pytest.mark.parametrize(("typed", "text", "cursor"), EDITS)
def test_keys_edit_the_line(line: TypeAhead, typed: str, text: str, cursor: int) -> None:
    assert type_in(line, typed) == []
    assert (line.buffer.text, line.buffer.cursor) == (text, cursor)


def test_enter_queues_and_the_line_is_empty_again(line: TypeAhead) -> None:
    type_in(line, "one\rtwo\nthree")
    assert line.queued == ["one", "two"]
    assert line.unfinished_text == "three"


def test_nothing_is_queued_of_blanks(line: TypeAhead) -> None:
    type_in(line, "\r  \r\r")
    assert line.queued == []
    assert line.unfinished_text == ""


def test_up_takes_the_last_queued_prompt_back(line: TypeAhead) -> None:
    type_in(line, "one\rtwo\r\x1b[A")
    assert line.queued == ["one"]
    assert line.buffer.text == "two"
    type_in(line, "!\r")
    assert line.queued == ["one", "two!"]


def test_what_was_typed_waits_aside_while_a_prompt_is_taken_back(line: TypeAhead) -> None:
    type_in(line, "one\rtwo\rdraft\x1b[A\x1b[A")
    assert (line.queued, line.buffer.text) == ([], "one")
    assert line.unfinished_text == "one\ntwo\ndraft"
    type_in(line, "\x1b[B\x1b[B")
    assert (line.queued, line.buffer.text) == (["one", "two"], "draft")
    type_in(line, "\x1b[B")
    assert (line.queued, line.buffer.text) == (["one", "two"], "draft")


def test_a_prompt_taken_back_and_emptied_is_gone(line: TypeAhead) -> None:
    type_in(line, "one\rtwo\rdraft\x1b[A\x15\r")
    assert (line.queued, line.buffer.text) == (["one"], "draft")


def test_up_with_an_empty_queue_changes_nothing(line: TypeAhead) -> None:
    type_in(line, "draft\x1b[A")
    assert line.buffer.text == "draft"


@pytest.mark.parametrize(
    ("typed", "requests"),
    [
        ("\x1b", [Request.STOP]),
        ("\x03", [Request.STOP]),
        ("\x1b\x1b", [Request.STOP, Request.STOP]),
        ("\x1b\x03", [Request.STOP, Request.STOP]),
        ("ab\x03cd", [Request.STOP]),
        ("\x1a", [Request.SUSPEND]),
        ("\x0c", [Request.REDRAW]),
        ("\x1bx", []),
        ("\x1b[1;3D", []),
        ("\x1b[A", []),
    ],
)
def test_some_keys_ask_for_more_than_editing(line: TypeAhead, typed: str, requests: list[Request]) -> None:
    assert type_in(line, typed) == requests


@pytest.mark.parametrize("columns", [20, 40, 100])
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "short",
        "漢字" * 60,
        "long " * 60,
        "long " * 60 + "\x01",
        "long " * 60 + "\x1b[D" * 30,
        "\x1b[200~\x1b[31mred\x07\x9b\u202e\n\ttab\x1b[201~",
        "é" * 5 + "👩‍👩‍👧",
        "a\rb\rc\rd",
    ],
    ids=range(9),
)
def test_the_row_fits_shows_the_cursor_and_holds_no_control_character(
    line: TypeAhead, typed: str, columns: int
) -> None:
    type_in(line, typed)
    row, column = line.row(columns)
    plain = _plain(row)
    assert get_cwidth(plain) <= columns
    assert 0 < column < columns
    assert all(unicodedata.category(char) not in {"Cc", "Cf"} for char in plain.replace("\u200d", ""))


def test_the_row_shows_the_text_on_both_sides_of_the_cursor(line: TypeAhead) -> None:
    type_in(line, "".join(f"<{i:03}>" for i in range(100)) + "\x1b[D" * 250)
    row, column = line.row(60)
    text = _plain(row)[2:]
    shown = line.buffer.text.index(text)
    assert shown + column - 2 == line.buffer.cursor
    assert len(text) == 58


def test_the_row_tells_how_many_prompts_wait(line: TypeAhead) -> None:
    type_in(line, "one\rtwo\rnext")
    assert _plain(line.row(80)[0]) == "2 queued › next"
    assert _plain(line.row(20)[0]) == "+2 › next"


def test_newlines_are_shown_as_a_sign(line: TypeAhead) -> None:
    type_in(line, "\x1b[200~one\ntwo\x1b[201~")
    assert _plain(line.row(80)[0]) == "› one⏎two"


def test_bytes_that_are_no_text_do_not_break_the_next_prompt(line: TypeAhead) -> None:
    line.press([KeyPress("\udcff"), KeyPress("a")])
    assert line.unfinished_text.encode() == "\ufffda".encode()


class EditBufferComparedWithTwoLists(RuleBasedStateMachine):
    """The model: what stands before the cursor and what stands behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = EditBuffer()
        self.before: list[str] = []
        self.after: list[str] = []

    @rule(text=st.text(st.sampled_from("ab \n漢é"), max_size=6))
    def insert(self, text: str) -> None:
        self.buffer.insert(text)
        self.before += text

    @rule()
    def left(self) -> None:
        self.buffer.left()
        self.after[:0] = self.before[-1:]
        del self.before[-1:]

    @rule()
    def right(self) -> None:
        self.buffer.right()
        self.before += self.after[:1]
        del self.after[:1]

    @rule()
    def home(self) -> None:
        self.buffer.home()
        self.before, self.after = [], self.before + self.after

    @rule()
    def end(self) -> None:
        self.buffer.end()
        self.before, self.after = self.before + self.after, []

    @rule()
    def backspace(self) -> None:
        self.buffer.backspace()
        del self.before[-1:]

    @rule()
    def delete(self) -> None:
        self.buffer.delete()
        del self.after[:1]

    @rule()
    def delete_before(self) -> None:
        self.buffer.delete_before()
        self.before = []

    @rule()
    def delete_after(self) -> None:
        self.buffer.delete_after()
        self.after = []

    @rule()
    def delete_word_before(self) -> None:
        self.buffer.delete_word_before()
        while self.before and self.before[-1].isspace():
            self.before.pop()
        while self.before and not self.before[-1].isspace():
            self.before.pop()

    @rule()
    def word_left(self) -> None:
        self.buffer.word_left()
        while self.before and self.before[-1].isspace():
            self.after.insert(0, self.before.pop())
        while self.before and not self.before[-1].isspace():
            self.after.insert(0, self.before.pop())

    @rule()
    def word_right(self) -> None:
        self.buffer.word_right()
        while self.after and self.after[0].isspace():
            self.before.append(self.after.pop(0))
        while self.after and not self.after[0].isspace():
            self.before.append(self.after.pop(0))

    @invariant()
    def agrees(self) -> None:
        assert self.buffer.text == "".join(self.before + self.after)
        assert self.buffer.cursor == len(self.before)


TestEditBuffer = EditBufferComparedWithTwoLists.TestCase
TestEditBuffer.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

SIMPLE_KEYS = ["word", " ", "\r", "\x1b[A", "\x1b[B", "\x7f", "\x1b[D", "漢"]


@given(st.lists(st.sampled_from(SIMPLE_KEYS), max_size=40))
@settings(deadline=None)
def test_only_deleting_keys_lose_text(typed: list[str]) -> None:
    line = TypeAhead()
    for keys in typed:
        type_in(line, keys)
    kept = "".join([*line.queued, line.unfinished_text])
    deleted = typed.count("\x7f")
    assert kept.count("漢") >= typed.count("漢") - deleted
    assert kept.count("o") >= typed.count("word") - deleted
