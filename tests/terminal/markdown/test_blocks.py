"""What each construct looks like."""

from __future__ import annotations

import re

import pytest

from ollama_chat_tui.terminal.markdown import MarkdownStream, render_markdown
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import ColourDepth, make_theme

PLAIN = make_theme("none")


@pytest.mark.parametrize(
    ("markdown", "rows"),
    [
        ("# A *b*\ntext", ["A b", "", "text"]),
        ("a\n---\nb", ["a", "", "─" * 30, "", "b"]),
        ("- a\n- b\n\n- c", ["• a", "• b", "", "• c"]),
        ("- a\n  - b\n    - c", ["• a", "  ◦ b", "    ▪ c"]),
        ("9. a\n9. b\n   c", ["9. a", "10. b c"]),
        ("- [ ] a\n- [x] b\n1. [X] c", ["☐ a", "☑ b", "", "1. ☑ c"]),
        ("-\n- a", ["•", "• a"]),
        ("> a\n> b\n>\n> - c", ["▌ a b", "▌", "▌ • c"]),
        ("> a\n\n> b", ["▌ a", "", "▌ b"]),
        ("a  \nb\\\nc", ["a", "b", "c"]),
        ("    x\n\n      y\n\nz", ["x", "", "  y", "", "z"]),
        ("```py\nx\n\n```", ["─ py · 1 ─────────────────────", "x", "", "─" * 30]),
        ("```\n\tx\na\tb\n```", ["─ 1 ──────────────────────────", "    x", "a   b", "─" * 30]),
        ("```" + "py " * 12, ["─ py py py py py py py py py p", "y py py · 1", "─" * 30]),
        ("```a\tb\n```", ["─ a b · 1 ────────────────────", "─" * 30]),
        ("<b>x</b> <think>", ["<b>x</b> <think>"]),
        ("a[^1]\n\n[^1]: b\n[^2]: c", ["a[^1]", "", "[^1]: b", "[^2]: c"]),
        ("[a]: http://x.y\n[b]: /z 'T'\nt [a]", ["[a]: http://x.y", "[b]: /z 'T'", "t a (http://x.y)"]),
        ("[a]\n\n[a]: b", ["[a]", "", "[a]: b"]),
        ("![alt](pic.png)", ["▨ alt (pic.png)"]),
        ("<https://x.y>", ["https://x.y"]),
    ],
)
def test_rows(markdown: str, rows: list[str]) -> None:
    assert render_markdown(markdown, PLAIN, 30) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("一二三四五六七八九十一二", ["一二三四五六七八九十", "一二"]),
        ("abc 一二三四五六七八，九", ["abc 一二三四五六七", "八，九"]),
        ("x" * 45, ["x" * 20, "x" * 20, "x" * 5]),
        ("see " + "y" * 25 + " end", ["see", "y" * 20, "yyyyy end"]),
        ("👩‍👩‍👧‍👦" * 11, ["👩‍👩‍👧‍👦" * 10, "👩‍👩‍👧‍👦"]),
        ("e\u0301" * 21, ["e\u0301" * 20, "e\u0301"]),
        ("a\u00a0b " * 7, ["a\u00a0b a\u00a0b a\u00a0b a\u00a0b a\u00a0b", "a\u00a0b a\u00a0b"]),
        ("nineteen characters\tx", ["nineteen characters", "x"]),
        ("\u200d\u200d" + "x" * 21, ["x" * 20, "x"]),
        ("**bo**ld" * 6, ["bold" * 5, "bold"]),
    ],
)
def test_width(text: str, rows: list[str]) -> None:
    assert render_markdown(text, PLAIN, 20) == rows


def test_deep_nesting_leaves_room_for_text() -> None:
    rows = render_markdown("> " * 25 + "deep text here", PLAIN, 20)
    assert "".join(row.replace("▌ ", "") for row in rows) == "deep texthere"


TABLE = "| Name | Value | x |\n|:--|:-:|--:|\n| a | b \\| c | 1 |\n| longer | `d|` | 22 | more |\n"


def test_table() -> None:
    assert render_markdown(TABLE, PLAIN, 60) == [
        "Name   │ Value │             x",
        "───────┼───────┼──────────────",
        "a      │ b | c │             1",
        "longer │  `d   │ ` | 22 | more",
    ]


def test_cells_are_folded_never_shortened() -> None:
    words = [f"word{number}" for number in range(30)]
    rows = render_markdown(f"| a | b |\n|---|---|\n| {' '.join(words)} | {'z' * 60} |\n", PLAIN, 40)
    assert all(cells(row) <= 40 for row in rows)
    columns = [row.split("│") for row in rows if "│" in row]
    assert " ".join(" ".join(left for left, _ in columns).split()) == "a " + " ".join(words)
    assert "".join(right.strip() for _, right in columns) == "b" + "z" * 60


def test_a_table_too_wide_for_its_columns_becomes_a_list() -> None:
    rows = render_markdown(
        "| one | two | three |\n|-|-|-|\n| aaaaaaaa | bbbbbbbb | cccccccc |\n" * 1, PLAIN, 20
    )
    assert rows == ["one: aaaaaaaa", "two: bbbbbbbb", "three: cccccccc"]


def test_a_table_without_rows_still_shows_its_header() -> None:
    assert render_markdown("| one | two | three | four |\n|-|-|-|-|\n", PLAIN, 20)[0].startswith("one")


def test_long_tables_leave_row_by_row_with_fixed_widths() -> None:
    stream = MarkdownStream(PLAIN, 60)
    stream.feed("| a | b |\n|---|---|\n" + "| x | y |\n" * 40)
    assert len(stream.render().finished) == 42
    stream.feed("| x | a cell wider than the column |\n")
    rows = stream.render().finished
    assert len(rows) > 1
    assert "".join(row.split("│")[1].strip().replace(" ", "") for row in rows) == "acellwiderthanthecolumn"


def test_a_table_being_read_shows_its_header_and_its_last_rows() -> None:
    stream = MarkdownStream(PLAIN, 60, tail_rows=8)
    stream.feed("| a | b |\n|---|---|\n" + "".join(f"| {number} | y |\n" for number in range(20)))
    tail = stream.render().tail
    assert tail[0].startswith("a ")
    assert tail[2] == "⋮"
    assert tail[-1].startswith("19")


def test_a_long_line_of_code_leaves_row_by_row_without_colours() -> None:
    dark = make_theme("dark")
    stream = MarkdownStream(dark, 40)
    stream.feed("```python\n" + "x = 1; " * 300)
    assert len(stream.render().finished) > 50
    stream.feed("y" * 80)
    assert "y" * 40 in stream.render().finished
    stream.feed("\nz = 2\n")
    assert "\x1b[" in stream.render().finished[-1]


def test_an_endless_row_of_a_table_is_shown_by_its_ends() -> None:
    stream = MarkdownStream(PLAIN, 60)
    stream.feed("| a | b |\n|---|---|\n| begin " + "x " * 2000)
    assert stream.render().tail
    stream.feed("end | b |\n\n")
    rows = stream.render().finished
    assert sum(row.count("x") for row in rows) == 2000


def test_colours() -> None:
    dark = make_theme("dark", ColourDepth.ANSI_16)
    [row] = render_markdown("a **b *c* `d`** e", dark, 60)
    assert re.sub(r"\x1b\[[0-9;]+m", "", row) == "a b c d e"
    assert "\x1b[1mb \x1b[0m\x1b[1;3mc\x1b[0m" in row
