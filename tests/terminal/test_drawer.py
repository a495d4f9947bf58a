"""The drawer inside the test's own event loop: when it draws, and what it does with keys."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.key_binding import KeyPress

from ollama_chat_tui.terminal import drawer as drawer_module
from ollama_chat_tui.terminal.drawer import AnswerDrawer, Tty
from ollama_chat_tui.terminal.frame import Frame, RowSource
from ollama_chat_tui.terminal.region import BEGIN_FRAME
from tests.pty_terminal import StrictScreen
from tests.terminal.scripted_rows import Recorder, ScriptedAnswer

WORDS = [f"word{i}" for i in range(200)]


class Desk:
    """A drawer with a piped keyboard, a strict screen and everything that can be turned."""

    def __init__(self, keyboard: PipeInput) -> None:
        self.keyboard = keyboard
        self.columns, self.lines = 40, 20
        self.screen = StrictScreen(self.columns, self.lines)
        self.output = Recorder(self.screen)
        self.source = ScriptedAnswer(list(WORDS), self.columns)
        self.status = "status"
        self.stops = 0

    def drawer(self, source: RowSource | None = None) -> AnswerDrawer:
        tty = Tty(self.output, self.keyboard, lambda: os.terminal_size((self.columns, self.lines)))
        return AnswerDrawer(tty, source or self.source, lambda: self.status, self.stop)

    def stop(self) -> None:
        self.stops += 1

    def resize(self, columns: int, lines: int = 20) -> None:
        self.columns, self.lines = columns, lines
        self.screen.resize(lines, columns)

    def frames(self) -> int:
        return sum(write.startswith(BEGIN_FRAME) for write in self.output.writes)

    def has_shown(self, word: str) -> bool:
        return word in " ".join(self.screen.logical_rows())

    def text(self) -> str:
        return "\n".join(self.screen.screen_rows())


@pytest.fixture
def desk() -> Iterator[Desk]:
    with create_pipe_input() as keyboard:
        yield Desk(keyboard)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  it waits for the screen, which tells nobody
            await asyncio.sleep(0.002)


async def test_nothing_is_written_while_nothing_changes(desk: Desk) -> None:
    async with desk.drawer() as drawer:
        desk.source.given = 50
        drawer.touch()
        await until(lambda: "word49" in desk.text())
        desk.output.writes.clear()
        for _ in range(30):
            drawer.touch()
            await asyncio.sleep(0.02)
        assert desk.output.writes == []


async def test_the_status_row_lives_without_new_text(desk: Desk) -> None:
    async with desk.drawer():
        await until(lambda: "status" in desk.text())
        desk.status = "later"
        await until(lambda: "later" in desk.text())


async def test_frames_are_skipped_and_text_never(desk: Desk) -> None:
    async with desk.drawer() as drawer:
        started_s = time.monotonic()
        for given in range(len(WORDS)):
            desk.source.given = given + 1
            drawer.touch()
            await asyncio.sleep(0.003)
        took_s = time.monotonic() - started_s
        assert desk.frames() <= took_s * 25 + 2
        assert desk.frames() >= 3
    assert " ".join(desk.screen.logical_rows()).split() == WORDS


async def test_a_slow_frame_lowers_the_rate(desk: Desk) -> None:
    class SlowAnswer(ScriptedAnswer):
        busy_s = 0.0

        def render(self) -> Frame:
            started_s = time.perf_counter()
            time.sleep(0.03)
            self.busy_s += time.perf_counter() - started_s
            return super().render()

    source = SlowAnswer(list(WORDS), desk.columns)
    async with desk.drawer(source) as drawer:
        started_s = time.perf_counter()
        for given in range(len(WORDS)):
            source.given = given + 1
            drawer.touch()
            await asyncio.sleep(0.003)
        assert source.busy_s <= (time.perf_counter() - started_s) / 5 + 0.06
    assert " ".join(desk.screen.logical_rows()).split() == WORDS


async def test_text_that_comes_between_the_last_frame_and_the_end_is_shown(desk: Desk) -> None:
    async with desk.drawer() as drawer:
        await until(lambda: "status" in desk.text())
        desk.source.given = len(WORDS)
        drawer.touch()
    assert desk.screen.logical_rows() == desk.source.finished
    assert not desk.screen.cursor.hidden


async def test_keys_that_a_prompt_has_read_and_not_used_come_first(desk: Desk) -> None:
    store_typeahead(desk.keyboard, [KeyPress(char) for char in "left over"])
    async with desk.drawer() as drawer:
        desk.keyboard.send_text(", typed")
        await until(lambda: "› left over, typed" in desk.text())
    assert drawer.unfinished_text == "left over, typed"


async def test_keys_typed_in_the_last_moment_are_kept(desk: Desk) -> None:
    async with desk.drawer() as drawer:
        desk.keyboard.send_text("queued\rrest\x03\x1b")
    assert (drawer.queued, drawer.unfinished_text) == (["queued"], "rest")
    assert desk.stops == 0


async def test_a_paste_that_the_end_cuts_goes_on_in_the_same_keyboard(desk: Desk) -> None:
    async with desk.drawer() as drawer:
        desk.keyboard.send_text("\x1b[200~first\n")
        await asyncio.sleep(0.1)
    assert drawer.unfinished_text == ""
    desk.keyboard.send_text("second\n\x1b[201~")
    (key,) = desk.keyboard.read_keys()
    assert key.data == "first\nsecond\n"


@pytest.mark.parametrize("key", ["\x1b", "\x03"], ids=["escape", "ctrl-c"])
async def test_a_stop_key_cancels_the_task_that_waits(desk: Desk, key: str) -> None:
    async def answer() -> None:
        async with desk.drawer() as drawer:
            desk.source.given = 100
            drawer.touch()
            await asyncio.sleep(60)

    task = asyncio.create_task(answer())
    desk.stop = task.cancel  # type: ignore[method-assign,assignment]
    await until(lambda: "status" in desk.text())
    desk.keyboard.send_text(key)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert " ".join(desk.screen.logical_rows()).split() == WORDS[:100]


async def test_ctrl_l_writes_every_live_row_again(desk: Desk) -> None:
    async with desk.drawer() as drawer:
        desk.source.given = 3
        drawer.touch()
        await until(lambda: "word2" in desk.text())
        desk.output.stream.feed("\r\x1b[2Kgarbage") if desk.output.stream else None
        desk.keyboard.send_text("\x0c")
        await until(lambda: "garbage" not in desk.text())
        assert desk.screen.screen_rows() == ["word0 word1 word2", "status", "›"]


async def test_a_size_is_drawn_for_once_it_has_come_to_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a signal, as on Windows, where the size is only asked."""
    for name in ("_WINCH", "_TSTP", "_CONT"):
        monkeypatch.setattr(drawer_module, name, None)
    async with desk.drawer() as drawer:
        desk.source.given = 20
        drawer.touch()
        await until(lambda: "word19" in desk.text())
        desk.output.writes.clear()
        for columns in (30, 35, 25, 50):
            desk.resize(columns)
            drawer.touch()
            await asyncio.sleep(0.05)
            assert desk.output.writes == []
        await until(lambda: desk.output.writes)
        assert desk.source.width == 50
        desk.source.given = len(WORDS)
        desk.keyboard.send_text("\x1atyped")  # nothing to suspend here
    assert " ".join(desk.screen.logical_rows()).split() == WORDS
    assert drawer.unfinished_text == "typed"


