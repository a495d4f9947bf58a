from __future__ import annotations

import os
import random
import re
import tracemalloc

import pyte
import pytest
from wcwidth import wcwidth

from ollama_chat_tui.terminal.region import BEGIN_FRAME, END_FRAME, LiveRegion
from tests import pty_terminal
from tests.pty_terminal import StrictScreen
from tests.terminal.scripted_rows import STATUS, TYPED, Recorder, Stage, numbered_words

SIZES = [(20, 5), (20, 30), (40, 10), (80, 24), (100, 5), (100, 50)]


@pytest.fixture
def output() -> Recorder:
    return Recorder()


def region_of(output: Recorder, columns: int = 20, lines: int = 10) -> LiveRegion:
    return LiveRegion(output, os.terminal_size((columns, lines)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_screen_and_scrollback_hold_every_finished_row_once(columns: int, lines: int, seed: int) -> None:
    rng = random.Random(seed)
    stage = Stage(columns, lines, words=numbered_words(400, rng))
    while stage.answer.given < 400:
        stage.frame(rng.choice([0, 1, 1, 2, 5, 80]))
    stage.finish()
    assert stage.screen.logical_rows() == stage.answer.finished
    assert not stage.screen.cursor.hidden
    assert stage.screen.cursor.x == 0


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_no_finished_row_vanishes_while_a_frame_is_being_written(columns: int, lines: int) -> None:
    """A terminal that ignores mode 2026 shows what stands between any two sequences of a frame."""
    rng = random.Random(columns)
    stage = Stage(columns, lines, words=numbered_words(200, rng))
    eye = StrictScreen(columns, lines)
    stream = pyte.Stream(eye)
    finished: list[str] = []
    while stage.answer.given < 200:
        stage.frame(rng.choice([1, 2, 5, 40]))
        for piece in re.split(r"(?=[\x1b\r])", "".join(stage.output.writes)):
            stream.feed(piece)
            assert eye.logical_rows()[: len(finished)] == finished
        stage.output.writes.clear()
        finished = list(stage.answer.finished)


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_status_and_typed_row_stand_at_the_bottom_of_every_frame(columns: int, lines: int) -> None:
    rng = random.Random(lines)
    stage = Stage(columns, lines, words=numbered_words(200, rng))
    while stage.answer.given < 200:
        stage.frame(rng.randrange(4))
        assert stage.screen.screen_rows()[-2:] == [STATUS[:columns].rstrip(), TYPED]
        assert stage.screen.cursor.x == len(TYPED)
        assert not stage.screen.cursor.hidden


def test_a_frame_is_one_write_in_a_synchronized_update(output: Recorder) -> None:
    region = region_of(output)
    region.draw(["one", "two"], ["tail", "status"])
    (frame,) = output.writes
    assert frame.startswith(BEGIN_FRAME)
    assert frame.endswith(END_FRAME)
    assert frame.count(BEGIN_FRAME) == 1


def test_an_equal_frame_writes_nothing(output: Recorder) -> None:
    region = region_of(output)
    region.draw([], ["tail", "> "], (1, 2))
    output.writes.clear()
    region.draw([], ["tail", "> "], (1, 2))
    assert output.writes == []


def test_a_row_that_stands_already_is_not_written_when_it_becomes_final(output: Recorder) -> None:
    region = region_of(output)
    region.draw([], ["first", "second", "status"])
    output.writes.clear()
    region.draw(["first"], ["second", "status"])
    assert output.writes == []
    region.draw(["second"], ["third", "status"])
    assert "second" not in output.writes[0]


def test_only_changed_rows_are_written(output: Recorder) -> None:
    region = region_of(output)
    region.draw([], ["first", "second", "status"])
    output.writes.clear()
    region.draw([], ["first", "other", "status"])
    assert "other" in output.writes[0]
    assert "first" not in output.writes[0]
    assert "status" not in output.writes[0]


def test_the_cursor_alone_moves_with_few_bytes(output: Recorder) -> None:
    region = region_of(output)
    region.draw([], ["tail", "> abc"], (1, 5))
    output.writes.clear()
    region.draw([], ["tail", "> abc"], (1, 4))
    assert len(output.writes[0]) < 50
    assert "abc" not in output.writes[0]


def test_the_cursor_is_hidden_without_a_place_and_shown_at_the_end() -> None:
    stage = Stage(20, 10, words=[])
    stage.region.draw([], ["tail"], (0, 1))
    stage.region.draw([], ["tail"])
    stage.region.draw([], ["tail!"])
    stage.region.draw([], ["tail!"], (0, 3))
    stage.region.draw(["done"], ["tail?"])
    stage.region.close()
    assert stage.screen.screen_rows() == ["done"]
    assert (stage.screen.cursor.y, stage.screen.cursor.x, stage.screen.cursor.hidden) == (1, 0, False)


def test_closing_what_was_never_drawn_writes_nothing(output: Recorder) -> None:
    region_of(output).close()
    assert output.writes == []


def test_closing_can_keep_the_live_rows() -> None:
    stage = Stage(20, 5, words=[])
    stage.region.draw(["one"], ["two", "three"], (0, 1))
    stage.region.close(keep=True)
    assert stage.screen.screen_rows() == ["one", "two", "three"]
    assert stage.screen.cursor.y == 3


def test_rows_that_fill_the_width_keep_their_last_cell() -> None:
    stage = Stage(10, 6, words=[])
    full = ["0123456789", "漢字漢字漢", "abcdefghij"]
    stage.region.draw([], [*full, "gone", "gone"])
    stage.region.draw([], full)
    assert stage.screen.screen_rows() == full
    stage.region.draw(full, ["0123456789"])
    stage.region.close()
    assert stage.screen.screen_rows() == full


def test_a_shorter_row_leaves_nothing_of_the_longer_one() -> None:
    stage = Stage(10, 6, words=[])
    stage.region.draw([], ["0123456789", "status"])
    stage.region.draw([], ["012", "漢字"])
    assert stage.screen.screen_rows() == ["012", "漢字"]
    stage.region.draw([], ["\x1b[1m0\x1b[0m", ""])
    assert stage.screen.screen_rows() == ["0"]


def test_a_row_with_its_own_background_keeps_it_to_the_right_edge() -> None:
    stage = Stage(10, 6, words=[])
    stage.region.draw([], ["\x1b[44mcode\x1b[K\x1b[0m", "status"])
    stage.region.draw([], ["\x1b[44mcod\x1b[K\x1b[0m", "status"])
    assert stage.screen.buffer[0][9].bg == "blue"
    assert stage.screen.screen_rows() == ["cod", "status"]


def test_a_row_wider_in_the_terminal_than_thought_is_cut_while_live_and_whole_when_final(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five flags are ten cells for some terminals and twenty for others."""
    letters = range(0x1F1E6, 0x1F200)
    monkeypatch.setattr(pty_terminal, "wcwidth", lambda char: 2 if ord(char) in letters else wcwidth(char))
    stage = Stage(12, 8, words=[])
    flags = "🇩🇪🇫🇷🇮🇹🇯🇵🇧🇷"
    stage.region.draw([], ["before", flags, "status of it", "typed"])
    assert stage.screen.screen_rows()[2:] == ["status of it", "typed"]
    stage.region.draw(["before", flags, "after"], ["status of it", "typed"])
    assert stage.screen.logical_rows() == ["before", flags, "after", "status of it", "typed"]
    stage.region.draw(["end"], [])
    stage.region.close()
    assert stage.screen.logical_rows() == ["before", flags, "after", "end"]


def test_a_live_row_too_wide_is_broken_and_keeps_its_style() -> None:
    stage = Stage(10, 8, words=[])
    wide = "a \x1b[1m\x1b[31mbold red 漢字\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"
    stage.region.draw([], [wide, "status", "> "], (2, 2))
    assert stage.screen.screen_rows() == ["a bold red", " 漢字 link", "status", ">"]
    assert stage.screen.buffer[1][1].fg == "red"
    assert stage.screen.buffer[1][6].fg == "default"
    assert (stage.screen.cursor.y, stage.screen.cursor.x) == (3, 2)
    stage.region.draw([wide], ["status", "> "], (1, 2))
    assert stage.screen.logical_rows() == ["a bold red 漢字 link", "status", ">"]


def test_repainting_mends_a_damaged_screen() -> None:
    stage = Stage(20, 6, words=[])
    stage.region.draw(["done"], ["tail", "status"])
    stage.output.stream.feed("\rxxxx\x1b[A\ryyyy\n\r") if stage.output.stream else None
    stage.region.repaint()
    stage.region.draw([], ["tail", "status"])
    assert stage.screen.screen_rows() == ["done", "tail", "status"]


def test_forgetting_leaves_what_stands_and_begins_at_the_cursor() -> None:
    stage = Stage(20, 10, words=[])
    stage.region.draw(["done"], ["tail", "status"])
    if stage.output.stream:
        stage.output.stream.feed("\r\n$ fg\r\n")
    stage.region.forget()
    stage.region.draw(["more"], ["tail", "status"])
    assert stage.screen.screen_rows() == ["done", "tail", "status", "$ fg", "more", "tail", "status"]


class Sink:
    """An output that keeps nothing."""

    def write(self, text: str) -> None:
        pass

    def flush(self) -> None:
        pass


def test_rows_that_have_left_take_no_memory() -> None:
    region = LiveRegion(Sink(), os.terminal_size((80, 24)))

    def draw(numbers: range) -> None:
        for number in numbers:
            region.draw([f"• {number}"], ["…"])

    tracemalloc.start()
    draw(range(500))
    before = tracemalloc.get_traced_memory()[0]
    draw(range(500, 3500))
    growth = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert growth < 20_000
