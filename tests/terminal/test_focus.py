"""Reports of the focus: they are noted, and nobody sees them as keys."""

from __future__ import annotations

import io

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.output.vt100 import Vt100_Output

from ollama_chat_tui.terminal.focus import FOCUS_OFF, FOCUS_ON, Focus, ask_for_focus
from tests.terminal.typing_line import typing_line

HERE, AWAY = "\x1b[I", "\x1b[O"


@pytest.mark.parametrize(
    ("keys", "text", "is_here"),
    [
        (f"a{HERE}b", "ab", True),
        (f"a{HERE}b{AWAY}c", "abc", False),
        (f"{AWAY}{HERE}", "", True),
        (f"X\x18{AWAY}\x15", "", False),
        (f"one \x1b{HERE}bX", "Xone ", True),
        (f"\x11{AWAY}\x01", "\x01", False),
        (f"\x12{AWAY}rst\r", "first", False),
    ],
    ids=["one", "two", "alone", "in Ctrl-X Ctrl-U", "in Alt-B", "after Ctrl-Q", "in a search"],
)
async def test_a_report_is_noted_and_is_no_key(keys: str, text: str, is_here: bool) -> None:
    focus = Focus()
    async with typing_line(focus=focus) as line:
        line.prompt.history.add("first")
        line.start()
        line.press(keys)
        await line.until(lambda: (line.text, focus.is_here) == (text, is_here))


async def test_a_report_in_pieces_is_one() -> None:
    focus = Focus()
    async with typing_line("", focus=focus) as line:
        line.press("a\x1b")
        line.press("[")
        line.press("O")
        await line.press_until("b", "ab")
        assert focus.is_here is False


async def test_a_report_nobody_asked_for_is_no_text_either() -> None:
    async with typing_line() as line:
        assert await line.gives(f"a{HERE}b\r") == "ab"


def test_it_is_asked_for_as_long_as_pastes_are() -> None:
    screen = io.StringIO()
    output = Vt100_Output(screen, lambda: Size(24, 80))
    ask_for_focus(output)
    output.enable_bracketed_paste()
    output.disable_bracketed_paste()
    output.flush()
    assert screen.getvalue() == f"\x1b[?2004h{FOCUS_ON}{FOCUS_OFF}\x1b[?2004l"