async def test_a_screen_smaller_than_the_tail_doubles_nothing(desk: Desk) -> None:
    """The tail's upper rows are pushed into the scrollback, and stay laid out as they stand there."""
    async with desk.drawer() as drawer:
        desk.source.given = 120
        drawer.touch()
        await until(lambda: "word119" in desk.text())
        await asyncio.sleep(5 * drawer_module.IN_FLIGHT_S)
        desk.resize(20, 6)
        for given in range(121, len(WORDS) + 1):
            desk.source.given = given
            drawer.touch()
            await asyncio.sleep(0.005)
        await until(lambda: desk.source.width == 20)
    assert " ".join(desk.screen.logical_rows()).split() == WORDS


async def test_a_resize_while_a_frame_is_written_costs_no_row(desk: Desk) -> None:
    arrive = desk.output.write

    def resize_and_write(text: str) -> None:
        if "word119" in text and desk.columns == 40:
            desk.resize(15, 60)
        arrive(text)

    desk.resize(40, 60)
    desk.output.write = resize_and_write  # type: ignore[method-assign]
    async with desk.drawer() as drawer:
        for last in (WORDS[59], WORDS[119], WORDS[-1]):
            desk.source.given = WORDS.index(last) + 1
            drawer.touch()
            await until(partial(desk.has_shown, last))
    seen = " ".join(desk.screen.logical_rows()).split()
    assert [word for word in WORDS if word not in seen] == []


async def test_a_terminal_that_went_away_is_reported(desk: Desk) -> None:
    def refuse(text: str) -> None:
        raise OSError(5, "Input/output error")

    async def answer() -> None:
        async with desk.drawer() as drawer:
            await until(lambda: "status" in desk.text())
            desk.output.write = refuse  # type: ignore[method-assign]
            desk.source.given = 10
            while True:
                drawer.touch()
                await asyncio.sleep(0.01)

    with pytest.raises(OSError, match="Input/output"):
        await answer()
    assert asyncio.get_running_loop().remove_reader(desk.keyboard.fileno()) is False


async def test_rows_that_a_failing_renderer_had_given_are_shown(desk: Desk) -> None:
    class FailingAnswer(ScriptedAnswer):
        def finish(self) -> Frame:
            raise ValueError("no end")

    source = FailingAnswer(list(WORDS), desk.columns)

    async def answer() -> None:
        async with desk.drawer(source) as drawer:
            source.given = 150
            drawer.touch()
            await until(lambda: "word149" in desk.text())

    with pytest.raises(ValueError, match="no end"):
        await answer()
    assert " ".join(desk.screen.logical_rows()).split() == WORDS[:150]


async def test_the_terminal_is_lent_to_a_question_and_taken_again(desk: Desk) -> None:
    async with desk.drawer() as drawer:
        desk.source.given = 3
        drawer.touch()
        await until(lambda: desk.has_shown("word2"))
        async with drawer.aside():
            assert "status" not in desk.text()
            desk.output.write("a question\r\n")
            desk.output.writes.clear()
            desk.source.given = 6
            drawer.touch()
            await asyncio.sleep(0)
            assert desk.output.writes == []
        desk.keyboard.send_text("typed")
        await until(lambda: desk.has_shown("word5") and "typed" in desk.text() and "status" in desk.text())
    assert desk.has_shown("a question")
