"""A turn on the screen: what is seen while it runs, how it is stopped, what stays."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Iterator

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input

from ollama_chat_tui.chat.events import (
    CutBy,
    Event,
    Failed,
    Finished,
    Interrupted,
    Metrics,
    Phase,
    TextDelta,
    ThinkingDelta,
    ToolAsked,
    ToolDone,
    ToolStarted,
    Waiting,
)
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.errors import BackendError
from ollama_chat_tui.terminal.answer import AnswerScreen, TurnRows, closing_line
from ollama_chat_tui.terminal.drawer import Tty
from ollama_chat_tui.terminal.reasoning import LIVE_ROWS, ThinkingView
from ollama_chat_tui.terminal.theme import make_theme
from ollama_chat_tui.terminal.typeahead import TypeAhead
from tests.pty_terminal import StrictScreen
from tests.terminal.scripted_rows import Recorder
from tests.waiting import until

SIZE = os.terminal_size((60, 20))
PLAIN = make_theme("none")
FINISHED = Finished(Message(Role.ASSISTANT, "x"), Metrics(answer_tokens=20, answer_s=2.0, first_token_s=0.5))
STOPPED = Interrupted(Message(Role.ASSISTANT, "x"), Metrics())


class Stage:
    """An answer's screen, its keyboard, and an event that lets a scripted turn go on."""

    def __init__(self, keyboard: PipeInput) -> None:
        self.keyboard = keyboard
        self.screen = StrictScreen(*SIZE)
        self.view = ThinkingView.FOLD
        tty = Tty(Recorder(self.screen), keyboard, lambda: SIZE)
        self.answers = AnswerScreen(tty, PLAIN, lambda: self.view)
        self.typed = TypeAhead()
        self.more = asyncio.Event()
        self.was_closed = False

    async def turn(self, *steps: Event | None) -> AsyncGenerator[Event, None]:
        """Yield events; wait for `more` at None, and end as an engine does when cancelled."""
        try:
            for step in steps:
                if step is None:
                    await self.more.wait()
                else:
                    yield step
        except asyncio.CancelledError:
            yield STOPPED
            raise
        finally:
            self.was_closed = True

    def show(self, *steps: Event | None) -> asyncio.Task[object]:
        return asyncio.create_task(self.answers.show(self.turn(*steps), self.typed))

    async def until_seen(self, text: str) -> None:
        await until(lambda: any(text in row for row in self.screen.screen_rows()))


@pytest.fixture
def stage() -> Iterator[Stage]:
    with create_pipe_input() as keyboard:
        yield Stage(keyboard)


async def test_the_text_is_seen_while_it_comes_and_stays(stage: Stage) -> None:
    shown = stage.show(Waiting(Phase.LOADING, 0.1), None, TextDelta("- One\n- two"), FINISHED)
    await stage.until_seen("loading the model 0 s · Esc stops")
    stage.more.set()
    assert await shown is FINISHED
    assert stage.screen.screen_rows() == [
        "",
        "• One",
        "• two",
        "20 tokens · 10.0 tokens/s · first after 0.50 s",
    ]


@pytest.mark.parametrize("key", ["\x1b", "\x03"])
async def test_a_key_stops_it_and_the_task_lives_on(stage: Stage, key: str) -> None:
    shown = stage.show(TextDelta("Half"), None)
    await stage.until_seen("Half")
    stage.keyboard.send_text(key)
    assert await shown is STOPPED
    assert not shown.cancelled()
    assert stage.was_closed
    assert stage.screen.screen_rows() == ["", "Half", "stopped"]


async def test_a_cancellation_from_elsewhere_goes_its_way(stage: Stage) -> None:
    async def deaf() -> AsyncGenerator[Event, None]:
        yield TextDelta("Half")
        await asyncio.Event().wait()

    shown = asyncio.create_task(stage.answers.show(deaf(), stage.typed))
    await stage.until_seen("Half")
    shown.cancel()
    with pytest.raises(asyncio.CancelledError):
        await shown
    assert stage.screen.screen_rows() == ["", "Half"]


async def test_our_own_lines_stand_between_its_rows(stage: Stage) -> None:
    assert not stage.answers.say("too early\n")
    shown = stage.show(TextDelta("One\n\nTwo"), None, TextDelta("."), FINISHED)
    await stage.until_seen("Two")
    assert stage.answers.say("a notice\n")
    await stage.until_seen("a notice")
    stage.more.set()
    await shown
    assert stage.screen.screen_rows()[:5] == ["", "One", "a notice", "", "Two."]
    assert not stage.answers.say("too late\n")


async def test_what_is_typed_is_in_the_callers_hands_afterwards(stage: Stage) -> None:
    shown = stage.show(TextDelta("One"), None, FINISHED)
    await stage.until_seen("One")
    stage.keyboard.send_text("first\rsecond")
    await stage.until_seen("1 queued › second")
    stage.more.set()
    await shown
    assert (stage.typed.queued, stage.typed.take_unfinished()) == (["first"], "second")


def rows_of(view: ThinkingView, width: int = 40) -> TurnRows:
    return TurnRows(PLAIN, width, lambda: view)


def think(rows: TurnRows, count: int) -> None:
    for number in range(count):
        rows.take(ThinkingDelta(f"thought {number}\n"))


