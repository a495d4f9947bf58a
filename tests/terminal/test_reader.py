"""An answer of `ask` on a terminal."""

from __future__ import annotations

import asyncio

import pyte
import pytest

from ollama_chat_tui.chat.events import Finished, Metrics, Phase, TextDelta, Waiting
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.terminal.reader import MarkdownReader
from tests.pty_terminal import StrictScreen
from tests.terminal.whole_path import TtyIO
from tests.waiting import until

FINISHED = Finished(Message(Role.ASSISTANT, "x"), Metrics())
XTERM = {"TERM": "xterm-256color", "VTE_VERSION": "7600"}


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> TtyIO:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "10")
    return TtyIO()


def screen_of(stdout: TtyIO) -> StrictScreen:
    screen = StrictScreen(80, 24)
    screen.set_mode(pyte.modes.LNM)  # as the tty's ONLCR
    pyte.Stream(screen).feed(stdout.getvalue())
    return screen


async def test_it_is_drawn_while_it_comes_and_stays(stdout: TtyIO, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = MarkdownReader(stdout, XTERM)
    reader.take(Waiting(Phase.ANSWERING, 0.1))
    reader.take(TextDelta("**One** [l](http://a.b)"))
    reader.take(TextDelta("!"))
    await until(lambda: "Ctrl-C stops" in stdout.getvalue())
    monkeypatch.setenv("COLUMNS", "60")
    reader.take(TextDelta("\n\nTwo " + "word " * 11))
    await until(lambda: "Two" in stdout.getvalue())
    reader.take(TextDelta("end."))
    reader.take(FINISHED)
    assert screen_of(stdout).screen_rows() == ["One l (http://a.b)!", "", "Two" + " word" * 11, "end."]
    assert "\x1b]8;;http://a.b\x1b\\" in stdout.getvalue()


async def test_an_answer_that_is_there_before_the_first_frame_is_whole(stdout: TtyIO) -> None:
    reader = MarkdownReader(stdout, {"TERM": "xterm"})
    reader.take(TextDelta("All."))
    reader.take(FINISHED)
    await asyncio.sleep(0)
    assert screen_of(stdout).screen_rows() == ["All."]
    empty = MarkdownReader(stdout, {"TERM": "xterm"})
    empty.take(FINISHED)
