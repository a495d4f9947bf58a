"""The stream as the drawer uses it: frames, tails, resizes, and what it costs."""

from __future__ import annotations

import random
import re
import time

import pytest

from benchmarks.corpus import CONSTRUCTS, answer, tokens_of
from ollama_chat_tui.terminal.frame import Frame
from ollama_chat_tui.terminal.markdown import MarkdownStream, preload, render_markdown
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import make_theme

PLAIN = make_theme("none")
DARK = make_theme("dark")


def test_nothing_new_is_an_unchanged_tail() -> None:
    stream = MarkdownStream(PLAIN, 40)
    assert stream.render() == Frame([], [])
    stream.feed("text")
    assert stream.render() == Frame([], ["text"])
    assert stream.render() == Frame([], ["text"])
    stream.feed("")
    assert stream.render() == Frame([], ["text"])
    assert stream.finish() == Frame(["text"], [])
    assert stream.finish() == Frame([], [])


def test_a_block_is_finished_when_the_next_begins() -> None:
    stream = MarkdownStream(PLAIN, 40)
    stream.feed("# Title\n\nSome text")
    assert stream.render() == Frame(["Title"], ["", "Some text"])
    stream.feed("\n\n```\na\nb")
    assert stream.render() == Frame(["", "Some text", "", "─ 1 " + "─" * 36, "a"], ["b", "─" * 40])


def test_items_leave_one_by_one_and_fences_in_them_line_by_line() -> None:
    stream = MarkdownStream(PLAIN, 40)
    stream.feed("- one\n- two\n  ```\n  a\n  b\n  c")
    frame = stream.render()
    assert frame.finished == ["• one", "• two", "  ─ 1 " + "─" * 34, "  a", "  b"]
    assert frame.tail == ["  c", "  " + "─" * 38]


def test_a_long_paragraph_leaves_row_by_row_though_its_line_does_not_end() -> None:
    stream = MarkdownStream(PLAIN, 40)
    finished = 0
    for _ in range(200):
        stream.feed("some words and **bold** ones ")
        frame = stream.render()
        finished += len(frame.finished)
        assert len(frame.tail) < 12
    assert finished > 100


def test_an_emphasis_that_never_ends_holds_up_nothing() -> None:
    text = "**" + "word " * 2000
    stream = MarkdownStream(PLAIN, 40)
    stream.feed(text)
    frame = stream.render()
    assert len(frame.finished) > 200
    assert [*frame.finished, *stream.finish().finished] == render_markdown(text, PLAIN, 40)


def test_a_flag_cut_in_two_is_whole() -> None:
    flag = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    stream = MarkdownStream(PLAIN, 40)
    for character in flag + "!":
        stream.feed(character)
        stream.render()
    assert stream.finish().finished == [flag + "!"]


def test_a_flag_that_does_not_end_is_let_go() -> None:
    stream = MarkdownStream(PLAIN, 40)
    stream.feed("a🏴\U000e0067")
    assert stream.finish().finished == ["a🏴"]


@pytest.mark.parametrize("construct", CONSTRUCTS)
@pytest.mark.parametrize("tail_rows", [3, 12])
def test_the_tail_is_never_longer_than_asked(construct: str, tail_rows: int) -> None:
    stream = MarkdownStream(PLAIN, 30, tail_rows=tail_rows)
    for token in tokens_of(answer(construct, 1500)):
        stream.feed(token)
        assert len(stream.render().tail) <= tail_rows


def numbered(construct: str) -> str:
    """Return text of a construct whose words are all different, none of which can be read as Markdown."""
    words = iter(f"w{number}w" for number in range(100_000))
    return re.sub(r"[A-Za-z]{2,}", lambda _: next(words), answer(construct, 1500).replace("https://", ""))


@pytest.mark.parametrize("construct", ["mixed", "list", "paragraph", "table"])
@pytest.mark.parametrize("seed", range(6))
def test_resizing_loses_and_doubles_no_word(construct: str, seed: int) -> None:
    text = numbered(construct)
    rng = random.Random(seed)
    width = 90
    stream = MarkdownStream(PLAIN, width)
    rows: list[str] = []
    for start in range(0, len(text), 50):
        stream.feed(text[start : start + 50])
        frame = stream.render()
        rows += frame.finished
        assert all(cells(row) <= width for row in [*frame.finished, *frame.tail])
        if rng.random() < 0.1:
            width = rng.randint(45, 120)
            stream.resize(width)
            frame = stream.render()
            rows += frame.finished
            assert all(cells(row) <= width for row in [*frame.finished, *frame.tail])
    rows += stream.finish().finished
    assert words_of(rows) == words_of(render_markdown(text, PLAIN, 400))


def words_of(rows: list[str]) -> list[str]:
    """Return the words of rows; one that was broken at a row's end is whole again."""
    return sorted(re.findall(r"w\d+w", re.sub(r"[\s▌]", "", "".join(rows))))


def test_a_resize_before_the_first_row_is_like_a_new_start() -> None:
    text = "1. " + "word " * 12
    stream = MarkdownStream(PLAIN, 80)
    stream.feed(text)
    stream.render()
    stream.resize(30)
    assert stream.render().tail == render_markdown(text, PLAIN, 30)


def test_widths_below_twenty_are_rendered_as_twenty() -> None:
    assert render_markdown("word " * 8, PLAIN, 5) == render_markdown("word " * 8, PLAIN, 20)


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_the_cost_of_a_token_does_not_grow(construct: str) -> None:
    preload()

    def cost(tokens: list[str]) -> float:
        stream = MarkdownStream(DARK, 100)
        start = time.process_time()
        for number, token in enumerate(tokens):
            stream.feed(token)
            if number % 8 == 0:
                stream.render()
        stream.finish()
        return (time.process_time() - start) / len(tokens)

    short, long = tokens_of(answer(construct, 1000)), tokens_of(answer(construct, 8000))
    cost(short)
    # Quadratic cost would be eight times as much; a busy machine is given several chances.
    assert any(cost(long) < 2 * cost(short) for _ in range(4))