def test_folded_thoughts_are_live_in_a_few_rows_and_end_as_one() -> None:
    rows = rows_of(ThinkingView.FOLD)
    think(rows, 50)
    frame = rows.render()
    assert (frame.finished, len(frame.tail)) == ([], LIVE_ROWS)
    assert frame.tail[-1] == "│ thought 49"
    rows.take(TextDelta("Answer"))
    assert rows.render().finished == ["▸ thought for 0 s, about 50 tokens"]


def test_full_thoughts_stay() -> None:
    rows = rows_of(ThinkingView.FULL)
    think(rows, 10)
    first = rows.render()
    think(rows, 10)
    rows.take(TextDelta("Answer"))
    kept = [row for row in [*first.finished, *rows.render().finished] if row.strip("│ ")]
    assert kept == [f"│ thought {number}" for number in [*range(10), *range(10)]]


def test_hidden_thoughts_leave_nothing_but_the_phase() -> None:
    rows = rows_of(ThinkingView.HIDE)
    think(rows, 10)
    assert rows.render().tail == rows.render().finished == []
    assert rows.status().startswith("thinking 0 s · 10 tokens")
    rows.take(TextDelta("Answer"))
    assert rows.finish().finished == ["Answer"]


def test_thoughts_are_harmless_however_they_are_cut() -> None:
    rows = rows_of(ThinkingView.FULL)
    for piece in (
        "a\x1b",
        "[2J\u202e",
        "b🏴\U000e0067\U000e0062",
        "\U000e0065\U000e006e\U000e0067\U000e007f",
    ):
        rows.take(ThinkingDelta(piece))
    flag = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    assert rows.finish().finished[0] == f"│ a␛[2Jb{flag}"


def test_another_width_holds_for_thoughts_and_answer_alike() -> None:
    for delta in (ThinkingDelta, TextDelta):
        rows = rows_of(ThinkingView.FULL)
        rows.take(delta("word " * 30))
        rows.render()
        rows.resize(20)
        rows.take(delta("word " * 30))
        assert max(map(len, rows.finish().finished[-8:])) <= 20
    rows.resize(30)
    rows.take(TextDelta("word " * 30))
    assert 25 <= max(map(len, rows.finish().finished)) <= 30


def test_the_status_tells_phase_time_count_and_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    rows = rows_of(ThinkingView.FOLD, 80)
    assert rows.status() == "waiting 0 s · Esc stops"
    rows.take(Waiting(Phase.READING, 1.0))
    now_s = 107.0
    assert rows.status("Ctrl-C stops") == "reading the prompt 7 s · Ctrl-C stops"
    rows.take(ToolAsked(ToolCall("f", {})))
    now_s = 108.0
    assert rows.status() == "asking 1 s · Esc stops"
    for number, name in enumerate(("f", "g"), 1):
        rows.take(ToolStarted(ToolCall(name, {}), number))
    now_s = 110.0
    assert rows.status() == "1 running f 2 s\n2 running g 2 s · Esc stops"
    rows.take(ToolDone(ToolCall("f", {}), "done", 2.0, 1))
    now_s = 111.0
    assert rows.status() == "2 running g 3 s · Esc stops"
    rows.take(ToolDone(ToolCall("g", {}), "done", 3.0, 2))
    assert rows.finish().finished[-4:] == ["1 ← done · 2.0 s", "", "2 ← done · 3.0 s", ""]
    now_s = 107.0
    rows.take(Waiting(Phase.ANSWERING, 1.0))
    for _ in range(30):
        rows.take(TextDelta("x"))
    now_s = 109.0
    assert rows.status() == "writing 2 s · 30 tokens · 15/s · Esc stops"
    narrow = rows_of(ThinkingView.FOLD, 12)
    assert narrow.status() == "waiting 0 s…"


def test_of_many_running_calls_a_few_have_a_line_and_the_others_are_counted() -> None:
    rows = rows_of(ThinkingView.FOLD, 80)
    for number in range(1, 501):
        rows.take(ToolStarted(ToolCall("f\n\x1b", {}), number))
    lines = rows.status().split("\n")
    assert lines[:2] == ["1 running f ␛ 0 s", "2 running f ␛ 0 s"]
    assert lines[5:] == ["and 495 more · Esc stops"]


def test_the_seconds_of_a_call_stay_in_sight_whatever_its_name() -> None:
    rows = rows_of(ThinkingView.FOLD, 24)
    for number in (1, 2):
        rows.take(ToolStarted(ToolCall("get_current_weather", {}), number))
    assert rows.status().split("\n")[0] == "1 running get_curre… 0 s"


def test_the_last_row_says_how_it_ended() -> None:
    message = Message(Role.ASSISTANT, "x")
    assert closing_line(STOPPED) == "stopped"
    assert (
        closing_line(Failed(message, Metrics(answer_tokens=3), BackendError("No.")))
        == "broken off · 3 tokens"
    )
    assert closing_line(Failed(Message(Role.ASSISTANT), Metrics(), BackendError("No."))) == ""
    assert closing_line(Finished(message, Metrics(cut_by=CutBy.WINDOW))) == "cut by the context window"
    assert closing_line(Finished(message, Metrics())) == ""
